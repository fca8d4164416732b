import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { recordTypes, segmentHeaderBytes, type JournalRecord, type RecordType } from '../../src-main/recording/journal-format.ts'
import { readJournal, type JournalEnd } from '../../src-main/recording/journal-reader.ts'
import { JournalWriter, type JournalWriterOptions } from '../../src-main/recording/journal-writer.ts'

const recording = '01JABCDEFGHJKMNPQRSTVWXYZ0'
let root = ''
let folders = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pulseprint-journal-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function folder(): Promise<string> {
  const path = join(root, String((folders += 1)))
  await nodeFiles.makeFolder(path)
  return path
}

function manualClock(): { nowNs: number; monotonicNs(): number; wallMs(): number } {
  return { nowNs: 0, monotonicNs() { return this.nowNs }, wallMs: () => 0 }
}

function options(path: string, more: Partial<JournalWriterOptions> = {}): JournalWriterOptions {
  let salts = 0
  return { files: nodeFiles, folder: path, recording, clock: manualClock(), salt: () => new Uint8Array(8).fill((salts += 1)), ...more }
}

async function read(path: string, id = recording): Promise<{ records: JournalRecord[]; end: JournalEnd }> {
  const records: JournalRecord[] = []
  const reading = readJournal(nodeFiles, path, id)
  for (;;) {
    const step = await reading.next()
    if (step.done) return { records, end: step.value }
    for (const { type, flags, sequence, hostNs, payload } of step.value) records.push({ type, flags, sequence, hostNs, payload: payload.slice() })
  }
}

const entry = fc.record({
  type: fc.constantFrom<RecordType>(...recordTypes),
  hostNs: fc.nat(),
  payload: fc.uint8Array({ maxLength: 300 }),
  flushed: fc.boolean(),
})

describe('journal', () => {
  test('what was appended is read back, in order, at any flushing and any rotation', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 40 }), fc.integer({ min: 120, max: 2000 }), async (entries, segmentBytes) => {
        const path = await folder()
        const writer = await JournalWriter.create(options(path, { timing: { segmentBytes } }))
        for (const { type, hostNs, payload, flushed } of entries) {
          writer.append(type, hostNs, payload)
          if (flushed) await writer.flush()
          if (flushed) expect(writer.durableSequence).toBe(writer.receivedSequence)
        }
        await writer.close()
        const { records, end } = await read(path)
        expect(end.stop).toBeNull()
        expect(records).toEqual(entries.map(({ type, hostNs, payload }, index) => ({ type, hostNs, payload, flags: 0, sequence: index + 1 })))
        expect(end.segments).toEqual(writer.segments)
      }),
      { numRuns: 40 },
    )
  })

  test('a new segment begins when the old one is full or old', async () => {
    const path = await folder()
    const clock = manualClock()
    const writer = await JournalWriter.create(options(path, { clock, timing: { segmentNs: 1000, segmentBytes: 400 } }))
    writer.append('device-bytes', 0, new Uint8Array(100))
    await writer.flush()
    clock.nowNs = 1000
    writer.append('device-bytes', 0, new Uint8Array(100))
    writer.append('device-bytes', 0, new Uint8Array(100))
    writer.append('device-bytes', 0, new Uint8Array(100))
    await writer.close()
    expect(writer.segments.map((segment) => segment.name)).toEqual(['journal-0001.plj', 'journal-0002.plj', 'journal-0003.plj'])
    expect(writer.segments.map((segment) => segment.bytes)).toEqual([segmentHeaderBytes + 128, segmentHeaderBytes + 256, segmentHeaderBytes + 128])
  })

  test('a payload longer than a record may be is split without losing a byte', async () => {
    const path = await folder()
    const writer = await JournalWriter.create(options(path))
    const payload = new Uint8Array(2_500_000).map((_, index) => (index * 7919) >> 3)
    writer.append('device-bytes', 5, payload)
    await writer.close()
    const { records } = await read(path)
    expect(Buffer.concat(records.map((record) => record.payload)).equals(payload)).toBe(true)
  })

  /** A journal of two segments with known records, as files in memory. */
  async function small(): Promise<{ path: string; files: Uint8Array[]; records: JournalRecord[] }> {
    const path = await folder()
    const writer = await JournalWriter.create(options(path, { timing: { segmentBytes: 260 } }))
    for (let index = 0; index < 6; index += 1) writer.append('device-bytes', index * 1e6, new Uint8Array(30).fill(index))
    await writer.close()
    expect(writer.segments.length).toBe(2)
    const files = await Promise.all(writer.segments.map((segment) => readFile(join(path, segment.name))))
    return { path, files, records: (await read(path)).records }
  }

  test('cut at any byte, it yields a prefix and says how much of the tail cannot be believed', async () => {
    const { path, files, records } = await small()
    for (let length = files[1].length - 1; length >= 0; length -= 1) {
      await truncate(join(path, 'journal-0002.plj'), length)
      const found = await read(path)
      expect(found.records).toEqual(records.slice(0, found.records.length))
      expect(found.records.length).toBe(3 + Math.max(0, Math.floor((length - segmentHeaderBytes) / 58)))
      expect(found.end.stop === null).toBe(length >= segmentHeaderBytes && (length - segmentHeaderBytes) % 58 === 0)
      if (found.end.stop) expect(found.end.stop.offset + found.end.stop.tailBytes).toBe(length)
    }
  })

  test('with any single bit flipped, it yields a strict prefix', async () => {
    const { path, files, records } = await small()
    for (const [segment, bytes] of files.entries()) {
      const name = join(path, `journal-000${segment + 1}.plj`)
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const damaged = Uint8Array.from(bytes)
        damaged[bit >> 3] ^= 1 << (bit & 7)
        await writeFile(name, damaged)
        const found = await read(path)
        expect(found.end.stop).not.toBeNull()
        expect(found.records.length).toBeLessThan(records.length)
        expect(found.records).toEqual(records.slice(0, found.records.length))
      }
      await writeFile(name, bytes)
    }
  })

  test('a missing, repeated or foreign segment ends it', async () => {
    const { path, files, records } = await small()
    await writeFile(join(path, 'journal-0002.plj'), files[0])
    expect((await read(path)).end.stop?.reason).toBe('segment-foreign')
    await rm(join(path, 'journal-0002.plj'))
    await writeFile(join(path, 'journal-0003.plj'), files[1])
    const found = await read(path)
    expect(found.end.stop).toMatchObject({ segment: 2, reason: 'segment-missing', laterFiles: ['journal-0003.plj'], tailBytes: files[1].length })
    expect(found.records).toEqual(records.slice(0, 3))
    expect((await read(path, '01JABCDEFGHJKMNPQRSTVWXYZ1')).end.stop?.reason).toBe('segment-foreign')
  })

  test('records of another recording spliced in at a record boundary are not believed', async () => {
    const { path, files } = await small()
    const other = await small()
    const spliced = Uint8Array.from(files[1])
    spliced.set(other.files[0].subarray(segmentHeaderBytes + 58, segmentHeaderBytes + 116), segmentHeaderBytes)
    await writeFile(join(path, 'journal-0002.plj'), spliced)
    expect((await read(path)).records.length).toBe(3)
  })
})
