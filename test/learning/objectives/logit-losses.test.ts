import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../../src-main/curation/random.ts'
import { decoupledDistillation } from '../../../src-main/learning/objectives/decoupled-distillation.ts'
import { adaptiveTarget, exitHead } from '../../../src-main/learning/objectives/exit-heads.ts'
import { hardLabelDistillation } from '../../../src-main/learning/objectives/hard-label-distillation.ts'
import { pearsonRelations } from '../../../src-main/learning/objectives/pearson-relations.ts'
import { softmaxDivergence } from '../../../src-main/learning/objectives/softmax-divergence.ts'
import { interpolation } from '../../../src-main/learning/objectives/token-alignment.ts'
import { weightedSum } from '../../../src-main/learning/objectives/weighted-sum.ts'
import { withoutGradient } from '../../../src-main/learning/objectives/without-gradient.ts'
import { declareNetwork } from '../../../src-main/learning/networks/parameter-layout.ts'
import { gaussian } from './every-objective.ts'
import { evaluate, type Input, type Loss, labels, matrix, onTheCpu, scalar, scopeOf, tensorOf } from './on-the-cpu.ts'
import { softmax } from './reference.ts'

const zeros = matrix([[0, 0]])
const random = (seed: number, ...shape: number[]): Input => gaussian(Random.of('logit losses', seed), shape, 2)
const divergence = (temperature: number): Loss => ({ s, t }) => softmaxDivergence(s, t, temperature)

describe('softmax divergence', () => {
  it('is the hand-worked divergence', () => {
    expect(evaluate(divergence(1), { s: zeros, t: matrix([[Math.log(3), 0]]) }).value).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 6)
  })

  it('is τ² times that of logits divided by τ, and does not see a constant added to them', () => {
    const [s, t] = [random(1, 5, 4), random(2, 5, 4)]
    const divided = (input: Input): Input => ({ ...input, values: input.values.map((value) => value / 3) })
    expect(evaluate(divergence(3), { s, t }).value).toBeCloseTo(9 * evaluate(divergence(1), { s: divided(s), t: divided(t) }).value, 4)
    expect(evaluate(divergence(3), { s: { ...s, values: s.values.map((value) => value + 50) }, t }).value).toBeCloseTo(evaluate(divergence(3), { s, t }).value, 4)
  })

  it('has the gradient τ·(p_S − p_T) / B', () => {
    const [s, t] = [random(3, 2, 3), random(4, 2, 3)]
    const { gradients } = evaluate(divergence(4), { s, t }, ['s'])
    const posterior = (input: Input) => [input.values.slice(0, 3), input.values.slice(3)].flatMap((row) => softmax(row, 4))
    posterior(s).forEach((p, i) => {
      expect(gradients.s[i]).toBeCloseTo((4 * (p - posterior(t)[i])) / 2, 5)
    })
  })

  it('stays finite for logits of ±1000', () => {
    const { value, gradients } = evaluate(divergence(1), { s: matrix([[-1000, 1000]]), t: matrix([[1000, -1000]]) }, ['s'])
    expect(value).toBeCloseTo(2000, 2)
    expect(gradients.s).toEqual([-1, 1])
  })

  it('refuses a temperature that is not positive', () => {
    expect(() => evaluate(divergence(0), { s: zeros, t: zeros })).toThrow(RangeError)
  })
})

describe('hard label', () => {
  it('is the cross-entropy to the first largest logit', () => {
    const loss: Loss = ({ s, t }) => hardLabelDistillation(s, t)
    expect(evaluate(loss, { s: matrix([[0, Math.log(3)]]), t: matrix([[0, 2]]) }).value).toBeCloseTo(Math.log(4 / 3), 6)
    expect(evaluate(loss, { s: matrix([[0, Math.log(3)]]), t: matrix([[2, 2]]) }).value).toBeCloseTo(Math.log(4), 6)
  })
})

describe('decoupled distillation', () => {
  const decoupled = (target: number, others: number, temperature = 1): Loss => ({ s, t, y }) => decoupledDistillation(s, t, y, { target, others, temperature })

  it('is the hand-worked loss', () => {
    const inputs = { s: matrix([[0, 0, 0]]), t: matrix([[Math.log(2), Math.log(3), 0]]), y: labels(0) }
    expect(evaluate(decoupled(1, 0), inputs).value).toBeCloseTo(0, 6)
    expect(evaluate(decoupled(0, 1), inputs).value).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 6)
  })

  it('is the ordinary divergence with α = 1 and β = 1 − p_T,y', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(1, 2, 4), (seed, temperature) => {
        const [s, t, y] = [random(seed, 1, 5), random(seed + 1, 1, 5), labels(3)]
        const others = 1 - softmax(t.values, temperature)[3]
        expect(evaluate(decoupled(1, others, temperature), { s, t, y }).value).toBeCloseTo(evaluate(divergence(temperature), { s, t }).value, 4)
      }),
      { numRuns: 20 },
    )
  })

  it('stays finite for a teacher that is sure', () => {
    const { value, gradients } = evaluate(decoupled(1, 8), { s: matrix([[0, 0, 0]]), t: matrix([[200, 0, 1]]), y: labels(0) }, ['s'])
    expect(value).toBeCloseTo(Math.log(3) + 8 * (softmax([0, 1]).reduce((sum, p) => sum + p * Math.log(2 * p), 0)), 4)
    expect(gradients.s.every(Number.isFinite)).toBe(true)
  })

  it('counts a wrong student to the full at two classes, where nothing is left among the others', () => {
    const [s, t] = [random(7, 3, 2), random(8, 3, 2)]
    expect(evaluate(decoupled(1, 8), { s, t, y: labels(0, 1, 1) }).value).toBeCloseTo(evaluate(divergence(1), { s, t }).value, 4)
  })
})

describe('Pearson relations', () => {
  const dist: Loss = ({ s, t }) => pearsonRelations(s, t, { inter: 2, intra: 1, temperature: 1 })

  it('is 0 for the teacher itself, and 2·(β + γ) for exchanged logits of two classes', () => {
    const t = random(9, 4, 2)
    const exchanged = { ...t, values: t.values.map((_, i) => t.values[i ^ 1]) }
    expect(evaluate(dist, { s: t, t }).value).toBeCloseTo(0, 5)
    expect(evaluate(dist, { s: exchanged, t }).value).toBeCloseTo(2 * (2 + 1), 4)
  })

  it('gives 1 and no gradient where the student does not vary', () => {
    const { value, gradients } = evaluate(dist, { s: { shape: [3, 4], values: Array.from({ length: 12 }, () => 0.7) }, t: random(10, 3, 4) }, ['s'])
    expect(value).toBeCloseTo(3, 5)
    expect(gradients.s.every((gradient) => gradient === 0)).toBe(true)
  })
})

describe('adaptive target', () => {
  const ofa = (gamma: number): Loss => ({ s, t, y }) => adaptiveTarget(s, t, y, { gamma })

  it('is the hand-worked loss', () => {
    expect(evaluate(ofa(2), { s: zeros, t: matrix([[Math.log(3), 0]]), y: labels(0) }).value).toBeCloseTo(2.125 * Math.LN2, 5)
  })

  it('is the divergence plus the teacher\'s entropy with γ = 1, whatever the labels', () => {
    const [s, t] = [random(11, 3, 4), random(12, 3, 4)]
    const rows = [0, 1, 2].map((i) => softmax(t.values.slice(i * 4, i * 4 + 4)))
    const entropy = rows.flat().reduce((sum, p) => sum - p * Math.log(p), 0) / 3
    for (const y of [labels(0, 1, 2), labels(3, 3, 3)]) expect(evaluate(ofa(1), { s, t, y }).value).toBeCloseTo(evaluate(divergence(1), { s, t }).value + entropy, 4)
  })
})

describe('exit head', () => {
  const head = (stage: number) => (scope: Parameters<typeof exitHead>[1], tokens: tf.Tensor) => exitHead(tokens, scope, { stage, classes: 3 })
  const layoutOf = (stage: number) => onTheCpu(() => declareNetwork((scope) => head(stage)(scope, tf.zeros([2, 5, 8]))))
  const weightsOf = (stage: number) => Object.fromEntries(layoutOf(stage).weights.map(({ name, shape }, i) => [name, random(100 + i, ...shape)]))

  it.each([[1, 3], [2, 2], [3, 1], [4, 1]])('after stage %i has %i blocks', (stage, blocks) => {
    expect(new Set(layoutOf(stage).weights.map(({ name }) => name.split('/')[0]))).toEqual(new Set([...Array.from({ length: blocks }, (_, i) => `block${i + 1}`), 'classifier']))
  })

  it('is the classifier of the class token where its blocks add nothing', () => {
    const weights = weightsOf(2)
    for (const [name, { shape }] of Object.entries(weights)) if (name.startsWith('block')) weights[name] = { shape, values: shape.length === 0 ? [0] : Array.from({ length: shape.reduce((a, b) => a * b) }, () => 0) }
    const tokens = random(20, 2, 5, 8)
    const logits = logitsOf(2, tokens, weights)
    const [kernel, bias] = [weights['classifier/weight'].values, weights['classifier/bias'].values]
    for (let b = 0; b < 2; b++) {
      for (let c = 0; c < 3; c++) {
        const expected = bias[c] + Array.from({ length: 8 }, (_, k) => tokens.values[b * 40 + k] * kernel[k * 3 + c]).reduce((sum, term) => sum + term)
        expect(logits[b * 3 + c]).toBeCloseTo(expected, 4)
      }
    }
  })

  it('reads the other tokens too, in any order', () => {
    const weights = weightsOf(3)
    const tokens = random(21, 1, 5, 8)
    const rows = Array.from({ length: 5 }, (_, i) => tokens.values.slice(i * 8, i * 8 + 8))
    const logits = logitsOf(3, tokens, weights)
    const turned = logitsOf(3, { ...tokens, values: [rows[0], rows[4], rows[2], rows[1], rows[3]].flat() }, weights)
    const other = logitsOf(3, { ...tokens, values: [rows[0], rows[1], rows[2], rows[3], rows[3]].flat() }, weights)
    turned.forEach((logit, i) => {
      expect(Math.abs(logit - logits[i])).toBeLessThan(1e-4 * Math.max(1, Math.abs(logits[i])))
    })
    expect(other).not.toEqual(logits)
  })

  it('refuses a stage that there is not', () => {
    expect(() => layoutOf(5)).toThrow(RangeError)
  })

  function logitsOf(stage: number, tokens: Input, weights: Readonly<Record<string, Input>>): number[] {
    return onTheCpu(() => Array.from(head(stage)(scopeOf(Object.fromEntries(Object.entries(weights).map(([name, input]) => [name, tensorOf(input)]))), tensorOf(tokens)).dataSync()))
  }
})

describe('interpolation', () => {
  it('is the hand-worked matrix', () => {
    expect(Array.from(interpolation(2, 4))).toEqual([1, 0.75, 0.25, 0, 0, 0.25, 0.75, 1])
    expect(Array.from(interpolation(1, 3))).toEqual([1, 1, 1])
    expect(Array.from(interpolation(3, 3))).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1])
  })

  it('keeps constants, and straight lines wherever it does not reach past the ends', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (length, count) => {
        const weights = interpolation(length, count)
        for (let n = 0; n < count; n++) {
          const column = Array.from({ length }, (_, l) => weights[l * count + n])
          expect(column.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6)
          const place = Math.min(length - 1, Math.max(0, ((n + 0.5) * length) / count - 0.5))
          expect(column.reduce((sum, weight, l) => sum + weight * l, 0)).toBeCloseTo(place, 4)
        }
      }),
    )
  })
})

describe('without gradient', () => {
  it('keeps the value, takes the path, and leaves the other paths of the same tensor alone', () => {
    expect(evaluate(({ x }) => tf.mul(x, withoutGradient(() => tf.square(x))), { x: scalar(3) }, ['x'])).toEqual({ value: 27, gradients: { x: [9] } })
    expect(evaluate(({ x }) => tf.mul(x, withoutGradient(() => x)), { x: scalar(3) }, ['x'])).toEqual({ value: 9, gradients: { x: [3] } })
  })
})

describe('weighted sum', () => {
  it('adds what has a weight, and never makes what has none', () => {
    const { total, terms } = onTheCpu(() => {
      const sum = weightedSum({
        identity: { weight: 0.5, value: () => tf.scalar(2) },
        logit: { weight: 3, value: () => tf.scalar(4) },
        stage: {
          weight: 0,
          value: () => {
            throw new Error('made')
          },
        },
      })
      return { total: sum.total.dataSync()[0], terms: Object.entries(sum.terms).map(([name, value]) => [name, value.dataSync()[0]]) }
    })
    expect(total).toBe(13)
    expect(terms).toEqual([['identity', 2], ['logit', 4]])
  })

  it('refuses weights that are no weights, and a sum of nothing', () => {
    const value = () => tf.scalar(1)
    for (const weight of [-1, NaN, Infinity]) expect(() => onTheCpu(() => weightedSum({ a: { weight, value } }))).toThrow(RangeError)
    expect(() => weightedSum({ a: { weight: 0, value } })).toThrow(RangeError)
  })
})
