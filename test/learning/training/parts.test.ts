import fc from 'fast-check'
import { expect, it } from 'vitest'
import { loadEngine } from '../../../src-main/learning/engine/load-engine.ts'
import { compactModel } from '../../../src-main/learning/recipes/answers.ts'
import { scratchPhase } from '../../../src-main/learning/recipes/student.ts'
import { Answering } from '../../../src-main/learning/training/answering.ts'
import { clippingScale, gradientNorm } from '../../../src-main/learning/training/gradient-clipping.ts'
import { MaskSource } from '../../../src-main/learning/training/masks.ts'
import { makeOptimizer } from '../../../src-main/learning/training/optimizers/make-optimizer.ts'
import { learningRate, plateau, plateauStart } from '../../../src-main/learning/training/schedule.ts'
import { updateAverage } from '../../../src-main/learning/training/weight-average.ts'
import { layoutOf, setting, studentOptions, tinyBatch, tinyFit, untrained } from '../recipes/tiny-phases.ts'

it('the rate rises evenly to its full height, then falls: half a cosine, evenly in its logarithm, or by the plateau\'s steps', () => {
  const at = (step: number, schedule: Parameters<typeof learningRate>[1], drops = 0): number => learningRate(2, schedule, { step, steps: 110, drops })
  const cosine = { kind: 'cosine', warmUp: 1 / 11, floor: 0.1 } as const
  expect([0, 4, 9].map((step) => at(step, cosine))).toEqual([0.2, 1, 2])
  // 10 steps of warm-up; half way down between 2 and 0.2; at the bottom.
  expect([10, 60, 110].map((step) => at(step, cosine))).toEqual([2, expect.closeTo(1.1, 12), expect.closeTo(0.2, 12)])
  const exponential = { kind: 'exponential', warmUp: 1 / 11, floor: 0.01 } as const
  expect([10, 60, 110].map((step) => at(step, exponential))).toEqual([2, expect.closeTo(0.2, 12), expect.closeTo(0.02, 12)])
  expect([0, 1, 3].map((drops) => at(50, { kind: 'plateau', warmUp: 0, patience: 1, factor: 0.5 }, drops))).toEqual([2, 1, 0.25])
})

it('a plateau drops after so many epochs in a row without a better value, and counts anew', () => {
  const states = [0.5, 0.5, 0.6, 0.4, 0.4, Infinity, 0.4, 0.3].reduce<(typeof plateauStart)[]>((all, value) => [...all, plateau(all.at(-1) ?? plateauStart, value, 2)], [])
  expect(states.map(({ drops }) => drops)).toEqual([0, 0, 1, 1, 1, 2, 2, 2])
  expect(states.map(({ best }) => best)).toEqual([0.5, 0.5, 0.5, 0.4, 0.4, 0.4, 0.4, 0.3])
})

it('the average of weights that stay is their value, and of two values what the sum says', () => {
  const average = Float32Array.of(5, 0)
  // d = min(0.9, 2 / 11), then min(0.9, 3 / 12).
  updateAverage(average, Float32Array.of(5, 11), 0.9, 1)
  expect(Array.from(average)).toEqual([5, 9])
  updateAverage(average, Float32Array.of(5, 1), 0.9, 2)
  expect(Array.from(average)).toEqual([5, 3])
  updateAverage(average, Float32Array.of(5, 13), 0.9, 1e6)
  expect(average[1]).toBeCloseTo(4, 6)
})

it('the norm is the root of the sum of squares, in an optimizer\'s memory as anywhere, and NaN and infinity show in it', () => {
  const layout = layoutOf(scratchPhase(studentOptions(), setting))
  const own = makeOptimizer(tinyFit, layout).allocate()
  fc.assert(
    fc.property(fc.array(fc.float({ noNaN: true, min: -1e3, max: 1e3 }), { minLength: 1, maxLength: 40 }), fc.nat(own.length - 40), (values, at) => {
      const plain = Float32Array.from(values)
      own.fill(0)
      own.set(plain, at)
      const expected = Math.hypot(...plain)
      expect(gradientNorm(plain)).toBeCloseTo(expected, 6)
      expect(Math.abs(gradientNorm(own) - expected)).toBeLessThanOrEqual(1e-5 * expected + 1e-9)
    }),
    { numRuns: 40 },
  )
  for (const bad of [Number.NaN, Infinity]) {
    for (const at of [0, 3, own.length - 1]) {
      own.fill(0)
      own[at] = bad
      expect(Number.isFinite(gradientNorm(own))).toBe(false)
    }
  }
  expect([clippingScale(10, 5), clippingScale(5, 5), clippingScale(1, 5), clippingScale(1e9, null)]).toEqual([0.5, 1, 1, 1])
})

it('masks depend on seed, purpose and step alone, keep what they should on average, and make up for what they drop', () => {
  const entries = [{ name: 'a', shape: [100, 100], keep: 0.8 }, { name: 'b', shape: [500], keep: 1 }]
  const copy = (masks: Record<string, Float32Array>): Record<string, Float32Array> => Object.fromEntries(Object.entries(masks).map(([name, values]) => [name, values.slice()]))
  const source = new MaskSource(entries, 'x', 1)
  const seventh = copy(source.at(7))
  for (const step of [1, 9, 3]) expect(source.at(step)).not.toEqual(seventh)
  expect(source.at(7)).toEqual(seventh)
  expect(new MaskSource(entries, 'x', 1).at(7)).toEqual(seventh)
  expect(new MaskSource(entries, 'x', 2).at(7)).not.toEqual(seventh)
  expect(new MaskSource(entries, 'y', 1).at(7)).not.toEqual(seventh)
  expect(new Set(seventh['mask:a'])).toEqual(new Set([0, Math.fround(1 / 0.8)]))
  expect(seventh['mask:b'].every((value) => value === 1)).toBe(true)
  // 10,000 draws: five standard deviations are 2.5 % of the mean.
  expect(Math.abs(seventh['mask:a'].reduce((sum, value) => sum + value, 0) / 10_000 - 1)).toBeLessThan(0.025)
})

it('an answer does not depend on the windows beside it, nor on how many fit into a batch', async () => {
  const engine = await loadEngine('onnx', { threads: 1, provider: 'cpu' })
  const { shape, state } = untrained(scratchPhase(studentOptions(), setting))
  const samples = Float32Array.from({ length: 11 * setting.length }, (_, i) => Math.sin(i * 0.37))
  const answered = async (batch: number, from: number, to: number) => {
    const answering = await Answering.compile(engine, shape, batch)
    const answers = await answering.answer(samples.subarray(from * setting.length, to * setting.length), state)
    answering.dispose()
    return answers
  }
  const all = await answered(4, 0, 11)
  expect([all.dimensions, all.embeddings.length, all.cosines.length]).toEqual([16, 11 * 16, 11 * 3])
  for (let row = 0; row < 11; row++) expect(Math.hypot(...all.embeddings.subarray(row * 16, row * 16 + 16))).toBeCloseTo(1, 5)
  const some = await answered(4, 2, 9)
  some.embeddings.forEach((value, i) => expect(value).toBeCloseTo(all.embeddings[2 * 16 + i], 5))
  const alone = await answered(1, 10, 11)
  alone.cosines.forEach((value, i) => expect(value).toBeCloseTo(all.cosines[10 * 3 + i], 5))
  expect((await answered(4, 0, 0)).embeddings).toHaveLength(0)
  engine.dispose()
})

it('what is left of a training network is what answering asks for, by name', () => {
  const phase = scratchPhase(studentOptions(), setting)
  const layout = layoutOf(phase)
  const weights = Float32Array.from({ length: layout.weightCount }, (_, i) => i)
  const { layout: own, state } = compactModel(phase.shape, layout, { weights, statistics: new Float32Array(layout.statisticCount) })
  for (const { name, offset } of own.weights) expect(state.weights[offset]).toBe(layout.weights.find((entry) => entry.name === name)?.offset)
  expect(() => compactModel({ ...phase.shape, network: { ...phase.shape.network, preset: 'deit-mini' } }, layout, { weights, statistics: new Float32Array(0) })).toThrow(/was not trained/)
  expect(tinyBatch().x).toHaveLength(6 * setting.length)
})
