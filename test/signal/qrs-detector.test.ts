import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectBeats, detectBeatsMultiLead, detectBeatsOfLeads } from '../../src-main/signal/qrs-detector.ts'
import { compareBeats, publicData, readPublicRecord, readReferenceBeats } from './physionet.ts'
import { scored, stressCases } from './stress-heart.ts'

const records = ['100', '105', '108', '200', '203', '208']
const windowRows = (rateHz: number) => Math.round(0.15 * rateHz)

/** Gross figures: sums over the records, as ANSI/AAMI EC57 has them. */
function gross(results: readonly { hits: number; missed: number[]; extra: number[] }[]) {
  const sum = (of: (one: (typeof results)[number]) => number) => results.reduce((total, one) => total + of(one), 0)
  const hits = sum((one) => one.hits)
  return { sensitivity: hits / (hits + sum((one) => one.missed.length)), positivePredictivity: hits / (hits + sum((one) => one.extra.length)) }
}

describe('on MIT-BIH, whole records, 150 ms window', () => {
  it('finds 99.7 % of the beats and invents fewer than 0.3 %, from both leads together', (ctx) => {
    const folder = publicData('mitdb')
    if (folder === null) return ctx.skip()
    const results = records.map((name) => {
      const record = readPublicRecord(folder, name)
      return compareBeats(readReferenceBeats(folder, name), detectBeatsMultiLead([record.physical(0), record.physical(1)], record.rateHz).rows, windowRows(record.rateHz))
    })
    const { sensitivity, positivePredictivity } = gross(results)
    expect(sensitivity).toBeGreaterThanOrEqual(0.997)
    expect(positivePredictivity).toBeGreaterThanOrEqual(0.997)
  })

  it('comes within half a beat in a hundred of it from the first lead alone', (ctx) => {
    const folder = publicData('mitdb')
    if (folder === null) return ctx.skip()
    const results = records.map((name) => {
      const record = readPublicRecord(folder, name)
      return compareBeats(readReferenceBeats(folder, name), detectBeats(record.physical(0), record.rateHz).rows, windowRows(record.rateHz))
    })
    for (const [i, result] of results.entries()) {
      const { sensitivity, positivePredictivity } = gross([result])
      expect(sensitivity, records[i]).toBeGreaterThan(0.99)
      expect(positivePredictivity, records[i]).toBeGreaterThan(0.99)
    }
  })
})

describe('on hearts with planted beats that were fitted to no recording', () => {
  const cases = stressCases(7)

  it('finds and invents fewer than one in two hundred over all difficulties', () => {
    const results = cases.map(({ samples, rateHz, beats, unscored }) =>
      compareBeats(scored(beats, unscored), scored(detectBeats(samples, rateHz).rows, unscored), windowRows(rateHz)),
    )
    const { sensitivity, positivePredictivity } = gross(results)
    expect(sensitivity).toBeGreaterThanOrEqual(0.995)
    expect(positivePredictivity).toBeGreaterThanOrEqual(0.995)
  })

  it('puts the R peak of a calm heart within 12 ms of where it was planted', () => {
    const calm = cases.find(({ name }) => name === 'rest 72')
    if (!calm) throw new Error('The calm case is gone.')
    const { rows, polarity } = detectBeats(calm.samples, calm.rateHz)
    expect(polarity).toBe(1)
    for (const beat of calm.beats.slice(1, -1)) expect(Math.min(...rows.map((row) => Math.abs(row - beat)))).toBeLessThanOrEqual(0.012 * calm.rateHz)
  })

  it('takes the other side of an inverted lead for R, once for the whole recording', () => {
    const calm = cases.find(({ name }) => name === 'rest 72')
    const inverted = cases.find(({ name }) => name === 'inverted')
    if (!calm || !inverted) throw new Error('A case is gone.')
    expect(detectBeats(inverted.samples, inverted.rateHz).polarity).toBe(-1)
    const [up, down] = detectBeatsOfLeads([calm.samples, calm.samples.map((value) => -value)], calm.rateHz)
    expect([up.polarity, down.polarity]).toEqual([1, -1])
    expect(down.rows).toEqual(up.rows)
  })
})

describe('leads that were recorded at different times', () => {
  it('give the beats that each alone gives', () => {
    const calm = stressCases(7).find(({ name }) => name === 'rest 72')
    if (!calm) throw new Error('The calm case is gone.')
    const { samples, rateHz } = calm
    const half = samples.length >> 1
    const [early, late] = [samples.slice(), samples.slice()]
    early.fill(Number.NaN, half)
    late.fill(Number.NaN, 0, half)
    const [{ rows }] = detectBeatsOfLeads([early, late], rateHz)
    for (const [alone, inside] of [[detectBeats(early, rateHz).rows, (row: number) => row < half], [detectBeats(late, rateHz).rows, (row: number) => row >= half]] as const) {
      const missed = compareBeats(alone, rows.filter(inside), windowRows(rateHz)).missed
      // Where one ends and the other begins half a beat may be lost.
      expect(missed.length).toBeLessThanOrEqual(1)
    }
  })
})

describe('whatever the samples', () => {
  const strange = fc.oneof(
    fc.double({ min: -5, max: 5, noNaN: true }),
    fc.constantFrom(0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30, -1e-30),
  )

  it('gives ascending rows on present samples, never an error', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(strange, fc.integer({ min: 1, max: 400 })), { maxLength: 12 }), fc.constantFrom(1, 49, 50, 125, 250, 360, 1000, 10_000, Number.NaN, Number.POSITIVE_INFINITY), (runs, rateHz) => {
        const samples = Float32Array.from(runs.flatMap(([value, length]) => new Array<number>(length).fill(value)))
        const { rows } = detectBeats(samples, rateHz)
        rows.forEach((row, i) => {
          expect(row).toBeLessThan(samples.length)
          expect(i === 0 || row > rows[i - 1]).toBe(true)
        })
      }),
      { numRuns: 60 },
    )
  })

  it('finds nothing where there is nothing', () => {
    for (const samples of [new Float32Array(0), new Float32Array(1), new Float32Array(5000), new Float32Array(5000).fill(3), new Float32Array(5000).fill(Number.NaN)]) {
      expect(detectBeats(samples, 250).rows).toEqual([])
    }
    expect(detectBeatsOfLeads([], 250)).toEqual([])
    expect(detectBeatsMultiLead([], 250).rows).toEqual([])
  })

  it('finds the beats of three seconds', () => {
    const calm = stressCases(3).find(({ name }) => name === 'rest 72')
    if (!calm) throw new Error('The calm case is gone.')
    const piece = calm.samples.subarray(0, 3 * calm.rateHz)
    const planted = calm.beats.filter((beat) => beat < piece.length)
    expect(Math.abs(detectBeats(piece, calm.rateHz).rows.length - planted.length)).toBeLessThanOrEqual(1)
  })
})
