import type { LeakFinding } from '../contract/index.ts'
import { finding, named, type Placed, type Placement } from './leak-findings.ts'
import { groupBy } from './order.ts'
import { distance } from './spans.ts'
import { dividesRows, guardRows, leakyName, type Side } from './split-roles.ts'

/** In time, where rows of one recording are divided: what trains, what validates, what tests. */
const timeOf: Record<Side, number> = { train: 0, enrol: 0, validation: 1, test: 2 }

/**
 * 3 and 5. One recording on two sides: allowed only where the protocol divides rows, and then no row twice, the guard between, and in order of time. Random
 * beats are what `diagnostic-leaky` is named for, and a warning there; under any other name they block.
 */
export function rowOverlaps({ split, placed }: Placement): LeakFinding[] {
  const { options } = split
  const recordings: Placed[] = []
  const rows: Placed[] = []
  const windows: Placed[] = []
  const mixed: Placed[] = []
  for (const own of groupBy(placed, ({ assignment }) => assignment.recording).values()) {
    const pairs = own.flatMap((a, i) => own.slice(i + 1).map((b) => [a, b] as const))
    // Two parts of one role are as bad as two roles when they share rows: those rows would count twice.
    if (pairs.some(([a, b]) => distance(a.spans, b.spans) === null)) rows.push(...own)
    const across = pairs.filter(([a, b]) => a.side !== b.side)
    if (across.length === 0) continue
    if (!dividesRows(options)) recordings.push(...own)
    if (options.strategy === 'diagnostic-leaky') continue
    const guard = guardRows(options, own[0].entry?.rateHz ?? 0)
    if (across.some(([a, b]) => (distance(a.spans, b.spans) ?? 0) < guard)) windows.push(...own)
    if (options.strategy === 'chronological' && across.some(([a, b]) => !inTime(a, b))) mixed.push(...own)
  }
  const findings: LeakFinding[] = []
  const report = (check: LeakFinding['check'], about: readonly Placed[], message: (names: string) => string): void => {
    if (about.length > 0) findings.push(finding(check, 'block', message(named([...new Set(about.map(({ assignment }) => `${assignment.subject}/${assignment.recording}`))])), about))
  }
  report('recording-overlap', recordings, (names) => `One recording has two sides: ${names}.`)
  report('recording-overlap', rows.filter((one) => !recordings.includes(one)), (names) => `The same rows are assigned twice: ${names}.`)
  report('window-overlap', windows, (names) => `Windows reach from one side into the other, or the guard between them is too short: ${names}.`)
  report('random-beats', mixed, (names) => `Rows that test do not come after those that train: ${names}. Random beats may only be split under the name diagnostic-leaky.`)
  if (options.strategy === 'diagnostic-leaky') {
    const words = 'Neighbouring beats of one recording train and test: a result says nothing about recognising a person.'
    if (split.name === leakyName) findings.push(finding('random-beats', 'warn', words, placed))
    else findings.push(finding('random-beats', 'block', `${words} Such a split may only be called ${leakyName}, not ${split.name}.`, placed))
  }
  return findings
}

/** All rows of the earlier side are before all rows of the later one. */
function inTime(a: Placed, b: Placed): boolean {
  const [first, later] = timeOf[a.side] <= timeOf[b.side] ? [a, b] : [b, a]
  return (first.spans.at(-1)?.to ?? 0) <= (later.spans.at(0)?.from ?? 0)
}
