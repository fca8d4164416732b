import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LabError, noValue } from '../../src-main/contract/index.ts'
import { readAnnotations, writeAnnotations } from '../../src-main/formats/wfdb-annotations.ts'
import { readSourceAnnotations } from '../../src-main/formats/wfdb-source-annotations.ts'
import { openWfdb } from '../../src-main/formats/wfdb-source.ts'
import type { SignalSource } from '../../src-main/formats/signal-source.ts'
import { publicData } from '../signal/physionet.ts'
import { diskFolder, readAll } from './wfdb-folder.ts'

const samples = publicData('wfdb-samples')
const ecgId = publicData('ecgiddb')
const mitdb = publicData('mitdb')
const bidmc = publicData('bidmc')

const below = (folder: string, end: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith(end) && statSync(join(folder, path)).isFile()).map((path) => path.split(sep).join('/').slice(0, -end.length)).sort()

const open = (folder: string, path: string): Promise<SignalSource> => openWfdb(diskFolder(join(folder, path, '..')), path.slice(path.lastIndexOf('/') + 1))

/** Reads to the end without keeping anything. */
async function drain(source: SignalSource): Promise<number> {
  let frames = 0
  for await (const [first] of source.blocks()) frames += first.length / source.signals[0].samplesPerFrame
  return frames
}

/** Records of the collection that are refused, with the reason; all others must read and add up to their headers' checksums. */
const refused: Record<string, string> = {
  // Their signal files are missing on purpose: header examples.
  '1003': 'file-not-found 1003.dat', '12726': 'file-not-found 12726.dat', 'drive02': 'file-not-found drive02.dat', 'drive02-no-len': 'file-not-found drive02.dat', 'n16': 'file-not-found n16.dat',
  'n8_evoked_raw_95_F1_R9': 'file-not-found n8_evoked_raw_95_F1_R9.dat', 'wave_4': 'file-not-found wave_4.dat',
  'multi-segment/s00001/3975656_0009': 'file-not-found 3975656_0009.dat', 'multi-segment/s00001/3975656_0010': 'file-not-found 3975656_0010.dat',
  'multi-segment/s00001/3975656_0011': 'file-not-found 3975656_0011.dat',
  // Layouts describe the signals of their record and have none themselves.
  'multi-segment/p000878/3269321_layout': 'wfdb-signal-invalid 3269321_layout.hea', 'multi-segment/s00001/3248903_layout': 'wfdb-signal-invalid 3248903_layout.hea',
  'multi-segment/s00001/3975656_layout': 'wfdb-signal-invalid 3975656_layout.hea', 'multi-segment/s25047/3234460_layout': 'wfdb-signal-invalid 3234460_layout.hea',
}
/** Records that read with something to say: how often each. */
const found: Record<string, Record<string, number>> = {
  // 30 of 32 segments are left out of the collection.
  'multi-segment/p000878/p000878-2137-10-26-16-57': { 'import-truncated': 30 },
  // Segments at other gains than the layout.
  'multi-segment/s25047/s25047-2704-05-04-10-44': { 'import-value-rounded': 3 },
  'multi-segment/s00001/s00001-2896-10-10-00-31': { 'import-truncated': 3, 'import-value-rounded': 3 },
}

const textOf = (path: string): string => readFileSync(path, 'latin1')

describe.skipIf(!samples)('the sample collection of wfdb-python', () => {
  const folder = samples ?? ''

  it.each(samples ? below(samples, '.hea') : [])('%s', async (path) => {
    const outcome = await open(folder, path).catch((thrown: unknown) => {
      if (thrown instanceof LabError) return `${thrown.code} ${String(thrown.data.file)}`
      throw thrown
    })
    if (typeof outcome === 'string') return expect(outcome).toBe(refused[path])
    expect(refused[path]).toBeUndefined()
    expect(await drain(outcome)).toBe(outcome.frames)
    const codes: Record<string, number> = {}
    for (const { code } of outcome.findings()) codes[code] = (codes[code] ?? 0) + 1
    expect(codes).toEqual(found[path] ?? {})
    // The oracle is only one where the header has checksums: all lines but those of layouts and records of segments have.
    if (!/^\S+\/\d+ /m.test(textOf(join(folder, `${path}.hea`)))) expect(textOf(join(folder, `${path}.hea`)).match(/^\S+ \d\S*( \S+){4} -?\d+ 0/gm)?.length).toBe(outcome.signals.length)
  })

  it('a wrong sample would have been noticed', async () => {
    const files = diskFolder(folder)
    const broken = await openWfdb({
      ...files,
      open: async (name) => {
        const file = await files.open(name)
        return file && name.endsWith('.d6') ? { ...file, read: async (at, length) => (await file.read(at, length)).map((byte, i) => (i === 100 ? byte ^ 4 : byte)) } : file
      },
    }, 'binformats')
    await drain(broken)
    expect(broken.findings()).toMatchObject([{ code: 'import-checksum-mismatch', data: { file: 'binformats.d6', signal: 6 } }])
  })

  it('first samples are the headers\' initial values, in every format', async () => {
    for (const path of ['binformats', 'flacformats', '310derive', '311derive', 'p10143', '100_3chan', 'v102s', 'a103l']) {
      const initial = textOf(join(folder, `${path}.hea`)).split(/\r?\n/).flatMap((line) => /^\S+ \d\S* \S+ \S+ \S+ (-?\d+) -?\d+ 0 /.exec(line)?.[1] ?? [])
      const source = await open(folder, path)
      const first = (await source.blocks({ framesPerBlock: 1 }).next()).value
      expect(first ? first.map(([count]) => String(count)) : null).toEqual(initial)
    }
  })

  it('mixedsignals: 4, 2 and 1 samples per frame in FLAC, the same in other blocks', async () => {
    const source = await open(folder, 'mixedsignals')
    const { counts } = await readAll(source)
    expect(counts.map((signal) => signal.length)).toEqual([57600, 57600, 57600, 28800, 28800, 14400])
    // Read in other blocks, the same.
    const again = await readAll(source, 1000)
    counts.forEach((signal, i) => expect(Buffer.from(signal.buffer).equals(Buffer.from(again.counts[i].buffer))).toBe(true))
  })

  it('a record of segments at other gains: physical values as each segment\'s own bytes and header give them', async () => {
    const path = join(folder, 'multi-segment/s25047')
    const source = await open(folder, 'multi-segment/s25047/s25047-2704-05-04-10-44')
    const { counts } = await readAll(source)
    expect(source.gaps).toEqual([{ from: 0, to: 25740 }])
    expect(source.signals.map((signal) => signal.label)).toEqual(['II', 'V', 'ABP'])
    const layout = [{ gain: 86, baseline: 0 }, { gain: 86, baseline: 0 }, { gain: 1.25, baseline: -100 }]
    let frame = 25740
    let compared = 0
    for (const line of textOf(join(path, 's25047-2704-05-04-10-44.hea')).split(/\r?\n/).slice(3)) {
      const [name, frames] = line.split(' ')
      if (!name.startsWith('3234460_')) continue
      const lines = textOf(join(path, `${name}.hea`)).trim().split(/\r?\n/).slice(1)
      const bytes = readFileSync(join(path, `${name}.dat`))
      for (let signal = 0; signal < 3; signal++) {
        const at = lines.findIndex((text) => text.trim().endsWith(` ${['II', 'V', 'ABP'][signal]}`))
        const [, gain, baseline = '0'] = at < 0 ? [] : (/ ([\d.]+)(?:\((-?\d+)\))?\//.exec(lines[at]) ?? [])
        for (let i = 0; i < Number(frames); i += 17) {
          const count = counts[signal][frame + i]
          const stored = at < 0 ? 0 : bytes[i * lines.length + at]
          if (stored === 0) {
            if (count !== noValue) throw new Error(`${name} ${i} should have no value`)
            continue
          }
          const error = (count - layout[signal].baseline) / layout[signal].gain - (stored - 128 - Number(baseline)) / Number(gain)
          if (Math.abs(error) > 0.5 / layout[signal].gain + 1e-12) throw new Error(`${name} frame ${i} of signal ${signal} is off by ${error}`)
          compared++
        }
      }
      frame += Number(frames)
    }
    expect(frame).toBe(source.frames)
    expect(compared).toBeGreaterThan(50_000)
  })

  it('names in old headers are read as they were meant', async () => {
    const source = await open(folder, 'test_generator_2')
    expect(source.signals[8]).toMatchObject({ label: 'sine 15 Hz', unit: '°', samplesPerFrame: 200 })
    expect(source).toMatchObject({ startDate: '2009-12-10', startTime: '12:44:02.000' })
    expect((await open(folder, 's0010_re'))).toMatchObject({ startDate: '1990-10-01', facts: { age: '81', sex: 'female', 'ecg-date': '01/10/1990', smoker: 'no' } })
  })
})

describe.skipIf(!ecgId)('ECG-ID', () => {
  /** Known from the data's own description: these begin with 1024 or 2048 frames of 0xFFFF and fail their checksums. */
  const damaged: Record<string, number> = {
    'Person_13/rec_2': 2048, 'Person_15/rec_1': 1024, 'Person_24/rec_5': 2048, 'Person_25/rec_4': 2048, 'Person_26/rec_3': 2048, 'Person_27/rec_3': 2048, 'Person_28/rec_4': 2048, 'Person_32/rec_6': 2048,
    'Person_44/rec_1': 1024, 'Person_72/rec_3': 2048, 'Person_83/rec_1': 1024,
  }

  it('of 310 records exactly eleven have a leading block, and the same fail their checksums; all have a date, an age and a sex', async () => {
    const folder = ecgId ?? ''
    const blocks: Record<string, unknown> = {}
    const mismatches = new Set<string>()
    const others: string[] = []
    const paths = below(folder, '.hea')
    for (const path of paths) {
      const source = await open(folder, path)
      await drain(source)
      for (const { code, data } of source.findings()) {
        if (code === 'import-leading-block') blocks[path] = data.to
        else if (code === 'import-checksum-mismatch') mismatches.add(path)
        else others.push(`${path}: ${code}`)
      }
      if (!/^200[45]-\d\d-\d\d$/.test(source.startDate ?? '') || !/^\d+$/.test(source.facts.age) || !/^(fe)?male$/.test(source.facts.sex)) others.push(`${path}: facts`)
    }
    expect(paths).toHaveLength(310)
    expect(blocks).toEqual(damaged)
    expect([...mismatches].sort()).toEqual(Object.keys(damaged).sort())
    expect(others).toEqual([])
    expect(await open(folder, 'Person_01/rec_1')).toMatchObject({ startDate: '2004-12-07', facts: { age: '25', sex: 'male' } })
  })
})

describe.skipIf(!mitdb || !bidmc)('MIT-BIH and BIDMC', () => {
  it('add up; BIDMC says where it is from', async () => {
    for (const [folder, name] of [[mitdb, '100'], [mitdb, '208'], [bidmc, 'bidmc01'], [bidmc, 'bidmc53']] as const) {
      const source = await open(folder ?? '', name)
      await drain(source)
      expect(source.findings()).toEqual([])
    }
    expect((await open(bidmc ?? '', 'bidmc01')).facts).toMatchObject({ age: '88', sex: 'M', source: 'https://physionet.org/physiobank/database/mimic2wdb/matched/s01182/', 'data-segment': '2688-03-25-23-14' })
    expect((await open(mitdb ?? '', '100')).facts).toMatchObject({ age: '69', sex: 'M' })
  })
})

describe.skipIf(!samples || !ecgId || !mitdb)('annotation files', () => {
  it('all come back byte for byte, but one', () => {
    const differing: string[] = []
    let files = 0
    for (const folder of [samples ?? '', ecgId ?? '', mitdb ?? '']) {
      for (const end of ['.atr', '.qrs', '.wqrs', '.sqrs', '.gqrsh', '.gqrsl', '.wabp', '.anI']) {
        for (const path of below(folder, end)) {
          const bytes = readFileSync(join(folder, `${path}${end}`))
          files++
          if (!bytes.equals(writeAnnotations(readAnnotations(bytes)))) differing.push(relative(folder, join(folder, `${path}${end}`)))
        }
      }
    }
    expect(files).toBeGreaterThanOrEqual(326)
    // Its channel is -1 in 10 bits; channels are unsigned and have 8: 255 is written.
    expect(differing).toEqual(['12726.anI'])
  })

  it('ECG-ID: the note about the clock and the SKIP behind it annotate nothing', () => {
    const annotations = readSourceAnnotations(readFileSync(join(ecgId ?? '', 'Person_01/rec_1.atr')), 500)
    // Words 0160 0560 = code 1, interval 0x160 = 352 after frame 0.
    expect(annotations[0]).toEqual({ frame: 352, durationFrames: null, symbol: 'N', text: '', signal: null })
    expect(annotations.every(({ frame, symbol }) => frame > 0 && frame < 10000 && symbol !== '"' && symbol !== '[0]')).toBe(true)
  })
})
