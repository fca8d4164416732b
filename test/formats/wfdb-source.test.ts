import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/index.ts'
import { openWfdb } from '../../src-main/formats/wfdb-source.ts'
import { encodeFlac } from './flac-encoder.ts'
import { memoryFolder, readAll, shown } from './wfdb-folder.ts'

/** 16-bit samples, low byte first. */
const words = (...values: number[]): Uint8Array => Uint8Array.from(values.flatMap((value) => [value & 0xff, (value >> 8) & 0xff]))
const range = (count: number, value: (i: number) => number): number[] => Array.from({ length: count }, (_, i) => value(i))

describe('a WFDB record as a stream', () => {
  it('says what its header says', async () => {
    const source = await openWfdb(
      memoryFolder({
        'r.hea': 'r 2 500 2 10:11:12.5 31/12/2004\nr.dat 16 200(5)/uV 12 1024 7 9 0 ECG I, \nr.dat 16 0 0 0 1 1 0\n# Age: 25\n# Sex: male\n# Smoker: n/a\n',
        'r.dat': words(7, 1, 2, 0),
      }),
      'r',
    )
    expect(source).toMatchObject({
      format: 'wfdb', rateHz: 500, frames: 2, startDate: '2004-12-31', startTime: '10:11:12.500', comments: ['Age: 25', 'Sex: male', 'Smoker: n/a'], gaps: [],
      facts: { age: '25', sex: 'male' }, files: ['r.hea', 'r.dat'],
      signals: [
        { label: 'ECG I', unit: 'uV', gainCountsPerUnit: 200, baseline: 5, calibrated: true, bits: 12, minimum: -1024, maximum: 3071, samplesPerFrame: 1, note: '' },
        { label: '', unit: 'mV', gainCountsPerUnit: 200, baseline: 0, calibrated: false, bits: 16, minimum: -32768, maximum: 32767, samplesPerFrame: 1, note: '' },
      ],
    })
    expect(shown((await readAll(source)).counts)).toEqual(['7 2', '1 0'])
    expect(source.findings()).toEqual([])
    expect(await source.annotations()).toEqual([])
  })

  it.each([
    ['# ECG date: 07.12.2004', '2004-12-07'],
    ['# ECG date: 01/10/1990', '1990-10-01'],
    ['# ECG date: 12/31/2004', '2004-12-31'],
    ['# Recording date: 2004-12-07', '2004-12-07'],
    ['# ECG date: 31.02.2004', null],
    ['# ECG date: 07.12.04', null],
    ['# Infarction date (acute): 29.09.1990', null],
  ])('%s -> %s', async (comment, date) => {
    expect((await openWfdb(memoryFolder({ 'r.hea': `r 1 500\nr.dat 16\n${comment}\n`, 'r.dat': words(1) }), 'r')).startDate).toBe(date)
  })

  it.each([
    ['<age>: 64 <sex>: F <source>: https://physionet.org/x/matched/s03386/ <data segment>: 2688-03-25<modifications>: none made', { age: '64', sex: 'F', source: 'https://physionet.org/x/matched/s03386/', 'data-segment': '2688-03-25', modifications: 'none made' }],
    ['<age>: ?? <sex>: ?', {}],
    ['69 M 1085 1629 x1', { age: '69', sex: 'M' }],
    ['constructor: x', { constructor: 'x' }],
    ['Catheterization date (1): 16-Oct-90', { 'catheterization-date': '16-Oct-90' }],
    ['no facts here', {}],
  ])('facts of %j', async (comment, facts) => {
    expect((await openWfdb(memoryFolder({ 'r.hea': `r 1 500\nr.dat 16\n# ${comment}\n`, 'r.dat': words(1) }), 'r')).facts).toEqual(facts)
  })

  it('two files, several samples per frame, an offset, a skew, a length from the file; in blocks of any size', async () => {
    // a.dat per frame: x x y; 3 bytes before. x is two frames late, so its last two frames are not there.
    const files = {
      'r.hea': 'r 3 10\na.dat 16x2:2+3 1 16 0 1 0 0 x\na.dat 16+3 1 16 0 0 0 0 y\nb.dat 80 1 8 0 0 0 0 z\n',
      'a.dat': [9, 9, 9, ...words(1, 2, 100, 3, 4, 101, 5, 6, 102, 7, 8, 103, 99)],
      'b.dat': [129, 130, 131, 132, 133],
    }
    for (const framesPerBlock of [undefined, 1, 2, 3, 4, 5, 1e9]) {
      const source = await openWfdb(memoryFolder(files), 'r')
      expect(source.frames).toBe(4)
      expect(shown((await readAll(source, framesPerBlock)).counts)).toEqual(['5 6 7 8 - - - -', '100 101 102 103', '1 2 3 4'])
    }
  })

  it.each([[0], [-3], [Number.NaN], [1.5]])('%d frames per block are taken as what can be', async (framesPerBlock) => {
    const source = await openWfdb(memoryFolder({ 'r.hea': 'r 1 10\nr.dat 16\n', 'r.dat': words(1, 2, 3) }), 'r')
    expect(await readAll(source, framesPerBlock)).toMatchObject({ blocks: [1, 1, 1] })
  })

  it('a wrong checksum is found once all was read, for its signal; sums are equal modulo 2^16', async () => {
    const source = await openWfdb(memoryFolder({ 'r.hea': 'r 2 10 2\nr.dat 16 1 16 0 1 40000 0 a\nr.dat 16 1 16 0 5 12 0 b\n', 'r.dat': words(20000, 5, 20000, 6) }), 'r')
    expect(source.findings()).toEqual([])
    await readAll(source)
    const expected = [{ code: 'import-checksum-mismatch', message: expect.stringContaining('b in r.dat'), data: { file: 'r.dat', signal: 1, expected: 12, found: 11 } }]
    expect(source.findings()).toEqual(expected)
    // Reading again finds the same, not twice.
    await readAll(source, 1)
    expect(source.findings()).toEqual(expected)
  })

  it('a cut file gives what is there; the rest is a gap, and no checksum is judged', async () => {
    const source = await openWfdb(memoryFolder({ 'r.hea': 'r 2 10 4\nr.dat 16 1 16 0 1 999 0 a\nr.dat 16 1 16 0 1 999 0 b\n', 'r.dat': words(1, 2, 3, 4, 5) }), 'r')
    expect(source.gaps).toEqual([{ from: 2, to: 4 }])
    expect(shown((await readAll(source)).counts)).toEqual(['1 3 - -', '2 4 - -'])
    expect(source.gaps).toEqual([{ from: 2, to: 4 }])
    expect(source.findings()).toMatchObject([{ code: 'import-truncated', data: { file: 'r.dat', frames: 4, available: 2 } }])
  })

  it('a missing file beside others: its signals have no value, which is no gap', async () => {
    const source = await openWfdb(memoryFolder({ 'r.hea': 'r 2 10 2\nr.dat 16 1 16 0 1 3 0 a\ns.dat 16 1 16 0 1 3 0 b\n', 'r.dat': words(1, 2) }), 'r')
    expect(shown((await readAll(source)).counts)).toEqual(['1 2', '- -'])
    expect(source.gaps).toEqual([])
    expect(source.findings()).toMatchObject([{ code: 'import-truncated', data: { file: 's.dat', available: 0 } }])
  })

  it('256 frames of ones in all signals at the start are a leading block; 255, or another value in one signal, are not', async () => {
    const block = async (frames: number, second = -1, format = '16'): Promise<unknown[]> => {
      const rows = range(400, (i) => (i < frames ? 0 : i)).flatMap((value) => (value === 0 ? [-1, second] : [value, -value]))
      const dat = format === '80' ? Uint8Array.from(rows, (value) => (value === -1 ? 255 : value & 0x7f)) : words(...rows)
      const source = await openWfdb(memoryFolder({ 'r.hea': `r 2 10 400\nr.dat ${format}\nr.dat ${format}\n`, 'r.dat': dat }), 'r')
      await readAll(source, 100)
      return [...source.findings()]
    }
    expect(await block(256)).toMatchObject([{ code: 'import-leading-block', data: { from: 0, to: 256 } }])
    expect(await block(300)).toMatchObject([{ data: { from: 0, to: 300 } }])
    expect(await block(400)).toMatchObject([{ data: { from: 0, to: 400 } }])
    expect(await block(300, -1, '80')).toMatchObject([{ data: { from: 0, to: 300 } }])
    expect(await block(255)).toEqual([])
    expect(await block(300, 0)).toEqual([])
  })

  it('FLAC: channels are signals, several samples per frame, its own length, the invalid code; cut off it gives whole frames', async () => {
    const samples = [range(40, (i) => i), range(40, (i) => (i === 3 ? -32768 : -i))]
    const verbatim = { kind: 'verbatim' as const, order: 0, coefficients: [], shift: 0, wideRice: false, partitionOrder: 0, escape: false }
    const flac = encodeFlac({ bits: 16, samples, block: 16, stereo: 'independent', variable: false, subframe: () => verbatim })
    const header = 'r 2 10 \nr.dat 516x2 1 16 0 0 780 0 a\nr.dat 516x2 1 16 0 0 31991 0 b\n'
    const source = await openWfdb(memoryFolder({ 'r.hea': header, 'r.dat': flac }), 'r')
    const expected = samples.map((channel) => channel.map((value) => (value === -32768 ? '-' : String(value || 0))))
    for (const framesPerBlock of [undefined, 1, 7, 8]) expect(shown((await readAll(source, framesPerBlock)).counts)).toEqual(expected.map((channel) => channel.join(' ')))
    // 0 + 1 + ... + 39 = 780; -780 + 3 - 32768 = -33545 = 31991 modulo 2^16.
    expect(source.findings()).toEqual([])
    const cut = await openWfdb(memoryFolder({ 'r.hea': header, 'r.dat': flac.subarray(0, flac.length - 20) }), 'r')
    expect(shown((await readAll(cut)).counts)).toEqual(expected.map((channel) => channel.map((value, i) => (i < 32 ? value : '-')).join(' ')))
    expect(cut.gaps).toEqual([{ from: 16, to: 20 }])
    expect(cut.findings()).toMatchObject([{ code: 'import-truncated', data: { file: 'r.dat', frames: 20, available: 16 } }])
    const silent = encodeFlac({ bits: 16, samples, block: 16, stereo: 'mid-side', variable: true, subframe: () => verbatim, announce: false })
    expect((await openWfdb(memoryFolder({ 'r.hea': header, 'r.dat': silent }), 'r')).frames).toBe(20)
    const damaged = flac.slice()
    damaged[flac.length - 30] ^= 1
    await expect(readAll(await openWfdb(memoryFolder({ 'r.hea': header, 'r.dat': damaged }), 'r'))).rejects.toMatchObject({ code: 'flac-invalid', data: { file: 'r.dat', offset: expect.any(Number) } })
  })

  it('can be cancelled', async () => {
    const source = await openWfdb(memoryFolder({ 'r.hea': 'r 1 10\nr.dat 16\n', 'r.dat': words(1, 2, 3) }), 'r')
    const controller = new AbortController()
    const reading = source.blocks({ framesPerBlock: 1, signal: controller.signal })
    expect((await reading.next()).value).toEqual([Int32Array.of(1)])
    controller.abort()
    await expect(reading.next()).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('a WFDB record of segments', () => {
  const segment = (name: string, frames: number, signals: string[], more = ''): string => `${name} ${signals.length} 10 ${frames}\n${signals.map((signal) => `${name}.dat 16 ${signal}\n`).join('')}${more}`

  it('fixed layout: one after another; a gap has no value', async () => {
    const source = await openWfdb(
      memoryFolder({
        'm.hea': 'm/3 2 10 6 10:00:00 01/02/2003\na 2\n~ 3\nb 1\n# Sex: F\n',
        'a.hea': segment('a', 2, ['10(1)/mV 12 0 1 4 0 I', '10/mV 12 0 2 6 0 V'], '# Age: 5\n'), 'a.dat': words(1, 2, 3, 4),
        'b.hea': segment('b', 1, ['10(1)/mV 12 0 1 5 0 I', '10/mV 12 0 2 6 0 V']), 'b.dat': words(5, 6),
      }),
      'm',
    )
    expect(source).toMatchObject({ frames: 6, startDate: '2003-02-01', gaps: [{ from: 2, to: 5 }], files: ['m.hea', 'a.hea', 'a.dat', 'b.hea', 'b.dat'], facts: { sex: 'F', age: '5' } })
    expect(shown((await readAll(source)).counts)).toEqual(['1 3 - - - 5', '2 4 - - - 6'])
    expect(source.findings()).toEqual([])
  })

  it('variable layout: signals by name in any order, missing ones, others that the layout has not', async () => {
    const source = await openWfdb(
      memoryFolder({
        'm.hea': 'm/4 3 10 5\nlayout 0\na 2\nb 2\nc 1\n',
        'layout.hea': 'layout 3 10 0\n~ 0 10/mV 12 0 0 0 0 I\n~ 0 10/mV 12 0 0 0 0 V\n~ 0 10/mV 12 0 0 0 0 V\n',
        'a.hea': segment('a', 2, ['10/mV 12 0 0 6 0 V', '10/mV 12 0 0 4 0 I']), 'a.dat': words(2, 1, 4, 3),
        'b.hea': segment('b', 2, ['10/mV 12 0 0 12 0 V', '10/mV 12 0 0 14 0 V']), 'b.dat': words(5, 6, 7, 8),
        'c.hea': segment('c', 1, ['10/mV 12 0 0 9 0 XX', '10/mV 12 0 0 10 0 I']), 'c.dat': words(9, 10),
      }),
      'm',
    )
    expect(shown((await readAll(source)).counts)).toEqual(['1 3 - - 10', '2 4 5 7 -', '- - 6 8 -'])
    expect(source.findings()).toMatchObject([{ code: 'wfdb-header-invalid', data: { file: 'c.hea', signal: 'XX' } }])
  })

  it('other gains and baselines: physical values stay; a finding where counts had to be rounded', async () => {
    // I: 5 counts per mV from 3 on, to 10 from 100 on: (c - 3) * 2 + 100, exact. V: 3 per mV to 10: 10 / 3 each, rounded.
    const source = await openWfdb(
      memoryFolder({
        'm.hea': 'm/2 2 10 3\nlayout 0\na 3\n',
        'layout.hea': 'layout 2 10 0\n~ 0 10(100)/mV 12 0 0 0 0 I\n~ 0 10(0)/mV 12 0 0 0 0 V\n',
        'a.hea': segment('a', 3, ['5(3)/mV 12 0 0 0 0 I', '3(0)/mV 12 0 0 0 0 V']), 'a.dat': words(3, 1, -7, 2, -32768, -32768),
      }),
      'm',
    )
    expect(shown((await readAll(source)).counts)).toEqual(['100 80 -', '3 7 -'])
    expect(source.findings().filter((finding) => finding.code !== 'import-checksum-mismatch')).toMatchObject([{ code: 'import-value-rounded', data: { signal: 1, segments: ['a'], gain: 10, largestError: 0.05 } }])
  })

  it('missing segments are gaps with a finding: without a header, without samples, with too few of them', async () => {
    const source = await openWfdb(
      memoryFolder({ 'm.hea': 'm/4 1 10 8\na 2\nb 2\nc 2\nd 2\n', 'a.hea': segment('a', 2, ['1']), 'a.dat': words(1, 2), 'b.hea': segment('b', 2, ['1']), 'd.hea': segment('d', 2, ['1']), 'd.dat': words(7) }),
      'm',
    )
    expect(source.gaps).toEqual([{ from: 2, to: 6 }, { from: 7, to: 8 }])
    expect(shown((await readAll(source)).counts)).toEqual(['1 2 - - - - 7 -'])
    expect(source.findings().map(({ code, data }) => [code, data.file])).toEqual([['import-truncated', 'b.dat'], ['import-truncated', 'c.hea'], ['import-truncated', 'd.dat']])
  })

  it('the main header decides how many frames; a segment\'s checksum holds for its own number only', async () => {
    const source = await openWfdb(memoryFolder({ 'm.hea': 'm/1 1 10 3\na 2\n', 'a.hea': segment('a', 3, ['1 12 0 0 777 0 I']), 'a.dat': words(1, 2, 3) }), 'm')
    expect(shown((await readAll(source)).counts)).toEqual(['1 2'])
    expect(source.findings()).toMatchObject([{ code: 'wfdb-header-invalid', data: { file: 'm.hea', expected: 2, found: 3 } }])
  })

  it.each([
    ['a record that is its own segment', { 'm.hea': 'm/1 1 10 5\nm 5\n' }, 'wfdb-header-invalid', 'm.hea'],
    ['a segment of segments', { 'm.hea': 'm/1 1 10 5\na 5\n', 'a.hea': 'a/1 1 10 5\nm 5\n' }, 'wfdb-header-invalid', 'a.hea'],
    ['another number of signals', { 'm.hea': 'm/1 2 10 1\na 1\n', 'a.hea': segment('a', 1, ['1']), 'a.dat': words(1) }, 'wfdb-header-invalid', 'a.hea'],
    ['another rate', { 'm.hea': 'm/1 1 11 1\na 1\n', 'a.hea': segment('a', 1, ['1']), 'a.dat': words(1) }, 'wfdb-header-invalid', 'a.hea'],
    ['another unit', { 'm.hea': 'm/2 1 10 1\nl 0\na 1\n', 'l.hea': 'l 1 10 0\n~ 0 1/uV 12 0 0 0 0 I\n', 'a.hea': segment('a', 1, ['1/mV 12 0 0 0 0 I']), 'a.dat': words(1) }, 'wfdb-header-invalid', 'a.hea'],
    ['more frames than can be counted', { 'm.hea': 'm/2 1 10\na 1\n~ 900000000000\n', 'a.hea': segment('a', 1, ['1']), 'a.dat': words(1) }, 'wfdb-header-invalid', 'm.hea'],
    ['a layout that is not there', { 'm.hea': 'm/2 1 10 1\nl 0\na 1\n', 'a.hea': segment('a', 1, ['1']), 'a.dat': words(1) }, 'file-not-found', 'l.hea'],
    ['a segment outside the folder', { 'm.hea': 'm/1 1 10 1\n../a 1\n' }, 'import-path-unsafe', 'm.hea'],
  ])('refuses %s', async (_, files, code, file) => {
    await expect(openWfdb(memoryFolder(files as Record<string, string>), 'm')).rejects.toMatchObject({ code, data: { file } })
  })
})

describe('a WFDB record that is not one', () => {
  it.each([
    ['no header', {}, 'file-not-found', 'r.hea'],
    ['no signals (annotations only)', { 'r.hea': 'r 0 250 1000\n' }, 'wfdb-signal-invalid', 'r.hea'],
    ['a layout', { 'r.hea': 'r 1 250 0\n~ 0 1/mV\n' }, 'wfdb-signal-invalid', 'r.hea'],
    ['no signal file', { 'r.hea': 'r 1 250 10\nr.dat 16\n' }, 'file-not-found', 'r.dat'],
    ['an empty signal file and no length', { 'r.hea': 'r 1 250\nr.dat 16\n', 'r.dat': '' }, 'wfdb-signal-invalid', 'r.dat'],
    ['an unknown format', { 'r.hea': 'r 1 250 1\nr.dat 17\n', 'r.dat': 'ab' }, 'wfdb-signal-invalid', 'r.dat'],
    ['two formats in a file', { 'r.hea': 'r 2 250 1\nr.dat 16\nr.dat 24\n', 'r.dat': 'abcde' }, 'wfdb-signal-invalid', 'r.dat'],
    ['a million signals', { 'r.hea': 'r 1000000 250 1\nr.dat 16\n' }, 'wfdb-header-invalid', 'r.hea'],
    ['a length that no disk holds', { 'r.hea': 'r 1 250 900000000000000\nr.dat 16\n', 'r.dat': 'ab' }, 'wfdb-signal-invalid', 'r.dat'],
    ['a length far beyond its file', { 'r.hea': 'r 1 250 2000000000\nr.dat 16\n', 'r.dat': 'ab' }, 'wfdb-signal-invalid', 'r.dat'],
    ['a million samples per frame, of many signals', { 'r.hea': `r 9 250 1\n${'r.dat 16x1000000\n'.repeat(9)}`, 'r.dat': 'ab' }, 'wfdb-signal-invalid', 'r.hea'],
    ['a skew of a trillion', { 'r.hea': 'r 1 250 1\nr.dat 16:1000000000000\n', 'r.dat': 'ab' }, 'wfdb-signal-invalid', 'r.hea'],
    ['a gain that is no number', { 'r.hea': 'r 1 250 1\nr.dat 16 NaN\n', 'r.dat': 'ab' }, 'wfdb-header-invalid', 'r.hea'],
    ['a file outside the folder', { 'r.hea': 'r 1 250 1\n../r.dat 16\n', 'r.dat': 'ab' }, 'import-path-unsafe', 'r.hea'],
    ['FLAC that is none', { 'r.hea': 'r 1 250 1\nr.dat 516\n', 'r.dat': 'RIFFabcd' }, 'flac-invalid', 'r.dat'],
    ['samples in an EDF file', { 'r.hea': 'r 1 250 1\nr.edf 0x16\n', 'r.edf': 'ab' }, 'wfdb-signal-invalid', 'r.hea'],
  ])('%s', async (_, files, code, file) => {
    await expect(openWfdb(memoryFolder(files as Record<string, string>), 'r')).rejects.toMatchObject({ code, data: { file } })
  })

  it('a record name is no path', async () => {
    for (const name of ['../r', 'a/r', 'a\\r']) await expect(openWfdb(memoryFolder({}), name)).rejects.toMatchObject({ code: 'import-path-unsafe' })
  })

  it('nothing is read that the file does not have, whatever is announced', async () => {
    const reads: number[] = []
    const source = await openWfdb(memoryFolder({ 'r.hea': 'r 1 250 9000000\nr.dat 16x1000\n', 'r.dat': words(...range(5000, (i) => i)) }, reads), 'r')
    for await (const [block] of source.blocks()) {
      expect(block.length).toBeLessThanOrEqual(1 << 18)
      if (block[0] < 0) break
    }
    expect(Math.max(...reads)).toBeLessThanOrEqual(10_000)
  })

  it('any blocks, any damage: the same samples, or an error with a code', async () => {
    const format = fc.constantFrom(8, 16, 24, 32, 61, 80, 160, 212, 310, 311)
    const scenario = fc.record({
      format, widths: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }), skews: fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }), offset: fc.nat(3),
      dat: fc.uint8Array({ minLength: 40, maxLength: 400 }), frames: fc.option(fc.integer({ min: 1, max: 60 })), block: fc.integer({ min: 1, max: 50 }), damage: fc.array(fc.record({ at: fc.nat(200), put: fc.constantFrom('9', '-', ' ', 'x', ':', '\n', '~', '516', '1e9') }), { maxLength: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ format: code, widths, skews, offset, dat, frames, block, damage }) => {
        let header = `r ${widths.length} 100${frames === null ? '' : ` ${frames}`}\n${widths.map((width, i) => `r.dat ${code}x${width}:${skews[i]}+${offset} 10 12 0 0\n`).join('')}`
        const good = memoryFolder({ 'r.hea': header, 'r.dat': dat })
        const whole = await openWfdb(good, 'r')
        const { counts } = await readAll(whole)
        expect(shown((await readAll(await openWfdb(good, 'r'), block)).counts)).toEqual(shown(counts))
        for (const { at, put } of damage) header = header.slice(0, at) + put + header.slice(at + 1)
        try {
          const source = await openWfdb(memoryFolder({ 'r.hea': header, 'r.dat': dat }), 'r')
          if (source.frames < 1e5) await readAll(source, block)
        } catch (thrown) {
          if (!(thrown instanceof LabError) || thrown.code === 'internal-error') throw thrown
        }
      }),
      { numRuns: 300 },
    )
  })
})
