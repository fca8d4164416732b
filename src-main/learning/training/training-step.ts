import * as tf from '@tensorflow/tfjs-core'
import type { Arrays, Compiled, Engine, Specs, Tensors, TensorSpec } from '../engine/engine.ts'
import { boundScope, describeStep, namedViews, type ParameterLayout } from '../networks/parameter-layout.ts'
import type { Scope } from '../networks/scope.ts'

/** What a phase makes small. `terms`: each loss by name, before weighting; `outputs`: whatever else is to be read after the step. */
export interface ObjectiveValue {
  readonly total: tf.Tensor
  readonly terms: Tensors
  readonly outputs?: Tensors
}

/** From a batch (`x`: [batch, time, channels] and what else the recipe feeds) to its loss. Asks the scope for every weight that is to be trained. */
export type Objective = (batch: Tensors, scope: Scope) => ObjectiveValue

/** A network's weights as flat arrays. */
export interface ModelState {
  readonly weights: Float32Array
  readonly statistics: Float32Array
}

export interface StepResult {
  /** Values of `total`, of each term, and the outputs. Valid until the next run. */
  readonly total: number
  readonly terms: Readonly<Record<string, number>>
  readonly outputs: Arrays
}

/** The weights that an objective asks for, with a batch of these specs. */
export function describeObjective(objective: Objective, batch: Specs): ParameterLayout {
  return describeStep(objective, batch)
}

/**
 * One training step of an objective, compiled: forward, all gradients, and the new running statistics. The gradient is written into one flat array as the weights lie in
 * theirs, so that the optimizer needs a single pass.
 */
export class TrainingStep {
  /** As long as the weights; written by every `run`, but for weights that the loss does not depend on: there it is 0. */
  readonly gradient: Float32Array
  readonly #compiled: Compiled
  readonly #layout: ParameterLayout
  readonly #into: Record<string, Float32Array>
  readonly #observed: ReadonlyMap<string, number>
  readonly #terms: readonly string[]

  private constructor(compiled: Compiled, layout: ParameterLayout, traced: Traced, gradient: Float32Array) {
    this.#compiled = compiled
    this.#layout = layout
    this.#observed = traced.momenta
    this.#terms = traced.terms
    this.gradient = gradient
    this.#into = Object.fromEntries(layout.weights.map(({ name, offset, size }) => [`gradient:${name}`, this.gradient.subarray(offset, offset + size)]))
  }

  /** `gradient`: the array to write it to, as long as the weights; an optimizer's own (`allocate`) makes its update faster. */
  static async compile(engine: Engine, layout: ParameterLayout, objective: Objective, batch: Specs, gradient: Float32Array = new Float32Array(layout.weightCount)): Promise<TrainingStep> {
    const traced: Traced = { momenta: new Map(), terms: [] }
    gradient.fill(0)
    const compiled = await engine.compile((inputs) => differentiate(objective, layout, inputs, traced), { ...batch, ...parameterSpecs(layout) })
    return new TrainingStep(compiled, layout, traced, gradient)
  }

  get memory(): Compiled['memory'] {
    return this.#compiled.memory
  }

  /** @throws LabError of the engine. */
  async run(batch: Arrays, { weights, statistics }: ModelState, masks: Arrays): Promise<StepResult> {
    const results = await this.#compiled.run({ ...batch, ...parameterArrays(this.#layout, { weights, statistics }), ...masks }, this.#into)
    for (const { name, offset } of this.#layout.statistics) {
      const momentum = this.#observed.get(name)
      if (momentum === undefined) continue
      const values = results[`observed:${name}`]
      for (let i = 0; i < values.length; i++) statistics[offset + i] += momentum * (values[i] - statistics[offset + i])
    }
    const terms = Object.fromEntries(this.#terms.map((name) => [name, results[`term:${name}`][0]]))
    const outputs = Object.fromEntries(Object.entries(results).flatMap(([name, values]) => (name.startsWith('output:') ? [[name.slice(7), values]] : [])))
    return { total: results.total[0], terms, outputs }
  }

  dispose(): void {
    this.#compiled.dispose()
  }
}

/** What tracing found out beside the numbers. */
interface Traced {
  readonly momenta: Map<string, number>
  terms: readonly string[]
}

function differentiate(objective: Objective, layout: ParameterLayout, inputs: Tensors, traced: Traced): Tensors {
  const batch = Object.fromEntries(Object.entries(inputs).filter(([name]) => !/^(weight|statistic|mask):/.test(name)))
  const kept: Record<string, tf.Tensor> = {}
  // A gradient is taken in a scope of its own, which would dispose of everything else that is to be read.
  const keep = (name: string, tensor: tf.Tensor): void => {
    kept[name] = tf.keep(tensor.clone())
  }
  const forward = (...weights: tf.Tensor[]): tf.Scalar => {
    const scope = boundScope(
      layout,
      { weights: Object.fromEntries(layout.weights.map(({ name }, i) => [name, weights[i]])), statistics: named('statistic', inputs), masks: named('mask', inputs) },
      { training: true },
    )
    const { total, terms, outputs = {} } = objective(batch, scope.scope)
    traced.terms = Object.keys(terms)
    for (const [name, value] of Object.entries(terms)) keep(`term:${name}`, value)
    for (const [name, value] of Object.entries(outputs)) keep(`output:${name}`, value)
    for (const [name, { value, momentum }] of scope.observations) {
      traced.momenta.set(name, momentum)
      kept[`observed:${name}`] = value
    }
    return total as tf.Scalar
  }
  const weights = layout.weights.map(({ name }) => inputs[`weight:${name}`])
  // Not `tf.valueAndGrads`, which refuses weights that the loss does not depend on, such as a head whose term has the weight 0.
  const { value, grads } = tf.engine().gradients(() => forward(...weights), weights) as { value: tf.Tensor; grads: readonly (tf.Tensor | undefined)[] }
  const gradients = Object.fromEntries(layout.weights.flatMap(({ name }, i) => (grads[i] ? [[`gradient:${name}`, grads[i]]] : [])))
  return { total: value, ...gradients, ...kept }
}

const named = (kind: string, inputs: Tensors): Tensors =>
  Object.fromEntries(Object.entries(inputs).flatMap(([name, tensor]) => (name.startsWith(`${kind}:`) ? [[name.slice(kind.length + 1), tensor]] : [])))

/** The inputs through which a compiled step gets its weights, statistics and masks. */
export function parameterSpecs(layout: ParameterLayout, kinds: readonly ('weight' | 'statistic' | 'mask')[] = ['weight', 'statistic', 'mask']): Specs {
  const of = (kind: 'weight' | 'statistic' | 'mask', all: readonly { name: string; shape: readonly number[] }[]): [string, TensorSpec][] =>
    kinds.includes(kind) ? all.map(({ name, shape }) => [`${kind}:${name}`, { shape, dtype: 'float32' }]) : []
  return Object.fromEntries([...of('weight', layout.weights), ...of('statistic', layout.statistics), ...of('mask', layout.masks)])
}

/** Views of the flat arrays, by the names of `parameterSpecs`. */
export function parameterArrays(layout: ParameterLayout, { weights, statistics }: ModelState): Record<string, Float32Array> {
  const views = [...Object.entries(namedViews(layout.weights, weights)).map(([name, view]) => [`weight:${name}`, view] as const)]
  return Object.fromEntries([...views, ...Object.entries(namedViews(layout.statistics, statistics)).map(([name, view]) => [`statistic:${name}`, view] as const)])
}
