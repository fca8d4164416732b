import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { LabError, type RecordingId } from '../src-main/contract/index.ts'
import type { Dataset } from '../src-main/dataset/dataset.ts'
import { deriveFromJournal, recoverDataset } from '../src-main/recording/recover.ts'
import { RecordingWriter } from '../src-main/recording/recording-writer.ts'
import { buildChild, crash } from '../test/crash/crash-bench.ts'
import { cytonBytes, faultyFiles, head, ManualClock, newDataset, type Fault } from '../test/recording/lab-bench.ts'
import { random } from '../test/recording/planted-stream.ts'

interface Line {
  readonly what: string
  readonly cases: number
  /** Samples reported durable in all cases together, those of them that were not there, and those that were wrong. */
  readonly durable: number
  readonly lost: number
  readonly wrong: number
}

const packets = 12
const lanes = 11

/** Destroys recordings in every way that benchmarks.md lists, and counts what was promised, lost and wrong. Goal: 0 lost, 0 wrong. */
export async function run(args: string[]): Promise<void> {
  const kills = Number(args[0] ?? 50)
  const lines = [await sigkills(kills), ...(await damage()), ...(await failingDisks())]
  process.stdout.write('what                     cases  durable samples  lost  wrong\n')
  for (const { what, cases, durable, lost, wrong } of lines) {
    process.stdout.write(`${what.padEnd(23)} ${String(cases).padStart(6)} ${String(durable).padStart(16)} ${String(lost).padStart(5)} ${String(wrong).padStart(6)}\n`)
  }
  process.stdout.write(`${JSON.stringify({ bench: 'crash', lines, pass: lines.every((line) => line.lost === 0 && line.wrong === 0) })}\n`)
}

async function sigkills(cases: number): Promise<Line> {
  const child = await buildChild(resolve(process.cwd()))
  const next = random(2026)
  let [durable, lost, wrong] = [0, 0, 0]
  for (let index = 0; index < cases; index += 1) {
    const outcome = await crash(child, 6000, Math.round(next() * 1300))
    durable += outcome.durable
    lost += Math.max(0, outcome.durable - outcome.found)
    wrong += outcome.wrong + (outcome.idempotent ? 0 : 1) + outcome.findings
  }
  return { what: 'SIGKILL', cases, durable, lost, wrong }
}

/** A finished recording of 12 packets, and how long its journal was when each was durable. */
async function small(): Promise<{ dataset: Dataset; remove: () => Promise<void>; id: RecordingId; path: string; journal: Uint8Array; signal: Uint8Array; ends: number[] }> {
  const { dataset, remove } = await newDataset({ syncs: false })
  const clock = new ManualClock()
  const writer = await RecordingWriter.begin(dataset, head(), { clock })
  const ends: number[] = []
  for (let packet = 0; packet < packets; packet += 1) {
    clock.ns = 2e9 + packet * 4e6
    writer.bytes(cytonBytes(packet, packet + 1), clock.ns)
    await writer.flush()
    ends.push(writer.status().bytes)
  }
  const { id } = await writer.finish()
  const folder = dataset.recordings.folder(id)
  const path = join(folder, 'journal-0001.plj')
  return { dataset, remove, id, path, journal: await readFile(path), signal: await readFile(join(folder, 'signals.dat')), ends }
}

async function damage(): Promise<Line[]> {
  const { dataset, remove, id, path, journal, signal, ends } = await small()
  const recording = await dataset.recordings.get(id)
  const examine = async (what: string, cases: number, damaged: (index: number) => { bytes: Uint8Array; good: number }): Promise<Line> => {
    let [durable, lost, wrong] = [0, 0, 0]
    for (let index = 0; index < cases; index += 1) {
      const { bytes, good } = damaged(index)
      await writeFile(path, bytes)
      const complete = ends.filter((end) => end <= good).length
      // A Cyton packet has no checksum: fewer than three in a row are not believed.
      const expected = complete < 3 ? 0 : complete
      const pieces: Uint8Array[] = []
      const { result } = await deriveFromJournal(dataset, id, recording, { write: async (piece) => void pieces.push(piece) })
      durable += expected
      lost += Math.max(0, expected - result.fields.rows)
      const found = Buffer.concat(pieces)
      if (!found.equals(signal.subarray(0, found.length))) wrong += found.length / lanes
    }
    return { what, cases, durable, lost, wrong }
  }
  const flip = (bit: number): Uint8Array => {
    const bytes = Uint8Array.from(journal)
    bytes[bit >> 3] ^= 1 << (bit & 7)
    return bytes
  }
  try {
    return [
      await examine('cut at every byte', journal.length + 1, (length) => ({ bytes: journal.subarray(0, length), good: length })),
      await examine('every bit flipped', journal.length * 8, (bit) => ({ bytes: flip(bit), good: bit >> 3 })),
    ]
  } finally {
    await remove()
  }
}

async function failingDisks(): Promise<Line[]> {
  const lines: Line[] = []
  for (const [fault, operation] of [['ENOSPC', 'write'], ['EIO', 'write'], ['short', 'write'], ['EIO', 'sync']] as [Fault, 'write' | 'sync'][]) {
    let [durable, lost, wrong, cases] = [0, 0, 0, 0]
    for (let at = 3; at <= 20; at += 1, cases += 1) {
      const { dataset, remove } = await newDataset({ syncs: false })
      try {
        const clock = new ManualClock()
        const writer = await RecordingWriter.begin(dataset, head(), { clock, files: faultyFiles(operation, at, fault), timing: { segmentBytes: 9000 } })
        let promised = 0
        for (let from = 0; from < 2000; from += 100) {
          clock.ns = 2e9 + from * 4e6
          writer.bytes(cytonBytes(from, from + 100), clock.ns)
          promised = await writer.flush().then(() => from + 100, () => promised)
        }
        const failure = await writer.finish().then(() => null, LabError.from)
        if (!failure) throw new Error(`${fault} at ${operation} ${at} went unnoticed`)
        const { recordings } = await recoverDataset(dataset)
        durable += promised
        lost += Math.max(0, promised - recordings[0].rows)
        wrong += recordings[0].rows % 100
      } finally {
        await remove()
      }
    }
    lines.push({ what: `${fault} at ${operation} N`, cases, durable, lost, wrong })
  }
  return lines
}
