import * as tf from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import { gaussians } from '../../../src-main/curation/gaussian.ts'
import { Random } from '../../../src-main/curation/random.ts'
import type { Arrays, Engine, Specs, Tensors } from '../../../src-main/learning/engine/engine.ts'
import { boundScope, initialStatistics, initialWeights, type Entry, type ParameterLayout } from '../../../src-main/learning/networks/parameter-layout.ts'
import type { Guidance, Phase } from '../../../src-main/learning/recipes/phase.ts'
import { GuidanceBatch, guidanceSpecs } from '../../../src-main/learning/training/guidance-batch.ts'
import type { Scope } from '../../../src-main/learning/networks/scope.ts'
import { MaskSource } from '../../../src-main/learning/training/masks.ts'
import { describeObjective, parameterArrays, parameterSpecs, TrainingStep } from '../../../src-main/learning/training/training-step.ts'

/** 3 people x 2 windows. */
export const rows = 6
export const people = 3

/** Unit-length rows, the same on every machine. */
export function directions(count: number, width: number, seed: number): Float32Array {
  const draw = gaussians(Random.of('directions', seed))
  return Float32Array.from(
    Array.from({ length: count }, () => {
      const vector = Array.from({ length: width }, draw)
      return vector.map((value) => value / Math.hypot(...vector))
    }).flat(),
  )
}

/** A teacher's values for all six windows but those without a partner. */
export function guidanceOf(widths: Readonly<Record<string, number>>, without: readonly number[] = []): Guidance {
  return {
    pairs: Int32Array.from({ length: rows }, (_, row) => (without.includes(row) ? -1 : row)),
    arrays: Object.fromEntries(Object.entries(widths).map(([name, width], i) => [name, { shape: [width], values: directions(rows, width, i + 1) }])),
  }
}

/** A phase with everything that one step of it takes. */
export interface Prepared {
  readonly phase: Phase
  readonly specs: Specs
  readonly layout: ParameterLayout
  readonly batch: Arrays
  readonly weights: Float32Array
  readonly masks: Arrays
}

export function prepared(phase: Phase): Prepared {
  const { length, channels } = phase.shape
  const labels = Int32Array.from({ length: rows }, (_, i) => i >> 1)
  const x = Float32Array.from({ length: rows * length * channels }, (_, i) => Math.sin(((i % length) * (labels[Math.floor(i / length)] + 2)) / 9) + 0.3 * Math.sin(i * 1.7))
  const specs: Specs = {
    ...guidanceSpecs(phase.guidance, rows), x: { shape: [rows, length, channels], dtype: 'float32' }, labels: { shape: [rows], dtype: 'int32' }, margin: { shape: [], dtype: 'float32' },
  }
  const layout = describeObjective(phase.objective, specs)
  const taught = phase.guidance ? new GuidanceBatch(phase.guidance, rows).of(Int32Array.from({ length: rows }, (_, row) => row), null) : {}
  return { phase, specs, layout, batch: { ...taught, x, labels, margin: Float32Array.of(0.2) }, weights: firstWeights(layout), masks: new MaskSource(layout.masks, phase.name, 1).at(0) }
}

const drawn = new Map<string, Float32Array>()

/** Drawing a hundred thousand numbers takes longer than the step. */
function firstWeights(layout: ParameterLayout): Float32Array {
  const key = layout.weights.map(({ name, size }) => `${name} ${size}`).join()
  const known = drawn.get(key) ?? initialWeights(layout, 3)
  drawn.set(key, known)
  return known
}

export interface Stepped {
  readonly total: number
  readonly terms: Readonly<Record<string, number>>
  readonly outputs: Arrays
  readonly gradient: Float32Array
}

export async function stepped(engine: Engine, { phase, specs, layout, batch, weights, masks }: Prepared): Promise<Stepped> {
  const training = await TrainingStep.compile(engine, layout, phase.objective, specs)
  try {
    const { total, terms, outputs } = await training.run(batch, { weights: weights.slice(), statistics: initialStatistics(layout) }, masks)
    return { total, terms, outputs: Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, values.slice()])), gradient: training.gradient.slice() }
  } finally {
    training.dispose()
  }
}

/** A function of the batch and a phase's weights. */
async function computed(engine: Engine, { specs, layout, batch, masks }: Prepared, make: (batch: Tensors, scope: Scope) => Tensors): Promise<(weights: Float32Array) => Promise<Arrays>> {
  const named = (kind: string, inputs: Tensors): Tensors => Object.fromEntries(Object.entries(inputs).flatMap(([name, tensor]) => (name.startsWith(`${kind}:`) ? [[name.slice(kind.length + 1), tensor]] : [])))
  const compiled = await engine.compile(
    (inputs) => make(inputs, boundScope(layout, { weights: named('weight', inputs), statistics: named('statistic', inputs), masks: named('mask', inputs) }, { training: true }).scope),
    { ...specs, ...parameterSpecs(layout) },
  )
  return (weights) => compiled.run({ ...batch, ...masks, ...parameterArrays(layout, { weights, statistics: initialStatistics(layout) }) })
}

/** The loss as a function of the weights, forward pass alone. */
async function lossOf(engine: Engine, plan: Prepared): Promise<(weights: Float32Array) => Promise<number>> {
  const run = await computed(engine, plan, (batch, scope) => ({ total: plan.phase.objective(batch, scope).total }))
  return async (weights) => (await run(weights)).total[0]
}

/** How the loss changes with the samples of every window: [rows, length x channels]. */
export async function reachOf(engine: Engine, plan: Prepared): Promise<Float32Array> {
  const run = await computed(engine, plan, (batch, scope) => ({ x: tf.grad((x) => plan.phase.objective({ ...batch, x }, scope).total as tf.Scalar)(batch.x) }))
  return Float32Array.from((await run(plan.weights)).x)
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0)

/**
 * Every group of weights against central differences of the loss on the cpu engine, extrapolated from two steps (the error falls with the fourth power), along the gradient mixed with a random direction: along
 * that direction there is something to measure, and a gradient that is wrong anywhere is not its own derivative.
 */
export async function expectTrueGradient(engine: Engine, plan: Prepared, tolerance = 5e-3): Promise<void> {
  const { gradient } = await stepped(engine, plan)
  const loss = await lossOf(engine, plan)
  for (const [group, entries] of groupsOf(plan.layout)) {
    const direction = directionOf(entries, gradient)
    if (direction === null) continue
    const slope = dot(gradient, direction)
    const difference = async (step: number): Promise<number> => {
      const at = (by: number) => loss(plan.weights.map((value, i) => value + by * direction[i]))
      return ((await at(step)) - (await at(-step))) / (2 * step)
    }
    // So far that the loss changes by about 0.06: float32 sees it to four digits.
    const step = Math.min(0.05, 0.03 / Math.abs(slope))
    const measured = (4 * (await difference(step / 2)) - (await difference(step))) / 3
    expect(Math.abs(measured - slope) / Math.abs(slope), `${group}: ${slope} against ${measured}`).toBeLessThan(tolerance)
  }
}

/** A network as one, heads and what else a recipe adds each by itself. */
function groupsOf({ weights }: ParameterLayout): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>()
  for (const entry of weights) {
    const name = /^(network\/(?:first-head|second-head|gate)|[^/]+)/.exec(entry.name)?.[0] ?? entry.name
    groups.set(name, [...(groups.get(name) ?? []), entry])
  }
  return groups
}

/** `null`: the loss does not depend on these. */
function directionOf(entries: readonly Entry[], gradient: Float32Array): Float32Array | null {
  const draw = gaussians(Random.of('direction', entries.length))
  const [own, random] = [new Float32Array(gradient.length), new Float32Array(gradient.length)]
  for (const { offset, size } of entries) {
    for (let i = offset; i < offset + size; i++) {
      own[i] = gradient[i]
      random[i] = draw()
    }
  }
  const [length, other] = [Math.sqrt(dot(own, own)), Math.sqrt(dot(random, random))]
  return length === 0 ? null : own.map((value, i) => value / length + random[i] / other)
}

const largest = (values: ArrayLike<number>): number => Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0)

/** Float32 in another order of summation, through some dozen layers: value, terms, outputs, and gradient relative to its largest entry. */
export async function expectAgreement(engines: readonly Engine[], plan: Prepared): Promise<Stepped> {
  const [expected, ...others] = await Promise.all(engines.map((engine) => stepped(engine, plan)))
  expect(Number.isFinite(expected.total) && expected.gradient.every(Number.isFinite)).toBe(true)
  for (const { total, terms, outputs, gradient } of others) {
    expect(Math.abs(total - expected.total)).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected.total)))
    expect(Object.keys(terms)).toEqual(Object.keys(expected.terms))
    for (const [name, value] of Object.entries(terms)) expect(Math.abs(value - expected.terms[name]), name).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected.terms[name])))
    for (const [name, values] of Object.entries(outputs)) expect(largest(values.map((value, i) => value - expected.outputs[name][i])), name).toBeLessThan(1e-4)
    expect(largest(gradient.map((value, i) => value - expected.gradient[i])) / largest(expected.gradient)).toBeLessThan(2e-3)
  }
  return expected
}
