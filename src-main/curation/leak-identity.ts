import type { LeakFinding } from '../contract/index.ts'
import { finding, named, type Placed, type Placement } from './leak-findings.ts'
import { groupBy } from './order.ts'
import { copiesAmong } from './split-by-subjects.ts'
import { isSubjectDisjoint, promisesOtherSession } from './split-roles.ts'
import { rowsIn, subtractSpans } from './spans.ts'
import { sameVisit } from './visits.ts'

const sidesOf = (placed: readonly Placed[]): Set<string> => new Set(placed.map(({ side }) => side))

/** 1. The same signal on two sides, by content, signal or original. Copies on one side under two subjects are a warning: one of the names is wrong. */
export function duplicateContent({ placed }: Placement): LeakFinding[] {
  const byRecording = groupBy(placed.filter(({ entry }) => entry !== null), ({ assignment }) => assignment.recording)
  const entries = [...byRecording.values()].flatMap(([{ entry }]) => entry ?? [])
  return copiesAmong(entries).flatMap((copies) => {
    const about = copies.flatMap(({ recording }) => byRecording.get(recording) ?? [])
    const names = named(copies.map(({ subject, recording }) => `${subject}/${recording}`))
    if (sidesOf(about).size > 1) return finding('duplicate-content', 'block', `The same signal is on both sides: ${names}.`, about)
    if (new Set(about.map(({ person }) => person)).size > 1) return finding('duplicate-content', 'warn', `The same signal stands under two subjects: ${names}. One of them is wrong.`, about)
    return []
  })
}

/** 2. A person whom the model has learnt, or was chosen by, in a test that says it never saw them; an unknown one who is enrolled. */
export function subjectOverlap({ split, placed, facts }: Placement): LeakFinding[] {
  if (!isSubjectDisjoint(split.options)) return []
  const unknown = new Set(split.unknownSubjects.map(facts.person))
  return [...groupBy(placed, ({ person }) => person)].flatMap(([person, own]) => {
    const sides = sidesOf(own)
    if (unknown.has(person) && sides.has('enrol')) return finding('subject-overlap', 'block', `${person} is to be unknown, and is enrolled.`, own)
    const learnt = sides.has('train') ? 'trains' : sides.has('validation') ? 'validates' : null
    if (learnt !== null && sides.has('test')) return finding('subject-overlap', 'block', `${person} ${learnt} and is tested as a person that the model has never seen.`, own)
    if (sides.has('train') && sides.has('validation')) return finding('subject-overlap', 'block', `${person} trains and validates a split whose subjects are to be disjoint.`, own)
    return []
  })
}

/** 10. The cohort of AS-norm is the training people: none of them may be in a trial, on either side of it. */
export function cohortOverlap({ split, placed }: Placement): LeakFinding[] {
  if (!isSubjectDisjoint(split.options)) return []
  const overlapping = [...groupBy(placed, ({ person }) => person).values()].filter((own) => {
    const sides = sidesOf(own)
    return (sides.has('train') || sides.has('validation')) && (sides.has('enrol') || sides.has('test'))
  })
  if (overlapping.length === 0) return []
  const people = overlapping.map(([{ person }]) => person)
  return [finding('cohort-overlap', 'block', `The people who normalise the scores are themselves in the trials: ${named(people)}.`, overlapping.flat())]
}

/** 4. One session, or one day, on both sides of a protocol that promises another day. */
export function sessionOverlap({ split, placed }: Placement): LeakFinding[] {
  if (!promisesOtherSession(split.options)) return []
  return [...groupBy(placed, ({ person }) => person)].flatMap(([person, own]) => {
    const visit = ({ assignment, entry }: Placed): { session: string; day: string | null } => ({ session: assignment.session, day: entry?.day ?? null })
    const tests = own.filter(({ side }) => side === 'test')
    const shared = own.filter((one) => one.side !== 'test' && tests.some((test) => sameVisit(visit(one), visit(test))))
    if (shared.length === 0) return []
    const also = tests.filter((test) => shared.some((one) => sameVisit(visit(one), visit(test))))
    const sessions = named([...new Set(also.map(({ assignment }) => assignment.session))])
    return finding('session-overlap', 'block', `${person} is enrolled and tested on the same day or in the same session (${sessions}); ${split.options.strategy} promises another one.`, [...shared, ...also])
  })
}

/** Codes of the split that turned out to be one person. The labels are then wrong in any protocol: a genuine pair counts as an impostor's. */
export function mergedSubjects({ placed }: Placement): LeakFinding[] {
  return [...groupBy(placed, ({ person }) => person)].flatMap(([person, own]) => {
    const codes = [...new Set(own.map(({ assignment }) => assignment.subject))].sort()
    return codes.length < 2 ? [] : finding('merged-subject', 'block', `${codes.join(' and ')} are one person (${person}). Freeze a new version, which has them as one.`, own)
  })
}

/** The split is not of this version, or the recordings are no longer what was frozen, or rows are assigned that the version leaves out, or that are none. */
export function contentChanged({ split, version, placed, facts }: Placement): LeakFinding[] {
  const findings: LeakFinding[] = []
  if (split.versionHash !== version.hash) findings.push(finding('content-changed', 'block', `The split was made of another content of ${split.version} than it has now.`, []))
  const report = (about: readonly Placed[], message: (names: string) => string): void => {
    if (about.length > 0) findings.push(finding('content-changed', 'block', message(named([...new Set(about.map(({ assignment }) => `${assignment.subject}/${assignment.recording}`))])), about))
  }
  report(placed.filter(({ entry }) => entry === null), (names) => `The version has no such recordings: ${names}.`)
  report(placed.filter(({ assignment, spans }) => spans.length === 0 || assignment.spans.some(({ from, to }) => to <= from)), (names) => `Spans are assigned that hold no row: ${names}.`)
  report(placed.filter(({ entry, spans }) => entry !== null && rowsIn(subtractSpans(spans, entry.spans)) > 0), (names) => `Rows are assigned that the version leaves out: ${names}.`)
  const { current } = facts
  if (current) {
    const known = placed.filter(({ entry }) => entry !== null)
    report(known.filter(({ entry }) => entry !== null && !current.has(entry.recording)), (names) => `These recordings are gone: ${names}.`)
    report(known.filter(({ entry }) => entry !== null && current.has(entry.recording) && current.get(entry.recording) !== entry.contentHash), (names) => `These recordings have changed since the version was frozen: ${names}.`)
  }
  return findings
}
