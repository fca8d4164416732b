import type { SembridgeRecipe } from '../../../src-main/contract/index.ts'
import { Recipe } from '../../../src-main/contract/index.ts'
import type { Arrays, Engine, Specs } from '../../../src-main/learning/engine/engine.ts'
import { initialStatistics, initialWeights, type ParameterLayout } from '../../../src-main/learning/networks/parameter-layout.ts'
import { matcherPhase } from '../../../src-main/learning/recipes/matcher.ts'
import type { Guidance, Phase } from '../../../src-main/learning/recipes/phase.ts'
import { bridgedStudentPhase, guidanceOf, type Bridge } from '../../../src-main/learning/recipes/sembridge.ts'
import { GuidanceBatch, guidanceSpecs } from '../../../src-main/learning/training/guidance-batch.ts'
import { MaskSource } from '../../../src-main/learning/training/masks.ts'
import { describeObjective, TrainingStep } from '../../../src-main/learning/training/training-step.ts'
import { setting, studentOptions, teacherOptions, tinyBatch, tinyFit, type OneStep } from './tiny-phases.ts'

export const batch = 6
/** Of the teacher's windows: dimensions of the embedding, tokens and their width. */
export interface TaughtShape {
  readonly dimensions: number
  readonly tokens: number
  readonly width: number
}

export function bridgedRecipe(change: object = {}, embedding = 16): SembridgeRecipe {
  const { network, fit, margin } = studentOptions({}, 'deit-micro', embedding)
  const recipe = Recipe.parse({ recipe: 'sembridge', teacher: teacherOptions('deit-micro'), student: { network, fit, margin }, matcher: { network, projection: 8, fit: tinyFit }, ...change })
  if (recipe.recipe !== 'sembridge') throw new Error(recipe.recipe)
  return recipe
}

/** What no teacher ever said, the same on every machine. */
export function bridge(recipe: SembridgeRecipe, { dimensions, tokens, width }: TaughtShape, pairs = [0, 1, 2, 3, 4, 5]): Bridge {
  const shapes = { logits: [setting.people], embedding: [dimensions], tokens: [tokens, width] }
  const arrays = guidanceOf(recipe).map((name, k) => {
    const shape = shapes[name]
    const values = Float32Array.from({ length: batch * shape.reduce((product, size) => product * size, 1) }, (_, i) => 2 * Math.sin(i * 1.3 + k) + Math.cos(i * i * 0.07))
    return [name, { shape, values }] as const
  })
  return { guidance: { pairs: Int32Array.from(pairs), arrays: Object.fromEntries(arrays) }, rematch: { before: () => false, match: () => Promise.reject(new Error('Nobody asked.')) } }
}

/** A phase and one batch for it, ready to be run with any weights. */
export interface Prepared {
  readonly layout: ParameterLayout
  readonly weights: Float32Array
  /** `change`: of what the teacher says in this batch. */
  step(weights?: Float32Array, change?: (taught: Arrays) => Arrays): Promise<OneStep>
  dispose(): void
}

export async function prepare(engine: Engine, { objective, name, guidance, shape }: Phase): Promise<Prepared> {
  const specs: Specs = {
    ...guidanceSpecs(guidance, batch), x: { shape: [batch, shape.length, shape.channels], dtype: 'float32' }, labels: { shape: [batch], dtype: 'int32' }, margin: { shape: [], dtype: 'float32' },
  }
  const layout = describeObjective(objective, specs)
  const training = await TrainingStep.compile(engine, layout, objective, specs)
  const taught = guidance ? taughtBatch(guidance) : {}
  const fed = { ...tinyBatch(), ...(shape.length === setting.length ? {} : { x: joined(shape.length) }) }
  const usual = initialWeights(layout, 1)
  return {
    layout,
    weights: usual,
    async step(weights = usual, change = (same) => same) {
      const { total, terms } = await training.run({ ...fed, ...change(taught) }, { weights, statistics: initialStatistics(layout) }, new MaskSource(layout.masks, name, 1).at(0))
      return { layout, total, terms, gradient: training.gradient.slice() }
    },
    dispose: () => training.dispose(),
  }
}

/** The same arrays are filled again by the next batch: a copy. */
function taughtBatch(guidance: Guidance): Arrays {
  return Object.fromEntries(Object.entries(new GuidanceBatch(guidance, batch).of(Int32Array.from({ length: batch }, (_, i) => i), null)).map(([name, values]) => [name, values.slice()]))
}

const joined = (length: number): Float32Array => Float32Array.from({ length: batch * length }, (_, i) => Math.sin((i % length) * (0.3 + 0.1 * Math.floor(i / length))) + 0.3 * Math.sin(i * 1.9))

export async function stepOf(engine: Engine, phase: Phase): Promise<OneStep> {
  const prepared = await prepare(engine, phase)
  try {
    return await prepared.step()
  } finally {
    prepared.dispose()
  }
}

export const alike: TaughtShape = { dimensions: 16, tokens: 3, width: 64 }
export const unlike: TaughtShape = { dimensions: 12, tokens: 7, width: 10 }
export const forms = ['kd', 'relations', 'decoupled', 'standardised', 'cosine', 'mmd'] as const
export const plans = ['attention', 'sinkhorn'] as const

export const baseAlone = (form: (typeof forms)[number]) => bridgedRecipe({ base: { form }, weights: { task: 0, base: 1, alignment: 0 } })
export const planAlone = (plan: (typeof plans)[number]) => bridgedRecipe({ alignment: { plan, weight: 1, heads: 3 }, weights: { task: 0, base: 0, alignment: 1 } })
export const whole = (form: (typeof forms)[number], plan: (typeof plans)[number]) => bridgedRecipe({ base: { form }, alignment: { plan, weight: 0.5 } })
export const student = (recipe: ReturnType<typeof bridgedRecipe>, taught = alike, pairs?: number[]): Phase => bridgedStudentPhase(recipe, setting, bridge(recipe, taught, pairs))
export const matcher = (targets: 'soft' | 'hard'): Phase => {
  const recipe = bridgedRecipe()
  return matcherPhase({ ...recipe, matcher: { ...recipe.matcher, targets, temperature: 2 } }, setting, { teacher: 60, student: 40 })
}

export const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
export const worst = (a: Float32Array, b: Float32Array): number => largest(a.map((value, i) => value - b[i])) / Math.max(1e-6, largest(b))
/** Nobody has a partner. */
export const nobody = (taught: Arrays): Arrays => Object.fromEntries(Object.entries(taught).map(([name, values]) => [name, new Float32Array(values.length)]))
