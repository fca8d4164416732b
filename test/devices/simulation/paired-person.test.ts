import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { configureDevice } from '../../../src-main/devices/registry.ts'
import { heartTraits, pulseTraitsOf, withDetail } from '../../../src-main/devices/simulation/heart-traits.ts'
import { createPersonSource, type PersonOptions } from '../../../src-main/devices/simulation/person.ts'
import { pulseTraits, type PulseOfHeart } from '../../../src-main/devices/simulation/ppg-model.ts'
import { planDemo } from '../../../src-main/services/demo-plan.ts'
import { testLane } from './test-board.ts'

const people = Array.from({ length: 400 }, (_, i) => i + 1)
const traits = 11

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0) / x.length
  const [ma, mb] = [mean(a), mean(b)]
  const sum = (f: (i: number) => number): number => a.reduce((s, _, i) => s + f(i), 0)
  return sum((i) => (a[i] - ma) * (b[i] - mb)) / Math.sqrt(sum((i) => (a[i] - ma) ** 2) * sum((i) => (b[i] - mb) ** 2))
}

/** Over people: trait by trait, pulse against heart. */
function correlations(pulseOf: (seed: number) => PulseOfHeart, heartOf: (seed: number) => number): number[] {
  const pulses = people.map((seed) => pulseTraits(seed, pulseOf(seed)))
  const hearts = people.map((seed) => pulseTraitsOf(heartTraits(heartOf(seed))))
  return Array.from({ length: traits }, (_, k) => correlation(pulses.map((of) => of[k]), hearts.map((of) => of[k])))
}

/** Fisher's interval of a correlation over so many people; 3.5 deviations, for eleven traits at once. */
const within = (expected: number, found: number): boolean => Math.abs(Math.atanh(found) - Math.atanh(expected)) < 3.5 / Math.sqrt(people.length - 3)

describe('a pulse that carries a heart', () => {
  it('is a function of that heart with share 1: correlation 1 in every trait, and the same pulse traits for whoever has that heart', () => {
    for (const found of correlations((seed) => ({ share: 1, heart: seed }), (seed) => seed)) expect(found).toBeCloseTo(1, 12)
    expect(pulseTraits(3, { share: 1, heart: 7 })).toEqual(pulseTraits(4, { share: 1, heart: 7 }))
  })

  it('has nothing of it with share 0, and the root of the share in between', () => {
    for (const share of [0, 0.25, 0.5, 0.81]) {
      for (const found of correlations((seed) => ({ share, heart: seed }), (seed) => seed)) expect(within(Math.sqrt(share), found), `${share}: ${found}`).toBe(true)
    }
  })

  it('keeps its spread whatever the share', () => {
    for (const share of [0, 0.5, 1]) {
      const all = people.flatMap((seed) => pulseTraits(seed, { share, heart: seed }))
      expect(all.reduce((sum, value) => sum + value * value, 0) / all.length).toBeCloseTo(1, 1)
    }
  })

  it('has the dicrotic wave of a stranger where there is one, and all else of the person', () => {
    const other = (seed: number): number => seed + 10_000
    const pulse = (seed: number): PulseOfHeart => ({ share: 1, heart: seed, stranger: other(seed) })
    const [own, strange] = [correlations(pulse, (seed) => seed), correlations(pulse, other)]
    for (let k = 0; k < traits; k++) {
      expect(within(0, k < 8 ? strange[k] : own[k])).toBe(true)
      expect(k < 8 ? own[k] : strange[k]).toBeCloseTo(1, 12)
    }
  })

  it('shows it in the signal: how long a clean pulse rises goes with the width of R, with share 1 and not with share 0', () => {
    // How long it rises is a matter of the reflected wave too.
    const some = people.slice(0, 120)
    const widths = some.map((seed) => heartTraits(seed).events[3].width)
    expect(correlation(some.map((seed) => riseSeconds({ seed, pulse: { share: 1, heart: seed } })), widths)).toBeGreaterThan(0.35)
    expect(Math.abs(correlation(some.map((seed) => riseSeconds({ seed, pulse: { share: 0, heart: seed } })), widths))).toBeLessThan(0.3)
  })
})

describe('a heart without detail', () => {
  it('has all that a pulse carries, and nothing else of its own', () => {
    for (const seed of people.slice(0, 20)) {
      const heart = heartTraits(seed)
      const plain = withDetail(heart, 0)
      expect(pulseTraitsOf(plain)).toEqual(pulseTraitsOf(heart))
      const numbers = (of: unknown): number[] => (typeof of === 'number' ? [of] : Object.values(of as object).flatMap(numbers))
      // Eleven traits, and every other number is none.
      expect(numbers(plain).filter((value) => value !== 0)).toHaveLength(pulseTraitsOf(heart).length)
      expect(withDetail(heart, 1)).toEqual(heart)
    }
  })

  it('shows less of who it is in the ECG', () => {
    const some = people.slice(0, 40)
    const alike = (heartDetail: number): number => {
      const beats = some.map((seed) => beat({ seed, heartDetail }))
      const pairs = beats.flatMap((one, i) => beats.slice(i + 1).map((other) => correlation(one, other)))
      return pairs.reduce((sum, value) => sum + value, 0) / pairs.length
    }
    expect(alike(0)).toBeGreaterThan(alike(1))
  })
})

describe('an ECG of another heart', () => {
  it('is that heart’s, not the person’s', () => {
    const [own, other, confused] = [beat({ seed: 21 }), beat({ seed: 22 }), beat({ seed: 21, heart: 22 })]
    expect(correlation(confused, other)).toBeGreaterThan(0.99)
    expect(correlation(confused, own)).toBeLessThan(correlation(confused, other) - 0.05)
  })
})

it('refuses a share outside 0 to 1 and a heart that is no whole number', () => {
  for (const wrong of [{ pulse: { share: 1.2, heart: 1 } }, { pulse: { share: NaN, heart: 1 } }, { heart: -1 }]) {
    expect(() => createPersonSource({ lanes: [testLane('ppg', 0)], rateHz: 250 }, { seed: 1, ...wrong })).toThrowError(expect.objectContaining({ code: 'source-invalid' }))
  }
})

it('multiplies the disturbances of PPG lanes alone', () => {
  const lanes = [testLane('ecg', 0), testLane('ppg', 0)]
  const column = (lane: number, pulseNoise: number): number[] => {
    const { counts } = createPersonSource({ lanes, rateHz: 250 }, { seed: 5, pulseNoise }).read(2500)
    return Array.from({ length: 2500 }, (_, row) => counts[row * 2 + lane])
  }
  const [still, usual, loud] = [0, 1, 3].map((noise) => column(1, noise))
  const away = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value, i) => sum + (value - still[i]) ** 2, 0))
  expect(away(loud) / away(usual)).toBeCloseTo(3, 2)
  expect(column(0, 3)).toEqual(column(0, 0))
})

it('leaves everybody who has no planted pulse as they were: the same counts as before there were any', () => {
  const hash = (device: string): string => {
    const configuration = configureDevice(device)
    const sum = createHash('sha256')
    for (const [seed, session] of [[1001, 1], [1002, 2], [3, 1]]) {
      const { counts } = createPersonSource(configuration, { seed, session, noise: 0.8 }).read(Math.round(configuration.rateHz * 4))
      sum.update(Buffer.from(counts.buffer, counts.byteOffset, counts.byteLength))
    }
    return sum.digest('hex').slice(0, 16)
  }
  expect(['cyton', 'healthypi5', 'shimmer3-exg-ppg'].map(hash)).toEqual(['f75f9dcb0e4ecd69', '3ea8d9655ff88418', 'f2a6359051f62e3b'])
})

it('leaves the plan of the usual demo as it was, but for the hours of other time zones', () => {
  const plan = planDemo({ seed: 3, subjects: 6, sessions: 2, secondsPerRecording: 30, nowMs: Date.UTC(2026, 4, 4, 12) })
  const untimed = { ...plan, recordings: plan.recordings.map(({ startedAtMs: _, ...rest }) => rest) }
  expect(createHash('sha256').update(JSON.stringify(untimed)).digest('hex').slice(0, 16)).toBe('09ee7c31c0f7066d')
})

/** From foot to peak of the mean clean pulse, s. */
function riseSeconds(options: PersonOptions): number {
  const rateHz = 250
  const source = createPersonSource({ lanes: [testLane('ppg', 0)], rateHz }, { ...options, noise: 0, meanRateBpm: 60 })
  const { counts, beats } = source.read(8 * rateHz)
  const rises = beats.filter(({ kind, row }) => kind === 'pulse-foot' && row < 7 * rateHz).map(({ row }) => {
    const pulse = Array.from(counts.subarray(row, row + 0.4 * rateHz))
    return pulse.indexOf(Math.max(...pulse)) / rateHz
  })
  return rises.reduce((sum, rise) => sum + rise, 0) / rises.length
}

/** Mean clean beat of lead II. */
function beat(options: PersonOptions): number[] {
  const rateHz = 250
  const { counts, beats } = createPersonSource({ lanes: [testLane('ecg', 0, { label: 'II' })], rateHz }, { ...options, noise: 0, meanRateBpm: 60 }).read(20 * rateHz)
  const rows = beats.map(({ row }) => row).filter((row) => row > 60 && row < 19 * rateHz)
  return Array.from({ length: 160 }, (_, i) => rows.reduce((sum, row) => sum + counts[row - 60 + i], 0) / rows.length)
}
