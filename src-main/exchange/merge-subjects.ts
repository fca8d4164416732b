import { SubjectCode, type Consent } from '../contract/index.ts'
import { groupBy } from '../curation/order.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { isReservedName } from '../dataset/reserved-names.ts'
import { applyEvent, emptyFold, type SubjectEvent, type SubjectFold } from '../dataset/subject-events.ts'
import type { MergeConflict, MergeOptions, MergePlan } from './merge-plan.ts'

export interface SubjectsToMerge {
  readonly into: Dataset
  readonly from: Dataset
  readonly options: MergeOptions
  readonly conflicts: MergeConflict[]
  readonly intoEvents: readonly SubjectEvent[]
  readonly fromEvents: readonly SubjectEvent[]
  /** Codes that recordings there lie under. */
  readonly theirCodes: readonly SubjectCode[]
  /** Lower-case code there that has a recording which is here too, with the same content -> the code that it has here. */
  readonly sharedCodes: ReadonlyMap<string, SubjectCode>
}

export interface PlannedSubjects extends Pick<MergePlan, 'events' | 'consents' | 'bury' | 'erase' | 'subjects' | 'renamed'> {
  /** Lower-case code there -> code here, for all that come along. */
  readonly codes: ReadonlyMap<string, SubjectCode>
  /** Lower-case codes there of people who were erased, here or there. */
  readonly keptAway: ReadonlySet<string>
}

const key = (code: string): string => code.toLowerCase()
const strictness: Record<Consent, number> = { unknown: 0, granted: 1, refused: 2, withdrawn: 3 }

/**
 * Who is who. A code of `from` that is free here comes as it is; one that is used here is the same person when both were registered by the same event, when they share a recording, or when
 * `sameSubjects` says so; otherwise it gets another code or is a conflict. A person of whom any code was erased here does not come back under another.
 */
export function planSubjects(given: SubjectsToMerge): PlannedSubjects {
  const { from, options, conflicts, fromEvents, intoEvents } = given
  const there = foldOf(fromEvents)
  const here = foldOf(intoEvents)
  const spelled = new Map<string, SubjectCode>()
  for (const code of [...there.subjects.values(), ...there.merged.values()].map((one) => one.code).concat(given.theirCodes)) if (!spelled.has(key(code))) spelled.set(key(code), code)
  for (const erased of there.erased.keys()) spelled.delete(erased)
  const codes = new Map<string, SubjectCode>()
  const keptAway = new Set<string>(there.erased.keys())
  const renamed: { from: string; to: string }[] = []
  const taken = new Set<string>([...here.used, ...there.used, ...spelled.keys()])
  for (const people of groupBy(spelled, ([, code]) => key(from.subjects.resolve(code))).values()) {
    if (people.some(([code]) => here.erased.has(code))) {
      for (const [code] of people) keptAway.add(code)
      continue
    }
    for (const [code, written] of people) {
      const own = given.sharedCodes.get(code) ?? ownCode(code, here, given)
      const before = options.renameConflicts ? createdAs(code, `${options.renameConflicts}${written}`, given) : null
      if (own === null || isSame(code, given)) codes.set(code, own ?? written)
      else if (before) codes.set(code, before)
      else if (options.renameConflicts) {
        const to = renamedCode(options.renameConflicts, written, taken)
        if (to === null) conflicts.push({ what: 'subject', name: written, reason: `it is somebody else's here, and ${options.renameConflicts}${written} is taken or no code` })
        else {
          codes.set(code, to)
          renamed.push({ from: written, to })
        }
      } else conflicts.push({ what: 'subject', name: written, reason: 'it is used here too, and nothing shows that it is the same person' })
    }
  }
  return { codes, keptAway, renamed, ...changes(codes, there, here, given), ...tombstones(there, here, given) }
}

function foldOf(events: readonly SubjectEvent[]): SubjectFold {
  const fold = emptyFold()
  for (const event of events) applyEvent(fold, event)
  return fold
}

/** The code as it is spelled here, or `null` when nobody has it. */
function ownCode(code: string, here: SubjectFold, { into }: SubjectsToMerge): SubjectCode | null {
  return here.subjects.get(code)?.code ?? here.merged.get(code)?.code ?? (here.used.has(code) ? into.subjects.resolve(SubjectCode.parse(code)) : null)
}

function isSame(code: string, given: SubjectsToMerge): boolean {
  return given.options.sameSubjects === true || given.sharedCodes.has(code) || createdAs(code, code, given) !== null
}

/** The code here, if the event that registered it is the one that registered `code` there: from a copy, or from a merge that was cut off. */
function createdAs(code: string, here: string, { fromEvents, intoEvents }: SubjectsToMerge): SubjectCode | null {
  const created = (events: readonly SubjectEvent[], wanted: string): Extract<SubjectEvent, { type: 'created' }> | undefined =>
    events.find((event) => event.type === 'created' && key(event.code) === key(wanted)) as Extract<SubjectEvent, { type: 'created' }> | undefined
  const [theirs, ours] = [created(fromEvents, code), created(intoEvents, here)]
  if (!theirs || !ours) return null
  return JSON.stringify({ ...theirs, code: '' }) === JSON.stringify({ ...ours, code: '' }) ? ours.code : null
}

function renamedCode(prefix: string, code: string, taken: Set<string>): SubjectCode | null {
  const to = SubjectCode.safeParse(`${prefix}${code}`)
  if (!to.success || isReservedName(to.data) || taken.has(key(to.data))) return null
  taken.add(key(to.data))
  return to.data
}

/** What is appended to subjects.jsonl, and whose consent changes. */
function changes(codes: ReadonlyMap<string, SubjectCode>, there: SubjectFold, here: SubjectFold, { fromEvents }: SubjectsToMerge): Pick<MergePlan, 'events' | 'consents' | 'subjects'> {
  const isNew = (code: string): boolean => !here.used.has(key(codes.get(code) ?? code))
  const events = fromEvents.flatMap((event): SubjectEvent[] => {
    const code = codes.get(key(event.code))
    if (code === undefined || event.type === 'erased') return []
    if (event.type !== 'merged') return isNew(key(event.code)) ? [{ ...event, code }] : []
    const into = codes.get(key(event.into))
    // Two codes turned out to be one person there: so they are here.
    return into === undefined || here.merged.has(key(code)) ? [] : [{ ...event, code, into }]
  })
  const consents = [...there.subjects].flatMap(([code, subject]) => {
    const to = codes.get(code)
    const own = to === undefined ? undefined : here.subjects.get(key(to))
    return to !== undefined && own !== undefined && strictness[subject.consent] > strictness[own.consent] ? [{ code: to, consent: subject.consent }] : []
  })
  return { events, consents, subjects: [...there.subjects.keys()].filter((code) => codes.has(code) && isNew(code)).length }
}

/** Who was erased there stays erased here. */
function tombstones(there: SubjectFold, here: SubjectFold, { options, conflicts }: SubjectsToMerge): Pick<MergePlan, 'bury' | 'erase'> {
  const bury: SubjectCode[] = []
  const erase: SubjectCode[] = []
  for (const [code, written] of there.erased) {
    if (here.erased.has(code)) continue
    if (!here.used.has(code)) bury.push(written)
    else if (options.sameSubjects) erase.push(written)
    // With other codes for theirs, the one here is somebody else's.
    else if (!options.renameConflicts) conflicts.push({ what: 'subject', name: written, reason: 'it was erased there and is here: --same-subjects erases it here too, --rename-conflicts keeps it as somebody else' })
  }
  return { bury, erase }
}
