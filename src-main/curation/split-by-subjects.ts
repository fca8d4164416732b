import type { SplitOptions, SubjectCode, VersionEntry } from '../contract/index.ts'
import { Random, ShareCounter } from './random.ts'
import { leaveOut, unusable, whole, type LeftOut, type Part, type SubjectProtocol } from './split-plan.ts'
import { inOrder, visitsOf } from './visits.ts'

/** Test subjects enrol with their first visit, or with their first recording where they have one visit only, and are probed with the rest. */
export const firstVisitEnrols: SubjectProtocol = (entries) => {
  const visits = visitsOf(entries)
  const enrolled = new Set(visits.length > 1 ? visits[0].entries : inOrder(entries).slice(0, 1))
  if (enrolled.size === entries.length) return unusable(entries, '1 recording only')
  return { parts: inOrder(entries).map((entry) => whole(entry, enrolled.has(entry) ? 'enrol' : 'test')), leftOut: [] }
}

export interface SubjectPlan {
  readonly parts: readonly Part[]
  readonly leftOut: readonly LeftOut[]
  readonly unknown: readonly SubjectCode[]
}

/**
 * Other people train than are tested. Test subjects are drawn from those whom the protocol can test; those whom it cannot train. Validation takes
 * people who could be tested too while there are some, so that an EER can be computed on them. With k folds everybody who can be tested is, once.
 * `subjects`: sorted by code. `unknownShare`: part of the test subjects that is never enrolled; all of their recordings are probes.
 */
export function planBySubjects(subjects: ReadonlyMap<SubjectCode, readonly VersionEntry[]>, protocol: SubjectProtocol, options: SplitOptions, unknownShare: number): SubjectPlan {
  const { seed, folds, fold } = options
  const plans = new Map([...subjects].map(([code, entries]) => [code, protocol(entries, testContext(options, code))]))
  const testable = (code: SubjectCode): boolean => plans.get(code)?.parts.some((part) => part.role === 'test') === true
  const mixed = Random.of('subjects', seed).shuffled([...subjects.keys()])
  const candidates = mixed.filter(testable)
  const wanted = Math.round(options.test * mixed.length)
  const tested = folds === null ? candidates.slice(0, Math.max(Math.min(2, candidates.length), wanted)) : candidates.filter((_, i) => i % folds === fold)
  const others = [...candidates.filter((code) => !tested.includes(code)), ...mixed.filter((code) => !testable(code))]
  const validating = new Set(others.slice(0, Math.min(Math.round(options.validation * mixed.length), Math.max(0, others.length - 1))))
  // At least one is unknown and one is not, where the strategy asks for it.
  const unknownCount = unknownShare > 0 ? Math.max(1, Math.min(tested.length - 1, Math.round(unknownShare * tested.length))) : 0
  const unknown = new Set(Random.of('unknown', seed).shuffled([...tested].sort()).slice(0, unknownCount))

  const parts: Part[] = []
  const leftOut: LeftOut[] = []
  const isTested = new Set(tested)
  for (const [code, entries] of subjects) {
    if (unknown.has(code)) parts.push(...entries.map((entry) => whole(entry, 'test')))
    else if (isTested.has(code)) {
      parts.push(...(plans.get(code)?.parts ?? []))
      leftOut.push(...(plans.get(code)?.leftOut ?? []))
    } else parts.push(...entries.map((entry) => whole(entry, validating.has(code) ? 'validation' : 'train')))
  }
  return { parts, leftOut, unknown: [...unknown].sort() }
}

/** Other people validate and the fold is a matter of subjects: the protocol itself is asked for its plain form. */
function testContext(options: SplitOptions, code: SubjectCode): Parameters<SubjectProtocol>[1] {
  return { options, random: Random.of(`subject ${code}`, options.seed), fold: 0, folds: null, testShare: new ShareCounter(options.test), validationShare: new ShareCounter(0) }
}

/** Everybody enrols and is tested, as far as the protocol can. `subjects`: sorted by code. */
export function planClosedSet(subjects: ReadonlyMap<SubjectCode, readonly VersionEntry[]>, protocol: SubjectProtocol, options: SplitOptions): SubjectPlan {
  const { seed, folds, fold } = options
  const testShare = new ShareCounter(options.test)
  const validationShare = new ShareCounter(options.validation)
  const parts: Part[] = []
  const leftOut: LeftOut[] = []
  for (const [code, entries] of subjects) {
    const plan = protocol(entries, { options, random: Random.of(`subject ${code}`, seed), fold, folds, testShare, validationShare })
    parts.push(...plan.parts)
    leftOut.push(...plan.leftOut)
  }
  return { parts, leftOut, unknown: [] }
}

/** Copies of one signal, by any of its hashes: of one person's the first stays; of several people's none, for all but one of them are wrong. */
export function withoutCopies(entries: readonly VersionEntry[]): { kept: VersionEntry[]; leftOut: LeftOut[] } {
  const leftOut: LeftOut[] = []
  const gone = new Set<VersionEntry>()
  for (const copies of copiesAmong(entries)) {
    const subjects = [...new Set(copies.map(({ subject }) => subject))].sort()
    if (subjects.length > 1) {
      for (const entry of copies) gone.add(entry)
      leftOut.push(...leaveOut(copies, `the same signal stands under ${subjects.join(' and ')}`))
      continue
    }
    const [first, ...others] = inOrder(copies)
    for (const entry of others) gone.add(entry)
    leftOut.push(...leaveOut(others, `the same signal as ${first.recording}`))
  }
  return { kept: entries.filter((entry) => !gone.has(entry)), leftOut }
}

/** Groups of two and more that share a hash, directly or through others. */
export function copiesAmong<E extends Pick<VersionEntry, 'contentHash' | 'signalHash' | 'sourceHashes'>>(entries: readonly E[]): E[][] {
  const groupOf = new Map<E, E[]>()
  const holder = new Map<string, E>()
  for (const entry of entries) {
    let group = [entry]
    groupOf.set(entry, group)
    for (const hash of new Set([entry.contentHash, entry.signalHash, ...entry.sourceHashes])) {
      if (hash === '') continue
      const other = groupOf.get(holder.get(hash) ?? entry) ?? group
      holder.set(hash, entry)
      if (other === group) continue
      const [small, large] = other.length < group.length ? [other, group] : [group, other]
      for (const member of small) groupOf.set(member, large)
      large.push(...small)
      group = large
    }
  }
  return [...new Set(groupOf.values())].filter((group) => group.length > 1)
}
