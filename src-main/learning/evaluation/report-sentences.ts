import type { ModelFigures, ReportSentence, RunReport, SystemComparison, SystemEvaluation } from '../../contract/index.ts'
import { subjectsToRank } from './compare.ts'

type Sentence = ReportSentence
type Data = Sentence['data']

/**
 * What a report has to say, in order of weight: what makes its numbers void, then the headline of every system, then comparisons and what the data cannot show.
 * @example { code: 'no-significant-difference', data: { system: 'student', reference: 'scratch', measure: 'eer', beats: 1, difference: -0.004, halfWidth: 0.011, p: 0.41 } }
 */
export function reportSentences({ systems, comparisons, leaks }: Pick<RunReport, 'systems' | 'comparisons' | 'leaks'>): Sentence[] {
  const named = Object.entries(systems).map(([system, { evaluation, figures }]) => ({ system, evaluation, figures }))
  return [
    ...leaks.map(({ check, message }): Sentence => ({ code: 'leak-found', data: { check, message } })),
    ...named.flatMap(({ system, evaluation }) => voids(system, evaluation)),
    ...named.map(({ system, evaluation }) => headline(system, evaluation)),
    ...comparisons.flatMap(compared),
    ...smaller(named),
    ...named.flatMap(({ system, evaluation }) => remarks(system, evaluation)),
  ]
}

function voids(system: string, { permutation }: SystemEvaluation): Sentence[] {
  return permutation && !permutation.atChance ? [{ code: 'permutation-not-at-chance', data: { system, eer: permutation.eer } }] : []
}

function headline(system: string, { byBeats, subjects }: SystemEvaluation): Sentence {
  const [{ beats, eer, identification }] = byBeats
  if (eer.value === null) return { code: 'no-trials', data: { system, beats } }
  const data: Data = { system, beats, eer: eer.value, subjects: subjects.tested, ...(identification.rank1.value === null ? {} : { rank1: identification.rank1.value }) }
  return eer.interval ? { code: 'headline', data: { ...data, low: eer.interval.low, high: eer.interval.high } } : { code: 'headline-without-interval', data }
}

function compared({ system, reference, measure, beats, difference, halfWidth, adjustedP, subjects, verdict }: SystemComparison): Sentence[] {
  if (verdict === 'not-comparable' || difference === null) return []
  const data: Data = { system, reference, measure, beats, difference, subjects, ...(halfWidth === null ? {} : { halfWidth }) }
  if (verdict === 'too-few-subjects') return [{ code: 'too-few-subjects-to-rank', data: { ...data, needed: subjectsToRank } }]
  return [{ code: verdict, data: { ...data, ...(adjustedP === null ? {} : { p: adjustedP }) } }]
}

function smaller(named: readonly { readonly system: string; readonly figures: ModelFigures | null }[]): Sentence[] {
  const [teacher, student] = ['teacher', 'student'].map((wanted) => named.find(({ system }) => system === wanted)?.figures)
  if (!teacher || !student) return []
  const data: Data = { parameters: student.parameters, teacherParameters: teacher.parameters }
  if (student.macs !== null && teacher.macs !== null) Object.assign(data, { macs: student.macs, teacherMacs: teacher.macs })
  const [own, other] = [student.latencyMs?.p50, teacher.latencyMs?.p50]
  if (own !== undefined && other !== undefined) Object.assign(data, { latencyMs: own, teacherLatencyMs: other })
  // Fewer parameters that take longer are not what "smaller" promises: recognition.md A0.5.
  const really = student.parameters < teacher.parameters && (own === undefined || other === undefined || own <= other)
  return [{ code: really ? 'student-smaller' : 'student-not-smaller', data }]
}

function remarks(system: string, { byBeats, calibration, normalisation, failureToAcquire }: SystemEvaluation): Sentence[] {
  const [{ beats, fnmrAtFmr, impostorTrials }] = byBeats
  const sentences: Sentence[] = fnmrAtFmr.filter(({ fnmr }) => fnmr.value === null).map(({ fmr }) => ({ code: 'fnmr-not-shown', data: { system, beats, fmr, impostorTrials } }))
  if (calibration?.after && calibration.temperature) {
    sentences.push({ code: 'calibrated', data: { system, before: calibration.before.ece, after: calibration.after.ece, temperature: calibration.temperature.value } })
  } else if (calibration) sentences.push({ code: 'not-calibrated', data: { system, before: calibration.before.ece } })
  if (normalisation.off) sentences.push({ code: 'normalisation-off', data: { system, reason: normalisation.off, cohort: normalisation.cohort } })
  if (failureToAcquire && failureToAcquire.refused > 0) sentences.push({ code: 'samples-refused', data: { system, refused: failureToAcquire.refused, attempts: failureToAcquire.attempts } })
  return sentences
}
