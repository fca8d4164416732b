import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RecordingId } from '../../src-main/contract/index.ts'
import type { Dataset } from '../../src-main/dataset/dataset.ts'
import { readWfdbRecord } from '../../src-main/formats/wfdb-record.ts'
import { deriveFromJournal, recoverRecording } from '../../src-main/recording/recover.ts'
import { RecordingWriter } from '../../src-main/recording/recording-writer.ts'
import { cytonBytes, head, ManualClock, newDataset } from '../recording/lab-bench.ts'

const packets = 12
let dataset: Dataset
let remove: () => Promise<void>
let id: RecordingId
let folder = ''
let journal: Buffer
/** signals.dat of the undamaged recording. */
let clean: Buffer
/** Journal length from which on packet n is recorded. */
const ends: number[] = []

beforeAll(async () => {
  ;({ dataset, remove } = await newDataset({ syncs: false }))
  const clock = new ManualClock()
  const writer = await RecordingWriter.begin(dataset, head(), { clock, salt: () => new Uint8Array(8).fill(7) })
  for (let packet = 0; packet < packets; packet += 1) {
    clock.ns = 2e9 + packet * 4e6
    writer.bytes(cytonBytes(packet, packet + 1), clock.ns)
    await writer.flush()
    ends.push(writer.status().bytes)
  }
  const recording = await writer.finish()
  id = recording.id
  folder = dataset.recordings.folder(id)
  journal = await readFile(join(folder, 'journal-0001.plj'))
  clean = await readFile(join(folder, 'signals.dat'))
})
afterAll(() => remove())

/** Recovers the folder with this journal in it; how many samples there are, all checked against what was sent. */
async function recovered(bytes: Uint8Array): Promise<number> {
  const keep = await readFile(join(folder, 'recording.json'))
  await rm(folder, { recursive: true })
  await mkdir(folder)
  await writeFile(join(folder, 'recording.json'), keep)
  await writeFile(join(folder, 'journal-0001.plj'), bytes)
  await recoverRecording(dataset, id)
  const record = await readWfdbRecord((name) => readFile(join(folder, name)), 'signals')
  const first = [...record.signals[0]]
  expect(first).toEqual(first.map((_, row) => row * 8))
  return record.frames
}

/** Everything that the folder's journal and its set-aside tail hold, in order. */
async function keptBytes(): Promise<Buffer> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('journal-')).sort()
  const ordered = [...names.filter((name) => name.endsWith('.plj')), ...names.filter((name) => name.endsWith('.bin'))]
  return Buffer.concat(await Promise.all(ordered.map((name) => readFile(join(folder, name)))))
}

/** A Cyton packet has no checksum: the decoder believes none before three follow each other. */
const packetsForLock = 3

/** Samples that the first `length` bytes of the journal hold. */
function whole(length: number): number {
  const complete = ends.filter((end) => end <= length).length
  return complete < packetsForLock ? 0 : complete
}

test('cut at every byte: every packet before the cut is there, none is wrong, and no byte is thrown away', async () => {
  for (let length = journal.length; length >= 0; length -= length > ends[0] ? 1 : 97) {
    expect(await recovered(journal.subarray(0, length)), `${length} bytes`).toBe(whole(length))
    expect((await keptBytes()).equals(journal.subarray(0, length))).toBe(true)
    if (length % 10 !== 0) continue
    await recoverRecording(dataset, id)
    expect((await keptBytes()).equals(journal.subarray(0, length))).toBe(true)
  }
})

test('every bit flipped: what is before the damage is there, nothing is wrong', async () => {
  await recovered(journal)
  const recording = await dataset.recordings.get(id)
  for (let bit = 0; bit < journal.length * 8; bit += bit < ends[0] * 8 - 500 ? 41 : 1) {
    const damaged = Uint8Array.from(journal)
    damaged[bit >> 3] ^= 1 << (bit & 7)
    await writeFile(join(folder, 'journal-0001.plj'), damaged)
    const pieces: Uint8Array[] = []
    const { result } = await deriveFromJournal(dataset, id, recording, { write: async (bytes) => void pieces.push(bytes) })
    expect(result.fields.rows, `bit ${bit}`).toBe(whole(bit >> 3))
    expect(Buffer.concat(pieces).equals(clean.subarray(0, (result.fields.rows / packets) * clean.length))).toBe(true)
  }
})

test('a bit flipped in any byte: recovery keeps every byte of the damaged journal', async () => {
  for (let byte = journal.length - 1; byte >= 0; byte -= byte > ends[0] ? 7 : 211) {
    const damaged = Uint8Array.from(journal)
    damaged[byte] ^= 16
    expect(await recovered(damaged), `byte ${byte}`).toBe(whole(byte))
    expect((await keptBytes()).equals(damaged)).toBe(true)
  }
})
