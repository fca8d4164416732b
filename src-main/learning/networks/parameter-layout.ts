import * as tf from '@tensorflow/tfjs-core'
import { Random } from '../../curation/random.ts'
import type { Specs, Tensors } from '../engine/engine.ts'
import { traceStep } from '../engine/onnx/trace.ts'
import { gaussians, uniform } from '../../curation/gaussian.ts'
import type { Forward, Initializer, Scope } from './scope.ts'

/** Where a named array lies in the one flat array of its kind: values `offset` to `offset + size`, row-major. */
export interface Entry {
  readonly name: string
  readonly shape: readonly number[]
  readonly offset: number
  readonly size: number
}

export interface WeightEntry extends Entry {
  readonly initial: Initializer
  readonly decay: boolean
}

export interface StatisticEntry extends Entry {
  readonly initial: number
}

/** The shape is that of the described batch. */
export interface MaskEntry {
  readonly name: string
  readonly shape: readonly number[]
  readonly keep: number
}

/** Everything that a network asks of its scope, in the order in which it asks. */
export interface ParameterLayout {
  readonly weights: readonly WeightEntry[]
  readonly statistics: readonly StatisticEntry[]
  readonly masks: readonly MaskEntry[]
  readonly weightCount: number
  readonly statisticCount: number
}

export interface InputShape {
  readonly batch?: number
  /** Samples per window. */
  readonly length: number
  readonly channels: number
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)
const sameShape = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((size, i) => size === b[i])

/** Names seen so far; the same one twice would silently share or overwrite. */
class Names {
  readonly #seen = new Set<string>()

  claim(name: string): void {
    if (this.#seen.has(name)) throw new RangeError(`The network asks for '${name}' twice.`)
    this.#seen.add(name)
  }
}

/** What differs between declaring and running; names are whole. */
type Source = Omit<Scope, 'child'>

/** Every name begins with `prefix`. */
function prefixed(source: Source, prefix: string): Scope {
  return {
    training: source.training,
    child: (name) => prefixed(source, `${prefix}${name}/`),
    weight: (name, shape, initial, options) => source.weight(prefix + name, shape, initial, options),
    statistic: (name, shape, initial) => source.statistic(prefix + name, shape, initial),
    observe: (name, value, momentum) => {
      source.observe(prefix + name, value, momentum)
    },
    mask: (name, shape, keep) => source.mask(prefix + name, shape, keep),
  }
}

/**
 * Runs the network in its training form under a scope that answers every request with zeros, and writes down what was asked for. Runs on the current backend: on one that only knows
 * shapes it costs nothing.
 * @throws RangeError for a name that is asked for twice, a statistic that is observed without being declared, or `keep` outside 0 to 1: mistakes of the network's author.
 */
export function declareNetwork(run: (scope: Scope) => unknown): ParameterLayout {
  const names = new Names()
  const weights: WeightEntry[] = []
  const statistics: StatisticEntry[] = []
  const masks: MaskEntry[] = []
  const observed = new Names()
  let weightCount = 0
  let statisticCount = 0
  run(
    prefixed(
      {
        training: true,
        weight(name, shape, initial, options) {
          names.claim(name)
          const size = sizeOf(shape)
          weights.push({ name, shape: [...shape], offset: weightCount, size, initial, decay: options?.decay ?? shape.length >= 2 })
          weightCount += size
          return tf.zeros([...shape])
        },
        statistic(name, shape, initial) {
          names.claim(name)
          const size = sizeOf(shape)
          statistics.push({ name, shape: [...shape], offset: statisticCount, size, initial })
          statisticCount += size
          return tf.zeros([...shape])
        },
        observe(name, value) {
          observed.claim(name)
          requireShape(name, find(statistics, name, 'statistic').shape, value.shape)
        },
        mask(name, shape, keep) {
          names.claim(name)
          if (!(keep > 0 && keep <= 1)) throw new RangeError(`The mask '${name}' keeps ${keep}, which is no probability.`)
          masks.push({ name, shape: [...shape], keep })
          return tf.zeros([...shape])
        },
      },
      '',
    ),
  )
  return { weights, statistics, masks, weightCount, statisticCount }
}

/**
 * The weights, statistics and masks of a network for windows of [batch (1 unless given), length, channels]. The network is traced, so that nothing is computed.
 * @throws LabError `engine-failed` for a network that cannot be traced or, as its cause, one that declares wrongly.
 * @example describeNetwork(resNet1d(...), { length: 150, channels: 1 }).weightCount is 7349568 for 'resnet34-w64' with 256 embedding dimensions
 */
export function describeNetwork(forward: Forward<unknown>, { batch = 1, length, channels }: InputShape): ParameterLayout {
  return describeStep(({ windows }, scope) => forward(windows, scope), { windows: { shape: [batch, length, channels], dtype: 'float32' } })
}

/** The same of anything that asks a scope for weights: an objective with its heads, with all that it is fed. @throws LabError as `describeNetwork`. */
export function describeStep(run: (inputs: Tensors, scope: Scope) => unknown, inputs: Specs): ParameterLayout {
  const layouts: ParameterLayout[] = []
  traceStep((tensors) => {
    layouts.push(declareNetwork((scope) => run(tensors, scope)))
    return {}
  }, inputs)
  return layouts[0]
}

function find<T extends { readonly name: string }>(entries: readonly T[], name: string, kind: string): T {
  const found = entries.find((entry) => entry.name === name)
  if (!found) throw new RangeError(`The network has no ${kind} '${name}'.`)
  return found
}

function requireShape(name: string, declared: readonly number[], given: readonly number[]): void {
  if (!sameShape(declared, given)) throw new RangeError(`'${name}' was declared as [${declared.join(', ')}], not [${given.join(', ')}].`)
}

/** One draw of a weight's first value. */
function drawer(initial: Initializer, random: Random): () => number {
  switch (initial.kind) {
    case 'zeros':
      return () => 0
    case 'ones':
      return () => 1
    case 'he': {
      const normal = gaussians(random)
      const deviation = Math.sqrt(2 / initial.fanIn)
      return () => deviation * normal()
    }
    case 'xavier': {
      // Glorot and Bengio 2010, eq. 16: uniform within +-sqrt(6 / (fan-in + fan-out)).
      const limit = Math.sqrt(6 / (initial.fanIn + initial.fanOut))
      return () => limit * (2 * uniform(random) - 1)
    }
    case 'truncated': {
      const normal = gaussians(random)
      return () => {
        for (;;) {
          const drawn = normal()
          if (Math.abs(drawn) <= 2) return initial.deviation * drawn
        }
      }
    }
  }
}

/**
 * The first values of all weights, flat. Every weight has a random stream of its own, named after it: a layer more or less does not change what the others begin with. The same on every
 * machine, bit for bit.
 */
export function initialWeights(layout: ParameterLayout, seed: number): Float32Array {
  const values = new Float32Array(layout.weightCount)
  for (const { name, offset, size, initial } of layout.weights) {
    const draw = drawer(initial, Random.of(`weight ${name}`, seed))
    for (let i = 0; i < size; i++) values[offset + i] = draw()
  }
  return values
}

/** The first values of all statistics, flat. */
export function initialStatistics(layout: ParameterLayout): Float32Array {
  const values = new Float32Array(layout.statisticCount)
  for (const { offset, size, initial } of layout.statistics) values.fill(initial, offset, offset + size)
  return values
}

/** Views of the flat array by name: what a compiled step takes, without a copy. */
export function namedViews(entries: readonly Entry[], flat: Float32Array): Record<string, Float32Array> {
  return Object.fromEntries(entries.map(({ name, offset, size }) => [name, flat.subarray(offset, offset + size)]))
}

export interface Bindings {
  /** One tensor per weight, by name. */
  readonly weights: Readonly<Record<string, tf.Tensor>>
  readonly statistics: Readonly<Record<string, tf.Tensor>>
  /** Only read while training. */
  readonly masks?: Readonly<Record<string, tf.Tensor>>
}

/** A statistic becomes (1 - momentum) x itself + momentum x `value`. */
export interface Observation {
  readonly value: tf.Tensor
  readonly momentum: number
}

export interface BoundScope {
  readonly scope: Scope
  /** By the statistic's name, filled while the network runs. The tensors are kept (`tf.keep`), because a gradient's tidy would end them: return them from the step or dispose of them. */
  readonly observations: ReadonlyMap<string, Observation>
}

/**
 * A scope that hands out given tensors. The network may ask for a weight more than once (it may run on two inputs), but may observe each statistic only once.
 * @throws RangeError for a name or shape that the layout does not have, or a tensor that was not given: mistakes of the caller.
 */
export function boundScope(layout: ParameterLayout, { weights, statistics, masks = {} }: Bindings, { training }: { readonly training: boolean }): BoundScope {
  const observations = new Map<string, Observation>()
  const taken = (entries: readonly { readonly name: string; readonly shape: readonly number[] }[], kind: string, given: Readonly<Record<string, tf.Tensor>>) => {
    const declared = new Map(entries.map((entry) => [entry.name, entry.shape]))
    return (name: string, shape: readonly number[]): tf.Tensor => {
      const known = declared.get(name)
      if (!known) throw new RangeError(`The network has no ${kind} '${name}'.`)
      if (!(name in given)) throw new RangeError(`No tensor was given for the ${kind} '${name}'.`)
      // A mask's first dimension is the batch, which may be another than the described one.
      if (kind !== 'mask') requireShape(name, known, shape)
      requireShape(name, shape, given[name].shape)
      return given[name]
    }
  }
  const weight = taken(layout.weights, 'weight', weights)
  const statistic = taken(layout.statistics, 'statistic', statistics)
  const mask = taken(layout.masks, 'mask', masks)
  const scope = prefixed(
    {
      training,
      weight: (name, shape) => weight(name, shape),
      statistic: (name, shape) => statistic(name, shape),
      observe(name, value, momentum) {
        if (!training) return
        if (observations.has(name)) throw new RangeError(`The network observes '${name}' twice.`)
        requireShape(name, find(layout.statistics, name, 'statistic').shape, value.shape)
        observations.set(name, { value: tf.keep(tf.clone(value)), momentum })
      },
      mask: (name, shape) => (training ? mask(name, shape) : null),
    },
    '',
  )
  return { scope, observations }
}
