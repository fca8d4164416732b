import type { RowCursor } from './text-rows.ts'
import { NumberReader } from './text-numbers.ts'

/** Tells rows that are missing. One is made per pass. */
export interface RowClock {
  /** Rows that are missing between the row before and the cursor's. @throws LabError `text-signal-invalid` when its cell makes no sense. */
  missing(cursor: RowCursor): number
}

/** A column that counts rows: `step` more per row, 0..modulus-1 and again, or without end. */
export interface RowCounter {
  readonly step: number
  readonly modulus: number | null
}

/** Less than this share of steps alike, and a column counts something else than rows. */
const steadyShare = 0.9
/** Counters are as many bits wide as their makers needed. */
const usualModuli = [16, 256, 65536, 2 ** 32]

/**
 * How a column counts, from its first values; `null` when it does not. A modulus is what the counter itself shows: the usual place where it falls back, or, seen
 * once only, the next power of two that devices use.
 * @example recogniseCounter([13, 14, 15, 0, 1, 2, 3]) // { step: 1, modulus: 16 }
 */
export function recogniseCounter(values: readonly number[]): RowCounter | null {
  if (values.length < 2 || values.some((value) => !Number.isSafeInteger(value) || value < 0)) return null
  const steps = new Map<number, number>()
  const falls = new Map<string, { modulusLessStep: number; times: number }>()
  let fallCount = 0
  for (let i = 1; i < values.length; i++) {
    const step = values[i] - values[i - 1]
    if (step < 0) {
      fallCount += 1
      const key = `${values[i - 1]} ${values[i]}`
      falls.set(key, { modulusLessStep: values[i - 1] - values[i], times: (falls.get(key)?.times ?? 0) + 1 })
    } else steps.set(step, (steps.get(step) ?? 0) + 1)
  }
  const [step, times] = [...steps].reduce((most, entry) => (entry[1] > most[1] ? entry : most), [0, 0])
  if (step <= 0 || times < steadyShare * (values.length - 1 - fallCount)) return null
  if (fallCount === 0) return { step, modulus: null }
  const usual = [...falls.values()].reduce((most, fall) => (fall.times > most.times ? fall : most))
  const shown = usual.modulusLessStep + step
  const highest = values.reduce((most, value) => Math.max(most, value), 0)
  const modulus = usual.times > 1 && usual.times * 2 >= fallCount ? shown : usualModuli.find((candidate) => candidate > highest)
  if (modulus === undefined || modulus <= highest || modulus % step !== 0) return null
  return { step, modulus }
}

/** Reads a counter column; a fall of one without modulus, and a step that is no multiple of the usual one, are errors. */
export class CounterClock implements RowClock {
  readonly #cell: number
  readonly #counter: RowCounter
  readonly #number = new NumberReader('.')
  #previous = Number.NaN

  constructor(cell: number, counter: RowCounter) {
    this.#cell = cell
    this.#counter = counter
  }

  missing(cursor: RowCursor): number {
    const { step, modulus } = this.#counter
    const value = readCount(cursor, this.#cell, this.#number)
    const previous = this.#previous
    this.#previous = value
    if (modulus !== null && value >= modulus) throw cursor.invalid(this.#cell, `the counter is ${value}, above its highest value ${modulus - 1}`)
    if (Number.isNaN(previous)) return 0
    if (modulus === null && value <= previous) throw cursor.invalid(this.#cell, `the counter goes from ${previous} to ${value}`, { previous, value })
    // What looks like no step at all is a whole turn: a device never sends the same row twice.
    const ahead = modulus === null ? value - previous : ((value - previous - 1 + modulus) % modulus) + 1
    if (ahead % step !== 0) throw cursor.invalid(this.#cell, `the counter goes from ${previous} to ${value}, not by multiples of ${step}`, { previous, value })
    return ahead / step - 1
  }
}

/** A whole number from 0 on. @throws LabError `text-signal-invalid` */
export function readCount(cursor: RowCursor, cell: number, number: NumberReader): number {
  const read = number.read(cursor.bytes, cursor.starts[cell], cursor.ends[cell])
  const { value } = number
  if (!read || !Number.isSafeInteger(value) || value < 0) throw cursor.invalid(cell, `"${cursor.text(cell).slice(0, 40)}" is not a count`)
  return value
}
