import { describe, expect, it } from 'vitest'
import { FitOptions } from '../../../src-main/contract/index.ts'
import { Random } from '../../../src-main/curation/random.ts'
import { augment, usualAugmentation, type Augmentation } from '../../../src-main/learning/data/augmentation.ts'
import { TrainingBatches } from '../../../src-main/learning/data/batches.ts'
import { IdentitySampler } from '../../../src-main/learning/data/identity-sampler.ts'
import { recipeOf } from '../../../src-main/learning/recipes/recipe-presets.ts'
import { classesOf } from '../../../src-main/learning/data/window-rows.ts'
import { allRows, aWindowSet } from './a-window-set.ts'

const rateHz = 50
const length = 1000
const rows = 600
const none: Augmentation = { shiftSeconds: 0, amplitude: 0, noise: 0, modulation: 0, wander: 0 }
const random = (): Random => Random.of('breathing', 7)
/** Mean 3, deviation 2: 5, 1, 5, 1 ... */
const square = (at: number): number => 3 + (at % 2 === 0 ? 2 : -2)

/** Windows [rows, length, 1] of the square wave after `options`. */
function changed(options: Partial<Augmentation>): Float32Array[] {
  const batch = Float32Array.from({ length: rows * length }, (_, at) => square(at % length))
  augment(batch, { rows, length, channels: 1, rateHz }, { ...none, ...options }, random())
  return Array.from({ length: rows }, (_, row) => batch.subarray(row * length, (row + 1) * length))
}

/** Of a sine without knowing any of its three numbers: s[i - 1] + s[i + 1] = 2 cos(w) s[i], so that the slope of that line gives w, and least squares for sine and cosine of it the rest. */
function sineOf(values: readonly number[]): { hz: number; depth: number; phase: number; left: number } {
  let [both, own] = [0, 0]
  for (let i = 1; i + 1 < values.length; i++) {
    both += (values[i - 1] + values[i + 1]) * values[i]
    own += values[i] ** 2
  }
  const step = Math.acos(Math.min(1, both / own / 2))
  const [ss, cc, sc, sv, cv] = values.reduce((sums, value, i) => {
    const [s, c] = [Math.sin(step * i), Math.cos(step * i)]
    return [sums[0] + s * s, sums[1] + c * c, sums[2] + s * c, sums[3] + s * value, sums[4] + c * value]
  }, [0, 0, 0, 0, 0])
  const scale = ss * cc - sc * sc
  const [a, b] = [(sv * cc - cv * sc) / scale, (cv * ss - sv * sc) / scale]
  return { hz: (step * rateHz) / (2 * Math.PI), depth: Math.hypot(a, b), phase: Math.atan2(b, a), left: Math.max(...values.map((value, i) => Math.abs(value - a * Math.sin(step * i) - b * Math.cos(step * i)))) }
}

/** Within five deviations of the mean of so many uniform numbers. */
function expectUniform(values: readonly number[], low: number, high: number): void {
  const slack = (high - low) / 50
  expect(Math.min(...values)).toBeGreaterThan(low - slack)
  expect(Math.max(...values)).toBeLessThan(high + slack)
  const deviation = (high - low) / Math.sqrt(12)
  const mean = values.reduce((sum, value) => sum + value / values.length, 0)
  expect(Math.abs(mean - (low + high) / 2)).toBeLessThan((5 * deviation) / Math.sqrt(values.length) + slack)
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2 / values.length, 0))
  expect(Math.abs(spread - deviation)).toBeLessThan(0.1 * deviation + slack)
}

describe('breathing in windows of a pulse', () => {
  // A tiny sine leaves float32's rounding nothing to find the frequency in.
  const clear = (sines: readonly ReturnType<typeof sineOf>[], most: number) => sines.filter(({ depth }) => depth > most / 10)

  it('moves the baseline by one sine of 0.15-0.4 Hz, up to so many deviations', () => {
    const sines = changed({ wander: 0.8 }).map((window) => sineOf(Array.from(window, (value, i) => (value - square(i)) / 2)))
    const told = clear(sines, 0.8)
    expect(Math.max(...told.map(({ left }) => left))).toBeLessThan(0.002)
    expectUniform(sines.map(({ depth }) => depth), 0, 0.8)
    expectUniform(told.map(({ hz }) => hz), 0.15, 0.4)
    expectUniform(told.map(({ phase }) => phase), -Math.PI, Math.PI)
  })

  it('lets the pulses about the mean grow and shrink by such a sine, and leaves the mean where it is', () => {
    const sines = changed({ modulation: 0.3 }).map((window) => sineOf(Array.from(window, (value, i) => (value - 3) / (square(i) - 3) - 1)))
    const told = clear(sines, 0.3)
    expect(Math.max(...told.map(({ left }) => left))).toBeLessThan(0.001)
    expectUniform(sines.map(({ depth }) => depth), 0, 0.3)
    expectUniform(told.map(({ hz }) => hz), 0.15, 0.4)
    expectUniform(told.map(({ phase }) => phase), -Math.PI, Math.PI)
  })

  it('is one breath for both, and for all channels, each by its own deviation', () => {
    const batch = Float32Array.from({ length: 2 * length }, (_, at) => (at % 2 === 0 ? square(at / 2) : 10 * square((at - 1) / 2)))
    augment(batch, { rows: 1, length, channels: 2, rateHz }, { ...none, modulation: 0.3, wander: 0.8 }, random())
    for (let i = 0; i < length; i++) expect(Math.abs(batch[2 * i + 1] - 10 * batch[2 * i])).toBeLessThan(1e-4)
    // Of two neighbours, above and below the mean, the half sum is the baseline, the half difference the amplitude.
    const pairs = Array.from({ length: length / 2 }, (_, i) => [batch[4 * i], batch[4 * i + 2]])
    const half = (sign: number, off: number) => sineOf(pairs.map(([high, low]) => (high + sign * low) / 4 - off)).hz
    expect(Math.abs(half(1, 1.5) - half(-1, 1))).toBeLessThan(0.02)
  })

  it('does nothing to a flat window', () => {
    const batch = new Float32Array(100).fill(4)
    augment(batch, { rows: 1, length: 100, channels: 1, rateHz }, { ...none, modulation: 0.5, wander: 1 }, random())
    expect(new Set(batch)).toEqual(new Set([4]))
  })
})

describe('without breathing', () => {
  it('no number is drawn: what follows it is what it always was', () => {
    const draws = (options: Augmentation): number => {
      const source = random()
      augment(new Float32Array(40), { rows: 2, length: 20, channels: 1, rateHz }, options, source)
      return source.next()
    }
    expect(draws(none)).toBe(random().next())
    // A shift and a gain are two draws.
    const plain: Augmentation = { ...none, shiftSeconds: 0.1, amplitude: 0.1 }
    const source = random()
    for (let row = 0; row < 2; row++) {
      source.below(11)
      source.next()
    }
    expect(draws(plain)).toBe(source.next())
    expect(draws({ ...plain, modulation: 0.1 })).not.toBe(draws(plain))
  })

  it('bytes are those of before there was any', () => {
    // FNV-1a of what the augmentation without breathing made of them.
    const batch = Float32Array.from({ length: 600 }, (_, at) => Math.fround(((at * 7) % 31) / 16 - 1))
    augment(batch, { rows: 4, length: 150, channels: 1, rateHz: 250 }, usualAugmentation, Random.of('test', 1))
    let hash = 0x811c9dc5
    for (const byte of new Uint8Array(batch.buffer)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
    expect(hash).toBe(2572404276)
  })

  it('recipes and presets that do not name it have none', () => {
    const fit = FitOptions.parse({ epochs: 1, people: 2, windowsPerPerson: 2, rate: 1, weightDecay: 0, schedule: { kind: 'cosine' }, augmentation: {} })
    expect(fit.augmentation).toEqual({ shiftMs: 16, amplitude: 0.1, noise: 0.05, modulation: 0, wander: 0 })
    const thkd = recipeOf('thkd', 'quick')
    expect(thkd.recipe === 'thkd' && [thkd.teacher.fit, thkd.student.fit].map(({ augmentation }) => augmentation)).toEqual([fit.augmentation, fit.augmentation])
  })
})

it('how a batch breathes is a matter of its place: training that goes on sees what one that never stopped sees', () => {
  const set = aWindowSet([[6, 6], [6, 6], [5, 9]])
  const chosen = allRows(set)
  const options = { identities: 2, perIdentity: 3, seed: 4 }
  const augmentation: Augmentation = { ...usualAugmentation, modulation: 0.3, wander: 0.5 }
  const start = (state = { epoch: 0, batch: 0 }): TrainingBatches => new TrainingBatches(set, classesOf(set, chosen), new IdentitySampler(set, chosen, options, state), { augmentation, seed: 4 })
  const [whole, sampler] = [start(), new IdentitySampler(set, chosen, options)]
  for (let k = 0; k < 7; k++) {
    whole.next()
    sampler.next()
  }
  const resumed = start(sampler.state)
  for (let k = 0; k < 7; k++) expect(resumed.next().samples.slice()).toEqual(whole.next().samples.slice())
})
