import type { DatasetSplit, DataSupport, LeakFinding } from '../../../src-main/contract/schemas/split.ts'
import type { Strings } from '../../strings/en.ts'
import type { Format } from '../../strings/format.ts'

/** Fewer cannot rank variants of one model (recognition.md B5); a rate is not printed below 30 errors' worth of trials (rule of 30, C1). */
const subjectsToRank = 50
const ruleOf30 = 30
const mostNamed = 5

/** A finding in the window's language: the lab's own sentence where that is English, else what its figures and names say. */
export function findingWords(finding: LeakFinding, t: Strings, format: Format): string {
  const { check, message, data, subjects, recordings } = finding
  const ratio = (value: string | number | undefined) => (typeof value === 'number' ? format.percent(value) : '')
  const fields = typeof data.fields === 'string' ? data.fields.split(', ') : []
  const named = subjects.length > 0 ? subjects : recordings
  return t.splits.findingTexts[check]({
    message,
    names: `${named.slice(0, mostNamed).join(', ')}${named.length > mostNamed ? ' …' : ''}`,
    people: typeof data.people === 'number' ? format.number(data.people) : '',
    accuracy: ratio(data.accuracy),
    chance: ratio(data.chance),
    p: typeof data.p === 'number' ? format.short(data.p, 3) : '',
    fields: format.list(fields.map((field) => (t.splits.headerFields as Partial<Record<string, string>>)[field] ?? field)),
    share: ratio(data.share),
  })
}

/**
 * What a split can support, as sentences in the window's language, made of its figures.
 * @example supportWords(support, split, en, format)[0] // 'With 9 subjects tested, an EER of 7.0% can be known to about ±11.2 points (95%).'
 */
export function supportWords(support: DataSupport, split: Pick<DatasetSplit, 'options' | 'assignments' | 'leftOut'>, t: Strings, format: Format): string[] {
  const texts = t.splits.supportTexts
  const { testSubjects, assumedEer, eerHalfWidth, smallestFmr, genuineTrials } = support
  const sentences: string[] = []
  if (eerHalfWidth === null) sentences.push(texts.noEer)
  else {
    sentences.push(texts.eer(format.plural(testSubjects, t.counts.subjects), format.percent(assumedEer), format.number(eerHalfWidth * 100, 1)))
    if (testSubjects < subjectsToRank) sentences.push(texts.tooFew)
  }
  if (smallestFmr !== null) {
    const printable = Math.min(1, ruleOf30 / support.impostorTrials)
    sentences.push(texts.fmr(format.plural(genuineTrials, texts.genuine), impostorWords(support, split, t, format), format.percent(smallestFmr), format.percent(printable)))
  }
  if (split.options.strategy === 'diagnostic-leaky') sentences.push(texts.leaky)
  else if (!support.crossSession && genuineTrials > 0) sentences.push(texts.sameSession)
  if (!support.subjectDisjoint) sentences.push(texts.known)
  const used = new Set(split.assignments.map(({ subject }) => subject))
  const leftOut = new Set(split.leftOut.flatMap(({ subject }) => (used.has(subject) ? [] : [subject])))
  if (leftOut.size > 0) sentences.push(format.plural(leftOut.size, texts.leftOut))
  return sentences
}

/** The impostor trials; of many pairs only a part is drawn. */
function impostorWords({ impostorTrials }: DataSupport, { assignments }: Pick<DatasetSplit, 'assignments'>, t: Strings, format: Format): string {
  const texts = t.splits.supportTexts
  const enrolled = new Map<string, number>()
  for (const { role, subject } of assignments) if (role === 'enrol') enrolled.set(subject, (enrolled.get(subject) ?? 0) + 1)
  const templates = [...enrolled.values()].reduce((sum, count) => sum + count, 0)
  const pairs = assignments.reduce((sum, { role, subject }) => sum + (role === 'test' ? templates - (enrolled.get(subject) ?? 0) : 0), 0)
  const trials = format.plural(impostorTrials, texts.impostor)
  return pairs > impostorTrials ? texts.drawn(trials, format.number(pairs)) : trials
}
