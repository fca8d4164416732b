import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { noValue } from '../../src-main/contract/index.ts'
import { readWfdbRecord, type WfdbRecord } from '../../src-main/formats/wfdb-record.ts'

const data = process.env.PULSEPRINT_DATA ?? resolve(import.meta.dirname, '../../../shared/data')
const available = existsSync(data)
if (!available) console.log(`SKIPPED: no recordings in ${data}; set PULSEPRINT_DATA`)

const fromMemory = (files: Record<string, string | number[]>) => (name: string): Promise<Uint8Array> => {
  const content = files[name]
  if (content === undefined) return Promise.reject(new Error(`asked for ${name}`))
  return Promise.resolve(typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content))
}
const onDisk = (folder: string, name: string): Promise<WfdbRecord> => readWfdbRecord((file) => readFile(join(data, folder, file)), name)

describe('a WFDB record', () => {
  it('interleaves signals, some with several samples per frame, behind an offset; a missing length follows from the file', async () => {
    const record = await readWfdbRecord(
      fromMemory({ 'r.hea': 'r 2 10\nr.dat 16x2+2 1 16 0 1 21 0 fast\nr.dat 16+2 1 16 0 3 9 0 slow\n', 'r.dat': [9, 9, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 99] }),
      'r',
    )
    expect(record.frames).toBe(2)
    expect(record.signals.map((signal) => [...signal])).toEqual([[1, 2, 4, 5], [3, 6]])
    expect(record.checksumMatches).toEqual([false, true])
  })

  it('undoes skew and leaves the end without a value', async () => {
    const record = await readWfdbRecord(fromMemory({ 'r.hea': 'r 2 10 3\nr.dat 16:1 1 16 0 0 90 0 late\nr.dat 16 1 16 0 0 6 0 plain\n', 'r.dat': [20, 0, 1, 0, 30, 0, 2, 0, 40, 0, 3, 0] }), 'r')
    expect(record.signals.map((signal) => [...signal])).toEqual([[30, 40, noValue], [1, 2, 3]])
    expect(record.checksumMatches).toEqual([true, true])
  })

  it.each([
    ['a file shorter than announced', { 'r.hea': 'r 1 10 4\nr.dat 16 1\n', 'r.dat': [1, 0, 2, 0] }],
    ['a length that no memory holds', { 'r.hea': 'r 1 10 900000000000000\nr.dat 16 1\n', 'r.dat': [1, 0] }],
    ['a format that is not read', { 'r.hea': 'r 1 10 1\nr.dat 999 1\n', 'r.dat': [1, 0] }],
    ['two formats in one file', { 'r.hea': 'r 2 10 1\nr.dat 16 1\nr.dat 24 1\n', 'r.dat': [1, 0, 1, 1, 1] }],
    ['segments', { 'r.hea': 'r/1 1 10 1\nr_1 1\n' }],
  ])('refuses %s', async (_, files) => {
    await expect(readWfdbRecord(fromMemory(files as Record<string, string | number[]>), 'r')).rejects.toMatchObject({ code: 'wfdb-signal-invalid' })
  })
})

/** Known from the data's own README: these start with a block of 0xFFFF and fail their header's checksum. */
const damagedEcgId = ['13/rec_2', '15/rec_1', '24/rec_5', '25/rec_4', '26/rec_3', '27/rec_3', '28/rec_4', '32/rec_6', '44/rec_1', '72/rec_3', '83/rec_1']

describe.skipIf(!available)('public recordings', () => {
  it('ECG-ID: of 310 records exactly the eleven known ones fail their checksums', async () => {
    const failing: string[] = []
    let records = 0
    for (const person of readdirSync(join(data, 'ecgiddb')).filter((name) => name.startsWith('Person_'))) {
      for (const file of readdirSync(join(data, 'ecgiddb', person)).filter((name) => name.endsWith('.hea'))) {
        const name = file.slice(0, -4)
        const { checksumMatches } = await onDisk(`ecgiddb/${person}`, name)
        records++
        if (checksumMatches.includes(false)) failing.push(`${person.slice(7)}/${name}`)
      }
    }
    expect(records).toBe(310)
    expect(failing.sort()).toEqual(damagedEcgId)
  })

  it('BIDMC: every signal of every record adds up and begins with its initial value', async () => {
    const names = readdirSync(join(data, 'bidmc')).filter((name) => /^bidmc\d\d\.hea$/.test(name))
    expect(names).toHaveLength(53)
    for (const name of names) {
      const { header, signals, checksumMatches } = await onDisk('bidmc', name.slice(0, -4))
      expect(checksumMatches.every((matches) => matches === true)).toBe(true)
      expect(signals.map((signal) => signal[0])).toEqual(header.signals.map((signal) => signal.initialValue))
    }
  })

  it('BIDMC 01 sample by sample as another reader has it', async () => {
    const { signals } = await onDisk('bidmc', 'bidmc01')
    const bytes = readFileSync(join(data, 'bidmc/bidmc01.dat'))
    for (let frame = 0, at = 0; frame < 60001; frame++) {
      for (const signal of signals) {
        if (signal[frame] !== bytes.readInt16LE(at)) throw new Error(`frame ${frame}`)
        at += 2
      }
    }
  })

  it('MIT-BIH (format 212) and the formats of the sample collection that are read add up', async () => {
    for (const name of ['100', '105', '108', '200', '203', '208']) expect((await onDisk('mitdb', name)).checksumMatches).toEqual([true, true])
    const samples: [string, string][] = [
      ['wfdb-samples', '100'], ['wfdb-samples', '3000003_0003'], ['wfdb-samples', 's0010_re'], ['wfdb-samples', 'test01_00s'], ['wfdb-samples', 'test_generator_2'],
      ['wfdb-samples/multi-segment/041s', '041s01'], ['wfdb-samples/multi-segment/041s', '041s02'], ['wfdb-samples/multi-segment/p000878', '3269321_0001'],
      ['wfdb-samples/multi-segment/s25047', '3234460_0012'], ['wfdb-samples/multi-segment/s25047', '3234460_0018'],
    ]
    const failing: string[] = []
    for (const [folder, name] of samples) {
      const path = join(data, folder, `${name}.hea`)
      const complete = readFileSync(path, 'utf8').match(/^(\S+\.dat) /gm)?.every((file) => existsSync(join(data, folder, file.trim())))
      if (complete && !(await onDisk(folder, name)).checksumMatches.every((matches) => matches === true)) failing.push(name)
    }
    expect(failing).toEqual([])
  })

  it('a header without a length and one with a skew agree with the plain record', async () => {
    const plain = await onDisk('wfdb-samples', '100')
    const noLength = await onDisk('wfdb-samples', '100-no-len')
    const skewed = await onDisk('wfdb-samples', '100skew')
    expect(noLength.frames).toBe(650000)
    noLength.signals.forEach((signal, i) => expect(Buffer.from(signal.buffer).equals(Buffer.from(plain.signals[i].buffer))).toBe(true))
    expect(skewed.signals[1].subarray(0, 1000)).toEqual(plain.signals[1].subarray(3, 1003))
  })
})
