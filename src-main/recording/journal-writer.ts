import { createHash, type Hash } from 'node:crypto'
import { LabError, type FileEntry } from '../contract/index.ts'
import type { Files, OpenFile } from '../dataset/files.ts'
import type { Clock } from './clock.ts'
import {
  encodeRecord, encodeSegmentHeader, maximumPayloadBytes, recordOverheadBytes, segmentHeaderBytes, segmentName,
  type JournalRecord, type RecordType,
} from './journal-format.ts'

/** dataset-format.md: a write every 100-250 ms, fdatasync at most once a second, a new segment after 16 MiB or 10 minutes. */
export const journalTiming = { writeMs: 200, syncNs: 1e9, segmentBytes: 16 << 20, segmentNs: 600e9 } as const

export interface JournalWriterOptions {
  readonly files: Files
  readonly folder: string
  readonly recording: string
  readonly clock: Clock
  /** 8 random bytes for every segment. */
  readonly salt: () => Uint8Array
  readonly timing?: Partial<Record<keyof typeof journalTiming, number>>
}

/**
 * Appends records in memory and carries them to disk in the background. `append` never waits and never throws. The first failed write,
 * sync or rotation ends the writer for good: it says so once, keeps what the disk has, and claims nothing further as durable.
 */
export class JournalWriter {
  /** Sequence of the newest record appended, written, and safe against a power cut. */
  receivedSequence = 0
  writtenSequence = 0
  durableSequence = 0
  /** Host time of the newest durable record, ns; 0 before the first. */
  durableHostNs = 0
  bytesWritten = 0
  failure: LabError | null = null
  /** Finished segments, and after `close` all of them. */
  readonly segments: FileEntry[] = []

  private readonly options: JournalWriterOptions
  private readonly timing: Record<keyof typeof journalTiming, number>
  private queue: JournalRecord[] = []
  private queueBytes = 0
  private file: OpenFile | null = null
  private segment = 0
  private segmentBytes = 0
  private segmentStartedNs = 0
  private segmentHash: Hash = createHash('sha256')
  private salt: Uint8Array = new Uint8Array(8)
  private crc = 0
  private lastWritten: JournalRecord | null = null
  private lastSyncNs = 0
  private work: Promise<void> = Promise.resolve()
  private timer: ReturnType<typeof setTimeout> | null = null
  private failureListener: (error: LabError) => void = () => undefined
  private writtenListener: (records: readonly JournalRecord[]) => void = () => undefined

  private constructor(options: JournalWriterOptions) {
    this.options = options
    this.timing = { ...journalTiming, ...options.timing }
  }

  /** Opens the first segment, durably. @throws LabError `dataset-full`, `dataset-not-writable`, `journal-write-failed`. */
  static async create(options: JournalWriterOptions): Promise<JournalWriter> {
    const writer = new JournalWriter(options)
    try {
      await writer.rotate()
    } catch (thrown) {
      await writer.fail(thrown)
      throw writer.failure ?? thrown
    }
    return writer
  }

  /** Bytes that wait in memory for the disk. */
  get waitingBytes(): number {
    return this.queueBytes
  }

  /** Called once, with the failure that ended the writer. */
  onFailure(listener: (error: LabError) => void): void {
    this.failureListener = listener
  }

  /** Called with every batch after it was written (not yet synced), in order. */
  onWritten(listener: (records: readonly JournalRecord[]) => void): void {
    this.writtenListener = listener
  }

  /** Takes over `payload` (not copied) and returns its sequence; after a failure nothing is taken any more. */
  append(type: RecordType, hostNs: number, payload: Uint8Array): number {
    if (this.failure) return this.receivedSequence
    for (let at = 0; at === 0 || at < payload.length; at += maximumPayloadBytes) {
      this.receivedSequence += 1
      const part = payload.subarray(at, at + maximumPayloadBytes)
      this.queue.push({ type, flags: 0, sequence: this.receivedSequence, hostNs, payload: part })
      this.queueBytes += part.length + recordOverheadBytes
    }
    this.timer ??= setTimeout(() => this.tick(), this.timing.writeMs)
    return this.receivedSequence
  }

  /** Resolves when all that was appended before is durable. @throws LabError the failure that ended the writer. */
  async flush(): Promise<void> {
    await this.enqueue(async () => {
      await this.writeQueue()
      await this.sync()
    })
    if (this.failure) throw this.failure
  }

  /** Flushes and closes. After a failure it only closes. @throws LabError the failure that ended the writer. */
  async close(): Promise<void> {
    if (this.timer) clearTimeout(this.timer)
    await this.enqueue(async () => {
      await this.writeQueue()
      await this.sync()
      await this.closeSegment()
    })
    if (this.timer) clearTimeout(this.timer)
    if (this.failure) throw this.failure
  }

  private tick(): void {
    this.timer = null
    void this.enqueue(async () => {
      await this.writeQueue()
      if (this.options.clock.monotonicNs() - this.lastSyncNs >= this.timing.syncNs) await this.sync()
      // Written but not durable: come back even when nothing more is appended.
      if (this.queue.length > 0 || this.durableSequence < this.writtenSequence) {
        this.timer ??= setTimeout(() => this.tick(), this.timing.writeMs)
      }
    })
  }

  /** One piece of disk work at a time; a failure is recorded, not thrown. */
  private enqueue(step: () => Promise<void>): Promise<void> {
    this.work = this.work.then(async () => {
      if (this.failure) return
      try {
        await step()
      } catch (thrown) {
        await this.fail(thrown)
      }
    })
    return this.work
  }

  private async writeQueue(): Promise<void> {
    const { segmentBytes, segmentNs } = this.timing
    while (this.queue.length > 0) {
      const old = this.options.clock.monotonicNs() - this.segmentStartedNs >= segmentNs
      const first = this.queue[0].payload.length + recordOverheadBytes
      const filled = this.segmentBytes > segmentHeaderBytes
      if (filled && (old || this.segmentBytes + first > segmentBytes)) await this.rotate()
      let count = 0
      let bytes = 0
      for (const record of this.queue) {
        const length = record.payload.length + recordOverheadBytes
        if (count > 0 && this.segmentBytes + bytes + length > segmentBytes) break
        bytes += length
        count += 1
      }
      await this.writeBatch(this.queue.slice(0, count), bytes)
      this.queue = this.queue.slice(count)
      this.queueBytes -= bytes
    }
  }

  private async writeBatch(batch: readonly JournalRecord[], bytes: number): Promise<void> {
    const buffer = new Uint8Array(bytes)
    let at = 0
    let crc = this.crc
    for (const record of batch) {
      crc = encodeRecord(record, buffer, at, this.salt, crc)
      at += record.payload.length + recordOverheadBytes
    }
    if (!this.file) throw new LabError('journal-write-failed', 'The journal has no open segment.', { folder: this.options.folder })
    await this.file.write(buffer)
    this.crc = crc
    this.segmentHash.update(buffer)
    this.segmentBytes += bytes
    this.bytesWritten += bytes
    this.lastWritten = batch[batch.length - 1]
    this.writtenSequence = this.lastWritten.sequence
    this.writtenListener(batch)
  }

  private async sync(): Promise<void> {
    const newest = this.lastWritten
    if (!this.file || !newest || newest.sequence === this.durableSequence) return
    await this.file.sync()
    this.lastSyncNs = this.options.clock.monotonicNs()
    this.durableSequence = newest.sequence
    this.durableHostNs = newest.hostNs
  }

  /** The old segment is durable before the new one exists, and the new one's name and header are before it takes a record. */
  private async rotate(): Promise<void> {
    const { files, folder, recording, clock } = this.options
    await this.sync()
    const previousCrc = this.segment === 0 ? 0 : this.crc
    await this.closeSegment()
    this.salt = this.options.salt()
    const header = { recording, segment: this.segment + 1, salt: this.salt, firstSequence: this.writtenSequence + 1, previousCrc }
    const bytes = encodeSegmentHeader(header)
    this.file = await files.open(`${folder}/${segmentName(header.segment)}`, 'create')
    this.segment = header.segment
    await this.file.write(bytes)
    await this.file.sync()
    await files.syncFolder(folder)
    this.crc = new DataView(bytes.buffer).getUint32(segmentHeaderBytes - 4, true)
    this.segmentHash = createHash('sha256').update(bytes)
    this.segmentBytes = bytes.length
    this.bytesWritten += bytes.length
    this.segmentStartedNs = clock.monotonicNs()
  }

  private async closeSegment(): Promise<void> {
    const file = this.file
    if (!file) return
    this.file = null
    await file.close()
    this.segments.push({ name: segmentName(this.segment), bytes: this.segmentBytes, sha256: this.segmentHash.digest('hex') })
  }

  private async fail(thrown: unknown): Promise<void> {
    const cause = LabError.from(thrown)
    const { folder } = this.options
    const data = { ...cause.data, folder, durableSequence: this.durableSequence, receivedSequence: this.receivedSequence }
    this.failure =
      cause.code === 'dataset-full' || cause.code === 'dataset-not-writable'
        ? new LabError(cause.code, cause.message, data, { cause: thrown })
        : new LabError('journal-write-failed', `The recording stopped: its journal could not be written. ${cause.message}`, data, { cause: thrown })
    this.queue = []
    this.queueBytes = 0
    const file = this.file
    this.file = null
    try {
      await file?.close()
    } catch (closing) {
      // The failure that ended the writer is the one to tell; the handle is gone either way.
      this.failure.data.closing = LabError.from(closing).message
    }
    this.failureListener(this.failure)
  }
}
