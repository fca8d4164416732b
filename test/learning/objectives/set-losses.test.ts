import type { Tensor } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { Random } from '../../../src-main/curation/random.ts'
import { contrastiveAlignment } from '../../../src-main/learning/objectives/contrastive-alignment.ts'
import { correlationAlignment } from '../../../src-main/learning/objectives/correlation-alignment.ts'
import { cosineDistance } from '../../../src-main/learning/objectives/cosine-distance.ts'
import { maximumMeanDiscrepancy } from '../../../src-main/learning/objectives/maximum-mean-discrepancy.ts'
import { relationalAngle } from '../../../src-main/learning/objectives/relational-angle.ts'
import { relationalDistance } from '../../../src-main/learning/objectives/relational-distance.ts'
import { similarityPreserving } from '../../../src-main/learning/objectives/similarity-preserving.ts'
import { sinkhorn } from '../../../src-main/learning/objectives/sinkhorn.ts'
import { gaussian } from './every-objective.ts'
import { evaluate, type Input, type Inputs, labels, matrix, scalar } from './on-the-cpu.ts'

type Two = (student: Tensor, teacher: Tensor) => Tensor
const of = (loss: Two, student: Input, teacher: Input): number => evaluate(({ student: s, teacher: t }) => loss(s, t), { student, teacher }).value
const scaled = (input: Input, by: number): Input => ({ ...input, values: input.values.map((value) => value * by) })
const moved = (input: Input, by: number): Input => ({ ...input, values: input.values.map((value) => value + by) })
const some = (seed: number, ...shape: number[]): Input => gaussian(Random.of('set losses', seed), shape)
const one = matrix([[1, 0]])

describe('hand-worked numbers', () => {
  it('cosine distance', () => {
    expect(of(cosineDistance, matrix([[1, 0], [0, 2]]), matrix([[3, 0], [5, 0]]))).toBeCloseTo(0.5, 6)
  })

  it('maximum mean discrepancy of two opposite points: the squared distance is the bandwidth', () => {
    const kernels = [4, 2, 1, 0.5, 0.25].map((power) => Math.exp(-power)).reduce((sum, kernel) => sum + kernel)
    expect(of(maximumMeanDiscrepancy, one, matrix([[-1, 0]]))).toBeCloseTo(2 * (5 - kernels), 5)
  })

  it('similarity preserving', () => {
    expect(of(similarityPreserving, matrix([[2, 0], [0, 3]]), matrix([[1, 1, 1], [4, 4, 4]]))).toBeCloseTo(0.5, 6)
  })

  it('relational distance of points on a line', () => {
    expect(of(relationalDistance, matrix([[0], [1], [2]]), matrix([[0], [1], [4]]))).toBeCloseTo(0.03125, 5)
  })

  it('relational angle of a right-angled triangle against a line', () => {
    const expected = (2 * 0.5 + 4 * 0.5 * (1 - Math.SQRT1_2) ** 2) / 27
    expect(of(relationalAngle, matrix([[0, 0], [1, 0], [0, 1]]), matrix([[0], [1], [-1]]))).toBeCloseTo(expected, 5)
  })

  it('correlation alignment', () => {
    expect(of(correlationAlignment, matrix([[-1, 0], [1, 0]]), matrix([[0, -1], [0, 1]]))).toBeCloseTo(0.5, 6)
  })

  it('contrastive alignment, with labels that differ and with one person twice', () => {
    const clip = (...y: number[]) => evaluate(({ t, s, labels: l, scale }) => contrastiveAlignment(t, s, l, scale), {
      t: matrix([[1, 0], [0, 1]]), s: matrix([[5, 0], [0, 5]]), labels: labels(...y), scale: scalar(0),
    }).value
    expect(clip(0, 1)).toBeCloseTo(-Math.log(Math.E / (Math.E + 1)), 5)
    expect(clip(0, 0)).toBeCloseTo(-Math.log(Math.E / (Math.E + 1)) + 0.5, 5)
  })

  it('optimal transport: the best assignment for a small ε, the mean cost for a large one', () => {
    const cost = (epsilon: number) => evaluate(({ s, t, e }) => sinkhorn(s, t, e), { s: matrix([[1, 0], [0, 1]]), t: matrix([[0, 1], [1, 0]]), e: scalar(epsilon) }).value
    expect(cost(0.05)).toBeCloseTo(0, 6)
    expect(cost(1e6)).toBeCloseTo(0.5, 5)
    // Between: the plan's own is ½·e^0 and ½·e^(−1/ε), normalised.
    expect(cost(0.5)).toBeCloseTo(Math.exp(-2) / (1 + Math.exp(-2)), 5)
  })
})

describe('invariances', () => {
  const [student, teacher] = [some(1, 6, 4), some(2, 6, 4)]

  it.each([
    ['cosine distance', cosineDistance, true],
    ['maximum mean discrepancy', maximumMeanDiscrepancy, true],
    ['similarity preserving', similarityPreserving, true],
    ['relational distance', relationalDistance, true],
    ['relational angle', relationalAngle, true],
    ['correlation alignment', correlationAlignment, false],
  ] as const)('%s: 0 between equals, not below 0, and whether scale counts', (_, loss, scaleFree) => {
    expect(of(loss, student, student)).toBeCloseTo(0, 6)
    const value = of(loss, student, teacher)
    expect(value).toBeGreaterThan(1e-3)
    if (scaleFree) expect(of(loss, scaled(student, 30), scaled(teacher, 0.2))).toBeCloseTo(value, 4)
    else expect(of(loss, scaled(student, 2), scaled(teacher, 2)) / value).toBeCloseTo(16, 2)
  })

  it.each([
    ['relational distance', relationalDistance],
    ['relational angle', relationalAngle],
    ['correlation alignment', correlationAlignment],
  ] as const)('%s does not see where the origin is', (_, loss) => {
    expect(of(loss, moved(student, 5), teacher)).toBeCloseTo(of(loss, student, teacher), 4)
  })

  it('both ways of correlation alignment are one: features repeated d times over are wider than the batch', () => {
    // Every covariance entry appears 9 times, over 9 d² · 4: the same loss.
    const wide = (input: Input): Input => ({ shape: [6, 12], values: Array.from({ length: 6 }, (_, i) => input.values.slice(i * 4, i * 4 + 4)).flatMap((row) => [...row, ...row, ...row]) })
    const wider = (input: Input): Input => ({ shape: [6, 24], values: Array.from({ length: 6 }, (_, i) => wide(input).values.slice(i * 12, i * 12 + 12)).flatMap((row) => [...row, ...row]) })
    const value = of(correlationAlignment, student, teacher)
    expect(of(correlationAlignment, wide(student), wide(teacher))).toBeCloseTo(value, 5)
    expect(of(correlationAlignment, wider(student), wider(teacher))).toBeCloseTo(value, 5)
  })

  it('the contrastive scale stops at 100, and only a gradient that lowers it passes there', () => {
    const at = (logScale: number, y: number[], s: Input) =>
      evaluate(({ t, s: b, labels: l, scale }) => contrastiveAlignment(t, b, l, scale), { t: matrix([[1, 0], [0, 1]]), s, labels: labels(...y), scale: scalar(logScale) }, ['scale'])
    const [good, bad] = [matrix([[1, 0.9], [0.9, 1]]), matrix([[0.9, 1], [1, 0.9]])]
    const cap = Math.log(100)
    expect(at(cap + 2, [0, 1], bad).value).toBeCloseTo(at(cap, [0, 1], bad).value, 3)
    // Right pairs: a larger scale would lower the loss.
    expect(at(cap - 3, [0, 1], good).gradients.scale[0]).toBeLessThan(-0.01)
    expect(at(cap + 0.01, [0, 1], good).gradients.scale[0]).toBe(0)
    // Wrong pairs: a smaller one would.
    expect(at(cap + 0.01, [0, 1], bad).gradients.scale[0]).toBeGreaterThan(0.1)
  })
})

describe('degenerate batches', () => {
  const same: Input = { shape: [4, 3], values: Array.from({ length: 12 }, (_, i) => [0.3, -2, 1.7][i % 3]) }
  const zeros: Input = { shape: [4, 3], values: Array.from({ length: 12 }, () => 0) }
  const varied = some(3, 4, 3)
  const losses: Record<string, (t: Readonly<Record<string, Tensor>>) => Tensor> = {
    cosine: ({ student, teacher }) => cosineDistance(student, teacher),
    discrepancy: ({ student, teacher }) => maximumMeanDiscrepancy(student, teacher),
    similarity: ({ student, teacher }) => similarityPreserving(student, teacher),
    distance: ({ student, teacher }) => relationalDistance(student, teacher),
    angle: ({ student, teacher }) => relationalAngle(student, teacher),
    correlation: ({ student, teacher }) => correlationAlignment(student, teacher),
    contrastive: ({ student, teacher, y, scale }) => contrastiveAlignment(teacher, student, y, scale),
    transport: ({ student, teacher, scale }) => sinkhorn(student, teacher, scale),
  }
  const first = (input: Input): Input => ({ shape: [1, 3], values: input.values.slice(0, 3) })

  it.each(Object.keys(losses))('%s is finite, as is its gradient, for equal rows, zero rows and one row', (name) => {
    for (const [student, teacher] of [[same, varied], [varied, same], [same, same], [zeros, varied], [zeros, zeros], [first(varied), first(same)]]) {
      const inputs: Inputs = { student, teacher, y: labels(...Array.from({ length: student.shape[0] }, (_, i) => i % 2)), scale: scalar(0.1) }
      const { value, gradients } = evaluate(losses[name], inputs, ['student'])
      expect([value, ...gradients.student].every((number) => Number.isFinite(number) && Math.abs(number) < 1e4)).toBe(true)
    }
  })
})
