import { describe, expect, it } from 'vitest'
import { findBeatsInStretches } from '../../src-main/dataset/beat-stretches.ts'
import { findBeats } from '../../src-main/dataset/lane-analysis.ts'
import { ecgAt, heartTimes, noise } from '../signal/synthetic-heart.ts'

const rateHz = 250
const seconds = 40
const times = heartTimes(seconds)
const random = noise(5)
const ecg = Float32Array.from({ length: seconds * rateHz }, (_, row) => ecgAt(row / rateHz, times) + 0.01 * random())
const hole = (length: number): Float32Array => new Float32Array(length * rateHz).fill(Number.NaN)
const join = (...parts: readonly Float32Array[]): Float32Array => {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

describe('beats of a recording with long gaps', () => {
  const alone = findBeats('ecg', [ecg], rateHz)[0].rows

  it('are those of each stretch by itself, at its place', () => {
    expect(alone).toHaveLength(times.length)
    const [{ rows, polarity }] = findBeatsInStretches('ecg', [join(hole(300), ecg, hole(3600), ecg, hole(200))], rateHz)
    expect(rows).toEqual([...alone.map((row) => row + 300 * rateHz), ...alone.map((row) => row + (300 + seconds + 3600) * rateHz)])
    expect(polarity).toBe(1)
  })

  it('are looked for wherever one of the leads has a value', () => {
    const leads = [join(ecg, hole(seconds)), join(hole(seconds), ecg)]
    const wanted = findBeats('ecg', leads, rateHz)
    expect(wanted.flatMap(({ rows }) => rows).length).toBeGreaterThan(0)
    expect(findBeatsInStretches('ecg', leads.map((lead) => join(lead, hole(300))), rateHz)).toEqual(wanted.map(({ rows, polarity }) => ({ rows, polarity })))
  })

  it('of a stretch too long for the memory are those of the whole, each once, whatever the pieces', () => {
    const long = join(...Array.from({ length: 12 }, () => ecg))
    const leads = [long, long.map((value) => -0.5 * value)]
    const whole = findBeats('ecg', leads, rateHz).map(({ rows, polarity }) => ({ rows, polarity }))
    for (const piecesSeconds of [37, 100, 240]) {
      expect(findBeatsInStretches('ecg', leads, rateHz, 2 * piecesSeconds * rateHz)).toEqual(whole)
    }
  })

  it('are the same as ever where no gap is long, and none where nothing is', () => {
    const short = join(hole(30), ecg, hole(50), ecg, hole(20))
    expect(findBeatsInStretches('ecg', [short], rateHz)).toEqual(findBeats('ecg', [short], rateHz))
    expect(findBeatsInStretches('ecg', [hole(500)], rateHz)).toEqual([{ rows: [], polarity: null }])
    expect(findBeatsInStretches('ppg', [new Float32Array(0)], rateHz)).toEqual([{ rows: [], polarity: null }])
  })
})
