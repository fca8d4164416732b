import type { DecisionUnit } from '../../../src-main/contract/schemas/decision-unit.ts'
import type { ReportSentence } from '../../../src-main/contract/schemas/report.ts'
import { pointsText, rateText } from '../../charts/rate-text.ts'
import type { Strings } from '../../strings/en.ts'
import type { Format } from '../../strings/format.ts'
import type { Tone } from '../../ui/tone.ts'
import { compactText, decisionText, millisecondsText, pText, systemName } from './figure-words.ts'

type Code = ReportSentence['code']
type Value = string | number

/** What a sentence means for the reader; `bad`: the numbers are void. */
const tones: Readonly<Record<Code, Tone>> = {
  'leak-found': 'bad',
  'permutation-not-at-chance': 'bad',
  'no-trials': 'warn',
  'headline-without-interval': 'warn',
  'too-few-subjects-to-rank': 'warn',
  'fnmr-not-shown': 'warn',
  'not-calibrated': 'warn',
  'normalisation-off': 'warn',
  'samples-refused': 'warn',
  'student-not-smaller': 'warn',
  'nothing-recorded-together': 'warn',
  'thresholds-of-the-test': 'warn',
  headline: 'neutral',
  better: 'neutral',
  worse: 'neutral',
  'no-significant-difference': 'neutral',
  calibrated: 'neutral',
  'student-smaller': 'neutral',
  teachability: 'neutral',
  'trials-fixed': 'neutral',
  matching: 'neutral',
}

export const sentenceTone = (sentence: Pick<ReportSentence, 'code' | 'data'>): Tone => (madeWorse(sentence) ? 'warn' : tones[sentence.code])

/** A temperature that was fitted on validation need not suit the test. */
function madeWorse({ code, data: { before, after } }: Pick<ReportSentence, 'code' | 'data'>): boolean {
  return code === 'calibrated' && typeof before === 'number' && typeof after === 'number' && after > before
}

/** What makes the numbers void comes first, whoever wrote the report and in whatever order; the rest keeps its order. */
export function sentencesInOrder(sentences: readonly ReportSentence[]): { voids: ReportSentence[]; rest: ReportSentence[] } {
  const isVoid = (sentence: ReportSentence) => tones[sentence.code] === 'bad'
  return { voids: sentences.filter(isVoid), rest: sentences.filter((sentence) => !isVoid(sentence)) }
}

/** About one model alone, beside its headline: told when that model is looked at. */
const remarks: ReadonlySet<Code> = new Set(['fnmr-not-shown', 'calibrated', 'not-calibrated', 'normalisation-off', 'samples-refused'])
const comparisons: ReadonlySet<Code> = new Set(['better', 'worse', 'no-significant-difference', 'too-few-subjects-to-rank'])

/** Those about what is on screen: every headline, comparisons at the chosen number of beats, remarks about the chosen model. */
export function sentencesNow(sentences: readonly ReportSentence[], model: string, beats: number): ReportSentence[] {
  return sentences.filter(({ code, data }) => (comparisons.has(code) ? data.beats === beats : remarks.has(code) ? data.system === model : true))
}

/** How each number of a sentence's data is shown, by its name. What is not here is text. */
function shown(name: string, value: Value, unit: DecisionUnit, t: Strings, format: Format): string {
  if (name === 'system' || name === 'reference') return systemName(String(value), t)
  if (name === 'teacherLane' || name === 'studentLane') return t.lanes.kinds[value as keyof typeof t.lanes.kinds] ?? String(value)
  if (name === 'kind') return t.report.crossModal.kinds[value as keyof typeof t.report.crossModal.kinds] ?? String(value)
  if (typeof value === 'string') return name === 'check' ? (t.report.leakChecks[value as keyof typeof t.report.leakChecks] ?? value) : value
  if (name === 'beats') return decisionText(value, unit, t, format)
  if (name === 'subjects' || name === 'cohort') return format.plural(value, t.counts.subjects)
  if (/^difference(Low|High)?$/.test(name)) return pointsText(format, value)
  if (name === 'halfWidth') return pointsText(format, value).replace('+', '')
  if (name === 'p') return pText(value, format)
  if (name === 'temperature') return format.short(value, 2)
  if (['eer', 'low', 'high', 'rank1', 'fmr', 'before', 'after', 'otherRight', 'changed'].includes(name)) return rateText(format, value)
  if (/^(cka|distance|pearson)/.test(name) || name === 'similarity') return format.signed(value, 2)
  if (name === 'seconds') return format.short(value, 1)
  if (/parameters$|macs$/i.test(name)) return compactText(value, format)
  if (/latencyMs$/i.test(name)) return millisecondsText(value, t, format)
  return format.number(value)
}

/** A report's sentence in the window's language. @example 'Student, 1 beat: EER 4.3% (95 % interval 2.1% to 8.5%), rank-1 88.0%, over 90 subjects.' */
export function sentenceWords(sentence: ReportSentence, unit: DecisionUnit, t: Strings, format: Format): string {
  const { code, data } = sentence
  const words = Object.fromEntries(Object.entries(data).map(([name, value]) => [name, shown(name, value, unit, t, format)]))
  return t.report.sentences[code](madeWorse(sentence) ? { ...words, worse: '' } : words)
}

/** Comparisons that are all undecided for the same want of subjects: one of them stands for all. `null` while there are not two. */
export function undecided(sentences: readonly ReportSentence[]): { readonly first: ReportSentence; readonly count: number } | null {
  const alike = sentences.filter(({ code }) => code === 'too-few-subjects-to-rank')
  return alike.length > 1 ? { first: alike[0], count: alike.length } : null
}
