import { describe, expect, it } from 'vitest'
import { noValue, type LaneSpec } from '../../../src-main/contract/index.ts'
import { createPersonSource, type PersonOptions } from '../../../src-main/devices/simulation/person.ts'
import { testLane } from './test-board.ts'

const rateHz = 500

function record(lanes: readonly LaneSpec[], options: PersonOptions, seconds: number, rate = rateHz) {
  const source = createPersonSource({ lanes, rateHz: rate }, options)
  const rows = Math.round(seconds * rate)
  const block = source.read(rows)
  const column = (lane: number): Float64Array => Float64Array.from({ length: rows }, (_, row) => block.counts[row * lanes.length + lane])
  const beats = (kind: string): number[] => block.beats.filter((beat) => beat.kind === kind).map((beat) => beat.row)
  return { block, rows, column, peaks: beats('r-peak'), feet: beats('pulse-foot') }
}

/** Power of the interval series at `hertz`: a plain Fourier sum over beat times, no resampling (Lomb's numerator). */
function intervalPower(seconds: readonly number[], intervals: readonly number[], hertz: number): number {
  const mean = intervals.reduce((a, b) => a + b, 0) / intervals.length
  let cosine = 0
  let sine = 0
  intervals.forEach((interval, i) => {
    cosine += (interval - mean) * Math.cos(2 * Math.PI * hertz * seconds[i])
    sine += (interval - mean) * Math.sin(2 * Math.PI * hertz * seconds[i])
  })
  return (cosine * cosine + sine * sine) / intervals.length
}

function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (x: Float64Array): number => x.reduce((s, v) => s + v, 0) / x.length
  const [ma, mb] = [mean(a), mean(b)]
  let [ab, aa, bb] = [0, 0, 0]
  a.forEach((value, i) => {
    ab += (value - ma) * (b[i] - mb)
    aa += (value - ma) ** 2
    bb += (b[i] - mb) ** 2
  })
  return ab / Math.sqrt(aa * bb)
}

/** Mean beat from 0.25 s before to 0.45 s after the R peak, over three leads. */
function meanBeat(seed: number, session: number): Float64Array {
  const lanes = ['II', 'I', 'V2'].map((label, index) => testLane('ecg', index, { label }))
  const { column, peaks, rows } = record(lanes, { seed, session }, 40)
  const before = 0.25 * rateHz
  const length = 0.7 * rateHz
  const sum = new Float64Array(length * lanes.length)
  const whole = peaks.filter((peak) => peak >= before && peak + length < rows)
  lanes.forEach((_, lane) => {
    const signal = column(lane)
    for (const peak of whole) for (let i = 0; i < length; i++) sum[lane * length + i] += signal[peak - before + i] / whole.length
  })
  return sum
}

describe('a synthetic person', () => {
  it('has the planted mean heart rate', () => {
    for (const planted of [52, 75, 110]) {
      const { peaks } = record([testLane('ecg', 0)], { seed: 4, meanRateBpm: planted }, 240)
      const measured = (60 * (peaks.length - 1)) / ((peaks[peaks.length - 1] - peaks[0]) / rateHz)
      expect(Math.abs(measured / planted - 1), `${planted}/min`).toBeLessThan(0.02)
    }
  })

  it('has two bands in its interval spectrum: around 0.1 Hz and at the breathing rate', () => {
    const { peaks, block } = record([testLane('ecg', 0)], { seed: 11 }, 600, 250)
    const seconds = peaks.slice(1).map((row) => row / 250)
    const intervals = peaks.slice(1).map((row, i) => (row - peaks[i]) / 250)
    const band = (from: number, to: number): number => {
      let sum = 0
      let count = 0
      for (let hertz = from; hertz < to; hertz += 0.001) {
        sum += intervalPower(seconds, intervals, hertz)
        count++
      }
      return sum / count
    }
    const breathing = (block.respirationBpm ?? 0) / 60
    const between = band(0.145, 0.175)
    expect(band(0.08, 0.12)).toBeGreaterThan(5 * between)
    expect(band(breathing - 0.03, breathing + 0.03)).toBeGreaterThan(3 * between)
    const deviation = Math.sqrt(intervals.reduce((s, x) => s + (x - intervals.reduce((a, b) => a + b) / intervals.length) ** 2, 0) / intervals.length)
    expect(deviation).toBeGreaterThan(0.015)
    expect(deviation).toBeLessThan(0.09)
  })

  it('has its R peaks where the truth says: at the largest clean deflection of lead II', () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const { column, peaks, rows } = record([testLane('ecg', 0, { label: 'II' })], { seed, noise: 0 }, 20)
      const lead = column(0).map(Math.abs)
      expect(peaks.length).toBeGreaterThan(15)
      for (const peak of peaks) {
        if (peak < 50 || peak > rows - 50) continue
        let best = peak
        for (let row = peak - 50; row <= peak + 50; row++) if (lead[row] > lead[best]) best = row
        expect(Math.abs(best - peak) / rateHz, `seed ${seed}`).toBeLessThanOrEqual(0.006)
      }
    }
  })

  it('looks like lead II: an upright R of 0.4 to 3 mV, an upright P and T, and nothing else', () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
      const { column, peaks, rows } = record([testLane('ecg', 0, { label: 'II' })], { seed, noise: 0 }, 20)
      const signal = column(0)
      for (const peak of peaks) {
        if (peak < 150 || peak > rows - 300) continue
        const top = Math.max(...signal.subarray(peak - 20, peak + 20))
        expect(top, `R of seed ${seed}`).toBeGreaterThan(400)
        expect(top).toBeLessThan(3000)
        const t = Math.max(...signal.subarray(peak + 75, peak + 220))
        expect(t, `T of seed ${seed}`).toBeGreaterThan(50)
        expect(t).toBeLessThan(top)
      }
    }
  })

  it('is the same person on another day, and different people differ', () => {
    const seeds = [21, 22, 23, 24, 25]
    const days = seeds.map((seed) => [meanBeat(seed, 1), meanBeat(seed, 2)])
    const within = days.map(([a, b]) => correlation(a, b))
    const between: number[] = []
    days.forEach(([a], i) => days.forEach(([, b], j) => i !== j && between.push(correlation(a, b))))
    expect(Math.min(...within)).toBeGreaterThan(0.9)
    expect(Math.min(...within)).toBeGreaterThan(Math.max(...between))
    // Rank-1 identification by the nearest mean beat must work on such people.
    days.forEach(([, second], i) => {
      const scores = days.map(([first]) => correlation(first, second))
      expect(scores.indexOf(Math.max(...scores))).toBe(i)
    })
    expect(meanBeat(21, 1)).not.toEqual(meanBeat(21, 2))
  })

  it('has coherent limb leads: III = II - I and aVR + aVL + aVF = 0, but for its electrodes', () => {
    const labels = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF']
    const { column } = record(labels.map((label, index) => testLane('ecg', index, { label })), { seed: 5, noise: 0 }, 10)
    const [i, ii, iii, avr, avl, avf] = labels.map((_, lane) => column(lane))
    expect(correlation(iii, ii.map((value, row) => value - i[row]))).toBeGreaterThan(0.9)
    expect(correlation(avr, i.map((value, row) => -(value + ii[row]) / 2))).toBeGreaterThan(0.95)
    const sum = avr.map((value, row) => value + avl[row] + avf[row])
    expect(Math.max(...sum.map(Math.abs))).toBeLessThan(0.35 * Math.max(...ii))
  })

  it('has one pulse per beat, its foot a plausible transit after the R peak and at the foot of the clean wave', () => {
    const { column, peaks, feet, rows } = record([testLane('ecg', 0), testLane('ppg', 0)], { seed: 9, noise: 0 }, 60)
    const pulse = column(1)
    for (const peak of peaks.slice(0, -1)) {
      const transits = feet.map((foot) => (foot - peak) / rateHz).filter((transit) => transit > 0 && transit < 0.35)
      expect(transits.length).toBe(1)
      expect(transits[0]).toBeGreaterThan(0.14)
    }
    for (const foot of feet) {
      if (foot < 250 || foot > rows - 250) continue
      // Independent foot: where the tangent at the steepest rise meets the lowest value before it.
      let steepest = foot
      for (let row = foot - 25; row < foot + 120; row++) if (pulse[row + 1] - pulse[row - 1] > pulse[steepest + 1] - pulse[steepest - 1]) steepest = row
      const slope = (pulse[steepest + 1] - pulse[steepest - 1]) / 2
      const lowest = Math.min(...pulse.subarray(steepest - 75, steepest))
      const tangent = steepest - (pulse[steepest] - lowest) / slope
      expect(Math.abs(tangent - foot) / rateHz).toBeLessThan(0.025)
    }
  })

  it('absorbs red and infrared in the ratio of its saturation', () => {
    const lanes = [testLane('ppg', 0, { id: 'red', label: 'PPG red', minimum: 0 }), testLane('ppg', 1, { id: 'ir', label: 'PPG infrared', minimum: 0 })]
    const { column, block } = record(lanes, { seed: 3, noise: 0 }, 10)
    const perfusion = [0, 1].map((lane) => {
      const values = column(lane)
      return (Math.max(...values) - Math.min(...values)) / Math.min(...values)
    })
    expect(110 - (25 * perfusion[0]) / perfusion[1]).toBeCloseTo(block.spo2Percent ?? 0, 0)
  })

  it('gives the same counts however it is read, and others for another seed or session', () => {
    const lanes = [testLane('ecg', 0), testLane('ppg', 0), testLane('acceleration', 0, { sparse: true }), testLane('respiration', 0), testLane('eda', 0), testLane('emg', 0)]
    const whole = createPersonSource({ lanes, rateHz: 250 }, { seed: 7 })
    const all = Int32Array.from(whole.read(3000).counts)
    const pieces = createPersonSource({ lanes, rateHz: 250 }, { seed: 7 })
    const joined: number[] = []
    const beats: number[] = []
    for (let row = 0, size = 1; row < 3000; row += size, size = (size * 7) % 311) {
      const take = Math.min(size, 3000 - row)
      const block = pieces.read(take)
      joined.push(...block.counts)
      beats.push(...block.beats.map((beat) => beat.row + row))
      size = take
    }
    expect(Int32Array.from(joined)).toEqual(all)
    const again = createPersonSource({ lanes, rateHz: 250 }, { seed: 7 }).read(3000)
    expect(beats).toEqual(again.beats.map((beat) => beat.row))
    expect(Int32Array.from(createPersonSource({ lanes, rateHz: 250 }, { seed: 8 }).read(3000).counts)).not.toEqual(all)
    expect(Int32Array.from(createPersonSource({ lanes, rateHz: 250 }, { seed: 7, session: 2 }).read(3000).counts)).not.toEqual(all)
  })

  it('updates sparse lanes every tenth row only, never with 0, and repeats held lanes at their own rate', () => {
    const lanes = [testLane('acceleration', 0, { sparse: true }), testLane('ppg', 0, { held: true })]
    const { column } = record(lanes, { seed: 2 }, 20, 128)
    column(0).forEach((value, row) => {
      if (row % 10 === 0) expect(value).not.toBe(noValue)
      else expect(value).toBe(noValue)
      expect(value).not.toBe(0)
    })
    const light = column(1)
    const changes = light.reduce((count, value, row) => count + (row > 0 && value !== light[row - 1] ? 1 : 0), 0)
    expect(changes / 20).toBeGreaterThan(65)
    expect(changes / 20).toBeLessThanOrEqual(72)
  })

  it('stays in the range of every converter, also of 10 bits in plain counts', () => {
    const narrow = { unit: 'count', gainCountsPerUnit: 1, bits: 10, minimum: 0, maximum: 1023 }
    const lanes = (['ecg', 'ppg', 'respiration', 'bioimpedance', 'emg', 'eda', 'acceleration', 'temperature', 'aux'] as const).map((kind, i) => testLane(kind, i, narrow))
    const { column } = record(lanes, { seed: 6 }, 20, 250)
    lanes.forEach((lane, index) => {
      const values = column(index)
      expect(Math.min(...values), lane.kind).toBeGreaterThan(0)
      expect(Math.max(...values), lane.kind).toBeLessThan(1023)
      expect(Math.max(...values) - Math.min(...values), lane.kind).toBeGreaterThan(lane.kind === 'temperature' ? -1 : 2)
    })
  })

  it('refuses a seed that is no whole number', () => {
    expect(() => createPersonSource({ lanes: [testLane('ecg', 0)], rateHz: 250 }, { seed: 1.5 })).toThrowError(expect.objectContaining({ code: 'source-invalid' }))
  })
})
