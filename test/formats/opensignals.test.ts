import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError, noValue } from '../../src-main/contract/index.ts'
import { isOpenSignals, openOpenSignals } from '../../src-main/formats/opensignals.ts'
import { readFirstLine } from '../../src-main/formats/text-head.ts'
import { publicData } from '../signal/physionet.ts'
import { allCounts, memoryFile } from './text-memory.ts'

const about = {
  'device name': 'BTH98:D3', device: 'bitalino_rev', 'sampling rate': 1000, resolution: [4, 1, 1, 1, 1, 10, 10, 6], date: '2017-3-29', time: '9:39:13.118', comments: 'at rest', channels: [1, 2, 5],
  sensor: ['ECG', 'EDA', 'RAW'], label: ['A1', 'A2', 'A5'], column: ['nSeq', 'I1', 'I2', 'O1', 'O2', 'A1', 'A2', 'A5'],
}
const head = (devices: object): string => `# OpenSignals Text File Format. Version 1\n# ${JSON.stringify(devices)}\n# EndOfHeader\n`
/** One row as OpenSignals writes it: every cell is followed by a tab. */
const row = (...cells: number[]): string => `${cells.join('\t')}\t\r\n`

describe('OpenSignals text', () => {
  it('gives counts, and the transfer function of the sensors that have one', async () => {
    const text = head({ '98:D3': about }) + row(14, 1, 1, 0, 0, 512, 0, 63) + row(15, 1, 1, 0, 0, 1023, 1023, 0) + row(0, 1, 1, 0, 0, 0, 100, 31)
    const source = await openOpenSignals(memoryFile(text, 'ecg.txt'))
    expect(source).toMatchObject({ format: 'opensignals', rateHz: 1000, frames: 3, startDate: '2017-03-29', startTime: '09:39:13.118', comments: ['at rest'], gaps: [], files: ['ecg.txt'] })
    expect(source.facts).toEqual({ equipment: 'BTH98:D3 98:D3' })
    expect(await allCounts(source)).toEqual([[512, 1023, 0], [0, 1023, 100], [63, 0, 31]])
    expect(source.findings()).toEqual([])
    const [ecg, eda, raw] = source.signals
    // By the data sheet: (1023 / 1024 - 0.5) * 3.3 V / 1100 = 1.497 mV; 1023 / 1024 * 3.3 / 0.132 = 24.976 uS.
    expect((1023 - ecg.baseline) / ecg.gainCountsPerUnit).toBeCloseTo((1023 / 1024 - 0.5) * 3.3 / 1100 * 1000, 12)
    expect((512 - ecg.baseline) / ecg.gainCountsPerUnit).toBe(0)
    expect((1023 - eda.baseline) / eda.gainCountsPerUnit).toBeCloseTo((1023 / 1024) * 3.3 / 0.132, 12)
    expect([ecg.unit, ecg.bits, ecg.minimum, ecg.maximum, ecg.calibrated, ecg.label]).toEqual(['mV', 10, 0, 1023, true, 'ECG (A1)'])
    expect([raw.unit, raw.bits, raw.maximum, raw.calibrated, raw.label]).toEqual(['count', 6, 63, false, 'A5'])
  })

  it('shows the rows that the sequence number shows to be missing, through its wraps', async () => {
    const sent = Array.from({ length: 400 }, (_, i) => i).filter((i) => !(i >= 30 && i < 33) && i !== 160 && i !== 399)
    const text = head({ a: { ...about, resolution: [4, 10], column: ['nSeq', 'A1'], sensor: ['ECG'], label: ['A1'] } }) + sent.map((i) => row(i % 16, i)).join('')
    const source = await openOpenSignals(memoryFile(text))
    expect(source.frames).toBe(399)
    expect(source.gaps).toEqual([{ from: 30, to: 33 }, { from: 160, to: 161 }])
    const [counts] = await allCounts(source, 7)
    expect(counts).toEqual(Array.from({ length: 399 }, (_, i) => (sent.includes(i) ? i : noValue)))
  })

  it('says so when the sequence number counts nothing, and when values do not fit the resolution', async () => {
    const one = { ...about, resolution: [4, 10], column: ['nSeq', 'A1'], sensor: ['ECG'], label: ['A1'] }
    const still = await openOpenSignals(memoryFile(head({ a: one }) + row(0, 5) + row(0, 6) + row(0, 7)))
    expect([still.frames, still.gaps, still.findings().map(({ data }) => data.field)]).toEqual([3, [], ['nSeq']])
    const wide = await openOpenSignals(memoryFile(head({ a: one }) + row(0, 5) + row(1, 6000)))
    expect(wide.signals[0]).toMatchObject({ unit: 'count', gainCountsPerUnit: 1, bits: 16 })
    expect(wide.findings().map(({ data }) => data.field)).toEqual(['resolution'])
  })

  it('of two devices: the columns of both, side by side', async () => {
    const one = { ...about, 'device name': 'left', resolution: [4, 10], column: ['nSeq', 'A1'], sensor: ['ECG'], label: ['A1'] }
    const two = { ...one, 'device name': 'right', device: 'biosignalsplux', resolution: [16], column: ['nSeq', 'DI', 'CH1'], sensor: ['ECG'], label: ['CH1'] }
    const source = await openOpenSignals(memoryFile(head({ a: one, b: two }) + row(0, 7, 0, 0, 32768) + row(1, 8, 1, 0, 65535)))
    expect(source.signals.map(({ label, bits }) => [label, bits])).toEqual([['ECG (A1) left', 10], ['ECG (CH1) right', 16]])
    expect(await allCounts(source)).toEqual([[7, 8], [32768, 65535]])
    expect((65535 - 32768) / source.signals[1].gainCountsPerUnit).toBeCloseTo((65535 / 65536 - 0.5) * 3, 12)
    await expect(openOpenSignals(memoryFile(head({ a: one, b: { ...two, 'sampling rate': 100 } }) + row(0, 7, 0, 0, 1)))).rejects.toMatchObject({ code: 'text-signal-invalid', data: { line: 2, field: 'sampling rate' } })
  })

  it.each([
    ['no description', '# OpenSignals Text File Format\n# EndOfHeader\n1\t2\n', { line: 2, field: 'header' }],
    ['broken JSON', '# OpenSignals Text File Format\n# {"a": \n1\t2\n', { line: 2, field: 'header' }],
    ['no rate', head({ a: { ...about, 'sampling rate': 'fast' } }), { line: 2, field: 'sampling rate' }],
    ['no columns', head({ a: { ...about, column: 5 } }), { line: 2, field: 'column' }],
    ['a million columns', head({ a: { ...about, column: Array.from({ length: 100_000 }, (_, i) => `A${i}`) } }), { line: 2, field: 'column' }],
    ['no rows', head({ a: about }), { field: 'rows' }],
    ['a torn row', `${head({ a: about })}${row(0, 1, 1, 0, 0, 5, 5, 5)}${row(1, 1, 1)}${row(2, 1, 1, 0, 0, 5, 5, 5)}`, { line: 5, field: 'line' }],
    ['text among numbers', `${head({ a: about })}${row(0, 1, 1, 0, 0, 5, 5, 5)}${row(1, 1, 1, 0, 0, 5, 5, 5).replace('5', 'five')}`, { line: 5, column: 6, field: 'column 6' }],
    ['another format', 'time,ecg\n1,2\n', { line: 1, field: 'format' }],
    ['a Simple Text Format without labels', '# Simple Text Format\n# Sampling Rate (Hz):= 10\n1\n', { field: 'Labels' }],
    ['a Simple Text Format of NaN Hz', '# Simple Text Format\n# Sampling Rate (Hz):= NaN\n# Labels:= a\n1\n', { line: 2, field: 'Sampling Rate (Hz)' }],
  ])('refuses %s', async (_, text, data) => {
    await expect(openOpenSignals(memoryFile(text, 'bad.txt'))).rejects.toMatchObject({ code: 'text-signal-invalid', data: { file: 'bad.txt', ...data } })
  })

  it('whatever happens to its bytes, throws nothing but coded errors', async () => {
    const bytes = Buffer.from(head({ a: about }) + Array.from({ length: 20 }, (_, i) => row(i % 16, 1, 1, 0, 0, i, 2 * i, i)).join(''))
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), async (at, value, cut) => {
        const damaged = Uint8Array.from(bytes)
        damaged[at] = value
        try {
          await allCounts(await openOpenSignals(memoryFile(cut ? damaged.subarray(0, at) : damaged, 'x', 100)))
        } catch (thrown) {
          if (!(thrown instanceof LabError) || thrown.code !== 'text-signal-invalid') throw thrown
        }
      }),
      { numRuns: 300 },
    )
  })

  it('knows its first lines', async () => {
    expect(isOpenSignals(await readFirstLine(memoryFile('\uFEFF# Simple Text Format\r\n# more\n', 'x', 3)))).toBe(true)
    expect(await readFirstLine(memoryFile(''))).toBe('')
    expect([isOpenSignals('# OpenSignals Text File Format. Version 1'), isOpenSignals('# Simple Text Format'), isOpenSignals('# a comment')]).toEqual([true, true, false])
  })
})

describe('the BioSPPy samples', () => {
  const folder = publicData('biosppy-samples')
  it.skipIf(folder === null)('read as a plain split reads them', async () => {
    const names = readdirSync(folder ?? '').filter((name) => name.endsWith('.txt'))
    expect(names).toHaveLength(5)
    for (const name of names) {
      const text = readFileSync(join(folder ?? '', name), 'utf8')
      const rows = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('\t').map(Number))
      const source = await openOpenSignals(memoryFile(text, name))
      expect([source.frames, source.rateHz]).toEqual([rows.length, name === 'acc.txt' ? 100 : 1000])
      const counts = await allCounts(source, 999)
      source.signals.forEach(({ gainCountsPerUnit, baseline }, signal) => {
        expect(counts[signal].map((count) => (count - baseline) / gainCountsPerUnit)).toEqual(rows.map((cells) => cells[signal]))
      })
    }
  })

  it.skipIf(folder === null)('have the units and bits of their heads, where the values agree with them', async () => {
    const open = (name: string) => openOpenSignals(memoryFile(readFileSync(join(folder ?? '', name)), name))
    expect((await open('ecg.txt')).signals).toMatchObject([{ label: 'ECG', unit: 'count', bits: 12, minimum: 0, maximum: 4095, calibrated: false }])
    expect((await open('acc.txt')).signals.map(({ label, unit, gainCountsPerUnit }) => [label, unit, gainCountsPerUnit])).toEqual(['x', 'y', 'z'].map((axis) => [`acc_${axis}`, 'm/s^2', 1e5]))
    const pcg = await open('pcg.txt')
    expect(pcg.signals).toMatchObject([{ bits: 24 }])
    expect(pcg.findings()).toMatchObject([{ code: 'import-header-doubtful', data: { bits: 10 } }])
  })
})
