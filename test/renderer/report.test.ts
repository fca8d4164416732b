import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import type { JobStatus } from '../../src-main/contract/schemas/job.ts'
import { RunReport, ReportSentence } from '../../src-main/contract/schemas/report.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { Jobs } from '../../src-renderer/state/jobs.svelte.ts'
import { ReportState } from '../../src-renderer/state/report.svelte.ts'
import { en } from '../../src-renderer/strings/en.ts'
import { Format } from '../../src-renderer/strings/format.ts'
import { zhCN } from '../../src-renderer/strings/zh-CN.ts'
import { sentencesInOrder, sentencesNow, sentenceTone, sentenceWords, undecided } from '../../src-renderer/views/report/sentence-words.ts'
import { compactText, decisionText, pText } from '../../src-renderer/views/report/figure-words.ts'
import { FakeLab, type FakeHandlers } from './fake-lab.ts'
import { leak, runId, runRecord, sampleReport } from './sample-report.ts'

const format = new Format('en')
const chinese = new Format('zh-CN')
const report = sampleReport({ people: 55, replicates: 100 })
const few = sampleReport({ people: 12, replicates: 100, beats: 6, leaks: [leak] })
const job = (change: Partial<JobStatus> = {}): JobStatus => ({ id: 'j1', kind: 'evaluate', state: 'running', done: 0, total: 1, unit: 'models', startedAtMs: 0, ...change })

async function setUp(handlers: FakeHandlers = {}) {
  const lab = new FakeLab({ 'jobs.list': () => [], 'runs.get': () => ({ record: runRecord(), epochs: [] }), 'runs.report': () => report, 'runs.reportPage': () => ({ html: '<!doctype html>' }), ...handlers })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  return { lab, state: new ReportState(connection, new Jobs(connection)) }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

describe('the report of a run', () => {
  it('that is drawn here is what the contract says', () => {
    expect(RunReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report)
  })

  it('begins with the headline’s beats and the student', async () => {
    const { state } = await setUp()
    await state.open(runId)
    expect(state.beatChoices).toEqual([1, 5, 0])
    expect(state.beats).toBe(1)
    expect(state.models.map(({ name }) => name)).toEqual(['student', 'teacher', 'scratch', 'lda', 'template'])
    expect(state.chosen?.name).toBe('student')
  })

  it('shows all models at the chosen number of beats', async () => {
    const { state } = await setUp()
    await state.open(runId)
    state.chooseBeats(0)
    state.chooseModel('lda')
    expect(state.models.every(({ probes }) => probes.beats === 0)).toBe(true)
    expect(state.chosen?.probes).toBe(report.systems.lda?.evaluation.byBeats[2])
  })

  it('keeps the choices while the run is read again, and not for another run', async () => {
    const { lab, state } = await setUp()
    await state.open(runId)
    state.chooseBeats(5)
    state.chooseModel('teacher')
    lab.emit('runs.changed', { id: runId })
    await settled()
    expect(lab.inputs('runs.report')).toHaveLength(2)
    expect([state.beats, state.chosen?.name]).toEqual([5, 'teacher'])
    const other = runRecord().id.replace('3', '4') as typeof runId
    await state.open(other)
    expect([state.beats, state.chosen?.name]).toEqual([1, 'student'])
  })

  it('that is not there can be made, and is there then', async () => {
    let there = false
    const { lab, state } = await setUp({
      'runs.report': () => {
        if (!there) throw new LabError('report-not-found', 'There is no report.json.')
        return report
      },
      'runs.evaluate': () => job(),
    })
    await state.open(runId)
    expect(state.error?.code).toBe('report-not-found')
    expect(state.report).toBeNull()
    const done = state.evaluate()
    await settled()
    expect(state.job?.id).toBe('j1')
    there = true
    lab.emit('job.changed', job({ state: 'done' }))
    await done
    expect([state.error, state.job, state.report]).toEqual([null, null, report])
  })

  it('of a run that is no longer looked at does not come back late', async () => {
    let answer: (value: RunReport) => void = () => undefined
    const { state } = await setUp({ 'runs.report': () => new Promise<RunReport>((resolve) => (answer = resolve)) })
    const opening = state.open(runId)
    await settled()
    state.clear()
    answer(report)
    await opening
    expect(state.report).toBeNull()
  })

  it('is given out as a page', async () => {
    const { lab, state } = await setUp()
    await expect(state.page()).rejects.toMatchObject({ code: 'report-not-found' })
    await state.open(runId)
    expect(await state.page()).toBe('<!doctype html>')
    expect(lab.inputs('runs.reportPage')).toEqual([{ id: runId }])
  })
})

/** Data as report-sentences.ts gives it, with everything that may be there. */
const comparison = { system: 'student', reference: 'scratch', measure: 'eer', beats: 5, difference: -0.0042, halfWidth: 0.011, subjects: 90, p: 0.41 }
const sizes = { parameters: 1_342_016, teacherParameters: 7_231_104, macs: 9_800_000, teacherMacs: 118_000_000, latencyMs: 0.86, teacherLatencyMs: 4.91 }
const samples: Record<ReportSentence['code'], [ReportSentence['data'], string]> = {
  headline: [{ system: 'student', beats: 1, eer: 0.0432, low: 0.021, high: 0.085, rank1: 0.88, subjects: 90 }, 'Student, 1 beat: EER 4.3% (95% interval 2.1% to 8.5%), rank-1 88.0%, over 90 subjects.'],
  'headline-without-interval': [{ system: 'template', beats: 0, eer: 0.2, subjects: 4 }, 'Template, whole recording: EER 20.0%, over 4 subjects; too few for an interval.'],
  'no-trials': [{ system: 'lda', beats: 5 }, 'PCA + LDA, 5 beats: there are no genuine or no impostor trials, so there is no EER.'],
  'too-few-subjects-to-rank': [{ ...comparison, subjects: 20, needed: 50 }, 'Too few subjects to rank Student against Student alone (EER, 5 beats): 20 subjects, 50 are needed. The difference of −0.42 points is known to ± 1.1.'],
  'fnmr-not-shown': [{ system: 'student', beats: 1, fmr: 0.001, impostorTrials: 5940 }, 'Student: 5,940 impostor trials cannot show an FNMR at an FMR of 0.10%.'],
  better: [{ ...comparison, reference: 'lda', difference: -0.061, p: 0.0004 }, 'Student is better than PCA + LDA: EER −6.1 points (5 beats, adjusted p < 0.001).'],
  worse: [{ ...comparison, reference: 'teacher', measure: 'rank1', difference: -0.031, p: 0.012 }, 'Student is worse than Teacher: rank-1 −3.1 points (5 beats, adjusted p 0.012).'],
  'no-significant-difference': [comparison, 'No significant difference between Student and Student alone: EER −0.42 points, known to ± 1.1 (5 beats, adjusted p 0.41).'],
  'leak-found': [{ check: 'teacher-saw-test', message: 'The teacher was trained with S003.' }, 'The teacher saw the test part.'],
  'permutation-not-at-chance': [{ system: 'student', eer: 0.31 }, 'Student: with shuffled names the EER is 31.0%, not at chance. The evaluation itself is broken; believe none of its numbers.'],
  calibrated: [{ system: 'student', before: 0.214, after: 0.041, temperature: 2.318 }, 'Student: one temperature (2.32) takes the calibration error (ECE) from 21.4% to 4.1%.'],
  'not-calibrated': [{ system: 'student', before: 0.214 }, 'Student: its confidence is not calibrated, for there is no validation part (ECE 21.4%).'],
  'normalisation-off': [{ system: 'student', reason: 'cohort-too-small', cohort: 12 }, 'Student: score normalisation is off, for its cohort has too few people (12 subjects).'],
  'samples-refused': [{ system: 'student', refused: 21, attempts: 640 }, 'Student: the quality gate refused 21 of 640 samples; FAR and FRR count them.'],
  'student-smaller': [sizes, 'The student is smaller than its teacher: 1.34M against 7.23M parameters, 9.8M against 118M MACs, 0.86 ms against 4.91 ms per window.'],
  'student-not-smaller': [{ parameters: 1_342_016, teacherParameters: 1_000_000 }, 'The student does not pay off in size or speed: 1.34M against 1M parameters.'],
  teachability: [
    { reference: 'fusion', windows: 1000, cka: 0.44, ckaBefore: 0.31, ckaByChance: 0.05, distance: 0.42, distanceBefore: 0.93, pearson: 0.5, pearsonBefore: -0.079 },
    'On 1,000 test windows of both modalities the taught student\'s embeddings are like those of Fusion by CKA 0.44, 0.31 untaught, 0.05 by chance; cosine distance 0.42, 0.93 untaught; correlation 0.50, −0.08 untaught.',
  ],
  'nothing-recorded-together': [{ teacherLane: 'ecg', studentLane: 'ppg' }, 'The test has no window with ECG and PPG of the same moment: how much the student took from its teacher cannot be shown.'],
  'trials-fixed': [
    { kind: 'impostor', beats: 5, trials: 5940, fixed: 573, broken: 41, difference: 0.0896, differenceLow: -0.0042, differenceHigh: 0.12, p: 0.00001, reference: 'teacher', otherRight: 0.85 },
    'Of 5,940 impostor trials (5 beats) teaching fixed 573, 85.0% of them right for Teacher, and broke 41: +9.0 points (95% interval −0.42 to +12.0). McNemar p < 0.001, as if trials of one person were independent.',
  ],
  'thresholds-of-the-test': [{ beats: 1, count: 3 }, 'Of the models judged trial by trial (1 beat) 3 had no threshold of validation: judged where these very trials have their EER, which flatters.'],
  matching: [{ rounds: 6, changed: 0.18, similarity: 0.71, comparisons: 48_000, seconds: 12.34 }, 'Matchings of windows: 6; at the last 18.0% of the pairs were other ones than at first, mean similarity 0.71; 48,000 comparisons in 12.3 s.'],
}

describe('the sentences of a report', () => {
  it.each(ReportSentence.shape.code.options)('%s is said in English with its numbers', (code) => {
    const [data, expected] = samples[code]
    expect(sentenceWords({ code, data }, 'beat', en, format)).toBe(expected)
  })

  it.each(ReportSentence.shape.code.options)('%s is said in Chinese with the same numbers', (code) => {
    const [data, english] = samples[code]
    const words = sentenceWords({ code, data }, 'beat', zhCN, chinese)
    expect(words).toMatch(/\p{Script=Han}/u)
    expect(words).not.toMatch(/undefined|NaN/)
    // The interval's level and the measure's name are no figures.
    const numbers = (text: string) => (text.replaceAll('95%', '').replace(/rank-1/gi, '').match(/\d[\d,.]*\d%?|\d%?/g) ?? []).sort()
    expect(numbers(words)).toEqual(numbers(english))
  })

  it('have words for every sentence that the program itself makes, in both languages', () => {
    const made = [...report.sentences, ...few.sentences, ...sampleReport({ people: 3, replicates: 100, beats: 2 }).sentences]
    expect(new Set(made.map(({ code }) => code)).size).toBeGreaterThanOrEqual(8)
    for (const [t, f] of [[en, format], [zhCN, chinese]] as const) for (const sentence of made) expect(sentenceWords(sentence, 'beat', t, f)).not.toMatch(/undefined|NaN|null|\[object/)
  })

  it('put leaks and a failed permutation check first, wherever they stand', () => {
    const [head] = report.sentences
    const late = [head, { code: 'permutation-not-at-chance', data: { system: 'student', eer: 0.3 } }, { code: 'leak-found', data: { check: leak.check, message: leak.message } }] as ReportSentence[]
    expect(sentencesInOrder(late).voids.map(({ code }) => code)).toEqual(['permutation-not-at-chance', 'leak-found'])
    expect(sentencesInOrder(late).rest).toEqual([head])
    for (const code of ReportSentence.shape.code.options) expect(sentenceTone({ code, data: {} }) === 'bad').toBe(code === 'leak-found' || code === 'permutation-not-at-chance')
  })

  it('are those of what is looked at, headlines always', () => {
    const now = sentencesNow(report.sentences, 'lda', 5)
    expect(now.filter(({ code }) => code === 'headline')).toHaveLength(5)
    expect(now.filter(({ data }) => 'reference' in data).every(({ data }) => data.beats === 5)).toBe(true)
    expect(now.filter(({ code }) => code === 'samples-refused').map(({ data }) => data.system)).toEqual(['lda'])
  })

  it('say that too few subjects cannot be ranked, and how wide the interval is', () => {
    const said = few.sentences.filter(({ code }) => code === 'too-few-subjects-to-rank').map((sentence) => sentenceWords(sentence, 'beat', en, format))
    expect(said.length).toBeGreaterThan(0)
    for (const words of said) expect(words).toMatch(/12 subjects, 50 are needed\..* ± /)
  })
})

describe('what stands for many sentences', () => {
  it('is one for all comparisons that too few subjects leave undecided; one alone is told as it is', () => {
    const now = sentencesNow(few.sentences, 'student', few.sentences.find(({ code }) => code === 'too-few-subjects-to-rank')?.data.beats as number)
    const alike = now.filter(({ code }) => code === 'too-few-subjects-to-rank')
    expect(undecided(now)).toEqual({ first: alike[0], count: alike.length })
    expect(alike.length).toBeGreaterThan(1)
    expect(undecided([alike[0]])).toBe(null)
    expect(undecided([])).toBe(null)
  })

  it('a temperature that makes the test worse is a caution, and said to be', () => {
    const calibrated = (before: number, after: number) => ({ code: 'calibrated', data: { system: 'student', temperature: 2.58, before, after } }) as const
    expect([sentenceTone(calibrated(0.05, 0.01)), sentenceTone(calibrated(0.0048, 0.036))]).toEqual(['neutral', 'warn'])
    expect(sentenceWords(calibrated(0.05, 0.01), 'beat', en, format)).toBe('Student: one temperature (2.58) takes the calibration error (ECE) from 5.0% to 1.0%.')
    expect(sentenceWords(calibrated(0.0048, 0.036), 'beat', en, format)).toBe('Student: one temperature (2.58) takes the calibration error (ECE) from 0.48% to 3.6%: worse than none on the people tested.')
  })
})

describe('figures', () => {
  it('are said as a reader expects them', () => {
    expect([decisionText(1, 'beat', en, format), decisionText(5, 'window', en, format), decisionText(0, 'window', en, format)]).toEqual(['1 beat', '5 windows', 'whole recording'])
    expect([compactText(5_524_416, format), compactText(9060, format)]).toEqual(['5.52M', '9.06K'])
    expect([0.00042, 0.012, 0.41].map((p) => pText(p, format))).toEqual(['< 0.001', '0.012', '0.41'])
  })
})
