import type { CrossModalReport, OverlapByKind, ReportSentence, TrialOverlap } from '../../contract/index.ts'
import { significant } from './significant.ts'

type Sentence = ReportSentence
type Data = Sentence['data']

/**
 * What teaching across modalities came to, in words: how near to the teacher the student came, which trials that fixed and broke, and how windows were matched.
 * @example { code: 'trials-fixed', data: { kind: 'genuine', beats: 1, trials: 900, fixed: 41, broken: 12, difference: 0.032, differenceLow: 0.011, differenceHigh: 0.058, p: 0.00008, otherRight: 0.85 } }
 */
export function crossModalSentences({ teachability: { teacher, parts }, overlaps, matching, lanes }: CrossModalReport, headlineBeats: number): Sentence[] {
  const test = parts.find(({ part }) => part === 'test')
  const headline = overlaps.find(({ beats }) => beats === headlineBeats)
  return [
    ...(test === undefined ? [{ code: 'nothing-recorded-together' as const, data: { teacherLane: lanes.teacher, studentLane: lanes.student } }] : likeness(teacher, test)),
    ...(headline ? [...headline.kinds.flatMap((kind) => overlap(headline, kind)), ...ownThresholds(headline)] : []),
    ...matched(matching),
  ]
}

function likeness(teacher: string, { windows, start, end }: CrossModalReport['teachability']['parts'][number]): Sentence[] {
  if (end === null || end.cka === null) return []
  const data: Data = { reference: teacher, windows, cka: end.cka, ...given('ckaByChance', end.ckaByChance), ...given('ckaBefore', start?.cka ?? null) }
  return [{ code: 'teachability', data: { ...data, ...given('distance', end.cosineDistance), ...given('distanceBefore', start?.cosineDistance ?? null), ...given('pearson', end.pearson), ...given('pearsonBefore', start?.pearson ?? null) } }]
}

function overlap({ beats, other }: TrialOverlap, { kind, trials, fixed, broken, difference, mcnemarP }: OverlapByKind): Sentence[] {
  if (difference.value === null) return []
  const data: Data = { kind, beats, trials, fixed: fixed.trials, broken: broken.trials, difference: difference.value, p: mcnemarP }
  if (difference.interval) Object.assign(data, { differenceLow: difference.interval.low, differenceHigh: difference.interval.high })
  if (other !== null && fixed.otherRight !== null && fixed.trials > 0) Object.assign(data, { reference: other, otherRight: significant(fixed.otherRight / fixed.trials) })
  return [{ code: 'trials-fixed', data }]
}

/** Such thresholds flatter whom they belong to. */
function ownThresholds({ beats, thresholds }: TrialOverlap): Sentence[] {
  const count = Object.values(thresholds).filter((threshold) => threshold?.rule === 'own-eer').length
  return count === 0 ? [] : [{ code: 'thresholds-of-the-test', data: { beats, count } }]
}

function matched(matching: CrossModalReport['matching']): Sentence[] {
  const last = matching.at(-1)
  if (last === undefined) return []
  const sum = (of: 'seconds' | 'comparisons'): number | null => (matching.every((round) => round[of] === null) ? null : significant(matching.reduce((total, round) => total + (round[of] ?? 0), 0)))
  return [{ code: 'matching', data: { rounds: matching.length, ...given('changed', last.changed), ...given('similarity', last.similarity), ...given('seconds', sum('seconds')), ...given('comparisons', sum('comparisons')) } }]
}

const given = (name: string, value: number | null): Data => (value === null ? {} : { [name]: value })
