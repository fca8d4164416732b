import { EngineChoice, RunId, RunReport, type ModelName, type RunEpoch, type RunRecord } from '../../src-main/contract/index.ts'
import { compareSystems } from '../../src-main/learning/evaluation/compare.ts'
import { evaluate } from '../../src-main/learning/evaluation/evaluate.ts'
import { reportSentences } from '../../src-main/learning/evaluation/report-sentences.ts'
import { recipeOf } from '../../src-main/learning/recipes/recipe-presets.ts'
import { syntheticInput } from '../learning/evaluation/synthetic-people.ts'

const id = RunId.parse('01ARZ3NDEKTSV4RRFFQ6000001')

/** Two systems on synthetic people, some of them never enrolled, with everything that a report can hold. */
export function aReport(): RunReport {
  const input = (seed: number, beatNoise: number) => ({
    ...syntheticInput({ people: 24, dimension: 10, recordingNoise: 0.6, beatNoise, beats: 6, seed, strangers: 4, cohort: 34 }), failureToAcquire: { attempts: 97, refused: 3 }, normalisation: { kind: 'as-norm', subtractMean: true } as const,
  })
  const choices = { beats: [1, 0], replicates: 200, seed: 5 }
  const evaluated = { student: evaluate(input(3, 0.9), choices), scratch: evaluate(input(3, 1.3), choices) }
  const comparisons = compareSystems(new Map([['student', evaluated.student.replicates], ['scratch', evaluated.scratch.replicates]]), [['student', 'scratch']])
  const systems: RunReport['systems'] = Object.fromEntries(
    Object.entries(evaluated).map(([name, { evaluation }], i) => [name, { evaluation, figures: { parameters: 723_776 + i, macs: 11_700_000 + i, latencyMs: { p50: 1.03 + i, p95: 2.41 + i, runs: 200 - i } }, modelHash: `${name}-hash` }]),
  )
  const leaks: RunReport['leaks'] = [{ check: 'chosen-on-test', severity: 'block', message: 'The epoch was chosen by results on the test part.', recordings: ['R1', 'R2'], subjects: ['S1'], data: { what: 'epoch', count: 41 } }]
  return RunReport.parse({
    formatVersion: 1, run: id,
    facts: {
      recipe: 'thkd', version: 'v1', versionHash: 'version-hash', split: 's1', splitHash: 'split-hash', strategy: 'leave-last-day-out', windowsHash: 'windows-hash', program: '1.0.0', processor: 'A processor', seeds: [11, 13],
      evaluatedAt: '2026-03-01T00:00:00Z', engine: { engine: 'onnx', provider: 'cpu', threads: 7, version: 'onnxruntime-node 1.30.0' },
    },
    systems, comparisons, leaks,
    seedComparisons: [{ system: 'student', reference: 'scratch', measure: 'eer', beats: 1, seeds: 5, meanDifference: -0.0123, interval: { low: -0.0345, high: 0.0067 }, t: -1.91, p: 0.1284, dz: -0.854 }],
    sentences: reportSentences({ systems, comparisons, leaks }),
  })
}

/** Its record; `name` is what a person typed. */
export function aRecord(name: string): RunRecord {
  const model = (which: ModelName, epochs: number) => ({ name: which, network: 'deit-mini', parameters: 723_776, macs: 11_700_000, epochs, bestEpoch: epochs - 1, stoppedEarly: true, seconds: 3725, hash: `${which}-hash` })
  return {
    formatVersion: 1, id, name, state: 'finished', recipe: recipeOf('thkd', 'standard'), preset: 'standard', seed: 11, engine: EngineChoice.parse({}),
    split: { name: 's1', hash: 'split-hash', version: 'v1', versionHash: 'version-hash', strategy: 'leave-last-day-out' },
    ran: { engine: 'onnx', provider: 'cpu', threads: 7, version: 'onnxruntime-node 1.30.0', reasons: [] },
    environment: { program: '1.0.0', node: '22.1.0', platform: 'linux x64', processor: 'A processor', memoryBytes: 8 * 2 ** 30 },
    windows: { contentHash: 'windows-hash', rateHz: 250, length: 150, channels: 1, byRole: { train: 4321, test: 987 }, subjects: 24, recordings: 72, dropped: { outliers: 17 } },
    models: [model('student', 80), model('scratch', 61)], createdAt: '2026-03-01T00:00:00Z', startedAt: '2026-03-01T00:00:01Z', endedAt: '2026-03-01T02:00:00Z', seconds: 7199, error: null, containsWithdrawn: false,
  }
}

export function someEpochs(): RunEpoch[] {
  return (['student', 'scratch'] as const).flatMap((phase, at) =>
    [1, 2, 3].map((epoch) => ({
      phase, epoch, epochs: 3, steps: 10 * epoch, terms: { total: 5 / epoch + at, margin: 3 / epoch }, trainAccuracy: 0.3 * epoch, validation: epoch === 2 ? null : { eer: 0.2 / epoch, rank1: 0.3 * epoch }, rate: 0.001,
      gradientNorm: 1, windowsPerSecond: 100, idle: 0, memoryBytes: 1e8, seconds: 1, best: epoch === 3,
    })))
}
