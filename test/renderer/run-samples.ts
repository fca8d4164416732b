import {
  EvaluationOptions, FitOptions, MarginOptions, Recipe, RunRecord, StudentOptions, TeacherOptions, WindowOptions, type EngineStatus, type ModelName, type RunCheck, type RunEpoch, type RunId, type RunState,
} from '../../src-main/contract/schemas/learning.ts'
import { RunReport, type RunComparison } from '../../src-main/contract/schemas/report.ts'
import type { SplitSummary } from '../../src-main/contract/schemas/split.ts'

export const runIds = ['01J0000000000000000000R001', '01J0000000000000000000R002', '01J0000000000000000000R003', '01J0000000000000000000R004'] as RunId[]

const fit = (change: Record<string, unknown>) => FitOptions.parse({ epochs: 12, people: 16, windowsPerPerson: 4, rate: 2e-3, weightDecay: 1e-4, schedule: { kind: 'cosine' }, augmentation: {}, ...change })
const margin = MarginOptions.parse({})
const teacher = TeacherOptions.parse({ network: { preset: 'resnet18-w32' }, fit: fit({}), margin, triplet: {} })
const student = StudentOptions.parse({ network: { preset: 'deit-micro' }, fit: fit({ epochs: 16, rate: 5e-4, weightDecay: 0.05 }), margin, distillation: { logit: {}, stage: {}, embedding: {}, relation: {} } })
const common = { windows: WindowOptions.parse({}), evaluation: EvaluationOptions.parse({}), holdOut: null }

export function sampleRecipe<Name extends Recipe['recipe']>(recipe: Name): Extract<Recipe, { recipe: Name }> {
  const { network, fit: fitting, margin: angular } = student
  const alone = { network, fit: fitting, margin: angular }
  const twoSignals = { evaluation: common.evaluation, holdOut: null, windows: { lane: 'ppg', mode: 'window', rateHz: 125 }, teacherWindows: { lane: 'ecg', mode: 'window' }, teacher, student: alone, scratch: true }
  const all: Record<Recipe['recipe'], unknown> = {
    thkd: { ...common, teacher, student, scratch: true },
    fusion: { ...twoSignals, encoder: teacher, fusion: { embedding: 256, fit: fit({}) } },
    clip: { ...twoSignals, alignment: { network, fit: fitting } },
    sembridge: { ...twoSignals, matcher: { network: teacher.network, fit: fit({}) } },
    teacher: { ...common, teacher },
    scratch: { ...common, student: alone },
    lda: { ...common, components: 60, shrinkage: 0.1 },
    template: common,
  }
  return Recipe.parse({ recipe, ...(all[recipe] as object) }) as Extract<Recipe, { recipe: Name }>
}

export function sampleRun(id: RunId, change: Partial<RunRecord> = {}): RunRecord {
  return RunRecord.parse({
    formatVersion: 1, id, name: '', state: 'finished', recipe: sampleRecipe('thkd'), preset: 'quick', seed: 1,
    split: { name: 's1', hash: 'c'.repeat(64), version: 'v1', versionHash: 'a'.repeat(64), strategy: 'leave-last-day-out' },
    engine: {},
    ran: { engine: 'onnx', provider: 'cpu', threads: 8, version: '1.30.0', reasons: [] },
    environment: { program: 'Pulseprint 0.1.0', node: '22.4.0', platform: 'linux x64', processor: 'Test processor, 8 cores', memoryBytes: 16e9 },
    windows: { contentHash: 'd'.repeat(64), rateHz: 250, length: 150, channels: 1, byRole: { train: 2610, validation: 418, enrol: 0, test: 880 }, subjects: 90, recordings: 310, dropped: { outliers: 40 } },
    models: [
      { name: 'teacher', network: '1-D ResNet-18, 32 to 256 channels', parameters: 962_816, macs: 11.2e6, epochs: 12, bestEpoch: 11, stoppedEarly: false, seconds: 210, hash: 'e'.repeat(64) },
      { name: 'student', network: '1-D DeiT-micro, 3 blocks of 64 channels, 4 heads', parameters: 152_640, macs: 2.5e6, epochs: 16, bestEpoch: 15, stoppedEarly: false, seconds: 180, hash: 'f'.repeat(64) },
    ],
    createdAt: '2026-01-06T10:00:00.000+01:00', startedAt: '2026-01-06T10:00:02.000+01:00', endedAt: '2026-01-06T10:08:00.000+01:00', seconds: 390, error: null, containsWithdrawn: false,
    ...change,
  })
}

/** A plausible fit: losses fall, accuracy rises, validation is told at the end of every epoch. */
export function sampleEpoch(phase: ModelName, epoch: number, change: Partial<RunEpoch> = {}): RunEpoch {
  const rest = Math.exp(-epoch / 5)
  const terms: Record<string, number> = phase === 'teacher' ? { total: 6.1 * rest + 0.31, identity: 5.6 * rest + 0.25, triplet: 0.5 * rest + 0.02 } : { total: 4 * rest + 0.6, identity: 5.2 * rest + 0.4, logit: 1.9 * rest + 0.08, 'stage 1': 4.1 * rest + 1.2, 'stage 2': 3.9 * rest + 0.9, 'stage 3': 3.7 * rest + 0.6, 'stage 4': 3.5 * rest + 0.42, embedding: 0.7 * rest + 0.09, distance: 0.04 * rest + 0.003, angle: 0.06 * rest + 0.006 }
  return {
    phase, epoch, epochs: phase === 'teacher' ? 12 : 16, steps: epoch * 40, terms, trainAccuracy: 1 - 0.95 * rest, validation: { eer: 0.032 + 0.2 * rest, rank1: 0.97 - 0.6 * rest }, rate: 2e-3 * (0.5 + 0.5 * Math.cos((Math.PI * epoch) / 16)),
    gradientNorm: 3.2 * rest + 0.4, windowsPerSecond: 1840 + 30 * Math.sin(epoch), idle: 0.012, memoryBytes: 612e6, seconds: 14.2, best: true, ...change,
  }
}

export function sampleReport(run: RunId, systems: Partial<Record<ModelName, { eer: number; rank1: number }>>): RunReport {
  const one = ({ eer, rank1 }: { eer: number; rank1: number }) => ({
    evaluation: {
      subjects: { enrolled: 90, tested: 90, neverEnrolled: 0 },
      enrolment: { windows: { minimum: 8, median: 20, maximum: 31 }, sessions: { minimum: 1, median: 1, maximum: 3 } },
      normalisation: { kind: 'none', meanSubtracted: false, cohort: 0, top: null, off: null },
      bootstrap: { replicates: 1000, seed: 1, subjects: 90 },
      byBeats: [
        {
          beats: 1, probes: 880, unusedWindows: 0, genuineTrials: 880, impostorTrials: 78_320, eer: { value: eer, interval: { low: eer * 0.8, high: eer * 1.25 } }, fnmrAtFmr: [], minDcf: [], operatingPoints: [], dPrime: null,
          det: { fmr: [], fnmr: [], x: [], y: [] }, histogram: null,
          identification: { probes: 880, rank1: { value: rank1, interval: { low: rank1 - 0.02, high: Math.min(1, rank1 + 0.015) } }, meanAveragePrecision: null, cmc: { rank: [1], rate: [rank1] } }, openSet: null, scoreCalibration: null,
        },
      ],
      calibration: null, perSubject: [], permutation: null, failureToAcquire: null,
    },
    figures: null, modelHash: null,
  })
  return RunReport.parse({
    formatVersion: 1, run,
    facts: {
      recipe: 'thkd', version: 'v1', versionHash: 'a'.repeat(64), split: 's1', splitHash: 'c'.repeat(64), strategy: 'leave-last-day-out', windowsHash: 'd'.repeat(64), program: 'Pulseprint 0.1.0',
      engine: { engine: 'onnx', provider: 'cpu', threads: 8, version: '1.30.0' }, processor: 'Test processor', seeds: [1], evaluatedAt: '2026-01-06T10:08:00.000+01:00',
    },
    systems: Object.fromEntries(Object.entries(systems).map(([model, figures]) => [model, one(figures)])), comparisons: [], seedComparisons: [], leaks: [], sentences: [],
  })
}

export const sampleCheck = (recipe: Recipe = sampleRecipe('thkd')): RunCheck => ({
  recipe,
  models: [
    { name: 'teacher', network: '1-D ResNet-18, 32 to 256 channels', parameters: 962_816, macs: 11.2e6, trainingBytes: 310e6 },
    { name: 'student', network: '1-D DeiT-micro, 3 blocks of 64 channels, 4 heads', parameters: 152_640, macs: 2.5e6, trainingBytes: 190e6 },
    { name: 'scratch', network: '1-D DeiT-micro, 3 blocks of 64 channels, 4 heads', parameters: 152_640, macs: 2.5e6, trainingBytes: 120e6 },
  ],
  windows: { byRole: { train: 2610, validation: 418, enrol: 640, test: 880 }, subjects: 90, trainingSubjects: 88, length: 150, dropped: { edge: 12, missing: 0, flat: 3, outliers: 61, tooFew: 0 } },
  stepsPerEpoch: { teacher: 41, student: 41, scratch: 41 },
  epochs: { teacher: 15, student: 37, scratch: 37 },
  heldOut: true,
  closedSet: true,
})

export const sampleEngines: EngineStatus[] = [
  { name: 'onnx', available: true, reason: null, version: '1.30.0', threads: 8, providers: ['cpu'], selfCheckError: 3.1e-6 },
  { name: 'tensorflow', available: false, reason: 'The native library is not installed (@tensorflow/tfjs-node).', version: null, threads: null, providers: [], selfCheckError: null },
  { name: 'wasm', available: true, reason: null, version: '4.22.0', threads: 1, providers: ['cpu'], selfCheckError: 8e-6 },
  { name: 'cpu', available: true, reason: null, version: '4.22.0', threads: 1, providers: ['cpu'], selfCheckError: 0 },
]

export const sampleSplit: SplitSummary = { name: 's1', version: 'v1', strategy: 'leave-last-day-out', seed: 1, hash: 'c'.repeat(64), subjects: 90, recordings: { train: 200, validation: 20, enrol: 0, test: 90 }, problem: null }

export function sampleComparison(): RunComparison {
  const rows = runIds.slice(0, 3).flatMap((run, index) =>
    (['teacher', 'student', 'scratch'] as const).map((model, at) => {
      const eer = 0.028 + 0.011 * at + 0.002 * index
      return {
        run, name: index === 0 ? 'THKD, first' : '', recipe: 'thkd', split: 's1', seed: index + 1, model, engine: 'onnx' as const, eer: { value: eer, interval: { low: eer * 0.78, high: eer * 1.3 } },
        rank1: { value: 0.985 - 0.02 * at, interval: { low: 0.97 - 0.02 * at, high: Math.min(1, 0.995 - 0.01 * at) } }, eceBefore: 0.11 - 0.02 * at, eceAfter: 0.021, parameters: model === 'teacher' ? 962_816 : 152_640, macs: model === 'teacher' ? 11.2e6 : 2.5e6,
        latencyMs: model === 'teacher' ? 1.91 : 0.42, seconds: 190 + 20 * at,
      }
    }),
  )
  return {
    beats: 1, rows,
    groups: (['teacher', 'student', 'scratch'] as const).map((model, at) => ({ recipe: 'thkd', split: 's1', model, seeds: 3, eer: { mean: 0.03 + 0.011 * at, deviation: 0.002 }, rank1: { mean: 0.985 - 0.02 * at, deviation: 0.004 } })),
    seedComparisons: [
      { system: 'student', reference: 'scratch', measure: 'eer', beats: 1, seeds: 3, meanDifference: -0.011, interval: { low: -0.018, high: -0.004 }, t: -6.8, p: 0.021, dz: -3.9 },
      { system: 'student', reference: 'teacher', measure: 'eer', beats: 1, seeds: 3, meanDifference: 0.011, interval: { low: -0.003, high: 0.025 }, t: 3.4, p: 0.077, dz: 1.96 },
      { system: 'student', reference: 'teacher', measure: 'rank1', beats: 1, seeds: 3, meanDifference: -0.02, interval: { low: -0.028, high: -0.012 }, t: -10, p: 0.0098, dz: -5.9 },
    ],
  }
}

export const sampleStates: readonly RunState[] = ['queued', 'running', 'paused', 'stopped', 'failed', 'interrupted', 'finished']
