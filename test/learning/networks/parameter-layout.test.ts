import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../../src-main/curation/random.ts'
import { gaussians, naturalLogarithm } from '../../../src-main/curation/gaussian.ts'
import { boundScope, declareNetwork, describeNetwork, initialStatistics, initialWeights, namedViews } from '../../../src-main/learning/networks/parameter-layout.ts'
import { presets } from '../../../src-main/learning/networks/presets.ts'
import type { Forward, Scope } from '../../../src-main/learning/networks/scope.ts'
import { valuesOf } from './tensor-values.ts'

const declares: Forward<tf.Tensor> = (x, scope) => {
  const inner = scope.child('inner')
  const weight = scope.weight('w', [3, 2], { kind: 'he', fanIn: 3 })
  const bias = inner.weight('b', [2], { kind: 'zeros' })
  inner.weight('token', [1, 2], { kind: 'truncated', deviation: 0.02 }, { decay: false })
  const mean = inner.statistic('mean', [2], 5)
  const kept = scope.mask('m', [x.shape[0], 1], 0.9)
  const result = tf.add(tf.matMul(tf.reshape(x, [x.shape[0], 3]), weight), tf.add(bias, mean))
  if (scope.training) inner.observe('mean', tf.mean(result, 0), 0.25)
  return kept ? tf.mul(result, kept) : result
}

beforeAll(async () => {
  await tf.setBackend('cpu')
})

describe('a described network', () => {
  const layout = describeNetwork(declares, { batch: 4, length: 3, channels: 1 })

  it('lists what it asks for, in order, with its place', () => {
    expect(layout.weights).toEqual([
      { name: 'w', shape: [3, 2], offset: 0, size: 6, initial: { kind: 'he', fanIn: 3 }, decay: true },
      { name: 'inner/b', shape: [2], offset: 6, size: 2, initial: { kind: 'zeros' }, decay: false },
      { name: 'inner/token', shape: [1, 2], offset: 8, size: 2, initial: { kind: 'truncated', deviation: 0.02 }, decay: false },
    ])
    expect(layout.statistics).toEqual([{ name: 'inner/mean', shape: [2], offset: 0, size: 2, initial: 5 }])
    expect(layout.masks).toEqual([{ name: 'm', shape: [4, 1], keep: 0.9 }])
    expect([layout.weightCount, layout.statisticCount]).toEqual([10, 2])
    expect(Array.from(initialStatistics(layout))).toEqual([5, 5])
  })

  it.each<[string, (scope: Scope) => unknown]>([
    ['a weight asked for twice', (scope) => [scope.weight('a', [1], { kind: 'ones' }), scope.weight('a', [1], { kind: 'ones' })]],
    ['a statistic named like a weight', (scope) => [scope.child('a').weight('b', [1], { kind: 'ones' }), scope.statistic('a/b', [1], 0)]],
    ['a statistic observed but not declared', (scope) => { scope.observe('mean', tf.zeros([1]), 0.1) }],
    ['a statistic observed in another shape', (scope) => { scope.statistic('mean', [2], 0); scope.observe('mean', tf.zeros([3]), 0.1) }],
    ['a mask that keeps nothing', (scope) => scope.mask('m', [1], 0)],
  ])('refuses %s', (_, run) => {
    expect(() => declareNetwork(run)).toThrow(RangeError)
  })
})

describe('a bound network', () => {
  const layout = describeNetwork(declares, { batch: 4, length: 3, channels: 1 })
  const weights = (): Record<string, tf.Tensor> => ({ w: tf.tensor([1, 0, 0, 1, 1, 1], [3, 2]), 'inner/b': tf.tensor([10, 20]), 'inner/token': tf.zeros([1, 2]) })
  const statistics = (): Record<string, tf.Tensor> => ({ 'inner/mean': tf.tensor([100, 200]) })
  const x = (): tf.Tensor => tf.tensor([1, 2, 3, 4, 5, 6], [2, 3, 1])

  it('runs with the given tensors, at another batch than the described one, and collects what it observes', () => {
    const { scope, observations } = boundScope(layout, { weights: weights(), statistics: statistics(), masks: { m: tf.tensor([0, 2], [2, 1]) } }, { training: true })
    expect(valuesOf(declares(x(), scope))).toEqual([0, 0, 240, 462])
    const observation = observations.get('inner/mean')
    expect(observation && [observation.momentum, ...valuesOf(observation.value)]).toEqual([0.25, 117, 228])
  })

  it('has neither masks nor observations outside training', () => {
    const { scope, observations } = boundScope(layout, { weights: weights(), statistics: statistics() }, { training: false })
    expect(valuesOf(declares(x(), scope))).toEqual([114, 225, 120, 231])
    expect(observations.size).toBe(0)
  })

  it('keeps what it observed through the tidy of a gradient', () => {
    const before = tf.memory().numTensors
    const held: tf.Tensor[] = []
    tf.tidy(() => {
      const { scope, observations } = boundScope(layout, { weights: weights(), statistics: statistics(), masks: { m: tf.ones([2, 1]) } }, { training: true })
      tf.tidy(() => declares(x(), scope))
      held.push(...[...observations.values()].map(({ value }) => value))
    })
    expect(valuesOf(held[0])).toEqual([117, 228])
    held.forEach((value) => { value.dispose() })
    expect(tf.memory().numTensors).toBe(before)
  })

  it('refuses names, shapes and tensors that the layout does not have', () => {
    const bound = (given: Record<string, tf.Tensor>): Scope => boundScope(layout, { weights: given, statistics: statistics() }, { training: true }).scope
    expect(() => bound(weights()).weight('other', [1], { kind: 'ones' })).toThrow(RangeError)
    expect(() => bound(weights()).weight('w', [2, 3], { kind: 'ones' })).toThrow(RangeError)
    expect(() => bound({ ...weights(), w: tf.zeros([2, 3]) }).weight('w', [3, 2], { kind: 'ones' })).toThrow(RangeError)
    expect(() => bound({}).weight('w', [3, 2], { kind: 'ones' })).toThrow(RangeError)
    expect(() => bound(weights()).mask('m', [2, 1], 0.9)).toThrow(RangeError)
    const twice = bound(weights()).child('inner')
    twice.observe('mean', tf.zeros([2]), 0.1)
    expect(() => { twice.observe('mean', tf.zeros([2]), 0.1) }).toThrow(RangeError)
  })
})

describe('first weights', () => {
  const layout = describeNetwork(presets['deit-micro'].forward({ embedding: 32 }), { length: 150, channels: 1 })

  it('are those of their seed, the same for ever', () => {
    const [one, again, other] = [initialWeights(layout, 1), initialWeights(layout, 1), initialWeights(layout, 2)]
    expect(Buffer.compare(Buffer.from(one.buffer), Buffer.from(again.buffer))).toBe(0)
    expect(Buffer.compare(Buffer.from(one.buffer), Buffer.from(other.buffer))).not.toBe(0)
    // The same generator and Marsaglia's method written in Python, with its own logarithm.
    const draw = gaussians(Random.of('weight w', 1))
    expect([draw(), draw(), draw()]).toEqual([0.6468029036318196, -0.8725913285679446, -0.21023623790729065])
  })

  it('do not change when another layer comes before them', () => {
    const before = describeNetwork((x, scope) => [scope.weight('new', [7], { kind: 'ones' }), presets['deit-micro'].forward({ embedding: 32 })(x, scope)], { length: 150, channels: 1 })
    const [plain, shifted] = [namedViews(layout.weights, initialWeights(layout, 1)), namedViews(before.weights, initialWeights(before, 1))]
    expect(shifted['block2/attention/output/weight']).toEqual(plain['block2/attention/output/weight'])
  })

  it('have the distribution that their initialiser names', () => {
    const size = 20_000
    const { weights, statistics, masks, weightCount, statisticCount } = declareNetwork((scope) => [
      scope.weight('he', [size], { kind: 'he', fanIn: 8 }),
      scope.weight('xavier', [size], { kind: 'xavier', fanIn: 2, fanOut: 4 }),
      scope.weight('cut', [size], { kind: 'truncated', deviation: 0.02 }),
      scope.weight('ones', [2], { kind: 'ones' }),
    ])
    const { he, xavier, cut, ones } = namedViews(weights, initialWeights({ weights, statistics, masks, weightCount, statisticCount }, 3))
    const moment = (values: Float32Array, power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / values.length
    // Standard errors at 20,000: 0.0035 of a mean of deviation 0.5, 1 % of a variance, 3.5 % of a fourth moment; four of them are allowed.
    expect(Math.abs(moment(he, 1))).toBeLessThan(0.014)
    expect(moment(he, 2) / 0.25).toBeCloseTo(1, 1)
    expect(Math.abs(moment(he, 4) / 0.25 ** 2 - 3)).toBeLessThan(0.28)
    expect(Math.max(...xavier.map(Math.abs))).toBeLessThanOrEqual(1)
    expect(moment(xavier, 2) * 3).toBeCloseTo(1, 1)
    expect(Math.max(...cut.map(Math.abs))).toBeLessThanOrEqual(0.04)
    // Variance of a normal number cut at two deviations: 1 - 4 p(2) / (2 P(2) - 1) = 0.7737.
    expect(Math.abs(moment(cut, 2) / 0.0004 - 0.7737)).toBeLessThan(0.03)
    expect(Array.from(ones)).toEqual([1, 1])
  })
})

describe('the logarithm without Math.log', () => {
  it('is the logarithm to the last bits', () => {
    for (const x of [1e-300, 2 ** -64, 1e-9, 0.1, 0.5, Math.SQRT1_2, 0.999999, 1, 1.0000001, Math.SQRT2, 2, 3, 1e9]) {
      expect(Math.abs(naturalLogarithm(x) - Math.log(x))).toBeLessThanOrEqual(4e-16 * Math.max(1, Math.abs(Math.log(x))))
    }
  })
})
