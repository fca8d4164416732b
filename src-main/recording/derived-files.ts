import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { LabError, type FileEntry } from '../contract/index.ts'
import { writeAtomically, type Files, type OpenFile } from '../dataset/files.ts'
import { Derivation, type Derived } from './derivation.ts'
import type { JournalRecord } from './journal-format.ts'
import type { RecordingHead } from './journal-payloads.ts'

/** Bytes of signals.dat gathered before they are written. */
const writeBytes = 1 << 18

export interface DerivationResult extends Derived {
  /** SHA-256 over signals.dat followed by signals.hea. */
  readonly contentHash: string
  /** The derived files, in the order in which they are written. */
  readonly files: readonly FileEntry[]
}

/** Takes a derivation's signals.dat bytes as they come: into a file, or nowhere (verification needs the hashes only). */
export interface SignalSink {
  write(bytes: Uint8Array): Promise<void>
}

/** Runs a derivation over records in order and hashes what it makes. */
export class DerivationRun {
  readonly derivation: Derivation
  private readonly sink: SignalSink
  private readonly hash = createHash('sha256')
  private bytes = 0
  private waiting: Uint8Array[] = []
  private waitingBytes = 0

  /** `knownHead`: see `Derivation`. */
  constructor(sink: SignalSink, knownHead: RecordingHead | null = null) {
    this.sink = sink
    this.derivation = new Derivation(knownHead)
  }

  /** Payloads must stay valid until this resolves. */
  async push(records: readonly JournalRecord[]): Promise<void> {
    this.derivation.push(records)
    this.gather()
    if (this.waitingBytes >= writeBytes) await this.write()
  }

  async finish(): Promise<DerivationResult> {
    const derived = this.derivation.finish()
    this.gather()
    await this.write()
    const header = new TextEncoder().encode(derived.header)
    const contentHash = this.hash.copy().update(header).digest('hex')
    const files: FileEntry[] = [
      { name: 'signals.dat', bytes: this.bytes, sha256: this.hash.digest('hex') },
      await fileEntry('signals.hea', header),
      await fileEntry('overview.bin', derived.overview),
    ]
    if (derived.beats) files.push(await fileEntry('beats.qrs', derived.beats))
    return { ...derived, contentHash, files }
  }

  private gather(): void {
    const bytes = this.derivation.take()
    if (!bytes) return
    this.waiting.push(bytes)
    this.waitingBytes += bytes.length
    this.bytes += bytes.length
    this.hash.update(bytes)
  }

  private async write(): Promise<void> {
    const pieces = this.waiting
    this.waiting = []
    this.waitingBytes = 0
    if (pieces.length > 0) await this.sink.write(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces))
  }
}

/** Bytes that are hashed in one turn of the event loop: a few ms without processor support for SHA-256 (150 MB/s). */
const turnBytes = 1 << 19

/** Name, length and hash; the live view goes on meanwhile. */
async function fileEntry(name: string, bytes: Uint8Array): Promise<FileEntry> {
  const hash = createHash('sha256')
  for (let at = 0; at < bytes.length; at += turnBytes) {
    hash.update(bytes.subarray(at, at + turnBytes))
    await nextTurn()
  }
  return { name, bytes: bytes.length, sha256: hash.digest('hex') }
}

/** signals.dat while it grows: a `.part` file until everything is there. */
export class SignalFile implements SignalSink {
  private readonly files: Files
  private readonly folder: string
  private file: OpenFile | null

  private constructor(files: Files, folder: string, file: OpenFile) {
    this.files = files
    this.folder = folder
    this.file = file
  }

  static async create(files: Files, folder: string): Promise<SignalFile> {
    await files.remove(`${folder}/signals.dat.part`)
    return new SignalFile(files, folder, await files.open(`${folder}/signals.dat.part`, 'create'))
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.file) throw new LabError('file-write-failed', 'signals.dat is closed already.', { folder: this.folder })
    await this.file.write(bytes)
  }

  /** Makes what was written so far durable, so that finishing has little left to do. */
  async sync(): Promise<void> {
    await this.file?.sync()
  }

  /** Puts the derived files in place, each as a whole: .dat, .hea, then the rest. recording.json follows last, by the caller. */
  async commit(result: Pick<DerivationResult, 'header' | 'overview' | 'beats'>): Promise<void> {
    const { files, folder } = this
    await this.sync()
    await this.close()
    await files.rename(`${folder}/signals.dat.part`, `${folder}/signals.dat`)
    await files.syncFolder(folder)
    await writeAtomically(files, `${folder}/signals.hea`, result.header)
    await writeAtomically(files, `${folder}/overview.bin`, result.overview)
    if (result.beats) await writeAtomically(files, `${folder}/beats.qrs`, result.beats)
    else await files.remove(`${folder}/beats.qrs`)
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await this.close()
    await this.files.remove(`${this.folder}/signals.dat.part`)
  }

  private async close(): Promise<void> {
    const file = this.file
    this.file = null
    await file?.close()
  }
}
