import { describe, expect, it } from 'vitest'
import { gaussians } from '../../src-main/curation/gaussian.ts'
import { Random } from '../../src-main/curation/random.ts'
import { gravitiesPer, motionOf } from '../../src-main/signal/motion.ts'

const rate = 100
const axis = (value: (second: number) => number, seconds = 4): Float32Array => Float32Array.from({ length: seconds * rate }, (_, i) => value(i / rate))
const still = axis(() => 0)

describe('units of an accelerometer', () => {
  it.each([['g', 1], ['G', 1], ['mg', 0.001], ['m/s^2', 1 / 9.80665], ['m/s²', 1 / 9.80665], ['m / s2', 1 / 9.80665], ['cm/s^2', 0.01 / 9.80665]])('%s', (unit, expected) => {
    expect(gravitiesPer(unit)).toBeCloseTo(expected, 12)
  })

  it.each(['count', '', 'deg/s', 'mV', 'constructor'])('"%s" says nothing of g', (unit) => expect(gravitiesPer(unit)).toBeNull())
})

describe('motion in a window', () => {
  it('is 0 for gravity alone, wherever it points', () => {
    expect(motionOf([axis(() => 0.6), still, axis(() => -0.8)], 0, 400)).toBe(0)
  })

  it('is the root mean square of a shake, whatever its direction: 0.5 g / sqrt 2', () => {
    const shake = (part: number) => axis((s) => part * 0.5 * Math.sin(2 * Math.PI * 3 * s) + 1)
    for (const [x, y, z] of [[1, 0, 0], [0.6, 0.8, 0], [1 / Math.sqrt(3), 1 / Math.sqrt(3), 1 / Math.sqrt(3)]]) expect(motionOf([shake(x), shake(y), shake(z)], 0, 400)).toBeCloseTo(0.5 / Math.SQRT2, 5)
  })

  it('sees a wrist that turns from one side to the other: half the time either way is 1 g about the mean', () => {
    expect(motionOf([axis((s) => (s < 2 ? 1 : -1)), still, still], 0, 400)).toBeCloseTo(1, 9)
    expect(motionOf([axis((s) => (s < 2 ? 1 : -1)), still, still], 200, 400)).toBe(0)
  })

  it('of noise is that of the axes together: sqrt 3 times each one\'s', () => {
    const gaussian = gaussians(Random.of('motion', 1))
    const noise = () => axis(() => 0.013 * gaussian(), 100)
    expect(motionOf([noise(), noise(), noise()], 0, 100 * rate)).toBeCloseTo(0.013 * Math.sqrt(3), 3)
  })

  it('takes a sensor that is ten times slower for what it is', () => {
    const slow = axis((s) => (Math.round(s * rate) % 10 === 0 ? Math.sign(Math.sin(2 * Math.PI * s + 0.1)) : Number.NaN))
    expect(motionOf([slow], 0, 400)).toBeCloseTo(1, 5)
  })

  it('is not known with a hole of more than a quarter of the window, at an end or within, of any axis, nor where there are no rows', () => {
    const hole = (from: number, to: number) => axis((s) => (s >= from && s < to ? Number.NaN : 0))
    expect(motionOf([still, hole(0, 0.9)], 0, 400)).toBe(0)
    for (const [from, to] of [[0, 1.02], [2, 3.02], [2.98, 4], [0, 4]]) expect(motionOf([still, hole(from, to)], 0, 400)).toBeNull()
    expect(motionOf([], 0, 400)).toBeNull()
    expect(motionOf([still], 300, 401)).toBeNull()
    expect(motionOf([still], -1, 100)).toBeNull()
    expect(motionOf([still], 100, 100)).toBeNull()
  })
})
