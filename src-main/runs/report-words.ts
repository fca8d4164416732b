import type { DecisionUnit, ReportSentence, SeedComparison, SystemComparison } from '../contract/index.ts'
import { decimal, ofRecording, noFigure, percent, whole } from './figure-words.ts'

const measureNames: Readonly<Record<string, string>> = { eer: 'EER', rank1: 'rank-1 rate' }

/** A report's sentence in English. @example sentenceWords({ code: 'calibrated', data: { system: 'student', before: 0.21, after: 0.04, temperature: 2.5 } }, 'beat') */
export function sentenceWords({ code, data }: ReportSentence, unit: DecisionUnit): string {
  const text = (key: string): string => String(data[key] ?? noFigure)
  const number = (key: string): number | null => (typeof data[key] === 'number' ? data[key] : null)
  const rate = (key: string): string => percent(number(key))
  const system = text('system')
  const beats = ofRecording(number('beats') ?? 1, unit)
  const rank = number('rank1') === null ? '' : `, rank-1 ${rate('rank1')}`
  switch (code) {
    case 'headline':
      return `${system}: EER ${rate('eer')} [${rate('low')}, ${rate('high')}]${rank}, deciding by ${beats}, ${text('subjects')} people tested.`
    case 'headline-without-interval':
      return `${system}: EER ${rate('eer')}${rank}, deciding by ${beats}, ${text('subjects')} people tested: too few for an interval.`
    case 'no-trials':
      return `${system}: no trials with ${beats} per decision; nothing can be said.`
    case 'too-few-subjects-to-rank':
      return `${system} against ${text('reference')}: ${difference(data, unit)}. With ${text('subjects')} people nobody can say which is better; ${text('needed')} are needed.`
    case 'fnmr-not-shown':
      return `${system}: FNMR at FMR ${rate('fmr')} is not shown deciding by ${beats}: ${whole(number('impostorTrials'))} impostor trials are too few for it.`
    case 'better':
    case 'worse':
      return `${system} is ${code} than ${text('reference')}: ${difference(data, unit)}${adjusted(number('p'))}.`
    case 'no-significant-difference':
      return `No significant difference between ${system} and ${text('reference')}: ${difference(data, unit)}${adjusted(number('p'))}.`
    case 'leak-found':
      return `Leak (${text('check')}): ${text('message')}`
    case 'permutation-not-at-chance':
      return `${system}: with templates given to other people at random the EER is ${rate('eer')}, which is not chance: the evaluation itself is broken.`
    case 'calibrated':
      return `${system}: confidences are off by ${rate('before')} (ECE), ${rate('after')} after temperature scaling with T = ${decimal(number('temperature'))}, fitted on validation.`
    case 'not-calibrated':
      return `${system}: confidences are off by ${rate('before')} (ECE); there is no validation part to fit a temperature on.`
    case 'normalisation-off':
      return `${system}: scores are not normalised (${text('reason')}; cohort of ${text('cohort')} people).`
    case 'samples-refused':
      return `${system}: ${text('refused')} of ${text('attempts')} attempts gave nothing to decide by; they count as refused.`
    case 'student-smaller':
    case 'student-not-smaller':
      return `The student ${code === 'student-smaller' ? 'is smaller than' : 'is not smaller in every respect than'} its teacher: ${[
        pair('parameters', number('parameters'), number('teacherParameters')), pair('multiply-accumulates', number('macs'), number('teacherMacs')), pair('ms per window', number('latencyMs'), number('teacherLatencyMs')),
      ].flat().join('; ')}.`
    case 'nothing-recorded-together':
      return `The test has no window with ${laneWords(text('teacherLane'))} and ${laneWords(text('studentLane'))} of the same moment: how much the student took from its teacher cannot be shown.`
    case 'teachability':
      return `On ${whole(number('windows'))} test windows of both modalities the taught student's embeddings are like those of ${text('reference')} by CKA ${decimal(number('cka'))} (${[
        before('alone', number('ckaBefore')), before('by chance', number('ckaByChance')),
      ].flat().join(', ')})${from('cosine distance', number('distanceBefore'), number('distance'))}${from('correlation', number('pearsonBefore'), number('pearson'))}.`
    case 'trials-fixed':
      return `Of ${whole(number('trials'))} ${text('kind')} trials deciding by ${beats} teaching fixed ${whole(number('fixed'))}${number('otherRight') === null ? '' : ` (${rate('otherRight')} of them right for ${text('reference')})`} and broke ${whole(number('broken'))}: ${
        pointsWords(number('difference'))} points${number('differenceLow') === null ? ', too few people for an interval' : ` [${pointsWords(number('differenceLow'))}, ${pointsWords(number('differenceHigh'))}]`}. McNemar's exact test, which takes trials for independent although those of one person are not: p = ${decimal(number('p'))}.`
    case 'thresholds-of-the-test':
      return `Of the models judged trial by trial, deciding by ${beats}, ${text('count')} had no threshold of validation: judged where these very trials have their EER, which flatters.`
    case 'matching':
      return `Matchings of windows: ${text('rounds')}${number('changed') === null ? '' : `; at the last ${rate('changed')} of the pairs were other ones than at first`}${number('similarity') === null ? '' : `, mean similarity ${decimal(number('similarity'))}`}${
        number('comparisons') === null ? '' : `; ${whole(number('comparisons'))} comparisons`}${number('seconds') === null ? '' : ` in ${decimal(number('seconds'))} s`}.`
  }
}

const before = (what: string, value: number | null): string[] => (value === null ? [] : [`${what} ${decimal(value)}`])
const from = (what: string, start: number | null, end: number | null): string => (end === null ? '' : `; ${what} ${start === null ? '' : `from ${decimal(start)} to `}${decimal(end)}`)
const pointsWords = (value: number | null): string => (value === null ? noFigure : (100 * value).toFixed(2))
/** @example laneWords('ppg') // 'PPG' */
export const laneWords = (lane: string): string => lane.toUpperCase()

function pair(what: string, own: number | null, other: number | null): string[] {
  const say = (value: number): string => (value < 100 ? decimal(value) : whole(value))
  return own === null || other === null ? [] : [`${say(own)} ${what} against ${say(other)}`]
}

function difference(data: ReportSentence['data'], unit: DecisionUnit): string {
  const points = (value: unknown): string => (typeof value === 'number' ? (100 * value).toFixed(2) : noFigure)
  const known = typeof data.halfWidth === 'number' ? ` (known to ± ${points(data.halfWidth)})` : ''
  return `${measureNames[String(data.measure)] ?? String(data.measure)} differs by ${points(data.difference)} points${known} deciding by ${ofRecording(Number(data.beats), unit)}`
}

const adjusted = (p: number | null): string => (p === null ? '' : `, adjusted p = ${decimal(p)}`)

export const verdicts: Readonly<Record<SystemComparison['verdict'], string>> = {
  better: 'better', worse: 'worse', 'no-significant-difference': 'no significant difference', 'too-few-subjects': 'too few subjects to say', 'not-comparable': 'not comparable',
}

/** @example verdictWords(comparison) // 'student is better than scratch' */
export function verdictWords({ system, reference, verdict }: Pick<SystemComparison, 'system' | 'reference' | 'verdict'>): string {
  return verdict === 'better' || verdict === 'worse' ? `${system} is ${verdict} than ${reference}` : `${system} against ${reference}: ${verdicts[verdict]}`
}

/** @example seedWords(comparison, 'beat') // 'student - scratch, EER, 1 beat: mean difference -0.40 points over 5 seeds' */
export function seedWords({ system, reference, measure, beats, seeds, meanDifference }: SeedComparison, unit: DecisionUnit): string {
  return `${system} - ${reference}, ${measureNames[measure]}, ${ofRecording(beats, unit)}: mean difference ${(100 * meanDifference).toFixed(2)} points over ${seeds} seeds`
}

export const measureWords = (measure: string): string => measureNames[measure] ?? measure
