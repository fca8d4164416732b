import { randomBytes } from 'node:crypto'
import { LabError, type Recording } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import type { Files } from '../dataset/files.ts'
import { hostClock, type Clock } from './clock.ts'
import { DerivationRun, SignalFile } from './derived-files.ts'
import type { JournalRecord } from './journal-format.ts'
import { encodeNote, type DeviceState, type MarkerNote, type RecordingHead } from './journal-payloads.ts'
import { JournalWriter, type JournalWriterOptions } from './journal-writer.ts'
import { finishedRecording, recordingFromHead, recoverRecording } from './recover.ts'

/** A pair of wall and monotonic time is kept this often, ns: enough to follow a wall clock that is being set. */
const clockPairNs = 10e9
/** Free space that a recording of unknown length needs. */
const minimumFreeBytes = 64 << 20

export interface RecordingWriterOptions {
  readonly clock?: Clock
  /** The dataset's own by default. */
  readonly files?: Files
  /** Refuse to start when the disk cannot hold this much. */
  readonly plannedSeconds?: number | null
  /** The bytes come from a file: their host times mean nothing. */
  readonly untimed?: boolean
  readonly timing?: JournalWriterOptions['timing']
  readonly salt?: () => Uint8Array
}

export interface RecordingWriterStatus {
  readonly receivedSequence: number
  readonly durableSequence: number
  /** Host time up to which everything would survive a power cut, ns; 0 before the first sync. */
  readonly durableHostNs: number
  /** Journal bytes on disk, and bytes that wait in memory for it. */
  readonly bytes: number
  readonly waitingBytes: number
  readonly rows: number
  readonly lostRows: number
  readonly gaps: number
  readonly markers: number
  readonly rateHz: number | null
  readonly ppm: number | null
  readonly failure: LabError | null
}

/**
 * Records: what `bytes` is given goes to the journal first; signals.dat follows behind it, so that finishing takes no time. Nothing here waits
 * for the disk except `begin` and `finish`.
 *
 * @example
 * const writer = await RecordingWriter.begin(dataset, head)
 * link.onData((bytes, hostNs) => writer.bytes(bytes, hostNs))
 * const recording = await writer.finish()
 */
export class RecordingWriter {
  private readonly dataset: Dataset
  private readonly head: RecordingHead
  private readonly clock: Clock
  private readonly journal: JournalWriter
  private readonly signalFile: SignalFile
  private readonly run: DerivationRun
  private deriving: Promise<void> = Promise.resolve()
  /** Why the derivation behind the journal stopped; the journal goes on and is derived from scratch in the end. */
  private derivationFailure: LabError | null = null
  private lastPairNs = Number.NEGATIVE_INFINITY
  private finishing: Promise<Recording> | null = null

  private constructor(dataset: Dataset, head: RecordingHead, clock: Clock, journal: JournalWriter, signalFile: SignalFile) {
    this.dataset = dataset
    this.head = head
    this.clock = clock
    this.journal = journal
    this.signalFile = signalFile
    this.run = new DerivationRun(signalFile)
    journal.onWritten((records) => this.derive(records))
  }

  /**
   * Makes the recording's folder and its first journal segment, durably.
   * @throws LabError `subject-not-found`, `subject-consent-missing`, `dataset-full`, `dataset-not-writable`, `state-conflict` when the id
   * exists, `journal-write-failed`.
   */
  static async begin(dataset: Dataset, head: RecordingHead, options: RecordingWriterOptions = {}): Promise<RecordingWriter> {
    const files = options.files ?? dataset.files
    const clock = options.clock ?? hostClock
    const subject = await dataset.subjects.get(head.subject)
    if (subject.consent !== 'granted') {
      const data = { code: subject.code, consent: subject.consent }
      throw new LabError('subject-consent-missing', `${subject.code} has not consented: nothing may be recorded.`, data)
    }
    await requireSpace(files, dataset.path, head, options.plannedSeconds ?? null)
    const folder = await dataset.recordings.create(recordingFromHead(head))
    try {
      const salt = options.salt ?? (() => new Uint8Array(randomBytes(8)))
      const journal = await JournalWriter.create({ files, folder, recording: head.id, clock, salt, timing: options.timing })
      const writer = new RecordingWriter(dataset, head, clock, journal, await SignalFile.create(files, folder))
      writer.note('device-state', clock.monotonicNs(), { kind: 'begin', head, untimed: options.untimed ?? false } satisfies DeviceState)
      writer.pairClocks(clock.monotonicNs())
      await journal.flush()
      return writer
    } catch (thrown) {
      dataset.recordings.release(head.id)
      // Nothing was recorded yet: no empty recording is left behind. What went wrong is told, not that this failed too.
      await files.remove(folder).catch(() => undefined)
      throw thrown
    }
  }

  /** A chunk exactly as it was read at `hostNs`; the writer keeps it, so it must not be reused. */
  bytes(chunk: Uint8Array, hostNs: number): void {
    if (hostNs - this.lastPairNs >= clockPairNs) this.pairClocks(hostNs)
    if (chunk.length > 0) this.journal.append('device-bytes', hostNs, chunk)
  }

  /** The connection was opened, streams, or was closed. */
  deviceState(state: DeviceState, hostNs: number): void {
    this.note('device-state', hostNs, state)
  }

  marker(marker: MarkerNote, hostNs: number): void {
    const { code, text, origin, at } = marker
    this.note('marker', hostNs, { code, text, origin, at })
  }

  /** The host lost bytes here (a driver's overrun), or the stream was cut and goes on. */
  interruption(kind: 'gap' | 'resync', reason: string, hostNs: number): void {
    this.note(kind, hostNs, { reason })
  }

  /** Called once when the disk fails: nothing more is recorded, what is on disk stays. */
  onFailure(listener: (error: LabError) => void): void {
    this.journal.onFailure(listener)
  }

  status(): RecordingWriterStatus {
    const { journal } = this
    const timeline = this.run.derivation.timeline
    const fit = timeline?.fit() ?? null
    return {
      receivedSequence: journal.receivedSequence,
      durableSequence: journal.durableSequence,
      durableHostNs: journal.durableHostNs,
      bytes: journal.bytesWritten,
      waitingBytes: journal.waitingBytes,
      rows: timeline?.rows ?? 0,
      lostRows: timeline?.lostRows ?? 0,
      gaps: timeline?.gaps.length ?? 0,
      markers: this.run.derivation.markers.length,
      rateHz: fit?.rateHz ?? null,
      ppm: fit?.ppm ?? null,
      failure: journal.failure,
    }
  }

  /** Resolves when everything given so far is durable. @throws LabError the failure that ended the writer. */
  flush(): Promise<void> {
    return this.journal.flush()
  }

  /**
   * Ends the recording: journal, then signals.dat and the rest, then recording.json. Asking twice gives the same answer.
   * @throws LabError the failure that ended the writer; what was written stays, and `recover` finishes it.
   */
  finish(): Promise<Recording> {
    this.finishing ??= this.end()
    return this.finishing
  }

  private async end(): Promise<Recording> {
    const { dataset, head, journal, signalFile } = this
    try {
      this.note('end', this.clock.monotonicNs(), { reason: 'finished' })
      await journal.close()
    } catch (thrown) {
      await this.abandon()
      throw thrown
    }
    await this.deriving
    if (this.derivationFailure) {
      await this.abandon()
      return (await recoverRecording(dataset, head.id)).recording
    }
    try {
      const result = await this.run.finish()
      const existing = await dataset.recordings.get(head.id)
      await signalFile.commit(result)
      const recording = finishedRecording(result, existing, journal.segments, [])
      await dataset.recordings.write(recording)
      return recording
    } catch (thrown) {
      await this.abandon()
      throw thrown
    }
  }

  /** The journal stays for `recover`; the half-made signals.dat does not. */
  private async abandon(): Promise<void> {
    await this.deriving
    // The disk failed already; a left-over .part file is replaced by `recover`.
    await this.signalFile.discard().catch(() => undefined)
    this.dataset.recordings.release(this.head.id)
  }

  private derive(records: readonly JournalRecord[]): void {
    this.deriving = this.deriving.then(async () => {
      if (this.derivationFailure) return
      try {
        await this.run.push(records)
      } catch (thrown) {
        this.derivationFailure = LabError.from(thrown)
      }
    })
  }

  private pairClocks(hostNs: number): void {
    this.lastPairNs = hostNs
    this.note('clock', this.clock.monotonicNs(), { wallMs: this.clock.wallMs() })
  }

  private note(type: 'device-state' | 'marker' | 'clock' | 'gap' | 'resync' | 'end', hostNs: number, note: unknown): void {
    this.journal.append(type, hostNs, encodeNote(note))
  }
}

/** Journal and signals.dat together take about twice the bytes on the wire; 4 bytes per value is above every supported wire format. */
async function requireSpace(files: Files, folder: string, head: RecordingHead, plannedSeconds: number | null): Promise<void> {
  const { rateHz, lanes, frameBytes, rowsPerFrame } = head.device
  const wireBytes = frameBytes === null ? lanes.length * 8 : frameBytes / rowsPerFrame
  const needed = Math.max(minimumFreeBytes, (plannedSeconds ?? 0) * rateHz * (wireBytes + lanes.length * 4) * 1.1)
  const free = await files.freeBytes(folder)
  if (free >= needed) return
  const data = { freeBytes: free, neededBytes: Math.ceil(needed), folder }
  throw new LabError('dataset-full', `The disk has ${Math.floor(free / 1e6)} MB left; this recording needs ${Math.ceil(needed / 1e6)} MB.`, data)
}
