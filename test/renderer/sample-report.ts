import type { RecordingId, SubjectCode } from '../../src-main/contract/ids.ts'
import type { Decision, Gallery, LiveIdentification } from '../../src-main/contract/schemas/identity.ts'
import { Recipe, RunId, type ModelName, type RunRecord } from '../../src-main/contract/schemas/learning.ts'
import type { ModelFigures, RunLeakFinding, RunReport } from '../../src-main/contract/schemas/report.ts'
import { compareSystems } from '../../src-main/learning/evaluation/compare.ts'
import { normaliseRows, type EmbeddingSet } from '../../src-main/learning/evaluation/embedding-set.ts'
import { evaluate, type EvaluatedSystem, type EvaluationInput } from '../../src-main/learning/evaluation/evaluate.ts'
import { reportSentences } from '../../src-main/learning/evaluation/report-sentences.ts'
import { normals, syntheticInput } from '../learning/evaluation/synthetic-people.ts'

export const runId = RunId.parse('01J9Z3K4M5N6P7Q8R9S0T1V2W3')

interface Wish {
  people: number
  strangers?: number
  cohort?: number
  beats?: number
  replicates?: number
  leaks?: RunLeakFinding[]
}

/** A weaker model on the same windows: noise on every embedding. */
function weaker(input: EvaluationInput, noise: number, seed: number): EvaluationInput {
  const normal = normals(seed)
  const noisy = (set: EmbeddingSet): EmbeddingSet => ({ ...set, vectors: normaliseRows(set.vectors.map((value) => value + noise * normal()), set.dimension) })
  return { ...input, enrol: noisy(input.enrol), test: noisy(input.test), validation: input.validation && noisy(input.validation), cohort: input.cohort && noisy(input.cohort) }
}

/** Noise of each model's embeddings: the teacher knows most, student and scratch are alike. */
const noises: [ModelName, number][] = [['teacher', 0], ['student', 0.1], ['scratch', 0.125], ['lda', 0.22], ['template', 0.32]]
const figures: Partial<Record<ModelName, ModelFigures>> = {
  teacher: { parameters: 7_231_104, macs: 118_000_000, latencyMs: { p50: 4.91, p95: 6.32, runs: 200 } },
  student: { parameters: 1_342_016, macs: 9_800_000, latencyMs: { p50: 0.86, p95: 1.24, runs: 200 } },
  scratch: { parameters: 1_342_016, macs: 9_800_000, latencyMs: { p50: 0.88, p95: 1.31, runs: 200 } },
  lda: { parameters: 9_060, macs: 9_000, latencyMs: { p50: 0.012, p95: 0.02, runs: 200 } },
}

/** The report that the program would make of a run on synthetic people: evaluated, compared and worded by its own code. */
export function sampleReport({ people, strangers = 0, cohort = 0, beats = 12, replicates = 200, leaks = [] }: Wish): RunReport {
  const input: EvaluationInput = {
    ...syntheticInput({ people, dimension: 16, recordingNoise: 0.42, beatNoise: 0.85, beats, seed: 5, strangers, cohort }),
    normalisation: { kind: 'as-norm', subtractMean: true }, failureToAcquire: { attempts: 640, refused: 21 },
  }
  const evaluated = new Map<ModelName, EvaluatedSystem>(
    noises.map(([name, noise], i) => [name, evaluate(noise === 0 ? input : weaker(input, noise, 40 + i), { beats: [1, 5, 0], replicates, seed: 7 })]),
  )
  const systems: RunReport['systems'] = {}
  for (const [name, { evaluation }] of evaluated) systems[name] = { evaluation, figures: figures[name] ?? null, modelHash: name === 'template' ? null : name.padEnd(64, '0f3a') }
  const comparisons = compareSystems(new Map([...evaluated].map(([name, { replicates: draws }]) => [name, draws])), [['student', 'scratch'], ['student', 'teacher'], ['student', 'lda'], ['teacher', 'template']])
  return {
    formatVersion: 1,
    run: runId,
    facts: {
      recipe: 'thkd', version: 'v3', versionHash: 'c4'.repeat(32), split: 'disjoint-1', splitHash: '9e'.repeat(32), strategy: strangers > 0 ? 'open-set' : 'subject-disjoint', windowsHash: '51'.repeat(32),
      program: 'Pulseprint 0.1.0', engine: { engine: 'onnx', provider: 'cpu', threads: 7, version: '1.30.0' }, processor: 'AMD Ryzen 7 7840U', seeds: [1], evaluatedAt: '2026-03-01T14:05:09.123+01:00',
    },
    systems, comparisons, leaks,
    seedComparisons: [{ system: 'student', reference: 'scratch', measure: 'eer', beats: 1, seeds: 3, meanDifference: -0.0041, interval: { low: -0.012, high: 0.004 }, t: -1.9, p: 0.19, dz: -1.1 }],
    sentences: reportSentences({ systems, comparisons, leaks }),
  }
}

export const leak: RunLeakFinding = {
  check: 'teacher-saw-test', severity: 'block', message: 'The teacher was trained with 2 subjects of the test part.', recordings: ['01J8Z3K4M5N6P7Q8R9S0T1V2W3'], subjects: ['S003', 'S011'], data: {},
}

export function runRecord(change: Partial<RunRecord> = {}): RunRecord {
  const model = (name: ModelName) => ({ name, network: name === 'teacher' ? 'resnet34-w32' : 'deit-mini', parameters: figures[name]?.parameters ?? 0, macs: figures[name]?.macs ?? null, epochs: 40, bestEpoch: 31, stoppedEarly: false, seconds: 610, hash: name.padEnd(64, '0f3a') })
  return {
    formatVersion: 1, id: runId, name: 'THKD, disjoint, seed 1', state: 'finished', recipe: Recipe.parse({ recipe: 'template' }), preset: 'standard', seed: 1,
    split: { name: 'disjoint-1', hash: '9e'.repeat(32), version: 'v3', versionHash: 'c4'.repeat(32), strategy: 'subject-disjoint' },
    engine: { engine: 'auto', provider: 'auto', threads: null }, ran: null, environment: null, windows: null, models: [model('teacher'), model('student'), model('scratch')],
    createdAt: '2026-03-01T13:00:00.000+01:00', startedAt: '2026-03-01T13:00:01.000+01:00', endedAt: '2026-03-01T14:05:00.000+01:00', seconds: 3900, error: null, containsWithdrawn: false, ...change,
  }
}

export function gallery(codes: readonly string[], change: Partial<Gallery> = {}): Gallery {
  return {
    run: runId, model: 'student', modelHash: 'student'.padEnd(64, '0f3a'),
    templates: codes.map((code, i) => ({ subject: code as SubjectCode, windows: 84 + 7 * i, sessions: 1 + (i % 3), recordings: [`01J8Z3K4M5N6P7Q8R9S0T1V2W${i % 10}` as RecordingId], createdAt: '2026-03-02T09:00:00.000+01:00' })),
    thresholds: [{ beats: 1, threshold: 0.612, rule: 'validation-eer' }, { beats: 5, threshold: 0.684, rule: 'validation-eer' }, { beats: 0, threshold: 0.701, rule: 'validation-eer' }], ...change,
  }
}

export function decision(change: Partial<Decision> = {}): Decision {
  return {
    run: runId, model: 'student', beats: 5, refused: 1, subject: 'S002' as SubjectCode, threshold: 0.684, claim: null, accepted: null, recording: null, at: '2026-03-02T10:00:00.000+01:00',
    candidates: [['S002', 0.871], ['S007', 0.552], ['S001', 0.431], ['S005', 0.31], ['S003', 0.12]].map(([subject, score]) => ({ subject: subject as SubjectCode, score: Number(score) })), ...change,
  }
}

export function liveState(change: Partial<LiveIdentification> = {}): LiveIdentification {
  return { state: 'off', run: null, model: null, claim: null, lane: null, beats: 0, needed: 5, decision: null, error: null, ...change }
}

/** Answers `identify.gallery`: these people for whatever run and model is asked for. */
export const galleryOf = (codes: readonly string[]) => ({ run, model }: { run: string; model: ModelName }): Gallery => gallery(codes, { run: RunId.parse(run), model })
