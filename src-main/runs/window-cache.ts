import { createHash, randomBytes, type Hash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { LabError, SplitRole } from '../contract/index.ts'
import type { Files, OpenFile } from '../dataset/files.ts'
import type { WindowSet } from '../learning/data/window-set.ts'

const Counts = z.object({ wanted: z.number(), kept: z.number(), edge: z.number(), missing: z.number(), flat: z.number(), lowQuality: z.number().default(0), moved: z.number().default(0), outliers: z.number(), tooFew: z.number() })

/** What was left out of a window set, and why, by recording and role. `unmeasured`: windows that passed the limit of motion because the recording has no accelerometer in g, or none of its values then. */
export const WindowSetReport = z.object({
  recordings: z.array(Counts.extend({ recording: z.string(), subject: z.string(), role: SplitRole, lane: z.string().nullable(), unmeasured: z.number().default(0), beatless: z.boolean().default(false) })),
  total: Counts,
  /** Recordings of each role that gave no window at all. Source: ISO/IEC 19795-1, failure-to-acquire rate. */
  failedToAcquire: z.array(z.object({ role: SplitRole, recordings: z.number(), of: z.number() })),
})
export type WindowSetReport = z.infer<typeof WindowSetReport>

const Head = z.object({
  contentHash: z.string(),
  rateHz: z.number(),
  length: z.number().int().positive(),
  windows: z.number().int().nonnegative(),
  subjects: z.array(z.string()),
  recordings: z.array(z.object({ id: z.string(), session: z.string(), subject: z.number().int(), startedAt: z.string(), rowRateHz: z.number().positive() })),
  roles: z.array(SplitRole),
  report: WindowSetReport,
})
type Head = z.infer<typeof Head>

/** The columns of one recording's windows in one role. */
export interface WindowRows {
  readonly samples: Float32Array
  readonly rows: readonly number[]
  readonly subject: number
  readonly recording: number
  readonly role: number
}

/** Bytes that are hashed, written and read in one go. */
const blockBytes = 1 << 22
/** Written in the machine's own byte order: a file from another kind of machine is none. */
const mark = new Uint8Array(Uint32Array.of(0x5057_4e44, 1, 0, 0).buffer)
const hashBytes = 32
/** A file that was begun so long before the newest one was finished belongs to a program that is gone. */
const abandonedMs = 24 * 3600_000

/**
 * Window sets on disk, `<content hash>.bin`: mark (16 bytes), samples (f32), rows (f64, from a multiple of 8), subjects and recordings (i32), roles (u8), head (JSON), its length (u32),
 * SHA-256 of all before it. Derived: a file that does not give its checksum is removed and made again.
 */
export class WindowCache {
  readonly #files: Files
  readonly #folder: string

  constructor(files: Files, folder: string) {
    this.#files = files
    this.#folder = folder
  }

  path(contentHash: string): string {
    return join(this.#folder, `${contentHash}.bin`)
  }

  /** `null` when it is not there or damaged. @throws LabError of reading, `cancelled`. */
  async load(contentHash: string, signal?: AbortSignal): Promise<{ set: WindowSet; report: WindowSetReport } | null> {
    const path = this.path(contentHash)
    const found = await this.#files.stat(path)
    if (found === null) return null
    const bytes = await readChecked(this.#files, path, found.bytes, signal)
    const read = bytes === null ? null : parse(bytes)
    if (read !== null && read.set.contentHash === contentHash) return read
    await this.#files.remove(path)
    return null
  }

  /** @throws LabError of writing. */
  async begin(contentHash: string): Promise<WindowSetWriter> {
    await this.#files.makeFolder(this.#folder)
    // Two programs may make the same set: each has its own file until it is whole.
    const temporary = `${this.path(contentHash)}.${randomBytes(6).toString('hex')}.part`
    return WindowSetWriter.open(this.#files, temporary, this.path(contentHash), this.#folder)
  }

  /** @throws LabError of writing. */
  remove(contentHash: string): Promise<void> {
    return this.#files.remove(this.path(contentHash))
  }

  /** Removes the oldest files until all together have no more than so many bytes; `kept` stays whatever its size. Returns how many went. @throws LabError of reading and writing. */
  async prune(kept: string, budgetBytes: number): Promise<number> {
    const own = await this.#files.stat(this.path(kept))
    const others: { path: string; bytes: number; modifiedMs: number }[] = []
    for (const { name, folder } of await this.#files.list(this.#folder)) {
      const path = join(this.#folder, name)
      const found = folder || path === this.path(kept) ? null : await this.#files.stat(path)
      if (found !== null) others.push({ path, bytes: found.bytes, modifiedMs: found.modifiedMs })
    }
    others.sort((a, b) => a.modifiedMs - b.modifiedMs)
    let bytes = others.reduce((sum, file) => sum + file.bytes, own?.bytes ?? 0)
    let removed = 0
    for (const file of others) {
      const unfinished = file.path.endsWith('.part')
      const abandoned = unfinished && (own?.modifiedMs ?? 0) - file.modifiedMs > abandonedMs
      if (!abandoned && (unfinished || bytes <= budgetBytes)) continue
      await this.#files.remove(file.path)
      bytes -= file.bytes
      removed++
    }
    return removed
  }
}

/** Takes one recording after the other; only the columns are held. */
export class WindowSetWriter {
  readonly #files: Files
  readonly #file: OpenFile
  readonly #temporary: string
  readonly #path: string
  readonly #folder: string
  readonly #hash: Hash = createHash('sha256')
  readonly #rows: number[] = []
  readonly #subject: number[] = []
  readonly #recording: number[] = []
  readonly #role: number[] = []
  #bytes = 0

  private constructor(files: Files, file: OpenFile, temporary: string, path: string, folder: string) {
    this.#files = files
    this.#file = file
    this.#temporary = temporary
    this.#path = path
    this.#folder = folder
  }

  static async open(files: Files, temporary: string, path: string, folder: string): Promise<WindowSetWriter> {
    const writer = new WindowSetWriter(files, await files.open(temporary, 'create'), temporary, path, folder)
    await writer.#put(mark)
    return writer
  }

  async add({ samples, rows, subject, recording, role }: WindowRows): Promise<void> {
    await this.#put(bytesOf(samples))
    for (const row of rows) {
      this.#rows.push(row)
      this.#subject.push(subject)
      this.#recording.push(recording)
      this.#role.push(role)
    }
  }

  /** Puts the file in its place, whole and durable. */
  async finish(head: Omit<Head, 'windows'>): Promise<void> {
    await this.#put(new Uint8Array(-this.#bytes & 7))
    await this.#put(bytesOf(Float64Array.from(this.#rows)))
    await this.#put(bytesOf(Int32Array.from(this.#subject)))
    await this.#put(bytesOf(Int32Array.from(this.#recording)))
    await this.#put(Uint8Array.from(this.#role))
    const json = new TextEncoder().encode(JSON.stringify({ ...head, windows: this.#rows.length }))
    await this.#put(json)
    await this.#put(bytesOf(Uint32Array.of(json.length)))
    await this.#file.write(this.#hash.digest())
    await this.#file.sync()
    await this.#file.close()
    await this.#files.rename(this.#temporary, this.#path)
    await this.#files.syncFolder(this.#folder)
  }

  /** Leaves nothing behind; the reason for it is what counts. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined)
    await this.#files.remove(this.#temporary).catch(() => undefined)
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes)
    this.#bytes += bytes.length
    await this.#file.write(bytes)
  }
}

const bytesOf = (values: Float32Array | Float64Array | Int32Array | Uint32Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

/** All bytes before the checksum, or `null` when they do not give it. */
async function readChecked(files: Files, path: string, size: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> {
  if (size < mark.length + 4 + hashBytes) return null
  const bytes = new Uint8Array(new ArrayBuffer(size))
  const hash = createHash('sha256')
  const file = await files.open(path, 'read')
  try {
    const end = size - hashBytes
    for (let at = 0; at < size; ) {
      if (signal?.aborted) throw new LabError('cancelled', 'Reading windows was cancelled.')
      const got = await file.read(bytes.subarray(at, Math.min(size, at + blockBytes)), at)
      if (got === 0) return null
      hash.update(bytes.subarray(Math.min(at, end), Math.min(at + got, end)))
      at += got
    }
    return hash.digest().equals(bytes.subarray(end)) && mark.every((byte, i) => bytes[i] === byte) ? bytes.subarray(0, end) : null
  } finally {
    await file.close()
  }
}

function parse(bytes: Uint8Array<ArrayBuffer>): { set: WindowSet; report: WindowSetReport } | null {
  const jsonEnd = bytes.length - 4
  const jsonBytes = new DataView(bytes.buffer, jsonEnd, 4).getUint32(0, new Uint8Array(Uint16Array.of(1).buffer)[0] === 1)
  if (jsonBytes > jsonEnd) return null
  const read = Head.safeParse(JSON.parse(new TextDecoder().decode(bytes.subarray(jsonEnd - jsonBytes, jsonEnd))))
  if (!read.success) return null
  const { windows, report, ...head } = read.data
  const { buffer } = bytes
  const samplesEnd = mark.length + 4 * windows * head.length
  const rowsAt = samplesEnd + (-samplesEnd & 7)
  if (rowsAt + windows * (8 + 4 + 4 + 1) + jsonBytes !== jsonEnd) return null
  return {
    report,
    set: {
      ...head,
      channels: 1,
      samples: new Float32Array(buffer, mark.length, windows * head.length),
      row: new Float64Array(buffer, rowsAt, windows),
      subject: new Int32Array(buffer, rowsAt + 8 * windows, windows),
      recording: new Int32Array(buffer, rowsAt + 12 * windows, windows),
      role: new Uint8Array(buffer, rowsAt + 16 * windows, windows),
    },
  }
}
