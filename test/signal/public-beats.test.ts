import { describe, expect, it } from 'vitest'
import { LiveBeatDetector } from '../../src-main/signal/live-beats.ts'
import { matchPulses } from './match-pulses.ts'
import { compareBeats, publicData, readPublicRecord, readReferenceBeats } from './physionet.ts'

/** Beat counts of the data's README: they prove the reader, not the detector. */
const references: Readonly<Record<string, number>> = { 100: 2273, 105: 2572, 108: 1763, 200: 2601, 203: 2980, 208: 2955 }

describe('on MIT-BIH, whole records, 150 ms window', () => {
  it('finds at least 99.5 % of the beats and invents fewer than 0.5 %', (ctx) => {
    const folder = publicData('mitdb')
    if (folder === null) return ctx.skip()
    let beats = 0
    let hits = 0
    let found = 0
    for (const [name, count] of Object.entries(references)) {
      const record = readPublicRecord(folder, name)
      const reference = readReferenceBeats(folder, name)
      expect(reference).toHaveLength(count)
      const detected = new LiveBeatDetector({ rateHz: record.rateHz, kind: 'ecg' }).process(record.physical(0), 0)
      const result = compareBeats(reference, detected, Math.round(0.15 * record.rateHz))
      beats += reference.length
      hits += result.hits
      found += detected.length
      // No record may carry the others: 203 is "very difficult, even for humans" by its own header.
      expect(result.hits / reference.length).toBeGreaterThan(0.985)
      expect(result.hits / detected.length).toBeGreaterThan(0.98)
    }
    expect(hits / beats).toBeGreaterThanOrEqual(0.995)
    expect(hits / found).toBeGreaterThanOrEqual(0.995)
  })
})

describe('on BIDMC', () => {
  it('finds a pulse for 99 % of the beats where the pleth is undisturbed', (ctx) => {
    const folder = publicData('bidmc')
    if (folder === null) return ctx.skip()
    for (const name of ['bidmc06', 'bidmc07', 'bidmc08', 'bidmc09', 'bidmc15', 'bidmc18', 'bidmc42', 'bidmc51']) {
      const record = readPublicRecord(folder, name)
      const signal = (label: string) => record.physical(record.names.findIndex((known) => known.startsWith(label)))
      const beats = new LiveBeatDetector({ rateHz: record.rateHz, kind: 'ecg' }).process(signal('II'), 0)
      const pulses = new LiveBeatDetector({ rateHz: record.rateHz, kind: 'ppg' }).process(signal('PLETH'), 0)
      const { matched } = matchPulses(beats, pulses, record.rateHz)
      expect(matched / beats.length, `${name} beats`).toBeGreaterThan(0.985)
      expect(matched / pulses.length, `${name} pulses`).toBeGreaterThan(0.985)
    }
  })
})
