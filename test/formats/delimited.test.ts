import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError, noValue } from '../../src-main/contract/index.ts'
import type { DelimitedMappingInput } from '../../src-main/contract/schemas/delimited.ts'
import { suggestMapping } from '../../src-main/formats/delimited-suggestion.ts'
import { openDelimited } from '../../src-main/formats/delimited-text.ts'
import { allCounts, memoryFile } from './text-memory.ts'

const ecg = (over: Partial<DelimitedMappingInput> = {}): DelimitedMappingInput => ({
  delimiter: 'comma', headerRows: 1, columns: [{ column: 2, label: 'ECG', unit: 'mV' }], time: { column: 1, unit: 'seconds' }, ...over,
})
const open = (text: string, mapping: DelimitedMappingInput): ReturnType<typeof openDelimited> => openDelimited(memoryFile(text, 'ecg.csv'), mapping)
const refused = (data: object): object => ({ code: 'text-signal-invalid', data: { file: 'ecg.csv', ...data } })

describe('delimited text', () => {
  it('gives exact counts: as many decimals as the file has', async () => {
    const source = await open('time,ecg\n0.000,0.125\n0.004,-1.5\n0.008,2\n0.012,.0001\n', ecg())
    expect(source).toMatchObject({ format: 'delimited', rateHz: 250, frames: 4, gaps: [], files: ['ecg.csv'] })
    expect(source.signals).toEqual([
      { label: 'ECG', unit: 'mV', gainCountsPerUnit: 10_000, baseline: 0, calibrated: true, bits: 16, minimum: -32767, maximum: 32767, samplesPerFrame: 1, note: '' },
    ])
    expect(await allCounts(source)).toEqual([[1250, -15000, 20000, 1]])
    expect(source.findings()).toEqual([])
  })

  it('whatever the delimiter, decimal mark, line ends, quotes, blanks and chunks', async () => {
    const delimiters = { comma: ',', semicolon: ';', tab: '\t', space: '  ' } as const
    const cell = fc.oneof({ weight: 6, arbitrary: fc.tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.nat(4)) }, { weight: 1, arbitrary: fc.constant(null) })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...(Object.keys(delimiters) as (keyof typeof delimiters)[])), fc.boolean(), fc.constantFrom('\n', '\r\n', '\r'), fc.boolean(),
        fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 200 }),
        async (delimiter, comma, end, quoted, rows, most) => {
          const decimal = comma && delimiter !== 'comma' ? 'comma' : 'point'
          const print = (value: [number, number] | null): string => {
            if (value === null) return delimiter === 'space' ? 'NaN' : quoted ? '' : 'nan'
            const text = (value[0] / 10 ** value[1]).toFixed(value[1])
            const marked = decimal === 'comma' ? text.replace('.', ',') : text
            return quoted && delimiter !== 'space' ? ` "${marked}" ` : marked
          }
          const text = `# made by hand${end}a${delimiters[delimiter]}b${end}` + rows.map((row) => row.map(print).join(delimiters[delimiter]) + end).join('')
          const mapping = { delimiter, decimal, headerRows: 1, rateHz: 100, columns: [{ column: 1, label: 'a', unit: 'V' }, { column: 2, label: 'b', unit: 'V' }] } satisfies DelimitedMappingInput
          const source = await openDelimited(memoryFile(text, 'x', most), mapping)
          expect(source.comments).toEqual(['made by hand'])
          const counts = await allCounts(source, 7)
          ;[0, 1].forEach((c) => {
            // Exactly: both sides as integers of the file's finest decimal.
            const { gainCountsPerUnit } = source.signals[c]
            rows.forEach((row, i) => {
              const value = row[c]
              if (value === null) expect(counts[c][i]).toBe(noValue)
              else expect(BigInt(counts[c][i]) * 10n ** BigInt(value[1])).toBe(BigInt(value[0]) * BigInt(Math.round(gainCountsPerUnit)))
            })
          })
        },
      ),
    )
  })

  it('reads scientific notation, and keeps what fits of numbers with too many digits, saying so', async () => {
    const science = await open('t,v\n0,1.5e-3\n1,-2E2\n2,1e0\n', ecg())
    expect([science.signals[0].gainCountsPerUnit, await allCounts(science)]).toEqual([10_000, [[15, -2_000_000, 10_000]]])
    const printed = await open('t,v\n0,0.30000000000000004\n1,0.29999999999999999\n2,-0.145000000000000018\n', ecg())
    expect([printed.signals[0].gainCountsPerUnit, await allCounts(printed), printed.findings()]).toEqual([1000, [[300, 300, -145]], []])
    const long = await open('t,v\n0,0.300000000004\n1,-1.7\n', ecg())
    expect(long.signals[0]).toMatchObject({ gainCountsPerUnit: 1e9, bits: 32 })
    expect(await allCounts(long)).toEqual([[300_000_000, -1_700_000_000]])
    expect(long.findings()).toMatchObject([{ code: 'import-value-rounded', data: { signal: 'ECG', kept: 9 } }])
    const large = await open('t,v\n0,12345678901\n1,-1\n', ecg())
    expect([large.signals[0].gainCountsPerUnit, await allCounts(large)]).toEqual([0.1, [[1_234_567_890, 0]]])
    const brim = await open('t,v\n0,2147483646\n1,-2147483646\n', ecg())
    expect([brim.signals[0].gainCountsPerUnit, await allCounts(brim), brim.findings()]).toEqual([1, [[2147483646, -2147483646]], []])
    const over = await open('t,v\n0,2147483647\n1,0\n', ecg())
    expect([over.signals[0].gainCountsPerUnit, over.findings().length]).toEqual([0.1, 1])
  })

  it('never puts a value on the assumed converter\'s rails', async () => {
    for (const [value, bits] of [[32766, 16], [32767, 24], [8388606, 24], [8388607, 32]] as const) {
      const { signals: [signal] } = await open(`t,v\n0,${value}\n1,${-value}\n`, ecg())
      expect([signal.bits, signal.maximum > value, signal.minimum < -value]).toEqual([bits, true, true])
    }
  })

  describe('time', () => {
    it('missing rows are gaps; the rate is that of the time stamps', async () => {
      const at = Array.from({ length: 200 }, (_, i) => i).filter((i) => i !== 50 && !(i >= 100 && i < 140))
      for (const [unit, print] of [
        ['seconds', (i: number) => (10 + i / 360).toFixed(3)],
        ['milliseconds', (i: number) => String(Math.round((i * 1000) / 360))],
        ['microseconds', (i: number) => String(1e15 + Math.round((i * 1e6) / 360))],
        ['iso', (i: number) => `2024-02-29T23:59:59.${String(Math.round((i * 1000) / 360)).padStart(3, '0')}+01:00`],
        ['clock', (i: number) => `0:${(i / 360).toFixed(3).padStart(6, '0')}`],
      ] as const) {
        const source = await open(`t,v\n${at.map((i) => `${print(i)},${i}\n`).join('')}`, ecg({ time: { column: 1, unit } }))
        expect([source.rateHz, source.frames, source.gaps]).toEqual([360, 200, [{ from: 50, to: 51 }, { from: 100, to: 140 }]])
        expect((await allCounts(source, 33))[0]).toEqual(Array.from({ length: 200 }, (_, i) => (at.includes(i) ? i : noValue)))
        expect([source.startDate, source.startTime]).toEqual(unit === 'iso' ? ['2024-02-29', '23:59:59.000'] : [null, null])
      }
    })

    it('as a counter, with a modulus or without', async () => {
      const rows = (modulus: number): string => `n,v\n${[0, 1, 2, 5, 6, 7, 8, 9, 10].map((i) => `${i % modulus},${i}\n`).join('')}`
      for (const modulus of [8, null]) {
        const source = await open(rows(modulus ?? 99), ecg({ time: { column: 1, unit: 'samples', modulus }, rateHz: 50 }))
        expect([source.rateHz, source.frames, source.gaps]).toEqual([50, 11, [{ from: 3, to: 5 }]])
      }
      await expect(open(rows(8), ecg({ time: { column: 1, unit: 'samples' }, rateHz: 50 }))).rejects.toMatchObject(refused({ line: 8, column: 1 }))
    })

    it('a rate that no usual one explains is kept as measured', async () => {
      const source = await open(`t,v\n${Array.from({ length: 500 }, (_, i) => `${(i / 249.37).toFixed(6)},1\n`).join('')}`, ecg())
      expect(source.rateHz).toBeCloseTo(249.37, 3)
      expect(source.rateHz).not.toBe(249)
    })

    it.each([
      ['runs backwards', '0,1\n1,1\n2,1\n1.5,1\n3,1\n', { line: 5, column: 1 }],
      ['stands still', `${Array.from({ length: 30 }, (_, i) => `${i === 2 ? 1 : i},1\n`).join('')}`, { line: 4, column: 1 }],
      ['is irregular', '0,1\n1.00,1\n2,1\n3.45,1\n4.2,1\n', { line: 5, column: 1 }],
      ['is too coarse', '0,1\n0,1\n0,1\n1,1\n1,1\n1,1\n', { column: 1 }],
      ['is no time', '0,1\nsoon,1\n', { line: 3, column: 1 }],
      ['is missing', '0,1\n,1\n', { line: 3, column: 1 }],
      ['breaks for years', '0,1\n1,1\n2,1\n99999999,1\n', { line: 5 }],
      ['is one row', '0,1\n', { column: 1 }],
    ])('that %s is refused with its line and column', async (_, rows, data) => {
      await expect(open(`t,v\n${rows}`, ecg())).rejects.toMatchObject(refused(data))
    })

    it('that contradicts the given rate is refused', async () => {
      await expect(open('t,v\n0,1\n1,2\n2,3\n', ecg({ rateHz: 250 }))).rejects.toMatchObject(refused({ measuredHz: 1, rateHz: 250 }))
    })
  })

  describe('read with a wrong mapping says what it looks like', () => {
    it.each([
      ['semicolons and commas', 't;v\n0,1;0,25\n', ecg(), 'columns separated by semicolons with a decimal comma'],
      ['tabs', 't\tv\n0\t1.5\n', ecg(), 'columns separated by tabs'],
      ['a decimal comma', 't;v\n0;0,25\n', ecg({ delimiter: 'semicolon' }), 'numbers with a decimal comma'],
      ['a decimal point', 't;v\n0;0.25\n', ecg({ delimiter: 'semicolon', decimal: 'comma' }), 'numbers with a decimal point'],
      ['a decimal comma between columns', 'v\n0,25\n0,50\n', ecg({ time: null, rateHz: 1, columns: [{ column: 1, label: 'v', unit: 'V' }] }), 'numbers with a decimal comma'],
    ])('%s', async (_, text, mapping, looksLike) => {
      await expect(open(text, mapping)).rejects.toMatchObject(refused({ looksLike }))
    })

    it.each([
      ['a column that is not there', 't,v\n0,1\n', ecg({ columns: [{ column: 3, label: 'v', unit: 'V' }] }), { line: 2 }],
      ['no rate', 't,v\n0,1\n', ecg({ time: null }), { field: 'rateHz' }],
      ['no columns', 't,v\n0,1\n', ecg({ columns: [] }), { field: 'columns' }],
      ['commas for both', 't,v\n0,1\n', ecg({ decimal: 'comma' }), { field: 'decimal' }],
      ['a header among the rows', 't,v\nmV,mV\n0,1\n', ecg(), { line: 2, column: 1 }],
      ['a ragged row', 't,v\n0,1\n1,2,3\n2,3\n', ecg(), { line: 3 }],
      ['no rows', 't,v\n', ecg(), { field: 'rows' }],
      ['infinity', 't,v\n0,1\n1,inf\n', ecg(), { line: 3, column: 2, field: 'column 2', offset: 8 }],
    ])('or at least where it fails: %s', async (_, text, mapping, data) => {
      await expect(open(text, mapping)).rejects.toMatchObject(refused(data))
    })
  })

  it('takes further words for "no value", and leaves out a last line that is cut off', async () => {
    const source = await open('t,v\n0,1\n1,lead off\n2,3\n3', ecg({ missing: ['lead off'] }))
    expect([await allCounts(source), source.findings().map(({ code }) => code)]).toEqual([[[1, noValue, 3]], ['import-truncated']])
  })

  it('whatever happens to its bytes, throws nothing but coded errors, also when a mapping is proposed', async () => {
    const bytes = Buffer.from(`t;v\n${Array.from({ length: 40 }, (_, i) => `${i * 4};${(i / 8).toFixed(3).replace('.', ',')}\n`).join('')}`)
    const mapping = ecg({ delimiter: 'semicolon', decimal: 'comma', time: { column: 1, unit: 'milliseconds' } })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.nat(bytes.length), async (changes, length) => {
        const damaged = Uint8Array.from(bytes)
        for (const [at, value] of changes) damaged[at] = value
        const file = memoryFile(damaged.subarray(0, length), 'x', 64)
        for (const read of [() => openDelimited(file, mapping), async () => openDelimited(file, { ...(await suggestMapping(file)).mapping, rateHz: 250 })]) {
          try {
            await allCounts(await read())
          } catch (thrown) {
            if (!(thrown instanceof LabError) || thrown.code !== 'text-signal-invalid') throw thrown
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  it('of a million rows is read in blocks and can be cancelled', async () => {
    const rows = 200_000
    const source = await open(`t,v\n${Array.from({ length: rows }, (_, i) => `${i},${i % 1000}\n`).join('')}`, ecg({ time: { column: 1, unit: 'milliseconds' } }))
    let frames = 0
    let sum = 0
    for await (const [counts] of source.blocks()) {
      expect(counts.length).toBeLessThan(20_000)
      frames += counts.length
      for (const count of counts) sum += count
    }
    expect([frames, sum, source.rateHz]).toEqual([rows, (rows / 1000) * 499_500, 1000])
    const stop = new AbortController()
    const reading = source.blocks({ signal: stop.signal })
    await reading.next()
    stop.abort()
    await expect(reading.next()).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('a proposed mapping', () => {
  const propose = async (text: string): Promise<Awaited<ReturnType<typeof suggestMapping>>> => suggestMapping(memoryFile(text, 'x.csv'))
  const rows = (count: number, print: (i: number) => string): string => Array.from({ length: count }, (_, i) => `${print(i)}\n`).join('')

  it.each([
    ['plain CSV', `time (s),ECG [mV],PPG\n${rows(20, (i) => `${(i * 0.004).toFixed(3)},${i / 10},${i * 3 % 7}`)}`,
      { delimiter: 'comma', decimal: 'point', headerRows: 1, time: { column: 1, unit: 'seconds' }, columns: [{ column: 2, label: 'ECG', unit: 'mV' }, { column: 3, label: 'PPG', unit: 'count' }] }],
    ['semicolons and decimal commas', `Zeit;EKG\n${rows(20, (i) => `${i * 4};${String(i / 8).replace('.', ',')}`)}`,
      { delimiter: 'semicolon', decimal: 'comma', headerRows: 1, time: { column: 1, unit: 'milliseconds' }, columns: [{ column: 2, label: 'EKG' }] }],
    ['rdsamp of PhysioNet', `'Elapsed time','MLII','V5'\n'hh:mm:ss.mmm','mV','mV'\n${rows(20, (i) => `'0:00.${String(Math.round(i * 2.778)).padStart(3, '0')}',-0.145,-0.065`)}`,
      { delimiter: 'comma', headerRows: 2, time: { column: 1, unit: 'clock' }, columns: [{ column: 2, label: 'MLII', unit: 'mV' }, { column: 3, label: 'V5', unit: 'mV' }] }],
    ['a counter and a rate in the comments', `# sampling rate: 500 Hz\nsample\tecg\n${rows(20, (i) => `${i}\t${i * i % 11}`)}`,
      { delimiter: 'tab', headerRows: 1, commentPrefix: '#', rateHz: 500, time: { column: 1, unit: 'samples' }, columns: [{ column: 2, label: 'ecg' }] }],
    ['one column without a head', rows(20, (i) => String(i * 7 % 13)), { headerRows: 0, time: null, rateHz: null, columns: [{ column: 1, label: 'Column 1', unit: 'count' }] }],
    ['one column of decimal commas', `EKG\n${rows(20, (i) => `${i * 7 % 13},25`)}`, { decimal: 'comma', headerRows: 1, time: null, columns: [{ column: 1, label: 'EKG' }] }],
    ['dates', `Date,v\n${rows(20, (i) => `2024-05-01 10:00:0${(i / 10).toFixed(1)},${i}`)}`, { time: { column: 1, unit: 'iso' }, columns: [{ column: 2, label: 'v' }] }],
    ['blanks', rows(20, (i) => `  ${(i * 0.01).toFixed(2)}   ${i * i % 17} nan`), { delimiter: 'space', time: { column: 1, unit: 'seconds' }, columns: [{ column: 2 }] }],
  ])('for %s', async (_, text, mapping) => {
    const suggestion = await propose(text)
    expect(suggestion.mapping).toMatchObject(mapping)
    const source = await openDelimited(memoryFile(text), { ...suggestion.mapping, rateHz: suggestion.rateMissing ? 100 : suggestion.mapping.rateHz })
    expect([source.frames, source.gaps]).toEqual([20, []])
  })

  it('needs columns of numbers', async () => {
    for (const text of ['', 'dear sir,\nthank you\n', '# nothing\n']) await expect(propose(text)).rejects.toMatchObject({ code: 'text-signal-invalid', data: { file: 'x.csv' } })
  })
})
