import { FitOptions, StudentOptions, TeacherOptions, type NetworkPreset } from '../../../src-main/contract/index.ts'
import type { Arrays, Engine, Specs } from '../../../src-main/learning/engine/engine.ts'
import { initialStatistics, initialWeights, type ParameterLayout } from '../../../src-main/learning/networks/parameter-layout.ts'
import { answerLayout, type FittedModel } from '../../../src-main/learning/recipes/answers.ts'
import type { Phase, PhaseSetting } from '../../../src-main/learning/recipes/phase.ts'
import { MaskSource } from '../../../src-main/learning/training/masks.ts'
import { describeObjective, TrainingStep } from '../../../src-main/learning/training/training-step.ts'

/** Networks and batches as small as they can be: 3 people x 2 windows of 40 samples. */
export const setting: PhaseSetting = { people: 3, length: 40, channels: 1 }
const batch = 6

export const tinyFit = FitOptions.parse({
  epochs: 2, minimumSteps: 1, people: 3, windowsPerPerson: 2, rate: 1e-2, weightDecay: 0.01, schedule: { kind: 'cosine', warmUp: 0.1, floor: 0.01 }, augmentation: {},
})
const common = { fit: tinyFit, margin: { scale: 16, margin: 0.2 } }

export const teacherOptions = (preset: NetworkPreset = 'resnet18-w16', embedding = 16, triplet: object = {}): TeacherOptions => TeacherOptions.parse({ ...common, network: { preset, embedding }, triplet })

export const studentOptions = (distillation: { readonly logit?: object; readonly stage?: object; readonly embedding?: object; readonly relation?: object } = {}, preset: NetworkPreset = 'deit-micro', embedding = 16): StudentOptions =>
  StudentOptions.parse({ ...common, network: { preset, embedding }, distillation: { logit: {}, stage: {}, embedding: {}, relation: {}, ...distillation } })

const specs: Specs = { x: { shape: [batch, setting.length, setting.channels], dtype: 'float32' }, labels: { shape: [batch], dtype: 'int32' }, margin: { shape: [], dtype: 'float32' } }

/** Three shapes and some jitter, the same on every machine. */
export function tinyBatch(): Arrays {
  const labels = Int32Array.from({ length: batch }, (_, i) => i >> 1)
  const x = Float32Array.from({ length: batch * setting.length }, (_, i) => Math.sin(((i % setting.length) * (labels[Math.floor(i / setting.length)] + 2)) / 9) + 0.2 * Math.sin(i * 1.7))
  return { x, labels, margin: Float32Array.of(0.2) }
}

/** A network nobody trained, its running statistics away from their first values, so that they matter. */
export function untrained(phase: Phase, seed = 5): FittedModel {
  const layout = answerLayout(phase.shape)
  return { shape: phase.shape, layout, state: { weights: initialWeights(layout, seed), statistics: initialStatistics(layout).map((value, i) => value + 0.1 * Math.abs(Math.sin(i + 1))) } }
}

export interface OneStep {
  readonly layout: ParameterLayout
  readonly total: number
  readonly terms: Readonly<Record<string, number>>
  readonly gradient: Float32Array
}

export const layoutOf = ({ objective }: Phase): ParameterLayout => describeObjective(objective, specs)

const drawn = new Map<string, Float32Array>()

/** Drawing half a million numbers takes longer than the step. */
function firstWeights(layout: ParameterLayout): Float32Array {
  const key = layout.weights.map(({ name, size }) => `${name} ${size}`).join()
  const known = drawn.get(key) ?? initialWeights(layout, 1)
  drawn.set(key, known)
  return known.slice()
}

/** One training step of a phase from its first weights. */
export async function oneStep(engine: Engine, { objective, name }: Phase): Promise<OneStep> {
  const layout = describeObjective(objective, specs)
  const training = await TrainingStep.compile(engine, layout, objective, specs)
  try {
    const { total, terms } = await training.run(tinyBatch(), { weights: firstWeights(layout), statistics: initialStatistics(layout) }, new MaskSource(layout.masks, name, 1).at(0))
    return { layout, total, terms, gradient: training.gradient.slice() }
  } finally {
    training.dispose()
  }
}
