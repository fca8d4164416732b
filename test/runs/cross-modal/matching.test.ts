import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError, WindowOptions } from '../../../src-main/contract/index.ts'
import type { WindowSet } from '../../../src-main/learning/data/window-set.ts'
import { honestTraining } from '../../../src-main/runs/honest-training.ts'
import { cheapest, cosineCost, divergenceCost, offersOf, posteriors, rematchEpochs, windowTimes } from '../../../src-main/runs/cross-modal/matching.ts'
import { heartCost, pseudoPulses, windowHearts } from '../../../src-main/runs/cross-modal/window-hearts.ts'
import { correlation } from '../../../src-main/signal/mean-beat.ts'
import { zScored } from '../../../src-main/signal/segmentation.ts'
import { ecgAt, pulseAt } from '../../signal/synthetic-heart.ts'
import { unasked } from './unasked.ts'

const rowRateHz = 100
const fixed = WindowOptions.parse({ lane: 'ecg', mode: 'window', seconds: 2, strideSeconds: 1, rateHz: 100 })

interface Made {
  readonly subject: number
  readonly recording: number
  readonly second: number
  readonly role?: number
}

/** Windows of four recordings by their place and time alone; `values`: their samples. */
function setOf(windows: readonly Made[], length = 4, values = (_row: number, i: number): number => i): WindowSet {
  return {
    rateHz: 100, length, channels: 1, samples: Float32Array.from({ length: windows.length * length }, (_, k) => values(Math.floor(k / length), k % length)),
    subject: Int32Array.from(windows, ({ subject }) => subject), recording: Int32Array.from(windows, ({ recording }) => recording), role: Uint8Array.from(windows, ({ role = 0 }) => role),
    row: Float64Array.from(windows, ({ second }) => second * rowRateHz), subjects: ['A', 'B', 'C'], contentHash: '', roles: ['train', 'validation', 'enrol', 'test'],
    recordings: [0, 1, 2, 3].map((id) => ({ id: `r${id}`, session: `s${id}`, subject: 0, startedAt: '', rowRateHz })),
  }
}

const everyRow = (set: WindowSet): Int32Array => Int32Array.from(set.row.keys())
const sideOf = (set: WindowSet) => ({ set, rows: everyRow(set), times: windowTimes(set, fixed) })
const made = fc.record({ subject: fc.integer({ min: 0, max: 2 }), recording: fc.integer({ min: 0, max: 3 }), second: fc.integer({ min: 0, max: 8 }) })
const sets = fc.record({ student: fc.array(made, { minLength: 1, maxLength: 12 }), teacher: fc.array(made, { maxLength: 12 }), excludeSynchronous: fc.boolean(), seed: fc.integer({ min: 1, max: 1e6 }) })

/** Numbers of a linear congruential generator, -1..1. */
function numbers(seed: number, count: number): Float32Array {
  let state = seed
  return Float32Array.from({ length: count }, () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31) - 1)
}

/** The best partner, looked for the long way round: all pairs, one after the other. */
function bruteForce(student: readonly Made[], teacher: readonly Made[], excludeSynchronous: boolean, cost: (s: number, t: number) => number): { partner: number; cost: number }[] {
  return student.map((own, s) => {
    const allowed = teacher.map((other, t) => ({ other, t })).filter(({ other }) => other.subject === own.subject && !(excludeSynchronous && other.recording === own.recording && Math.abs(other.second - own.second) < 2))
    const ranked = allowed.map(({ t }) => ({ partner: t, cost: cost(s, t) })).sort((a, b) => a.cost - b.cost || a.partner - b.partner)
    return ranked[0] ?? { partner: -1, cost: 0 }
  })
}

describe('who is matched with whom', () => {
  it('is, by divergence and by cosine, what a search through all pairs finds; the same person, and nobody at the same time where that is excluded', () => {
    fc.assert(
      fc.asyncProperty(sets, async ({ student, teacher, excludeSynchronous, seed }) => {
        const people = 3
        const [own, taught] = [numbers(seed, student.length * people).map((z) => 8 * z), numbers(seed + 1, teacher.length * people).map((z) => 8 * z)]
        const offers = offersOf({ student: sideOf(setOf(student)), gallery: sideOf(setOf(teacher)), excludeSynchronous })
        const softmax = (z: Float32Array, row: number): number[] => {
          const e = Array.from(z.subarray(row * people, (row + 1) * people), (one) => Math.exp(one / 3))
          return e.map((one) => one / e.reduce((a, b) => a + b))
        }
        const divergence = (s: number, t: number): number => {
          const [p, q] = [softmax(taught, t), softmax(own, s)]
          return p.reduce((sum, one, k) => sum + one * Math.log(one / q[k]), 0)
        }
        const cosine = (s: number, t: number): number => {
          const [a, b] = [Array.from(own.subarray(s * people, (s + 1) * people)), Array.from(taught.subarray(t * people, (t + 1) * people))]
          return 1 - a.reduce((sum, one, k) => sum + one * b[k], 0) / (Math.hypot(...a) * Math.hypot(...b))
        }
        const unit = (rows: Float32Array): Float32Array => rows.map((value, i) => value / Math.hypot(...rows.subarray(i - (i % people), i - (i % people) + people)))
        for (const [found, by] of [[await cheapest(student.length, offers, divergenceCost(posteriors(own, people, 3), posteriors(taught, people, 3)), unasked), divergence], [await cheapest(student.length, offers, cosineCost(unit(own), unit(taught), people), unasked), cosine]] as const) {
          const expected = bruteForce(student, teacher, excludeSynchronous, by)
          expected.forEach(({ partner, cost }, s) => {
            // Two that are equal to rounding are both right.
            if (found.partners[s] !== partner) expect(Math.abs(by(s, found.partners[s]) - cost)).toBeLessThan(1e-6)
          })
          const with_ = expected.filter(({ partner }) => partner >= 0)
          expect(found.cost).toBeCloseTo(with_.reduce((sum, { cost }) => sum + cost, 0) / Math.max(1, with_.length), 5)
          expect(found.comparisons).toBe(student.reduce((sum, _, s) => sum + offers(s).length, 0))
          for (const [s, other] of found.partners.entries()) if (other >= 0) expect(teacher[other].subject).toBe(student[s].subject)
        }
      }),
    )
  })

  it('windows that say the same find each other, at no cost', async () => {
    const order = [3, 0, 4, 1, 2]
    const windows = order.map((second) => ({ subject: 0, recording: 0, second }))
    const logits = numbers(9, 5 * 4).map((z) => 6 * z)
    const shuffled = Float32Array.from(order.flatMap((one) => Array.from(logits.subarray(one * 4, (one + 1) * 4))))
    const found = await cheapest(5, offersOf({ student: sideOf(setOf(windows)), gallery: sideOf(setOf(windows)), excludeSynchronous: false }), divergenceCost(posteriors(logits, 4, 3), posteriors(shuffled, 4, 3)), unasked)
    expect(Array.from(found.partners, (place) => order[place])).toEqual([0, 1, 2, 3, 4])
    expect(Math.abs(found.cost)).toBeLessThan(1e-12)
    expect(found.comparisons).toBe(25)
  })

  it('has a softmax by hand', () => {
    expect(Array.from(posteriors(Float32Array.of(0, 3 * Math.log(3)), 2, 3).values, (p) => Number(p.toFixed(6)))).toEqual([0.25, 0.75])
    expect(divergenceCost(posteriors(Float32Array.of(0, 0), 2, 1), posteriors(Float32Array.of(Math.log(3), 0), 2, 1))(0, 0)).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 6)
  })

  it('windows that only touch in time, or lie in another recording, are offered though synchronous ones are excluded', () => {
    const student = sideOf(setOf([{ subject: 0, recording: 1, second: 4 }]))
    const gallery = sideOf(setOf([2, 2.01, 4, 5.99, 6].map((second) => ({ subject: 0, recording: 1, second })).concat([{ subject: 0, recording: 2, second: 4 }, { subject: 1, recording: 2, second: 4 }])))
    expect(Array.from(offersOf({ student, gallery, excludeSynchronous: true })(0))).toEqual([0, 4, 5])
    expect(Array.from(offersOf({ student, gallery, excludeSynchronous: false })(0))).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('a window lasts as long as its mode says', () => {
    const set = setOf([{ subject: 0, recording: 0, second: 10 }])
    const times = (options: object): number[] => {
      const { from, to } = windowTimes(set, WindowOptions.parse(options))
      return [from[0], to[0]].map((time) => Number(time.toFixed(6)))
    }
    expect(times({ mode: 'window', seconds: 2, strideSeconds: 1 })).toEqual([10, 12])
    expect(times({ lane: 'ecg', mode: 'beat' })).toEqual([9.8, 10.4])
    expect(times({ lane: 'ppg', mode: 'beat' })).toEqual([9.7, 10.7])
    // Its last beat is one of five, 1.5 s each at the most.
    expect(times({ lane: 'ecg', mode: 'summary-beat', beatsPerGroup: 5 })).toEqual([9.8, 16.4])
  })
})

describe('the gallery', () => {
  const data = (training: number[], roles: number[]) => {
    const set = setOf(roles.map((role, second) => ({ subject: 0, recording: second % 4, second, role })))
    const rows = (role: number): Int32Array => everyRow(set).filter((row) => roles[row] === role)
    return { set, training: Int32Array.from(training), validation: rows(1), enrolment: rows(2), test: rows(3), closedSet: false }
  }
  const codeOf = (run: () => unknown): string => {
    try {
      run()
    } catch (thrown) {
      return LabError.from(thrown).code
    }
    return 'none'
  }

  it('is the training part', () => {
    expect(Array.from(honestTraining(data([0, 1, 4], [0, 0, 1, 3, 0, 2])))).toEqual([0, 1, 4])
  })

  it.each([['test', 3], ['validation', 2], ['enrolment of people that nobody trained with', 5]])('with a planted window of the %s it is refused', (_, planted) => {
    expect(codeOf(() => honestTraining(data([0, 1, 4, planted], [0, 0, 1, 3, 0, 2])))).toBe('split-leaks')
  })

  it('where the people that are tested are known, their enrolment may teach', () => {
    expect(codeOf(() => honestTraining({ ...data([0, 1, 5], [0, 0, 1, 3, 0, 2]), closedSet: true }))).toBe('none')
  })
})

it('windows are re-matched at the published epochs', () => {
  const usual = { first: 0.15, step: 0.15, growth: 0.025 }
  expect(rematchEpochs(usual, 200)).toEqual([30, 60, 95, 135, 180])
  expect(rematchEpochs({ ...usual, growth: 0 }, 20)).toEqual([3, 6, 9, 12, 15, 18])
  expect(rematchEpochs({ ...usual, first: 1 }, 200)).toEqual([])
  expect(rematchEpochs({ first: 0.01, step: 0.01, growth: 0 }, 2)).toEqual([1])
})

describe('without any pairs', () => {
  const seconds = 4
  const rates = [55, 70, 88, 110]
  const beatsAt = (bpm: number): number[] => Array.from({ length: 40 }, (_, k) => (k * 60) / bpm)
  const wave = (of: typeof ecgAt, rateHz: number) => (row: number, i: number) => of(9 + i / rateHz, beatsAt(rates[row]))
  const windows = rates.map((_, k) => ({ subject: 0, recording: 0, second: 5 * k }))

  it('windows of one heart rate find each other, in whatever order they come', async () => {
    const ppg = setOf(windows, seconds * 100, wave(pulseAt, 100))
    const ecg = setOf(windows, seconds * 100, (row, i) => wave(ecgAt, 100)(3 - row, i))
    const options = { ...fixed, seconds }
    const [own, taught] = [await windowHearts(ppg, everyRow(ppg), { ...options, lane: 'ppg' }, unasked), await windowHearts(ecg, everyRow(ecg), options, unasked)]
    rates.forEach((bpm, k) => expect(Math.abs(own.bpm[k] - bpm)).toBeLessThan(2))
    const found = await cheapest(4, offersOf({ student: sideOf(ppg), gallery: sideOf(ecg), excludeSynchronous: false }), heartCost(own, taught), unasked)
    expect(Array.from(found.partners)).toEqual([3, 2, 1, 0])
  })

  it('of two windows of the same rate the cleaner one teaches', () => {
    const own = { bpm: Float64Array.of(70), quality: Float64Array.of(1) }
    const cost = heartCost(own, { bpm: Float64Array.of(70, 70, Number.NaN), quality: Float64Array.of(0.3, 0.9, 1) })
    expect([cost(0, 0), cost(0, 1), cost(0, 2)].map((value) => Number(value.toFixed(6)))).toEqual([0.7, 0.1, 1])
  })

  it('a window of ECG is given the pulse that its heart would have made', async () => {
    const ecg = setOf(windows, seconds * 100, wave(ecgAt, 100))
    const { pulses, known } = await pseudoPulses(ecg, { ...fixed, seconds }, WindowOptions.parse({ lane: 'ppg', mode: 'window', seconds, strideSeconds: 1, rateHz: 50 }), unasked)
    expect(Array.from(known)).toEqual([0, 1, 2, 3])
    expect(pulses.each).toBe(seconds * 50)
    for (const [row, bpm] of rates.entries()) {
      // The model's pulse begins 0.25 s behind R; the made one between 92 and 448 ms, elsewhere in every window.
      const alike = Array.from({ length: 21 }, (_, k) => (k - 10) / 50).map((later) => {
        const real = zScored(Float32Array.from({ length: seconds * 50 }, (_, i) => pulseAt(9 - later + i / 50, beatsAt(bpm))))
        return correlation(pulses.values.subarray(row * pulses.each, (row + 1) * pulses.each), 0, real)
      })
      expect(Math.max(...alike)).toBeGreaterThan(0.9)
    }
  })

  it('of single beats the rhythm is read off where they stand', async () => {
    const beats = [0, 0.8, 1.6, 2.4, 30].map((second) => ({ subject: 0, recording: 0, second }))
    const set = setOf(beats, 60)
    const mode = WindowOptions.parse({ lane: 'ecg', mode: 'beat', rateHz: 100 })
    expect(Array.from((await windowHearts(set, everyRow(set), mode, unasked)).bpm, Math.round)).toEqual([75, 75, 75, 75, Number.NaN])
    const { known, pulses } = await pseudoPulses(set, mode, WindowOptions.parse({ lane: 'ppg', mode: 'beat', rateHz: 100 }), unasked)
    expect(Array.from(known)).toEqual([0, 1, 2, 3])
    // A pulse's window begins 0.3 s before its foot: the top is 0.16 s behind that.
    const pulse = Array.from(pulses.values.subarray(pulses.each, 2 * pulses.each))
    expect(Math.abs(pulse.slice(0, 80).indexOf(Math.max(...pulse.slice(0, 80))) - 46)).toBeLessThanOrEqual(2)
  })
})
