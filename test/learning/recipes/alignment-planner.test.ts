import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bisectedMedian } from '../../../src-main/learning/objectives/bisected-median.ts'
import { pairedContrast } from '../../../src-main/learning/objectives/paired-contrast.ts'
import { standardisedLogits } from '../../../src-main/learning/objectives/standardised-logits.ts'
import { plannedFeatures, stretches, tokenWeights } from '../../../src-main/learning/recipes/alignment-planner.ts'
import { unpairedAtMean } from '../../../src-main/learning/recipes/paired-rows.ts'
import { evaluate, matrix, onTheCpu, scopeOf } from '../objectives/on-the-cpu.ts'

const softmax = (z: readonly number[]): number[] => {
  const e = z.map(Math.exp)
  return e.map((one) => one / e.reduce((a, b) => a + b))
}
const rows = fc.integer({ min: 2, max: 5 }).chain((count) => fc.array(fc.array(fc.integer({ min: -30, max: 30 }).map((n) => n / 10 + 0.05), { minLength: 3, maxLength: 3 }), { minLength: count, maxLength: count }))

describe('the matcher\'s loss', () => {
  const unit = (row: readonly number[]): number[] => row.map((value) => value / Math.hypot(...row))
  const cosines = (a: readonly number[][], b: readonly number[][], scale: number): number[][] => a.map((p) => b.map((q) => scale * unit(p).reduce((sum, value, k) => sum + value * unit(q)[k], 0)))
  const entropy = (targets: readonly number[][], logits: readonly number[][]): number => targets.reduce((sum, row, i) => sum - row.reduce((all, q, j) => all + q * Math.log(softmax(logits[i])[j]), 0), 0) / targets.length
  const turned = (m: readonly number[][]): number[][] => m[0].map((_, j) => m.map((row) => row[j]))
  const second = (t: readonly number[][], s: readonly number[][], scale: number, targets: readonly number[][]): number => (entropy(targets, cosines(t, s, scale)) + entropy(targets, turned(cosines(t, s, scale)))) / 2
  const targetsOf = (t: readonly number[][], s: readonly number[][], scale: number, form: 'soft' | 'hard'): number[][] =>
    form === 'hard' ? t.map((_, i) => t.map((__, j) => Number(i === j))) : cosines(t, t, scale).map((row, i) => softmax(row.map((one, j) => (one + cosines(s, s, scale)[i][j]) / 2)))

  it.each(['soft', 'hard'] as const)('with %s targets has the value and the gradient of a second implementation', (targets) => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 80 }), (t, tenths) => {
        const scale = tenths / 10
        const s = t.map((row, i) => row.map((value, k) => value * 0.7 + Math.sin(3 * i + k)))
        const { value, gradients } = evaluate(({ teacher, student: own }) => pairedContrast(teacher, own, { scale, targets }), { teacher: matrix(t), student: matrix(s) }, ['teacher', 'student'])
        const held = targetsOf(t, s, scale, targets)
        expect(value).toBeCloseTo(second(t, s, scale, held), 3)
        const slope = (name: 'teacher' | 'student', i: number, k: number): number => {
          const at = (by: number): number => {
            const changed = (name === 'teacher' ? t : s).map((row, r) => row.map((one, c) => (r === i && c === k ? one + by : one)))
            return name === 'teacher' ? second(changed, s, scale, held) : second(t, changed, scale, held)
          }
          return (at(1e-5) - at(-1e-5)) / 2e-5
        }
        for (const name of ['teacher', 'student'] as const) {
          const most = Math.max(0.05, ...gradients[name].map(Math.abs))
          gradients[name].forEach((one, n) => expect(Math.abs(one - slope(name, Math.floor(n / 3), n % 3)) / most).toBeLessThan(5e-3))
        }
      }),
      { numRuns: 20 },
    )
  })

  it('is that of the hand-worked examples', () => {
    const both = matrix([[1, 0], [0, 1]])
    const of = (targets: 'soft' | 'hard'): number => evaluate(({ teacher, student: own }) => pairedContrast(teacher, own, { scale: 1, targets }), { teacher: both, student: both }).value
    expect(of('hard')).toBeCloseTo(0.3133, 4)
    expect(of('soft')).toBeCloseTo(0.5822, 4)
  })
})

describe('the planner', () => {
  const numbers = (count: number, seed: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(seed + i * 1.7) + 0.4 * Math.cos(i * i * 0.31))
  const [count, width, heads] = [3, 4, 2]

  /** Token weights by hand: whole attention matrices, then the outer product and its means. */
  function literal(student_: number[][], teacher: number[][], weights: Record<string, number[]>): { student: number[]; teacher: number[] } {
    const received = (tokens: number[][], side: string): number[] => {
      const mapped = tokens.map((token) => Array.from({ length: 2 * width }, (_, k) => token.reduce((sum, value, i) => sum + value * weights[`${side}/query-key/weight`][i * 2 * width + k], weights[`${side}/query-key/bias`][k])))
      const size = width / heads
      const all = Array.from({ length: heads }, (_, h) => tokens.map((__, q) => softmax(tokens.map((___, k) => Array.from({ length: size }, (____, d) => mapped[q][h * size + d] * mapped[k][width + h * size + d]).reduce((a, b) => a + b) / Math.sqrt(size)))))
      return tokens.map((_, k) => all.flat().reduce((sum, row) => sum + row[k], 0) / (heads * tokens.length))
    }
    const [s, t] = [received(student_, 'student'), received(teacher, 'teacher')]
    const plan = t.map((a) => s.map((b) => a * b))
    const byRow = plan.map((row) => row.reduce((sum, value) => sum + value, 0) / count)
    const byColumn = s.map((_, j) => plan.reduce((sum, row) => sum + row[j], 0) / count)
    const normalised = (means: number[]): number[] => means.map((mean) => mean / (means.reduce((sum, value) => sum + value, 0) / count))
    return { student: normalised(byColumn), teacher: normalised(byRow) }
  }

  it('gives tokens the weights of the published plan, whose outer product need not be made, and keeps every window\'s energy', () => {
    const side = (seed: number): number[][] => Array.from({ length: count }, (_, i) => numbers(width, seed + i))
    const unitEnergy = (tokens: number[][]): number[][] => tokens.map((token) => token.map((value) => value / Math.sqrt(tokens.flat().reduce((sum, one) => sum + one * one, 0) / (count * width))))
    const [own, taught] = [unitEnergy(side(1)), unitEnergy(side(20))]
    const weights = Object.fromEntries(['student', 'teacher'].flatMap((name, k) => [[`${name}/query-key/weight`, numbers(width * 2 * width, 5 + k)], [`${name}/query-key/bias`, numbers(2 * width, 9 + k)]]))
    const expected = literal(own, taught, weights)
    const made = onTheCpu(() => {
      const scope = scopeOf(Object.fromEntries(Object.entries(weights).map(([name, values]) => [name, tf.tensor(values, name.endsWith('bias') ? [2 * width] : [width, 2 * width])])))
      const tensor = (tokens: number[][]): tf.Tensor => tf.tensor(tokens.flat(), [1, count, width])
      const planned = plannedFeatures(tensor(own), tensor(taught), scope, { heads })
      return { weights: Array.from(tokenWeights(tensor(own), scope.child('student'), heads).dataSync()), student: Array.from(planned.student.dataSync()), teacher: Array.from(planned.teacher.dataSync()) }
    })
    made.weights.forEach((weight, i) => expect(weight).toBeCloseTo(expected.student[i], 5))
    for (const [tokens, given, name] of [[own, made.student, 'student'], [taught, made.teacher, 'teacher']] as const) {
      const weighted = tokens.map((token, i) => token.map((value) => value * expected[name][i])).flat()
      const scale = Math.sqrt((count * width) / weighted.reduce((sum, value) => sum + value * value, 0))
      given.forEach((value, i) => expect(value).toBeCloseTo(weighted[i] * scale, 4))
      expect(given.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(count * width, 3)
    }
  })

  it('pools stretches of time whose parts sum to one', () => {
    expect(Array.from(stretches(3, 2), (part) => Number(part.toFixed(4)))).toEqual([0.6667, 0, 0.3333, 0.3333, 0, 0.6667])
    for (const [length, to] of [[79, 32], [8, 4], [5, 5]]) {
      const parts = stretches(length, to)
      for (let n = 0; n < to; n++) expect(Array.from({ length }, (_, i) => parts[i * to + n]).reduce((sum, part) => sum + part, 0)).toBeCloseTo(1, 5)
    }
  })
})

it('the median is that of sorting', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 40 }), (thousandths) => {
      const sorted = [...thousandths].sort((a, b) => a - b)
      const found = evaluate(({ x }) => bisectedMedian(x, 2), { x: matrix([thousandths.map((value) => value / 1000)]) }).value
      expect(found).toBeCloseTo(sorted[Math.ceil(sorted.length / 2) - 1] / 1000, 5)
    }),
  )
})

it('standardised logits and rows without a partner are those of the hand-worked examples', () => {
  const of = (run: () => tf.Tensor): number[] => onTheCpu(() => Array.from(run().dataSync(), (value) => Number(value.toFixed(5))))
  expect(of(() => standardisedLogits(tf.tensor2d([[1, 2, 3], [7, 7, 7]])))).toEqual([-1, 0, 1, 0, 0, 0])
  expect(of(() => unpairedAtMean(tf.tensor2d([[2], [4], [9]]), tf.tensor1d([1, 1, 0])))).toEqual([2, 4, 3])
  expect(of(() => unpairedAtMean(tf.tensor2d([[2], [4]]), tf.tensor1d([0, 0])))).toEqual([0, 0])
})
