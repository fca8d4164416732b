import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeviceConfiguration, DeviceSettings } from '../../src-main/contract/index.ts'
import type { BoardStatus } from '../../src-main/devices/protocol.ts'
import { configureDevice, deviceProfile, deviceProtocol } from '../../src-main/devices/registry.ts'
import { damage, edits } from './damage.ts'
import { concatBytes, decodeAll } from './decode-all.ts'

export const calm: BoardStatus = { leadOff: false, heartRateBpm: 72, spo2Percent: 98, respirationBpm: 16, temperatureCelsius: 36.5 }

/** The same damage on every run: a checksum is allowed to be fooled now and then, a test is not. */
const seed = 20260301

export interface SentRow {
  readonly counts: number[]
  readonly counter: number
  readonly bytes: Uint8Array
}

/** What the simulated board sends for `rows`. */
export function sendRows(configuration: DeviceConfiguration, rows: readonly number[][], status = calm): SentRow[] {
  const board = deviceProtocol(configuration.protocol).createBoard(configuration, 1)
  board.startStreaming()
  return rows.map((counts) => ({ counts, ...board.row(Int32Array.from(counts), status) }))
}

export function anyRows(configuration: DeviceConfiguration, minLength = 16, maxLength = 40): fc.Arbitrary<number[][]> {
  const row = fc.tuple(...configuration.lanes.map((lane) => fc.integer({ min: lane.minimum, max: lane.maximum })))
  return fc.array(row, { minLength, maxLength })
}

/** Repeatable pseudo-random rows for tests that count. */
export function manyRows(configuration: DeviceConfiguration, rows: number, start = 1): { rows: number[][]; random: () => number } {
  let state = start
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const value = (lane: { minimum: number; maximum: number }): number => Math.floor(lane.minimum + random() * (lane.maximum - lane.minimum + 1))
  return { rows: Array.from({ length: rows }, () => configuration.lanes.map(value)), random }
}

interface Claims {
  readonly profile: string
  readonly settings?: DeviceSettings
  /** A frame proves itself by a checksum that the seeded damage never fools. */
  readonly checked: boolean
  /** Rows at the beginning that the decoder cannot know to be whole (text lines: 1). */
  readonly firstRows?: number
  /** Intact frames in a row after which none of them may be missing. */
  readonly run: number
  /** The first frame of an intact stretch may be lost with what was in front of it (text: no line end before it). */
  readonly headMayGo?: boolean
}

/** The claims that hold for every decoder: exact rows, any chunking, and any damage. */
export function claimDecoder({ profile, settings = {}, checked, firstRows = 0, run, headMayGo = false }: Claims): void {
  const configuration = configureDevice(profile, settings)
  const protocol = deviceProtocol(configuration.protocol)
  const name = `${profile}${Object.keys(settings).length > 0 ? ` ${JSON.stringify(settings)}` : ''}`

  describe(`decoder of ${name}`, () => {
    it('gives back every row, counter and byte that its board sent', () => {
      fc.assert(fc.property(anyRows(configuration), (rows) => {
        const sent = sendRows(configuration, rows)
        const bytes = concatBytes(...sent.map((row) => row.bytes))
        const decoded = decodeAll(protocol.createDecoder(configuration), bytes)
        expect(decoded.rows.map((row) => row.counts)).toEqual(rows.slice(firstRows))
        expect(decoded.rows.map((row) => row.counter)).toEqual(sent.slice(firstRows).map((row) => row.counter))
        expect(decoded.bytesSkipped).toBe(sent.slice(0, firstRows).reduce((sum, row) => sum + row.bytes.length, 0))
        expect(decoded.bytesInFrames + decoded.bytesSkipped).toBe(bytes.length)
      }), { seed, numRuns: 40 })
    })

    it('finds the same wherever the chunks of a damaged stream are cut', () => {
      const pieces = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 60 })
      fc.assert(fc.property(anyRows(configuration), edits, pieces, (rows, changes, cuts) => {
        const { bytes } = damage(sendRows(configuration, rows).map((row) => row.bytes), changes)
        const whole = decodeAll(protocol.createDecoder(configuration), bytes)
        expect(decodeAll(protocol.createDecoder(configuration), bytes, cuts)).toEqual(whole)
        expect(decodeAll(protocol.createDecoder(configuration), bytes, Array.from(bytes, () => 1))).toEqual(whole)
      }), { seed, numRuns: 40 })
    })

    it('accounts for every byte of a damaged stream and keeps the intact runs', () => {
      fc.assert(fc.property(anyRows(configuration), edits, (rows, changes) => {
        const sent = sendRows(configuration, rows)
        const { bytes, intactAt } = damage(sent.map((row) => row.bytes), changes)
        const decoded = decodeAll(protocol.createDecoder(configuration), bytes)
        expect(decoded.bytesInFrames + decoded.bytesSkipped).toBe(bytes.length)
        expect(decoded.skips.reduce((sum, skip) => sum + skip.length, 0)).toBe(decoded.bytesSkipped)
        const offsetOf = (index: number): number => intactAt[index] + sent[index].bytes.length - (configuration.frameBytes ?? sent[index].bytes.length)
        const byOffset = new Map(decoded.rows.map((row) => [row.offset, row]))
        for (let index = 0; index < rows.length; index += 1) {
          const inRun = isInRun(intactAt, sent, index, run, headMayGo)
          const row = intactAt[index] < 0 ? undefined : byOffset.get(offsetOf(index))
          if (inRun) expect(row, `row ${index}`).toBeDefined()
          if (row) expect(row.counts).toEqual(rows[index])
        }
        if (!checked) return
        const intact = new Set(sent.map((_, index) => (intactAt[index] < 0 ? -1 : offsetOf(index))))
        const invented = decoded.rows.filter((row) => !intact.has(row.offset) && !rows.some((counts) => String(counts) === String(row.counts)))
        expect(invented).toEqual([])
      }), { seed, numRuns: 150 })
    })

    it('survives bytes that are nothing', () => {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
        const decoder = protocol.createDecoder(configuration)
        const decoded = decodeAll(decoder, bytes)
        expect(decoder.bytesIn).toBe(bytes.length)
        expect(decoded.bytesInFrames + decoded.bytesSkipped).toBe(bytes.length)
        expect(decoder.bytesPending).toBe(0)
      }), { seed, numRuns: 100 })
    })
  })
}

/** Frame `index` lies in a stretch of at least `run` frames that arrived whole and directly behind each other. */
function isInRun(intactAt: readonly number[], sent: readonly SentRow[], index: number, run: number, headMayGo: boolean): boolean {
  if (intactAt[index] < 0) return false
  const joined = (a: number): boolean => intactAt[a] >= 0 && intactAt[a + 1] === intactAt[a] + sent[a].bytes.length
  let first = index
  let last = index
  while (first > 0 && joined(first - 1)) first -= 1
  while (last + 1 < sent.length && joined(last)) last += 1
  return last - first + 1 >= run && (index > first || !headMayGo)
}

/** A profile's own lanes, counter and rate are what its protocol makes of its settings. */
export function claimProfile(id: string): void {
  it(`${id}: the profile is what its protocol makes of it, and a stored configuration makes itself again`, () => {
    const profile = deviceProfile(id)
    const configuration = configureDevice(id)
    expect(configuration.lanes).toEqual(profile.lanes)
    expect(configuration.counter).toEqual(profile.counter)
    expect(configuration.rateHz).toBe(profile.rateHz)
    expect(configureDevice(id, configuration.settings)).toEqual(configuration)
    expect(profile.notes.length).toBeGreaterThan(0)
  })
}
