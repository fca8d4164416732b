import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError, noValue } from '../../src-main/contract/index.ts'
import { isOpenBciText, openOpenBciText } from '../../src-main/formats/openbci-text.ts'
import { wallClockOf } from '../../src-main/formats/text-wall-clock.ts'
import { publicData } from '../signal/physionet.ts'
import { allCounts, memoryFile } from './text-memory.ts'

const old = (channels: number, rate = '250.0 Hz'): string =>
  `%OpenBCI Raw EEG Data\n%Number of channels = ${channels}\n%Sample Rate = ${rate}\n%First Column = SampleIndex\n%Last Column = Timestamp \n` +
  '%Other Columns = EEG data in microvolts followed by Accel Data (in G) interleaved with Aux Data\n'
const step = 4.5e6 / 24 / (2 ** 23 - 1)

describe('OpenBCI text', () => {
  it('gives the converter\'s own counts back from microvolts with two decimals', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: -900_000, max: 900_000 }), fc.integer({ min: -9000, max: 9000 })), { minLength: 40, maxLength: 60 }), async (rows) => {
        // Single precision, as the GUI calculates.
        const print = (count: number): string => Math.fround(count * Math.fround(step)).toFixed(2)
        const text = old(2) + rows.map(([a, b], i) => `${i % 256}, ${print(a)}, ${print(b || 1)}, 0.040, 0.420, 0.238, 12:00:53.329, 1557936053329\n`).join('')
        const source = await openOpenBciText(memoryFile(text))
        expect(source.signals[0]).toMatchObject({ unit: 'uV', gainCountsPerUnit: 1 / step, bits: 24, minimum: -8388608, maximum: 8388607 })
        const counts = await allCounts(source)
        expect(counts.slice(0, 2)).toEqual([rows.map(([a]) => a), rows.map(([, b]) => b || 1)])
        expect(counts.slice(2)).toEqual([rows.map(() => 4), rows.map(() => 42), rows.map(() => 238)])
        expect(source.signals.slice(2).map(({ unit, gainCountsPerUnit }) => [unit, gainCountsPerUnit])).toEqual([['g', 100], ['g', 100], ['g', 1000]])
      }),
      { numRuns: 40 },
    )
  })

  it('keeps the printed decimals of a board of another gain', async () => {
    const values = Array.from({ length: 100 }, (_, i) => ((i * 7919 % 1000) * step * 24 / 7).toFixed(2))
    const source = await openOpenBciText(memoryFile(old(1) + values.map((value, i) => `${i}, ${value}, 0, 0, 0, x, 1\n`).join('')))
    expect(source.signals[0]).toMatchObject({ unit: 'uV', gainCountsPerUnit: 100 })
    expect((await allCounts(source))[0]).toEqual(values.map((value) => Math.round(Number(value) * 100)))
  })

  it('shows what the sample index shows to be missing, modulo 256', async () => {
    const sent = Array.from({ length: 1000 }, (_, i) => i).filter((i) => !(i >= 250 && i < 260) && i !== 511 && i !== 700)
    const source = await openOpenBciText(memoryFile(old(1) + sent.map((i) => `${i % 256}, ${i}, 0, 0, 0, x, 1\n`).join(''), 'gaps.txt', 77))
    expect(source.frames).toBe(1000)
    expect(source.gaps).toEqual([{ from: 250, to: 260 }, { from: 511, to: 512 }, { from: 700, to: 701 }])
    const [counts] = await allCounts(source, 100)
    expect(counts).toEqual(Array.from({ length: 1000 }, (_, i) => (sent.includes(i) ? i : noValue)))
    const pairs = Array.from({ length: 600 }, (_, i) => i).filter((i) => i !== 300)
    const daisy = await openOpenBciText(memoryFile(old(1, '125 Hz') + pairs.map((i) => `${(2 * i) % 256}, ${i}, 0, 0, 0, x, 1\n`).join('')))
    expect([daisy.frames, daisy.gaps]).toEqual([600, [{ from: 300, to: 301 }]])
  })

  it('says so when the index does not count, and when the last line is cut off', async () => {
    const source = await openOpenBciText(memoryFile(`${old(1)}0, 1, 0, 0, 0, x, 1\n0, 2, 0, 0, 0, x, 1\n0, 3, 0, 0, 0, x, 1\n0, 4, 0`))
    expect(source.frames).toBe(3)
    expect(source.findings().map(({ code }) => code).sort()).toEqual(['import-header-doubtful', 'import-truncated'])
  })

  it.each([
    ['no channels', '%OpenBCI Raw EEG Data\n%Sample Rate = 250 Hz\n', { field: 'Number of channels' }],
    ['a million channels', '%OpenBCI Raw EEG Data\n%Number of channels = 1000000\n%Sample Rate = 250 Hz\n', { line: 2, field: 'Number of channels' }],
    ['no rate', '%OpenBCI Raw EEG Data\n%Number of channels = 1\n%Sample Rate = fast\n0, 1\n', { line: 3, field: 'Sample Rate' }],
    ['too few columns', `${old(8)}0, 1, 2\n`, { line: 7 }],
    ['names that do not agree', '%OpenBCI Raw EXG Data\n%Number of channels = 2\n%Sample Rate = 250 Hz\nSample Index, EXG Channel 0, Timestamp\n0, 1, 2\n', { line: 4, field: 'Number of channels' }],
    ['hexadecimal', `${old(1)}0A, 00FF, 0, 0, 0\n`, { line: 7, column: 1 }],
    ['a CSV', 'a,b\n1,2\n', { line: 1, field: 'format' }],
    ['nothing', '', { line: 1, field: 'format' }],
  ])('refuses %s', async (_, text, data) => {
    await expect(openOpenBciText(memoryFile(text, 'bad.txt'))).rejects.toMatchObject({ code: 'text-signal-invalid', data: { file: 'bad.txt', ...data } })
  })

  it('whatever happens to its bytes, throws nothing but coded errors', async () => {
    const bytes = Buffer.from(old(2) + Array.from({ length: 20 }, (_, i) => `${250 + i > 255 ? i - 6 : 250 + i}, 1.${i}, -2.5, 0, 0, 0, 12:00:53.329, 1557936053329\n`).join(''))
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), async (at, value, cut) => {
        const damaged = Uint8Array.from(bytes)
        damaged[at] = value
        try {
          await allCounts(await openOpenBciText(memoryFile(cut ? damaged.subarray(0, at) : damaged, 'x', 90)))
        } catch (thrown) {
          if (!(thrown instanceof LabError) || thrown.code !== 'text-signal-invalid') throw thrown
        }
      }),
      { numRuns: 300 },
    )
  })

  it('knows its first line', () => {
    expect([isOpenBciText('%OpenBCI Raw EXG Data'), isOpenBciText('% a comment')]).toEqual([true, false])
  })
})

describe('the wall clock of a row', () => {
  // 2021-01-01T00:30:00Z
  const unix = 1609461000
  it.each([
    ['00:30:00.250', '2021-01-01'], ['13:30:00', '2021-01-01'], ['19:30:00', '2020-12-31'], ['14:30:00', '2020-12-31'], ['23:59:59.9', '2020-12-31'],
  ])('%s beside 00:30 UTC is %s', (wall, startDate) => {
    for (const stamp of [String(unix), String(unix * 1000)]) expect(wallClockOf({ unix: stamp, wall })).toMatchObject({ startDate })
  })

  it('needs a time of day, and believes a date', () => {
    expect(wallClockOf({ unix: String(unix), wall: null })).toEqual({ startDate: null, startTime: null })
    expect(wallClockOf({ unix: '12', wall: '25:00:00' })).toEqual({ startDate: null, startTime: null })
    expect(wallClockOf({ unix: '12', wall: '5:00:00' })).toEqual({ startDate: null, startTime: '05:00:00.000' })
    expect(wallClockOf({ unix: null, wall: '2020-09-17 14:21:45.123456' })).toEqual({ startDate: '2020-09-17', startTime: '14:21:45.123456' })
  })
})

describe('the OpenBCI samples', () => {
  const folder = publicData('openbci-samples')
  it.skipIf(folder === null)('read as a plain split reads them, packed or not, and both versions hold the same counts', async () => {
    const paths = ['Deprecated', '.'].flatMap((sub) => readdirSync(join(folder ?? '', sub)).filter((name) => name.endsWith('.txt.gz')).map((name) => join(folder ?? '', sub, name)))
    expect(paths).toHaveLength(2)
    const all: number[][][] = []
    for (const path of paths) {
      const packed = readFileSync(path)
      const text = gunzipSync(packed).toString('utf8')
      const rows = text.split(/\r?\n/).filter((line) => /^\d/.test(line)).map((line) => line.split(',').map(Number))
      const source = await openOpenBciText(memoryFile(packed, 'sample.txt.gz'))
      expect([source.frames, source.rateHz, source.gaps, source.findings(), source.startDate, source.startTime]).toEqual([rows.length, 250, [], [], '2019-05-15', '12:00:53.329'])
      const counts = await allCounts(source)
      source.signals.forEach(({ gainCountsPerUnit, unit }, signal) => {
        const worst = counts[signal].reduce((most, count, i) => Math.max(most, Math.abs(count / gainCountsPerUnit - rows[i][1 + signal])), 0)
        expect(worst).toBeLessThan(unit === 'uV' ? step / 2 : 1e-9)
      })
      expect(await allCounts(await openOpenBciText(memoryFile(text, 'sample.txt', 65_537)))).toEqual(counts)
      all.push(counts.slice(0, 8))
    }
    expect(all[0]).toEqual(all[1])
    expect(all[0].flat().length).toBe(8 * 22_490)
  })
})
