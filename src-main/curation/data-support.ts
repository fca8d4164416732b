import type { DataSupport, DatasetSplit, VersionEntry } from '../contract/index.ts'
import { groupBy } from './order.ts'
import { isSubjectDisjoint } from './split-roles.ts'
import { countTrials, type TrialCounts } from './trials.ts'
import { sameVisit } from './visits.ts'

/** Normal quantile of a 95 % interval. */
const z95 = 1.959964
/** What sentences are made for: the cross-day EER of a linear baseline on ECG-ID (recognition.md B3). */
const assumedEer = 0.07
/**
 * How alike two decisions are that share a person: two genuine ones, and two impostor ones with one person in common. Fitted to the subject-bootstrap intervals that recognition.md B3
 * measured (half widths 4.8, 3.1 and 1.8 points with 20, 90 and 199 subjects; with these: 5.6, 2.6 and 2.3).
 */
const genuineCorrelation = 0.4
const impostorCorrelation = 0.1
/** Fewer cannot rank variants of one model. Source: recognition.md B5. */
const subjectsToRank = 50
/** A rate is not to be printed below 30 errors' worth of trials (rule of 30, recognition.md C1). */
const ruleOf30 = 30

export interface EerSituation {
  /** Genuine trials of each tested subject; subjects without any do not count. */
  readonly genuinePerSubject: readonly number[]
  readonly impostorTrials: number
  /** Subjects in the impostor trials, on either side. */
  readonly impostorSubjects: number
  readonly eer: number
  readonly genuineCorrelation: number
  readonly impostorCorrelation: number
}

/**
 * Standard deviation of an estimated EER when subjects are drawn anew, 0..1; `null` where there is nothing to compare.
 *
 * At the EER's threshold both error rates are e. To first order the estimate moves by the mean of what FNMR and FMR move there (equal slopes), so
 * Var(EER) = (Var(FNMR) + Var(FMR)) / 4. Decisions of one subject are correlated (beta-binomial): with w_s the subject's part of the genuine trials, and N of them,
 * Var(FNMR) = e (1 - e) [ρ Σ w_s² + (1 - ρ) / N]: ρ (m - 1) + 1 is the design effect when all have m. An impostor trial has two subjects, and each stands in a part 2/n of all, so
 * Var(FMR) = e (1 - e) [4 ρ' / n + (1 - 2 ρ') / M] (first two terms of Hoeffding's decomposition).
 * @example 20 subjects with 5 genuine trials each, 1900 impostor trials, e = 0.07: 0.027, an interval of ±5.4 points
 */
export function eerDeviation({ genuinePerSubject, impostorTrials, impostorSubjects, eer, genuineCorrelation: rho, impostorCorrelation: rhoImpostor }: EerSituation): number | null {
  const genuine = genuinePerSubject.reduce((sum, count) => sum + count, 0)
  if (genuine === 0 || impostorTrials === 0 || impostorSubjects < 2) return null
  const concentration = genuinePerSubject.reduce((sum, count) => sum + (count / genuine) ** 2, 0)
  const spread = eer * (1 - eer)
  const fnmr = spread * (rho * concentration + (1 - rho) / genuine)
  const fmr = spread * ((4 * rhoImpostor) / impostorSubjects + (1 - 2 * rhoImpostor) / impostorTrials)
  return Math.sqrt((fnmr + fmr) / 4)
}

/** What this split can show, in numbers and in plain sentences. `entries`: the version's. */
export function dataSupport(split: DatasetSplit, entries: readonly VersionEntry[]): DataSupport {
  const { assignments, options } = split
  const test = assignments.filter(({ role }) => role === 'test')
  const enrol = groupBy(assignments.filter(({ role }) => role === 'enrol'), ({ subject }) => subject)
  const sessions = [...groupBy(assignments, ({ subject }) => subject).values()].map((own) => new Set(own.map(({ session }) => session)).size).sort((a, b) => a - b)
  const tested = groupBy(test, ({ subject }) => subject)
  const genuinePerSubject = [...tested].map(([subject, own]) => own.length * (enrol.get(subject)?.length ?? 0)).filter((count) => count > 0)
  const trials = countTrials(split)
  const deviation = trials.genuine === 0 ? null : eerDeviation({
    genuinePerSubject, impostorTrials: trials.impostor, impostorSubjects: new Set([...tested.keys(), ...enrol.keys()]).size, eer: assumedEer, genuineCorrelation, impostorCorrelation,
  })
  const support = {
    subjects: sessions.length,
    testSubjects: tested.size,
    sessionsPerSubject: { minimum: sessions.at(0) ?? 0, median: median(sessions), maximum: sessions.at(-1) ?? 0 },
    genuineTrials: trials.genuine,
    impostorTrials: trials.impostor,
    assumedEer,
    eerHalfWidth: deviation === null ? null : z95 * deviation,
    // Rule of three: none wrong in N independent trials bounds the rate by 3/N (95 %).
    smallestFmr: trials.impostor === 0 ? null : Math.min(1, 3 / trials.impostor),
    crossSession: isCrossSession(split, entries),
    subjectDisjoint: isSubjectDisjoint(options),
  }
  return { ...support, sentences: sentencesOf(support, trials, split) }
}

/** Every genuine comparison is of two visits. */
function isCrossSession(split: DatasetSplit, entries: readonly VersionEntry[]): boolean {
  const byId = new Map(entries.map((entry) => [entry.recording, entry]))
  const visit = (recording: VersionEntry['recording'], session: string): Pick<VersionEntry, 'session' | 'day'> => ({ session, day: byId.get(recording)?.day ?? null })
  const bySubject = groupBy(split.assignments, ({ subject }) => subject)
  let genuine = false
  for (const own of bySubject.values()) {
    const enrolled = own.filter(({ role }) => role === 'enrol').map(({ recording, session }) => visit(recording, session))
    for (const { role, recording, session } of own) {
      if (role !== 'test') continue
      const probe = visit(recording, session)
      if (enrolled.some((template) => sameVisit(template, probe))) return false
      genuine ||= enrolled.length > 0
    }
  }
  return genuine
}

function sentencesOf(support: Omit<DataSupport, 'sentences'>, { impostorPairs }: TrialCounts, split: DatasetSplit): string[] {
  const { testSubjects, eerHalfWidth, smallestFmr, genuineTrials, impostorTrials } = support
  const sentences: string[] = []
  if (eerHalfWidth === null) sentences.push('There are no trials of both kinds: no EER can be computed.')
  else {
    sentences.push(`${counted(testSubjects, 'subject')} ${testSubjects === 1 ? 'is' : 'are'} tested: an EER of ${percent(assumedEer)} can be known to about ±${(100 * eerHalfWidth).toFixed(1)} points (95 %).`)
    if (testSubjects < subjectsToRank) sentences.push(`Fewer than ${subjectsToRank} subjects cannot rank variants of one model: a smaller difference than that is chance.`)
  }
  if (smallestFmr !== null) {
    const drawn = impostorPairs > impostorTrials ? `, drawn from ${impostorPairs}` : ''
    sentences.push(`${counted(genuineTrials, 'genuine trial')} and ${counted(impostorTrials, 'impostor trial')}${drawn}: a false match rate below ${percent(smallestFmr)} cannot be shown (rule of three), and none below ${percent(Math.min(1, ruleOf30 / impostorTrials))} should be printed.`)
  }
  if (split.options.strategy === 'diagnostic-leaky') sentences.push('Beats of one recording are on both sides: whatever a model reaches here proves nothing.')
  else if (!support.crossSession && genuineTrials > 0) sentences.push('Some genuine comparisons are within one session: nothing is said about another day.')
  if (!support.subjectDisjoint) sentences.push('The model knows every enrolled subject: nothing is said about people it has not seen, and there is no cohort for AS-norm.')
  const left = new Set(split.leftOut.map(({ subject }) => subject))
  for (const { subject } of split.assignments) left.delete(subject)
  if (left.size > 0) sentences.push(`${counted(left.size, 'subject')} ${left.size === 1 ? 'is' : 'are'} left out altogether; the list says why.`)
  return sentences
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
const percent = (ratio: number): string => `${Number((100 * ratio).toPrecision(2))} %`

function median(sorted: readonly number[]): number {
  if (sorted.length === 0) return 0
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
