import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SubjectCode, type LabError, type RecordingId } from '../../src-main/contract/index.ts'
import type { Dataset } from '../../src-main/dataset/dataset.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { readWfdbRecord } from '../../src-main/formats/wfdb-record.ts'
import { recoverDataset, recoverRecording } from '../../src-main/recording/recover.ts'
import { RecordingWriter, type RecordingWriterOptions } from '../../src-main/recording/recording-writer.ts'
import { redecodeRecording } from '../../src-main/recording/redecode.ts'
import { verifyDataset, verifyRecording } from '../../src-main/recording/verify.ts'
import { cytonBytes, faultyFiles, head, ManualClock, newDataset, type Fault } from './lab-bench.ts'

let dataset: Dataset
let remove: () => Promise<void>

beforeEach(async () => {
  ;({ dataset, remove } = await newDataset())
})
afterEach(() => remove())

/** Every file of a recording by name, as hex of its bytes. */
async function contents(id: RecordingId): Promise<Map<string, string>> {
  const folder = dataset.recordings.folder(id)
  const names = (await readdir(folder)).sort()
  return new Map(await Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).toString('base64')] as const)))
}

/** Sample numbers in signals.dat by an independent way to them: channel 1 of sample k is k * 8. `null` where missing. */
async function samples(id: RecordingId): Promise<(number | null)[]> {
  const folder = dataset.recordings.folder(id)
  const record = await readWfdbRecord((name) => readFile(join(folder, name)), 'signals')
  expect(record.checksumMatches.every((matches) => matches === true)).toBe(true)
  return [...record.signals[0]].map((value, row) => {
    if (value === -2147483648) return null
    for (let channel = 1; channel < 8; channel += 1) expect(record.signals[channel][row]).toBe(value + channel)
    return value / 8
  })
}

interface Session {
  clock: ManualClock
  writer: RecordingWriter
  /** Sends packets `from`..`to` in chunks of 4 at their time. */
  send(from: number, to: number, skip?: (sample: number) => boolean): void
}

async function begin(options: RecordingWriterOptions = {}, profile = 'cyton'): Promise<Session> {
  const clock = new ManualClock()
  const writer = await RecordingWriter.begin(dataset, head(profile), { clock, ...options })
  return {
    clock,
    writer,
    send(from, to, skip = () => false) {
      for (let sample = from; sample < to; sample += 4) {
        clock.ns = 2e9 + sample * 4e6
        for (let one = sample; one < Math.min(to, sample + 4); one += 1) if (!skip(one)) writer.bytes(cytonBytes(one, one + 1), clock.ns)
      }
    },
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)

test('a device that falls silent before recording is stopped is told', async () => {
  const { clock, writer, send } = await begin()
  send(0, 2500)
  clock.ns += 20e9
  const recording = await writer.finish()
  expect(recording).toMatchObject({ state: 'finished', rows: 2500 })
  expect(recording.warnings[0]).toEqual({ code: 'silent-end', message: expect.stringContaining('20.0 s') })
  expect((await verifyDataset(dataset)).findings).toEqual([])
  const other = await begin()
  other.send(0, 2500)
  other.clock.ns += 1e9
  expect((await other.writer.finish()).warnings.map(({ code }) => code)).not.toContain('silent-end')
})

test('a recording is finished as WFDB and recording.json, and verifies', async () => {
  const { writer, send } = await begin()
  send(0, 2500)
  writer.marker({ code: 'm', text: 'moved', origin: 'technician', at: '2026-03-01T14:05:15.000+01:00' }, 2e9 + 1000 * 4e6)
  await writer.flush()
  expect(writer.status()).toMatchObject({ durableSequence: writer.status().receivedSequence, failure: null })
  const recording = await writer.finish()
  expect(recording).toMatchObject({ state: 'finished', rows: 2500, seconds: 10, lostRows: 0, lossCertainty: 'certain', gaps: [], skippedBytes: 0, notes: 'as found' })
  expect(recording.markers).toMatchObject([{ code: 'm', text: 'moved', origin: 'technician', toRow: null }])
  expect(Math.abs(recording.markers[0].row - 1000)).toBeLessThanOrEqual(4)
  expect(Math.abs(recording.ppm ?? 1e9)).toBeLessThan(100)
  expect(await samples(recording.id)).toEqual(range(0, 2500))
  expect(await dataset.recordings.get(recording.id)).toEqual(recording)
  expect((await verifyDataset(dataset)).findings).toEqual([])
  expect([...(await contents(recording.id)).keys()].some((name) => name.endsWith('.part'))).toBe(false)
})

test('derived behind the live journal or from scratch, every byte is the same', async () => {
  const { writer, send } = await begin({ timing: { segmentBytes: 20_000 } })
  send(0, 700, (sample) => sample >= 300 && sample < 309)
  await writer.flush()
  writer.deviceState({ kind: 'closed', unplugged: true }, 2e9 + 700 * 4e6)
  writer.deviceState({ kind: 'opened' }, 2e9 + 1200 * 4e6)
  send(1250, 2000)
  const recording = await writer.finish()
  expect(recording.gaps).toMatchObject([
    { from: 300, to: 309, certainty: 'certain', cause: 'lost' },
    { from: 700, to: 1250, certainty: 'estimated', cause: 'unplugged' },
  ])
  expect(recording.files.filter((file) => file.name.endsWith('.plj')).length).toBeGreaterThan(2)
  const live = await contents(recording.id)
  const again = await recoverRecording(dataset, recording.id)
  expect(again).toMatchObject({ lossy: false, recording })
  expect(await contents(recording.id)).toEqual(live)
  expect((await redecodeRecording(dataset, recording.id)).changes).toEqual([])
  expect(await contents(recording.id)).toEqual(live)
})

test('a recording without a single frame still finishes and verifies', async () => {
  const { writer } = await begin()
  writer.bytes(new TextEncoder().encode('OpenBCI V3\n$$$'), 3e9)
  const recording = await writer.finish()
  expect(recording).toMatchObject({ state: 'finished', rows: 0, seconds: 0 })
  expect((await verifyDataset(dataset)).findings).toEqual([])
})

test('bytes from a file: the counter alone places the rows, and nothing is certain', async () => {
  const { writer } = await begin({ untimed: true })
  for (let sample = 0; sample < 1000; sample += 10) if (sample < 400 || sample >= 450) writer.bytes(cytonBytes(sample, sample + 10), 3e9)
  const recording = await writer.finish()
  expect(recording).toMatchObject({ rows: 1000, measuredRateHz: null, gaps: [{ from: 400, to: 450, certainty: 'estimated' }] })
  expect((await verifyDataset(dataset)).findings).toEqual([])
})

describe('begin refuses', () => {
  test('a subject who has not consented, before anything is written', async () => {
    await dataset.subjects.add({ code: SubjectCode.parse('S002') })
    await expect(RecordingWriter.begin(dataset, head('cyton', 'S002'))).rejects.toMatchObject({ code: 'subject-consent-missing' })
    await expect(RecordingWriter.begin(dataset, head('cyton', 'S003'))).rejects.toMatchObject({ code: 'subject-not-found' })
    expect(await dataset.recordings.ids()).toEqual([])
  })

  test('a disk that cannot hold the planned time', async () => {
    const files = { ...nodeFiles, freeBytes: async () => 100e6 }
    await expect(RecordingWriter.begin(dataset, head(), { files, plannedSeconds: 36_000 })).rejects.toMatchObject({ code: 'dataset-full' })
    expect(await dataset.recordings.ids()).toEqual([])
  })

  test('a journal that cannot be opened, leaving no empty recording', async () => {
    for (const operation of ['write', 'sync'] as const) {
      await expect(RecordingWriter.begin(dataset, head(), { files: faultyFiles(operation, 1, 'EIO') })).rejects.toMatchObject({ code: 'journal-write-failed' })
    }
    expect(await dataset.recordings.ids()).toEqual([])
  })
})

describe('a disk that fails stops the recording loudly and loses nothing that was durable', () => {
  const cases: [Fault, 'write' | 'sync'][] = [['ENOSPC', 'write'], ['EIO', 'write'], ['short', 'write'], ['EIO', 'sync'], ['ENOSPC', 'sync']]
  for (const [fault, operation] of cases) {
    test(`${fault} at any ${operation}`, async () => {
      for (let at = 3; at <= 9; at += 1) {
        const files = faultyFiles(operation, at, fault)
        const { writer, send } = await begin({ files, timing: { segmentBytes: 9000 } })
        const failures: LabError[] = []
        writer.onFailure((error) => failures.push(error))
        let durable = 0
        for (let from = 0; from < 600 && failures.length === 0; from += 100) {
          send(from, from + 100)
          await writer.flush().then(() => (durable = from + 100), () => undefined)
        }
        expect(files.fired).toBe(true)
        expect(failures).toHaveLength(1)
        expect(failures[0].code).toBe(fault === 'ENOSPC' ? 'dataset-full' : 'journal-write-failed')
        const { durableSequence, receivedSequence } = writer.status()
        send(600, 700)
        await expect(writer.flush()).rejects.toBe(failures[0])
        expect(writer.status()).toMatchObject({ durableSequence, receivedSequence })
        await expect(writer.finish()).rejects.toBe(failures[0])
        const id = (await dataset.recordings.interrupted())[0]
        const report = await recoverDataset(dataset)
        expect(report.failures).toEqual([])
        const found = await samples(id)
        // A frame waits for the next one's first byte, so the last durable frame counts as soon as that is there; none is after it.
        expect(found).toEqual(range(0, found.length))
        expect(found.length).toBeGreaterThanOrEqual(durable)
        expect((await verifyRecording(dataset, id)).findings).toEqual([])
      }
    })
  }
})

describe('verify finds', () => {
  async function recorded(): Promise<{ id: RecordingId; folder: string }> {
    const { writer, send } = await begin()
    send(0, 500)
    const { id } = await writer.finish()
    return { id, folder: dataset.recordings.folder(id) }
  }
  const codes = async (): Promise<string[]> => (await verifyDataset(dataset)).findings.map((finding) => `${finding.file} ${finding.code}`)

  test('nothing in an empty dataset', async () => {
    expect(await verifyDataset(dataset)).toEqual({ recordings: 0, bytes: 0, findings: [] })
  })

  test('one changed bit in any file', async () => {
    const { folder } = await recorded()
    for (const name of ['signals.dat', 'signals.hea', 'overview.bin', 'beats.qrs', 'journal-0001.plj']) {
      const good = await readFile(join(folder, name))
      const bad = Uint8Array.from(good)
      bad[bad.length >> 1] ^= 4
      await writeFile(join(folder, name), bad)
      expect(await codes(), name).toEqual([`${name} recording-checksum-mismatch`])
      await writeFile(join(folder, name), good)
      expect(await codes(), name).toEqual([])
    }
  })

  test('a missing file', async () => {
    const { folder } = await recorded()
    await nodeFiles.remove(join(folder, 'signals.dat'))
    expect(await codes()).toEqual(['signals.dat recording-incomplete'])
  })

  test('samples that somebody changed together with their hash', async () => {
    const { id, folder } = await recorded()
    const recording = await dataset.recordings.get(id)
    const bytes = await readFile(join(folder, 'signals.dat'))
    bytes[5] ^= 1
    await writeFile(join(folder, 'signals.dat'), bytes)
    const { hashFile } = await import('../../src-main/recording/bad-tail.ts')
    const entry = await hashFile(nodeFiles, join(folder, 'signals.dat'))
    await dataset.recordings.write({ ...recording, files: recording.files.map((file) => (file.name === 'signals.dat' ? { ...file, ...entry } : file)) })
    expect(await codes()).toEqual(['signals.dat recording-checksum-mismatch', 'signals.dat recording-derivation-differs'])
  })

  test('a gap that somebody took out of recording.json', async () => {
    const { writer, send } = await begin()
    send(0, 1000, (sample) => sample === 600)
    const recording = await writer.finish()
    await dataset.recordings.write({ ...recording, gaps: [], lostRows: 0 })
    expect(await codes()).toEqual(['recording.json recording-derivation-differs'])
    expect((await redecodeRecording(dataset, recording.id)).changes).toContain('lost rows: 0 before, 1 now')
    expect(await codes()).toEqual([])
  })

  test('a recording that was cut off, until it is recovered', async () => {
    const { writer, send } = await begin()
    send(0, 100)
    await writer.flush()
    expect(await codes()).toEqual(['recording.json recording-incomplete'])
    await writer.finish()
    expect(await codes()).toEqual([])
  })
})

describe('recover', () => {
  /** A journal as a killed program leaves it: 400 samples durable, no end. */
  async function cutOff(): Promise<{ id: RecordingId; folder: string }> {
    const { writer, send } = await begin()
    send(0, 400)
    await writer.flush()
    const [id] = await dataset.recordings.ids()
    dataset.recordings.release(id)
    return { id, folder: dataset.recordings.folder(id) }
  }

  test('finishes what was cut off, and again gives the same bytes', async () => {
    const { id } = await cutOff()
    const report = await recoverDataset(dataset)
    expect(report).toMatchObject({ recordings: [{ id, rows: 400, lossy: false }], failures: [] })
    expect(await samples(id)).toEqual(range(0, 400))
    const once = await contents(id)
    await recoverRecording(dataset, id)
    expect(await contents(id)).toEqual(once)
    expect(await dataset.recordings.get(id)).toMatchObject({ state: 'recovered', warnings: expect.arrayContaining([expect.objectContaining({ code: 'recording-interrupted' })]) })
    expect(await recoverDataset(dataset)).toEqual({ recordings: [], failures: [] })
  })

  test('sets a bad tail aside, byte for byte, says so, and again gives the same bytes', async () => {
    const { id, folder } = await cutOff()
    const good = await readFile(join(folder, 'journal-0001.plj'))
    const tail = new TextEncoder().encode('half a record')
    await writeFile(join(folder, 'journal-0001.plj'), Buffer.concat([good, tail]))
    expect(await recoverRecording(dataset, id)).toMatchObject({ lossy: true, recording: { rows: 400, state: 'recovered' } })
    expect(await readFile(join(folder, 'journal-0001.plj'))).toEqual(good)
    expect(await readFile(join(folder, `journal-0001-bad-tail-${good.length}.bin`))).toEqual(Buffer.from(tail))
    const once = await contents(id)
    expect(await recoverRecording(dataset, id)).toMatchObject({ lossy: true })
    expect(await contents(id)).toEqual(once)
    expect((await verifyDataset(dataset)).findings).toEqual([])
  })

  test('rebuilds a recording whose recording.json is gone, from the journal alone', async () => {
    const { id, folder } = await cutOff()
    await nodeFiles.remove(join(folder, 'recording.json'))
    expect(await recoverDataset(dataset)).toMatchObject({ recordings: [{ id, rows: 400 }], failures: [] })
    expect(await dataset.recordings.get(id)).toMatchObject({ subject: 'S001', operator: 'tester', timeZone: 'Europe/Berlin' })
  })

  test('one recording without a journal does not keep the others from being recovered', async () => {
    const first = await cutOff()
    const second = await cutOffAgain()
    await nodeFiles.remove(join(first.folder, 'journal-0001.plj'))
    const report = await recoverDataset(dataset)
    expect(report.failures).toMatchObject([{ id: first.id, code: 'journal-not-found' }])
    expect(report.recordings).toMatchObject([{ id: second, rows: 40 }])
  })

  async function cutOffAgain(): Promise<RecordingId> {
    const { writer, send } = await begin()
    send(0, 40)
    await writer.flush()
    const id = (await dataset.recordings.ids()).slice(-1)[0]
    dataset.recordings.release(id)
    return id
  }

  test('keeps what people wrote since', async () => {
    const { id } = await cutOff()
    await dataset.recordings.write({ ...(await dataset.recordings.get(id)), notes: 'electrode came off' })
    expect((await recoverRecording(dataset, id)).recording.notes).toBe('electrode came off')
  })
})
