import { describe, expect, it } from 'vitest'
import { RunReport, SystemEvaluation, type RunLeakFinding } from '../../../src-main/contract/index.ts'
import { compareSystems } from '../../../src-main/learning/evaluation/compare.ts'
import { normaliseRows, type EmbeddingSet } from '../../../src-main/learning/evaluation/embedding-set.ts'
import { evaluate, type EvaluatedSystem, type EvaluationInput } from '../../../src-main/learning/evaluation/evaluate.ts'
import { reportSentences } from '../../../src-main/learning/evaluation/report-sentences.ts'
import { normals, syntheticInput } from './synthetic-people.ts'

const choices = { beats: [1, 5, 0], replicates: 200, seed: 1 }
const lab = { people: 55, dimension: 12, recordingNoise: 0.4, beatNoise: 0.9, beats: 12, seed: 3 }

/** Everything that JSON would turn into null or lose. */
function strangeNumbers(value: unknown, path = ''): string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [path]
  if (value === undefined) return [path]
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, inner]) => strangeNumbers(inner, `${path}.${key}`))
}

function sound({ evaluation }: EvaluatedSystem): SystemEvaluation {
  expect(strangeNumbers(evaluation)).toEqual([])
  return SystemEvaluation.parse(JSON.parse(JSON.stringify(evaluation)))
}

/** Another model on the same windows: embeddings with noise added. */
function worse(input: EvaluationInput, noise: number, seed: number): EvaluationInput {
  const normal = normals(seed)
  const noisy = (set: EmbeddingSet): EmbeddingSet => ({ ...set, vectors: normaliseRows(set.vectors.map((value) => value + noise * normal()), set.dimension) })
  return { ...input, enrol: noisy(input.enrol), test: noisy(input.test), validation: input.validation && noisy(input.validation) }
}

describe('an evaluation', () => {
  const input = syntheticInput(lab)
  const result = evaluate(input, choices)
  const evaluation = sound(result)

  it('is complete, and the same again', () => {
    expect(evaluate(input, choices)).toEqual(result)
    expect(evaluation.subjects).toEqual({ enrolled: 55, tested: 55, neverEnrolled: 0 })
    expect(evaluation.enrolment).toEqual({ windows: { minimum: 12, median: 12, maximum: 12 }, sessions: { minimum: 1, median: 1, maximum: 1 } })
    expect(evaluation.byBeats.map(({ beats, probes, unusedWindows, genuineTrials, impostorTrials }) => [beats, probes, unusedWindows, genuineTrials, impostorTrials])).toEqual([
      [1, 660, 0, 660, 660 * 54], [5, 110, 110, 110, 110 * 54], [0, 55, 0, 55, 55 * 54],
    ])
    expect(evaluation.permutation?.atChance).toBe(true)
    expect(evaluation.perSubject).toHaveLength(55)
  })

  it('more beats of a decision recognise better, and every estimate is within its interval', () => {
    const [one, five, all] = evaluation.byBeats.map(({ eer }) => eer.value ?? NaN)
    expect(one).toBeGreaterThan(five)
    expect(five).toBeGreaterThanOrEqual(all)
    for (const { eer, identification: { rank1 }, minDcf } of evaluation.byBeats.slice(0, 1)) {
      for (const { value, interval } of [eer, rank1, minDcf[0].cost]) {
        expect(value).toBeGreaterThanOrEqual(interval?.low ?? Infinity)
        expect(value).toBeLessThanOrEqual(interval?.high ?? -Infinity)
      }
    }
  })

  it('decides by the threshold of validation, not by its own', () => {
    const [point] = evaluation.byBeats[0].operatingPoints
    expect(point.rule).toBe('validation-eer')
    // Validation and test are alike here, so both rates are near the EER; they are not equal, as at the test's own threshold they would be.
    for (const rate of [point.fmr.value, point.fnmr.value]) expect(Math.abs((rate ?? 1) - (evaluation.byBeats[0].eer.value ?? 0))).toBeLessThan(0.03)
    expect(point.fmr.value).not.toBe(point.fnmr.value)
    // Other test embeddings leave the threshold where it is.
    const other = evaluate({ ...input, test: worse(input, 0.5, 9).test }, choices).evaluation.byBeats[0]
    expect(other.operatingPoints[0].threshold).toBe(point.threshold)
    expect(evaluate({ ...input, validation: null }, choices).evaluation).toMatchObject({ calibration: { temperature: null, after: null }, byBeats: [{ operatingPoints: [], scoreCalibration: null }, {}, {}] })
  })

  it('does not print a rate that its trials cannot show', () => {
    const [one, five] = evaluation.byBeats
    expect(one.fnmrAtFmr.map(({ fmr, fnmr }) => [fmr, fnmr.value === null])).toEqual([[0.01, false], [0.001, false]])
    expect(five.fnmrAtFmr.map(({ fnmr, threshold }) => [fnmr.value === null, fnmr.interval, threshold])).toEqual([[false, five.fnmrAtFmr[0].fnmr.interval, five.fnmrAtFmr[0].threshold], [true, null, null]])
  })

  it('counts refused samples as rejections', () => {
    const refused = sound(evaluate({ ...input, failureToAcquire: { attempts: 50, refused: 5 } }, choices))
    const [point] = refused.byBeats[0].operatingPoints
    expect(point.far).toBeCloseTo(0.9 * (point.fmr.value ?? 0), 5)
    expect(point.frr).toBeCloseTo(0.1 + 0.9 * (point.fnmr.value ?? 0), 5)
    expect(refused.failureToAcquire).toEqual({ attempts: 50, refused: 5, rate: 0.1 })
  })

  it('with strangers looks at the open set', () => {
    const open = sound(evaluate(syntheticInput({ ...lab, strangers: 20, beats: 40 }), choices))
    expect(open.subjects).toEqual({ enrolled: 35, tested: 55, neverEnrolled: 20 })
    const [one, five] = open.byBeats
    expect([one.openSet?.matedProbes, one.openSet?.unmatedProbes]).toEqual([1400, 800])
    const [strict, loose] = one.openSet?.fnirAtFpir ?? []
    // 800 strangers' probes show 10 %, not 1 %.
    expect(strict.fnir).toEqual({ value: null, interval: null })
    expect(loose.fnir.value).toBeGreaterThan(1 - (one.identification.rank1.value ?? 0))
    expect(loose.fnir.interval?.low).toBeLessThan(loose.fnir.value ?? 0)
    expect(loose.fnir.interval?.high).toBeGreaterThan(loose.fnir.value ?? 1)
    expect(one.impostorTrials).toBe(1400 * 34 + 800 * 35)
    expect(five.openSet?.fnirAtFpir[1].fnir.value).toBeNull()
    expect(evaluation.byBeats[0].openSet).toBeNull()
  })

  it('normalises scores with a cohort that is large enough, and says why not', () => {
    const withCohort = syntheticInput({ ...lab, cohort: 40 })
    const kinds = (['as-norm', 's-norm'] as const).map((kind) => sound(evaluate({ ...withCohort, normalisation: { kind, subtractMean: true } }, choices)).normalisation)
    expect(kinds).toEqual([{ kind: 'as-norm', meanSubtracted: true, cohort: 40, top: 40, off: null }, { kind: 's-norm', meanSubtracted: true, cohort: 40, top: 40, off: null }])
    const small = sound(evaluate({ ...syntheticInput({ ...lab, cohort: 29 }), normalisation: { kind: 'as-norm', subtractMean: true } }, choices))
    expect(small.normalisation).toEqual({ kind: 'none', meanSubtracted: false, cohort: 29, top: null, off: 'cohort-too-small' })
    expect(small.byBeats[0].eer).toEqual(sound(evaluate(syntheticInput({ ...lab, cohort: 29 }), choices)).byBeats[0].eer)
    const same = { ...withCohort, cohort: withCohort.cohort && { ...withCohort.cohort, vectors: withCohort.cohort.vectors.map((_, i) => (i % 12 === 0 ? 1 : 0)) } }
    expect(sound(evaluate({ ...same, normalisation: { kind: 's-norm', subtractMean: false } }, choices)).normalisation).toMatchObject({ kind: 'none', off: 'cohort-without-spread' })
  })

  it('looks at the classifier head where there is one', () => {
    const cosines = Float32Array.from({ length: 660 * 55 }, (_, i) => (Math.floor(i / 55 / 12) === i % 55 ? 0.3 : 0))
    const scores = { cosines, classes: 55, label: Int32Array.from({ length: 660 }, (_, i) => Math.floor(i / 12)) }
    expect(sound(evaluate({ ...input, logits: { test: scores, validation: null } }, choices)).calibration).toMatchObject({ source: 'head', classes: 55, samples: 660, before: { accuracy: 1 } })
    expect(evaluation.calibration).toMatchObject({ source: 'gallery', classes: 55, samples: 660, validationSamples: 660 })
    expect(evaluation.calibration?.after?.ece).toBeLessThan(evaluation.calibration?.before.ece ?? 0)
  })
})

describe('what there is too little of', () => {
  const tiny = (people: number, strangers = 0): EvaluationInput => syntheticInput({ people, strangers, dimension: 4, recordingNoise: 0.3, beatNoise: 0.3, beats: 5, seed: 1 })

  it('one subject has no impostors: no rates, and no NaN', () => {
    const evaluation = sound(evaluate(tiny(1), choices))
    expect(evaluation.byBeats[0]).toMatchObject({ genuineTrials: 5, impostorTrials: 0, eer: { value: null, interval: null }, dPrime: null, operatingPoints: [], identification: { rank1: { value: 1, interval: null } } })
    expect(evaluation.permutation).toBeNull()
    expect(evaluation.calibration).toBeNull()
  })

  it('only strangers have no genuine trials', () => {
    const { enrol } = tiny(3)
    const strangers = tiny(6, 3).test
    const rows = Array.from(strangers.subject.keys()).filter((row) => strangers.subject[row] >= 3)
    const test = { ...strangers, vectors: Float32Array.from(rows.flatMap((row) => [...strangers.vectors.subarray(4 * row, 4 * row + 4)])), subject: Int32Array.from(rows, (row) => strangers.subject[row]), recording: Int32Array.from(rows, (row) => strangers.recording[row]) }
    const evaluation = sound(evaluate({ ...tiny(6, 3), enrol, test, validation: null }, choices))
    expect(evaluation.byBeats[0]).toMatchObject({ genuineTrials: 0, eer: { value: null }, identification: { probes: 0, rank1: { value: null } }, openSet: { matedProbes: 0 } })
  })

  it('a few subjects have a figure and no interval', () => {
    expect(sound(evaluate(tiny(4), choices)).byBeats[0].eer).toMatchObject({ interval: null })
    expect(sound(evaluate(tiny(12), choices)).byBeats[0].eer.interval).not.toBeNull()
  })

  it('a model that says the same of everybody is at one half', () => {
    const input = tiny(8)
    const same = (set: EmbeddingSet): EmbeddingSet => ({ ...set, vectors: set.vectors.map((_, i) => (i % 4 === 0 ? 1 : 0)) })
    const evaluation = sound(evaluate({ ...input, enrol: same(input.enrol), test: same(input.test), validation: input.validation && same(input.validation) }, choices))
    expect(evaluation.byBeats[0]).toMatchObject({ eer: { value: 0.5, interval: { low: 0.5, high: 0.5 } }, dPrime: null, scoreCalibration: null, identification: { rank1: { value: 0 } } })
    // And one that says nothing at all.
    const zero = (set: EmbeddingSet): EmbeddingSet => ({ ...set, vectors: set.vectors.map(() => 0) })
    expect(sound(evaluate({ ...input, enrol: zero(input.enrol), test: zero(input.test), validation: null }, choices)).byBeats[0].eer.value).toBe(0.5)
  })

  it('a model that diverged is refused', () => {
    const input = tiny(4)
    expect(() => evaluate({ ...input, test: { ...input.test, vectors: input.test.vectors.map((value, i) => (i === 7 ? NaN : value)) } }, choices)).toThrow(RangeError)
    expect(() => evaluate({ ...input, enrol: { ...input.enrol, dimension: 3 } }, choices)).toThrow(RangeError)
    expect(() => evaluate(input, { ...choices, beats: [] })).toThrow(RangeError)
    expect(() => evaluate(input, { ...choices, replicates: 10 })).toThrow(RangeError)
    const nothing = { ...input.test, vectors: new Float32Array(0), subject: new Int32Array(0), recording: new Int32Array(0) }
    expect(() => evaluate({ ...input, test: nothing }, choices)).toThrow(RangeError)
  })

  it('no recording has enough beats: no probes, and everything is null', () => {
    expect(sound(evaluate(tiny(6), { ...choices, beats: [7] })).byBeats[0]).toMatchObject({ probes: 0, unusedWindows: 30, eer: { value: null }, histogram: null, identification: { probes: 0 } })
  })
})

describe('systems side by side', () => {
  const input = syntheticInput(lab)
  const good = evaluate(input, choices)
  const poor = evaluate(worse(input, 0.25, 1), choices)
  const twin = evaluate(worse(input, 0.002, 2), choices)
  const systems = new Map([['student', good.replicates], ['scratch', poor.replicates], ['teacher', twin.replicates]])

  it('are told apart when they differ, and only then', () => {
    const found = compareSystems(systems, [['student', 'scratch'], ['scratch', 'student'], ['student', 'teacher']])
    const verdicts = found.filter(({ beats }) => beats === 1).map(({ measure, verdict }) => [measure, verdict])
    expect(verdicts).toEqual([
      ['eer', 'better'], ['eer', 'worse'], ['eer', 'no-significant-difference'], ['rank1', 'better'], ['rank1', 'worse'], ['rank1', 'no-significant-difference'],
    ])
    const [forth, back, none] = found
    expect([forth.difference, forth.interval?.low]).toEqual([-(back.difference ?? 0), -(back.interval?.high ?? 0)])
    expect(none.halfWidth).toBeCloseTo(((none.interval?.high ?? 0) - (none.interval?.low ?? 0)) / 2, 5)
    expect(forth.adjustedP).toBeGreaterThanOrEqual(forth.p ?? 1)
    expect(found.length).toBe(3 * 2 * 3)
  })

  it('are not ranked with fewer than 50 subjects, however far apart', () => {
    const small = syntheticInput({ ...lab, people: 49 })
    const two = new Map([['student', evaluate(small, choices).replicates], ['scratch', evaluate(worse(small, 2, 1), choices).replicates]])
    const [eer] = compareSystems(two, [['student', 'scratch']])
    expect(eer).toMatchObject({ verdict: 'too-few-subjects', subjects: 49 })
    expect(eer.halfWidth).toBeGreaterThan(0)
  })

  it('are only compared on the same draws of the same people', () => {
    const other = evaluate(input, { ...choices, seed: 2 }).replicates
    expect(() => compareSystems(new Map([['student', good.replicates], ['scratch', other]]), [['student', 'scratch']])).toThrow(RangeError)
    expect(() => compareSystems(systems, [['student', 'nobody']])).toThrow(RangeError)
    const alone = evaluate(syntheticInput({ ...lab, people: 1 }), choices).replicates
    expect(compareSystems(new Map([['student', alone], ['scratch', alone]]), [['student', 'scratch']])[0]).toMatchObject({ verdict: 'not-comparable', difference: null, adjustedP: null })
  })

  it('make a report of five systems that is small, with its sentences', () => {
    const leak: RunLeakFinding = { check: 'chosen-on-test', severity: 'block', message: 'The epoch was chosen by results on the test part.', recordings: [], subjects: [], data: { what: 'epoch' } }
    const comparisons = compareSystems(systems, [['student', 'scratch'], ['student', 'teacher']])
    const figures = (parameters: number, p50: number) => ({ parameters, macs: 1e6, latencyMs: { p50, p95: 2 * p50, runs: 100 } })
    const report: RunReport = {
      formatVersion: 1, run: RunReport.shape.run.parse('01ARZ3NDEKTSV4RRFFQ6000001'),
      facts: {
        recipe: 'thkd', version: 'v1', versionHash: 'a', split: 's1', splitHash: 'b', strategy: 'leave-last-day-out', windowsHash: 'c', program: '1.0.0', processor: 'test', seeds: [1], evaluatedAt: '2026-03-01T00:00:00Z',
        engine: { engine: 'cpu', provider: 'cpu', threads: 1, version: '1' },
      },
      systems: {
        teacher: { evaluation: twin.evaluation, figures: figures(7e6, 4), modelHash: null }, student: { evaluation: good.evaluation, figures: figures(5e6, 6), modelHash: null },
        scratch: { evaluation: poor.evaluation, figures: null, modelHash: null }, lda: { evaluation: poor.evaluation, figures: null, modelHash: null }, template: { evaluation: poor.evaluation, figures: null, modelHash: null },
      },
      comparisons, seedComparisons: [], leaks: [leak], sentences: [],
    }
    report.sentences.push(...reportSentences(report))
    const codes = report.sentences.map(({ code }) => code)
    expect(codes[0]).toBe('leak-found')
    // Fewer parameters, but slower.
    expect(codes).toEqual(expect.arrayContaining(['headline', 'better', 'no-significant-difference', 'student-not-smaller', 'calibrated']))
    const text = JSON.stringify(report)
    expect(strangeNumbers(report)).toEqual([])
    expect(RunReport.parse(JSON.parse(text))).toEqual(report)
    expect(text.length).toBeLessThan(500_000)
  })
})
