import { describe, expect, test } from 'vitest'
import { ClockFit } from '../../src-main/recording/clock-fit.ts'
import { deliver, plantRows, random } from './planted-stream.ts'

/** ppm that a minute (or `seconds`) of arrivals yields. */
function measured(options: { rateHz: number; ppm: number; batchMs: number; jitterMs: number; seed: number; seconds?: number; declaredHz?: number }): number {
  const { seconds = 60, declaredHz = options.rateHz } = options
  const rows = plantRows({ ...options, seconds, counter: null })
  const times = deliver(rows, { ...options, seconds, counter: null })
  const fit = new ClockFit(declaredHz)
  rows.forEach((row, index) => {
    if (times[index + 1] !== times[index]) fit.add(row.instant, times[index] * 1e6)
  })
  const rateHz = fit.rateHz() ?? Number.NaN
  return (rateHz / options.rateHz - 1) * 1e6
}

describe('clock fit', () => {
  for (const rateHz of [125, 250, 512, 1000, 4000]) {
    for (const jitterMs of [0.1, 1, 3]) {
      test(`after 60 s at ${rateHz} Hz, 16 ms batches and ${jitterMs} ms jitter, the rate is within 20 ppm`, () => {
        for (let seed = 1; seed <= 8; seed += 1) {
          const ppm = [-180, -37, 0, 23, 412, 90, -5, 61][seed - 1]
          expect(Math.abs(measured({ rateHz, ppm, batchMs: 16, jitterMs, seed }) - ppm)).toBeLessThan(20)
        }
      })
    }
  }

  test('a device that does not have its declared rate is measured as what it is', () => {
    expect(Math.abs(measured({ rateHz: 128, declaredHz: 125, ppm: 0, batchMs: 16, jitterMs: 1, seed: 1 }))).toBeLessThan(20)
    expect(Math.abs(measured({ rateHz: 250, declaredHz: 256, ppm: 0, batchMs: 16, jitterMs: 1, seed: 1 }))).toBeLessThan(20)
  })

  test('half of all chunks 100 ms late change nothing: only the earliest arrivals count', () => {
    const next = random(3)
    const fit = new ClockFit(250)
    for (let row = 0; row < 15_000; row += 4) fit.add(row, (row / 250) * 1e9 * (1 - 50e-6) + (next() < 0.5 ? 100e6 : next() * 1e6))
    expect(Math.abs((fit.ppm() ?? 0) - 50)).toBeLessThan(20)
  })

  test('it says nothing about the rate before five seconds', () => {
    const fit = new ClockFit(250)
    for (let row = 0; row < 1000; row += 1) fit.add(row, row * 4e6)
    expect(fit.rateHz()).toBeNull()
    for (let row = 1000; row < 1300; row += 1) fit.add(row, row * 4e6)
    expect(fit.rateHz()).toBeCloseTo(250, 6)
  })

  test('row and time are inverse to each other, and lie at the earliest arrivals', () => {
    const fit = new ClockFit(250)
    for (let row = 0; row < 2500; row += 1) fit.add(row, 5e9 + row * 4e6 + (row % 7) * 1e6)
    expect(fit.rowAt(fit.hostNsAt(1234))).toBeCloseTo(1234, 6)
    expect(Math.abs(fit.hostNsAt(1234) - (5e9 + 1234 * 4e6))).toBeLessThan(20e3)
  })

  test('a reconnect keeps the rate and forgets the delays', () => {
    const fit = new ClockFit(250)
    for (let row = 0; row < 15_000; row += 1) fit.add(row, row * 4e6 * (1 - 80e-6))
    fit.newEpoch()
    for (let row = 20_000; row < 20_100; row += 1) fit.add(row, 90e9 + (row - 20_000) * 4e6)
    expect(fit.ppm()).toBeCloseTo(80, 0)
    expect(Math.abs(fit.hostNsAt(20_000) - 90e9)).toBeLessThan(1e6)
  })
})
