import type { SembridgeRecipe, WindowOptions } from '../../contract/index.ts'
import { spanOf } from '../../exchange/window-stretch.ts'
import type { WindowSet } from '../../learning/data/window-set.ts'
import type { Pace } from '../pace.ts'
import { cutOptions } from '../window-options.ts'

/** When each window of a set was recorded, s from the recording's first row. */
export interface WindowTimes {
  readonly from: Float64Array
  readonly to: Float64Array
}

/** What a beat takes at the slowest, s: how far a group may reach whose end nobody wrote down. */
const slowestBeat = 1.5

/** @example windows of 5 s whose first rows are 0 and 625 at 250 rows a second: from (0, 2.5), to (5, 7.5) */
export function windowTimes({ row, recording, recordings }: Pick<WindowSet, 'row' | 'recording' | 'recordings'>, options: WindowOptions): WindowTimes {
  const { beforeSeconds, afterSeconds } = spanOf(cutOptions(options))
  const at = Float64Array.from(row, (value, place) => value / recordings[recording[place]].rowRateHz)
  const longer = options.mode === 'summary-beat' ? (options.beatsPerGroup - 1) * slowestBeat : 0
  return { from: at.map((time) => time - beforeSeconds), to: at.map((time) => time + afterSeconds + longer) }
}

export interface OfferOptions {
  /** The student's windows that learn, rows of its set; the teacher's that may teach. Subjects and recordings have the same numbers in both sets. */
  readonly student: { readonly set: WindowSet; readonly rows: Int32Array; readonly times: WindowTimes }
  readonly gallery: { readonly set: WindowSet; readonly rows: Int32Array; readonly times: WindowTimes }
  /** Windows of the same recording that overlap in time are not offered. */
  readonly excludeSynchronous: boolean
}

/** For every window that learns, by its place in `student.rows`: the places in `gallery.rows` that are of the same person and may be its partner, ascending. */
export function offersOf({ student, gallery, excludeSynchronous }: OfferOptions): (place: number) => Int32Array {
  const bySubject = new Map<number, number[]>()
  for (const [place, row] of gallery.rows.entries()) {
    const subject = gallery.set.subject[row]
    const own = bySubject.get(subject)
    if (own) own.push(place)
    else bySubject.set(subject, [place])
  }
  const all = new Map([...bySubject].map(([subject, places]) => [subject, Int32Array.from(places)]))
  const none = new Int32Array(0)
  return (place) => {
    const row = student.rows[place]
    const own = all.get(student.set.subject[row]) ?? none
    if (!excludeSynchronous) return own
    const [from, to] = [student.times.from[row], student.times.to[row]]
    return own.filter((other) => {
      const taught = gallery.rows[other]
      return gallery.set.recording[taught] !== student.set.recording[row] || gallery.times.to[taught] <= from || gallery.times.from[taught] >= to
    })
  }
}

/** Who teaches whom. */
export interface Matched {
  /** Place in the gallery for every window that learns, -1: nobody of the same person is there. */
  readonly partners: Int32Array
  /** Mean cost of the pairs; 0 without any. */
  readonly cost: number
  readonly comparisons: number
}

/** The cheapest partner for everybody; of equal ones the first. `cost`: of a place among those that learn and one in the gallery. @throws what `pace` throws */
export async function cheapest(learners: number, offers: (place: number) => Int32Array, cost: (place: number, other: number) => number, pace: Pace): Promise<Matched> {
  const partners = new Int32Array(learners).fill(-1)
  let [sum, found, comparisons] = [0, 0, 0]
  for (let place = 0; place < learners; place++) {
    const offered = offers(place)
    let least = Infinity
    for (const other of offered) {
      const asked = cost(place, other)
      if (asked < least) [least, partners[place]] = [asked, other]
    }
    comparisons += offered.length
    await pace((place + 1) / learners)
    if (partners[place] < 0) continue
    sum += least
    found++
  }
  return { partners, cost: found > 0 ? sum / found : 0, comparisons }
}

/** 1 − cosine of unit-length rows, [windows, dimensions] each. */
export function cosineCost(student: Float32Array, gallery: Float32Array, dimensions: number): (place: number, other: number) => number {
  return (place, other) => 1 - dot(student, place * dimensions, gallery, other * dimensions, dimensions)
}

/** softmax(z / temperature) of every row, made once for a teacher whose logits never change. */
export interface Posteriors {
  readonly people: number
  readonly log: Float64Array
  readonly values: Float64Array
}

/** @param logits [windows, people] @example [[0, 3]], temperature 3: values (0.2689, 0.7311) */
export function posteriors(logits: Float32Array, people: number, temperature: number): Posteriors {
  const log = Float64Array.from(logits, (z) => z / temperature)
  for (let from = 0; from < log.length; from += people) {
    const row = log.subarray(from, from + people)
    const largest = row.reduce((most, z) => Math.max(most, z), -Infinity)
    const whole = largest + Math.log(row.reduce((sum, z) => sum + Math.exp(z - largest), 0))
    for (let k = 0; k < people; k++) row[k] -= whole
  }
  return { people, log, values: log.map(Math.exp) }
}

/** KL(teacher ‖ student) (recognition.md A3, dynamic matching). */
export function divergenceCost(student: Posteriors, gallery: Posteriors): (place: number, other: number) => number {
  const { people } = gallery
  const own = Float64Array.from({ length: gallery.values.length / people }, (_, other) => dot(gallery.values, other * people, gallery.log, other * people, people))
  return (place, other) => own[other] - dot(gallery.values, other * people, student.log, place * people, people)
}

function dot(a: ArrayLike<number>, fromA: number, b: ArrayLike<number>, fromB: number, length: number): number {
  let sum = 0
  for (let i = 0; i < length; i++) sum += a[fromA + i] * b[fromB + i]
  return sum
}

/**
 * Epochs, counted from 0, before which windows are matched anew; e_0 = first, e_t = e_{t-1} + step + growth · (t − 1), as parts of all.
 * @example the usual rule and 200 epochs: 30, 60, 95, 135, 180, as published (recognition.md A3)
 */
export function rematchEpochs({ first, step, growth }: SembridgeRecipe['rematch'], epochs: number): number[] {
  const found = new Set<number>()
  for (let at = first, k = 0; at < 1; at += step + growth * k++) {
    const epoch = Math.round(at * epochs)
    if (epoch > 0 && epoch < epochs) found.add(epoch)
  }
  return [...found]
}
