import { AblationResult, AblationStatus, type AblationGrid, type AblationId } from '../../src-main/contract/schemas/ablation.ts'
import { withValue } from '../../src-renderer/state/recipe-path.ts'
import { runIds, sampleRecipe } from './run-samples.ts'

export const ablationId = 'losses-0123456789ab' as AblationId

/** Two losses and both, the student alone as baseline. */
export const sampleGrid: AblationGrid = {
  name: 'losses', recipe: 'fusion', preset: 'quick', seeds: [1, 2, 3], engine: { engine: 'auto', provider: 'auto', threads: null }, also: { baseline: 'scratch' }, baseline: 'baseline',
  variants: { KL: { 'distillation.kl.weight': 1, 'distillation.mmd.weight': 0 }, MMD: { 'distillation.kl.weight': 0, 'distillation.mmd.weight': 1 } },
}

const variants = [{ name: 'KL', recipe: sampleRecipe('fusion') }, { name: 'MMD', recipe: withValue(withValue(sampleRecipe('fusion'), 'distillation.kl.weight', 0), 'distillation.mmd.weight', 1) }]
const cell = (variant: string, seed: number, change: object = {}) => ({ variant, seed, key: `${variant} ${seed}`, run: null, state: 'waiting', seconds: 0, error: null, ...change })

export const sampleStatus = (change: Partial<AblationStatus> = {}): AblationStatus =>
  AblationStatus.parse({
    id: ablationId, name: 'losses', createdAt: '2026-01-06T10:00:00.000Z', program: '0.1.0', recipe: 'fusion', split: 's1', variants: 2, seeds: 2, state: 'running', finished: 1, failed: 1,
    ablation: {
      formatVersion: 1, id: ablationId, name: 'losses', createdAt: '2026-01-06T10:00:00.000Z', program: '0.1.0', split: { name: 's1', hash: 'c'.repeat(64), strategy: 'leave-last-day-out' }, preset: 'quick', variants, model: 'student',
      also: [{ name: 'baseline', model: 'scratch' }], seeds: [1, 2], engine: {}, baseline: 'baseline', beats: [1, 5],
    },
    cells: [
      cell('KL', 1, { run: runIds[0], state: 'finished', seconds: 120 }), cell('KL', 2, { run: runIds[1], state: 'running' }),
      cell('MMD', 1, { run: runIds[2], state: 'failed', error: { code: 'training-diverged', message: 'The loss is NaN in epoch 4.' } }), cell('MMD', 2),
    ],
    ...change,
  })

const nothing = { mean: null, deviation: null, interval: null, seeds: 0, comparison: null }
const against = (difference: number, verdict: string) => ({ difference, interval: { low: difference - 0.01, high: difference + 0.01 }, test: 'paired-seeds', seeds: 3, p: 0.004, adjustedP: verdict === 'better' ? 0.008 : 0.41, dz: -2.5, verdict })

export const sampleResult = (): AblationResult =>
  AblationResult.parse({
    title: 'losses', split: 's1', strategy: 'leave-last-day-out', program: '0.1.0', baseline: 'baseline', unit: 'beat', seeds: [1, 2, 3],
    tables: [1, 5].map((beats) => ({
      beats, subjects: 40,
      rows: [
        { name: 'baseline', kind: 'also', model: 'scratch', baseline: true, runs: [], eer: { ...nothing, mean: 0.082, deviation: 0.004, interval: { low: 0.072, high: 0.092 }, seeds: 3 }, rank1: { ...nothing, mean: 0.81, deviation: 0.01, seeds: 3 }, parameters: 152_640, seconds: 90 },
        { name: 'KL', kind: 'variant', model: 'student', baseline: false, runs: [], eer: { mean: 0.051, deviation: 0.002, interval: { low: 0.046, high: 0.056 }, seeds: 3, comparison: against(-0.031, 'better') }, rank1: { ...nothing, mean: 0.88, deviation: 0.01, seeds: 3, comparison: against(0.07, 'better') }, parameters: 152_640, seconds: 120 },
        { name: 'MMD', kind: 'variant', model: 'student', baseline: false, runs: [], eer: { mean: 0.08, deviation: 0.006, interval: { low: 0.065, high: 0.095 }, seeds: 3, comparison: against(-0.002, 'no-significant-difference') }, rank1: { ...nothing, mean: 0.82, deviation: 0.02, seeds: 3, comparison: against(0.01, 'no-significant-difference') }, parameters: 152_640, seconds: 118 },
      ],
    })),
    missing: [{ variant: 'MMD', seed: 3, state: 'waiting', error: null }],
  })
