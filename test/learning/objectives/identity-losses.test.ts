import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { additiveAngularMargin } from '../../../src-main/learning/objectives/additive-angular-margin.ts'
import { batchHardTriplet } from '../../../src-main/learning/objectives/batch-hard-triplet.ts'
import { cosineLogits } from '../../../src-main/learning/objectives/cosine-logits.ts'
import { crossEntropy } from '../../../src-main/learning/objectives/cross-entropy.ts'
import { marginAt } from '../../../src-main/learning/objectives/margin-schedule.ts'
import { evaluate, type Inputs, labels, matrix, onTheCpu, scalar, tensorOf } from './on-the-cpu.ts'

const arc =
  (scale: number, beyond: 'penalty' | 'easy') =>
  ({ embeddings, weights, labels: y, margin }: Readonly<Record<string, tf.Tensor>>): tf.Tensor =>
    additiveAngularMargin({ embeddings, weights, labels: y, margin }, { scale, beyond }).loss
const axes = matrix([[1, 0], [0, 1]])
const at = (degrees: number, length = 1): number[] => [length * Math.cos((degrees * Math.PI) / 180), length * Math.sin((degrees * Math.PI) / 180)]
const finite = (values: readonly number[]): boolean => values.every(Number.isFinite)

describe('cosine logits', () => {
  it('are the hand-worked cosines, whatever the lengths', () => {
    const cosines = onTheCpu(() => Array.from(cosineLogits(tensorOf(matrix([[3, 4], [0, 0]])), tensorOf(matrix([[1, 0], [0, -2]]))).dataSync()))
    expect(cosines).toEqual([expect.closeTo(0.6, 6), expect.closeTo(-0.8, 6), 0, 0])
  })

  it('give a zero vector no gradient instead of NaN', () => {
    const { gradients } = evaluate(({ e, w }) => tf.sum(cosineLogits(e, w)), { e: matrix([[0, 0], [3, 4]]), w: axes }, ['e'])
    expect(gradients.e.slice(0, 2).map(Math.abs)).toEqual([0, 0])
    // d(0.6 + 0.8)/de at (3, 4): (I − ê êᵀ)(1, 1)/5
    expect(gradients.e[2]).toBeCloseTo((1 - 0.6 * 1.4) / 5, 6)
    expect(gradients.e[3]).toBeCloseTo((1 - 0.8 * 1.4) / 5, 6)
  })
})

describe('cross-entropy', () => {
  it('is ln 4/3 for odds of three to one', () => {
    expect(evaluate(({ z, y }) => crossEntropy(z, y), { z: matrix([[0, Math.log(3)]]), y: labels(1) }).value).toBeCloseTo(Math.log(4 / 3), 6)
  })
})

describe('additive angular margin', () => {
  const inputs = (degrees: number, margin: number): Inputs => ({ embeddings: matrix([at(degrees)]), weights: axes, labels: labels(0), margin: scalar(margin) })

  it('is the hand-worked loss', () => {
    // θ = 30°, m = 30°: logits s·cos 60° = 2 and s·cos 60° = 2.
    expect(evaluate(arc(4, 'penalty'), inputs(30, Math.PI / 6)).value).toBeCloseTo(Math.LN2, 5)
    expect(evaluate(arc(1, 'penalty'), inputs(0, Math.PI / 3)).value).toBeCloseTo(0.4741, 2)
  })

  it('is plain cross-entropy of the cosines at margin 0, whatever the branch', () => {
    for (const degrees of [0, 10, 90, 179, 180]) {
      const plain = evaluate(({ embeddings, weights, labels: y }) => crossEntropy(tf.mul(cosineLogits(embeddings, weights), 16), y), inputs(degrees, 0)).value
      for (const beyond of ['penalty', 'easy'] as const) expect(evaluate(arc(16, beyond), inputs(degrees, 0)).value).toBeCloseTo(plain, 4)
    }
  })

  it('grows with the angle all the way to π under the penalty, and has a finite gradient everywhere', () => {
    const angles = [0, 1e-3, 0.02, 0.5, 5, 45, 90, 135, 160, 168, 168.6, 170, 175, 179, 179.98, 179.999, 180]
    const losses = angles.map((degrees) => {
      // The other identity stays at a right angle all the way.
      const turning = { ...inputs(degrees, 0.2), embeddings: matrix([[...at(degrees), 0]]), weights: matrix([[1, 0, 0], [0, 0, 1]]) }
      const { value, gradients } = evaluate(arc(8, 'penalty'), turning, ['embeddings', 'weights'])
      expect(finite([...gradients.embeddings, ...gradients.weights])).toBe(true)
      // A gradient by a unit vector cannot be steeper than the logits are: s·(1 + m), on two classes.
      expect(Math.hypot(...gradients.embeddings)).toBeLessThan(8 * 2.4)
      return value
    })
    expect(losses.every((loss, i) => i === 0 || loss >= losses[i - 1] - 1e-5)).toBe(true)
    // At 180°: cos π − m sin m against cos 90°.
    expect(losses[losses.length - 1]).toBeCloseTo(Math.log(1 + Math.exp(8 * (1 + 0.2 * Math.sin(0.2)))), 4)
  })

  it('leaves samples beyond a right angle alone when easy', () => {
    expect(evaluate(arc(8, 'easy'), inputs(100, 0.35)).value).toBeCloseTo(evaluate(arc(8, 'easy'), inputs(100, 0)).value, 5)
    expect(evaluate(arc(8, 'easy'), inputs(80, 0.35)).value).toBeGreaterThan(evaluate(arc(8, 'easy'), inputs(80, 0)).value + 0.1)
  })

  it('does not see lengths, and returns the cosines without margin or scale', () => {
    const long = { ...inputs(30, 0.2), embeddings: matrix([at(30, 70)]), weights: matrix([[5, 0], [0, 0.01]]) }
    expect(evaluate(arc(8, 'penalty'), long).value).toBeCloseTo(evaluate(arc(8, 'penalty'), inputs(30, 0.2)).value, 5)
    const cosines = onTheCpu(() => {
      const [embeddings, weights, y, margin] = ['embeddings', 'weights', 'labels', 'margin'].map((name) => tensorOf(long[name as keyof typeof long]))
      return Array.from(additiveAngularMargin({ embeddings, weights, labels: y, margin }, { scale: 8, beyond: 'penalty' }).cosines.dataSync())
    })
    expect(cosines).toEqual([expect.closeTo(Math.sqrt(0.75), 5), expect.closeTo(0.5, 5)])
  })

  it('survives a zero embedding', () => {
    const { value, gradients } = evaluate(arc(8, 'penalty'), { ...inputs(0, 0.2), embeddings: matrix([[0, 0]]) }, ['embeddings', 'weights'])
    // θ = 90° by definition: s·cos(90° + m) against 0.
    expect(value).toBeCloseTo(Math.log(1 + Math.exp(8 * Math.sin(0.2))), 4)
    expect(gradients.embeddings.map(Math.abs)).toEqual([0, 0])
    expect(finite(gradients.weights)).toBe(true)
  })
})

describe('margin schedule', () => {
  it('is 0 to 13 % of training, m from 27 % on, and rises in between, fast at first', () => {
    expect([0, 0.1, 0.13].map((progress) => marginAt(progress, 0.2))).toEqual([0, 0, 0])
    expect([0.27, 0.5, 1].map((progress) => marginAt(progress, 0.2))).toEqual([0.2, 0.2, 0.2])
    const rise = Array.from({ length: 15 }, (_, i) => marginAt(0.13 + i / 100, 0.2))
    expect(rise.every((margin, i) => i === 0 || margin > rise[i - 1])).toBe(true)
    // Half way 1 − √0.001 of 1 − 0.001 is done.
    expect(marginAt(0.2, 0.2)).toBeCloseTo((0.2 * (1 - Math.sqrt(1e-3))) / 0.999, 9)
  })

  it('refuses a ramp without length', () => {
    expect(() => marginAt(0.1, 0.2, { from: 0.3, to: 0.3 })).toThrow(RangeError)
  })
})

describe('batch-hard triplet', () => {
  const triplet = (form: 'hinge' | 'softplus') => ({ e, y }: Readonly<Record<string, tf.Tensor>>) => batchHardTriplet(e, y, { form, margin: 0.3 })

  it('is the hand-worked loss', () => {
    const inputs = { e: matrix([at(0, 2), at(60), at(90, 7)]), y: labels(0, 0, 1) }
    const [first, second] = [1 - Math.SQRT2 + 0.3, 1 - 2 * Math.sin(Math.PI / 12) + 0.3]
    expect(evaluate(triplet('hinge'), inputs).value).toBeCloseTo((Math.max(0, first) + second) / 2, 5)
    expect(evaluate(triplet('softplus'), inputs).value).toBeCloseTo((Math.log1p(Math.exp(first)) + Math.log1p(Math.exp(second))) / 2, 5)
  })

  it.each([
    ['one sample', [at(0)], [0]],
    ['no two of one identity', [at(0), at(40), at(80)], [0, 1, 2]],
    ['one identity only', [at(0), at(40), at(80)], [5, 5, 5]],
  ])('is 0 without gradient for %s', (_, rows, y) => {
    const { value, gradients } = evaluate(triplet('softplus'), { e: matrix(rows), y: labels(...y) }, ['e'])
    expect(value).toBe(0)
    expect(gradients.e.every((one) => one === 0)).toBe(true)
  })

  it('costs the margin where all embeddings are one, without NaN', () => {
    const { value, gradients } = evaluate(triplet('hinge'), { e: matrix([at(30), at(30), at(30), at(30)]), y: labels(0, 0, 1, 1) }, ['e'])
    expect(value).toBeCloseTo(0.3, 6)
    expect(finite(gradients.e)).toBe(true)
  })

  it('shares the gradient among equally hard negatives', () => {
    const inputs = { e: matrix([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, -1, 0]]), y: labels(0, 0, 1, 2) }
    const { gradients } = evaluate(triplet('softplus'), inputs, ['e'])
    const [third, fourth] = [gradients.e.slice(6, 9), gradients.e.slice(9, 12)]
    expect(Math.abs(third[0])).toBeGreaterThan(0.01)
    // Mirror images of each other, and nothing pulls the anchor to either side.
    expect(third[0]).toBeCloseTo(fourth[0], 6)
    expect(gradients.e[1]).toBeCloseTo(0, 6)
  })
})
