import { LabError, SplitStrategy, type DatasetSplit, type DatasetVersion, type SplitAssignment, type SplitOptions, type SubjectCode, type VersionEntry } from '../contract/index.ts'
import { canonicalJson } from './canonical-json.ts'
import { compareNatural, compareText, groupBy } from './order.ts'
import { firstVisitEnrols, planBySubjects, planClosedSet, withoutCopies, type SubjectPlan } from './split-by-subjects.ts'
import { rowProtocols } from './split-by-rows.ts'
import { timeProtocols } from './split-in-time.ts'
import { shareProtocols } from './split-in-shares.ts'
import { leaveOut, type LeftOut, type Part } from './split-plan.ts'
import { isSubjectDisjoint, leakyName, needsDates } from './split-roles.ts'
import type { Sha256 } from './version-content.ts'

const protocols = { ...timeProtocols, ...shareProtocols, ...rowProtocols, 'subject-disjoint': firstVisitEnrols, 'open-set': firstVisitEnrols }
const roleOrder = ['train', 'enrol', 'validation', 'test'] as const

export type SplitSource = Pick<DatasetVersion, 'name' | 'hash' | 'entries'>

/**
 * Makes a split of a version: same version, options and name, same bytes on every machine. Copies of one signal are left out before anything is divided, and
 * recordings without a date are where the strategy needs one.
 * @throws LabError `split-invalid` (options that contradict each other, a name that hides random beats), `split-impossible` with `data.supported`.
 * @example buildSplit(version, 's1', SplitOptions.parse({ strategy: 'leave-last-day-out', seed: 1 }), sha256)
 */
export function buildSplit(version: SplitSource, name: string, options: SplitOptions, sha256: Sha256): DatasetSplit {
  requireValidOptions(options)
  if (options.strategy === 'diagnostic-leaky' ? name !== leakyName : name.toLowerCase() === leakyName) {
    throw new LabError('split-invalid', `A split of random beats, and no other, is called ${leakyName}: its name says that it proves nothing.`, { field: 'name', name, strategy: options.strategy })
  }
  const plan = planOf(version.entries, options)
  const problem = problemOf(plan, options)
  if (problem) {
    const supported = supportedStrategies(version.entries, options)
    const instead = supported.length === 0 ? 'No strategy fits this data.' : `This data supports ${supported.join(', ')}.`
    throw new LabError('split-impossible', `The version ${version.name} cannot be split ${options.strategy}: ${problem}. ${instead}`, { version: version.name, strategy: options.strategy, reason: problem, supported })
  }
  const split: Omit<DatasetSplit, 'hash'> = {
    formatVersion: 1, name, version: version.name, versionHash: version.hash, options, assignments: assignmentsOf(plan.parts), unknownSubjects: [...plan.unknown].sort(compareNatural),
    leftOut: [...plan.leftOut].sort((a, b) => compareNatural(a.subject, b.subject) || compareText(a.recording, b.recording)), erasures: [],
  }
  return { ...split, hash: splitHash(split, sha256) }
}

/** The name is no part of what a split is; its erasures are its history. */
export function splitHash({ formatVersion, version, versionHash, options, assignments, unknownSubjects, leftOut }: Omit<DatasetSplit, 'hash'>, sha256: Sha256): string {
  return sha256(canonicalJson({ formatVersion, version, versionHash, options, assignments, unknownSubjects, leftOut }))
}

/** Strategies that give these recordings a test; never the diagnostic one, which any data supports. */
function supportedStrategies(entries: readonly VersionEntry[], options: SplitOptions): SplitStrategy[] {
  return SplitStrategy.options.filter((strategy) => {
    if (strategy === 'diagnostic-leaky') return false
    const asked = { ...options, strategy, subjectDisjoint: false, folds: null, fold: 0, test: options.test > 0 ? options.test : 0.2 }
    return problemOf(planOf(entries, asked), asked) === null
  })
}

function planOf(all: readonly VersionEntry[], options: SplitOptions): SubjectPlan {
  const sorted = [...all].sort((a, b) => compareNatural(a.subject, b.subject) || compareText(a.recording, b.recording))
  const undated = needsDates(options) ? sorted.filter(({ day }) => day === null) : []
  const { kept, leftOut: copies } = withoutCopies(undated.length > 0 ? sorted.filter(({ day }) => day !== null) : sorted)
  const before: LeftOut[] = [...leaveOut(undated, 'its date is not known'), ...copies]
  const subjects: ReadonlyMap<SubjectCode, readonly VersionEntry[]> = groupBy(kept, ({ subject }) => subject)
  const protocol = protocols[options.strategy]
  if (!protocol) throw new LabError('internal-error', `There is no protocol ${options.strategy}.`)
  const unknownShare = options.strategy === 'open-set' ? options.unknown : 0
  const plan = isSubjectDisjoint(options) ? planBySubjects(subjects, protocol, options, unknownShare) : planClosedSet(subjects, protocol, options)
  return { ...plan, leftOut: [...before, ...plan.leftOut] }
}

/** Why there is nothing to test, in words, or `null`. */
function problemOf({ parts, leftOut }: SubjectPlan, options: SplitOptions): string | null {
  const people = (wanted: Part['role']): number => new Set(parts.filter(({ role }) => role === wanted).map(({ entry }) => entry.subject)).size
  const [enrolled, tested] = [people('enrol'), people('test')]
  const why = mostFrequent(leftOut.map(({ reason }) => reason))
  const because = why ? ` (left out most often: ${why})` : ''
  if (tested === 0) return `no subject has what this strategy tests${because}`
  if (options.strategy === 'open-set' && (enrolled < 1 || tested < 2)) return `it needs two subjects to test, one of them never enrolled, and there is one${because}`
  if (options.strategy !== 'open-set' && enrolled < 2) return `two subjects must be told apart, and there is one${because}`
  if (isSubjectDisjoint(options) && people('train') === 0) return `no subject is left to train with${because}`
  return null
}

function mostFrequent(texts: readonly string[]): string | null {
  const counts = [...groupBy(texts, (text) => text)].map(([text, all]) => ({ text, count: all.length }))
  return counts.sort((a, b) => b.count - a.count || compareText(a.text, b.text)).at(0)?.text ?? null
}

function assignmentsOf(parts: readonly Part[]): SplitAssignment[] {
  return parts
    .map(({ entry, role, spans }) => ({ recording: entry.recording, subject: entry.subject, session: entry.session, role, spans: spans.map(({ from, to }) => ({ from, to })) }))
    .sort((a, b) => compareNatural(a.subject, b.subject) || compareText(a.recording, b.recording) || roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role))
}

/** @throws LabError `split-invalid` with `data.field`. */
function requireValidOptions(options: SplitOptions): void {
  const { strategy, folds, fold, test, validation, unknown, subjectDisjoint } = options
  const refuse = (field: string, reason: string): LabError => new LabError('split-invalid', `The split's options are not valid: ${field}: ${reason}.`, { field, reason })
  if (fold > 0 && fold >= (folds ?? 1)) throw refuse('fold', folds === null ? 'there is one split, so its fold is 0' : `there are ${folds} folds, 0 to ${folds - 1}`)
  const divides = isSubjectDisjoint(options) || strategy in shareProtocols || strategy in rowProtocols
  if (divides && folds === null && test === 0) throw refuse('test', 'nothing would be tested')
  if (divides && folds === null && test + validation >= 1) throw refuse('test', 'test and validation leave nothing to train on')
  if (strategy === 'open-set' && unknown === 0) throw refuse('unknown', 'an open set has subjects that are never enrolled')
  if (strategy === 'diagnostic-leaky' && subjectDisjoint) throw refuse('subjectDisjoint', 'random beats are of one subject on both sides by design')
}
