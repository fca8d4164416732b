import { LabError, noValue } from '../contract/index.ts'
import type { SourceFinding, SourceFolder } from './signal-source.ts'
import { plainSignalName, type WfdbHeader } from './wfdb-header.ts'
import { countFrames, formatOnes, groupSignals, openSignalFile, signalFileInvalid, type SignalCursor, type SignalFile, type SignalGroup } from './wfdb-signal-file.ts'

/** Samples in one frame that are still read: a frame has to fit in memory. Real ones have thousands. */
const mostFrameSamples = 1 << 22
/** Frames that are still counted: rows are 32-bit numbers elsewhere. */
export const mostFrames = 2 ** 31 - 1
/** A file may be shorter than announced by this much: six days at 500 Hz. Beyond it the header is not believed. */
const mostMissingFrames = 2 ** 28
/** Samples held back to undo skew. */
const mostSkewSamples = 1 << 24
/** Shorter runs of one value may be a flat line. ECG-ID's blocks have 1024 and 2048 frames. */
const leastLeadingFrames = 256

/** One record of one piece: a header, and the signal files that are there. */
export interface WfdbPiece {
  readonly header: WfdbHeader
  /** As announced, or as the files have it. */
  readonly frames: number
  /** Frames of the longest file: behind them is nothing. */
  readonly available: number
  readonly files: readonly SignalFile[]
  readonly frameSamples: number
  readonly findings: readonly SourceFinding[]
}

/**
 * Opens the signal files of a header. A file that is missing beside others, or too short, becomes a finding `import-truncated`.
 * @throws LabError `wfdb-signal-invalid` with `data.file` or `data.record`, `flac-invalid`, `file-not-found` when none of the files is there.
 */
export async function openPiece(folder: SourceFolder, header: WfdbHeader): Promise<WfdbPiece> {
  const { record } = header
  const refuse = (reason: string): LabError => new LabError('wfdb-signal-invalid', `The record ${record} cannot be read: ${reason}.`, { record, file: `${record}.hea`, reason })
  if (header.signals.length === 0) throw refuse('it has no signals')
  const groups = groupSignals(header.signals)
  if (groups.length === 0) throw refuse('its signals have no file: it describes the layout of a record of segments')
  const frameSamples = header.signals.reduce((sum, signal) => sum + signal.samplesPerFrame, 0)
  if (frameSamples > mostFrameSamples) throw refuse(`one frame has ${frameSamples} samples`)
  if (Math.max(...header.signals.map((signal) => signal.skew)) * frameSamples > mostSkewSamples) throw refuse('its skew is too large to be undone')
  const files: SignalFile[] = []
  const missing: SignalGroup[] = []
  for (const group of groups) {
    const source = await folder.open(group.file)
    if (source) files.push(await openSignalFile(source, group))
    else missing.push(group)
  }
  if (files.length === 0) throw new LabError('file-not-found', `The signal file ${groups[0].file} of the record ${record} is not there.`, { record, file: groups[0].file })
  const lengths: number[] = []
  for (const file of files) lengths.push(file.frames ?? (header.frames === null ? await countFrames(file) : header.frames))
  const available = Math.max(...lengths)
  const frames = header.frames ?? Math.min(...lengths)
  if (frames > mostFrames || frames - available > mostMissingFrames) throw signalFileInvalid(files[0].group.file, `${frames} frames were announced, ${available} are there`, { frames, available })
  const findings = missing.map((group) => truncated(group.file, 0, frames, 'is not there'))
  files.forEach(({ group }, i) => {
    if (lengths[i] < frames) findings.push(truncated(group.file, lengths[i], frames))
  })
  return { header, frames, available: Math.min(available, frames), files, frameSamples, findings }
}

function truncated(file: string, available: number, frames: number, what = `holds ${available} of ${frames} frames`): SourceFinding {
  return { code: 'import-truncated', message: `${file} ${what}; the rest has no value.`, data: { file, frames, available } }
}

interface OpenPart {
  readonly file: SignalFile
  readonly cursor: SignalCursor
  readonly delay: SkewDelay | null
  /** Frames read so far. */
  stored: number
  /** The file ended before the record. */
  short: boolean
}

/** Reads a piece from its first frame on, with skew undone, and checks what is read. */
export class PieceReader {
  /** What turned out while reading; complete once all frames were read. */
  readonly findings: SourceFinding[] = []
  /** Behind it no file has a sample; known once the files end. */
  available: number
  readonly #piece: WfdbPiece
  readonly #files: readonly OpenPart[]
  /** Signals without a file. */
  readonly #absent: readonly number[]
  readonly #leading: { frames: number; open: boolean }
  #frame = 0

  constructor(piece: WfdbPiece) {
    this.#piece = piece
    this.available = piece.available
    this.#files = piece.files.map((file) => ({
      file,
      cursor: file.cursor(),
      delay: file.group.signals.some((signal) => signal.skew > 0) ? new SkewDelay(file.group) : null,
      stored: 0,
      short: false,
    }))
    const present = new Set(piece.files.flatMap((file) => file.group.indexes))
    this.#absent = piece.header.signals.flatMap((_, i) => (present.has(i) ? [] : [i]))
    this.#leading = { frames: 0, open: this.#absent.length === 0 }
  }

  /** The next `frames` frames, which must be within the record: counts per signal of the header. @throws LabError `flac-invalid`. */
  async read(frames: number): Promise<Int32Array[]> {
    const { header } = this.#piece
    const counts = header.signals.map((signal) => new Int32Array(frames * signal.samplesPerFrame))
    for (const index of this.#absent) counts[index].fill(noValue)
    for (const part of this.#files) {
      const own = part.file.group.indexes.map((index) => counts[index])
      if (part.delay) await this.#delayed(part, part.delay, own, frames)
      else await this.#stored(part, own, frames)
    }
    if (this.#leading.open) this.#leadingBlock(counts, frames)
    this.#frame += frames
    if (this.#frame >= this.#piece.frames) this.#finish()
    return counts
  }

  /** Frames as they are stored; what the file does not have has no value. */
  async #stored(part: OpenPart, counts: readonly Int32Array[], frames: number): Promise<void> {
    const got = part.short ? 0 : await part.cursor.read(frames, { counts, frame: 0 })
    part.stored += got
    if (got === frames) return
    part.short = true
    part.file.group.signals.forEach((signal, i) => counts[i].fill(noValue, got * signal.samplesPerFrame))
  }

  async #delayed(part: OpenPart, delay: SkewDelay, counts: readonly Int32Array[], frames: number): Promise<void> {
    const wanted = Math.min(this.#piece.frames, this.#frame + frames + delay.longest) - Math.min(this.#piece.frames, delay.taken)
    const fresh = part.file.group.signals.map((signal) => new Int32Array(wanted * signal.samplesPerFrame))
    await this.#stored(part, fresh, wanted)
    delay.put(fresh, wanted)
    delay.take(counts)
  }

  /** Counts the frames from the first on in which every signal has ones only. */
  #leadingBlock(counts: readonly Int32Array[], frames: number): void {
    const { signals } = this.#piece.header
    let same = frames
    signals.forEach((signal, i) => {
      const ones = formatOnes(signal.format)
      const own = counts[i]
      let at = 0
      while (at < same * signal.samplesPerFrame && own[at] === ones) at++
      same = Math.min(same, Math.floor(at / signal.samplesPerFrame))
    })
    this.#leading.frames += same
    if (same === frames && this.#frame + frames < this.#piece.frames) return
    this.#leading.open = false
    const { record } = this.#piece.header
    if (this.#leading.frames >= leastLeadingFrames) {
      const to = this.#leading.frames
      this.findings.push({
        code: 'import-leading-block',
        message: `${record} begins with ${to} frames of ones in all signals, which no converter gives.`,
        data: { file: `${record}.hea`, from: 0, to },
      })
    }
  }

  #finish(): void {
    const { header, frames, findings } = this.#piece
    let available = 0
    for (const { cursor, file, stored, short } of this.#files) {
      const { group } = file
      available = Math.max(available, stored)
      if (short) {
        if (!findings.some((finding) => finding.data.file === group.file)) this.findings.push(truncated(group.file, stored, frames))
        continue
      }
      group.indexes.forEach((index, i) => {
        const { checksum, name } = header.signals[index]
        const found = (cursor.sums[i] << 16) >> 16
        // Equal as 16-bit numbers: some writers store them unsigned.
        if (checksum === null || ((found - checksum) & 0xffff) === 0) return
        this.findings.push({
          code: 'import-checksum-mismatch',
          message: `The samples of ${plainSignalName(name) || `signal ${index}`} in ${group.file} add up to ${found}, not to the header's ${checksum}.`,
          data: { file: group.file, signal: index, expected: checksum, found },
        })
      })
    }
    this.available = available
  }
}

/** Holds samples back until all signals of a file are of one time: a signal with skew `k` has stored frame `n + k` for frame `n`. */
class SkewDelay {
  readonly longest: number
  /** Stored frames taken in. */
  taken = 0
  readonly #held: Int32Array[]
  /** Samples still to be dropped from the beginning. */
  readonly #drop: number[]

  constructor(group: SignalGroup) {
    this.longest = Math.max(...group.signals.map((signal) => signal.skew))
    this.#held = group.signals.map(() => new Int32Array(0))
    this.#drop = group.signals.map((signal) => signal.skew * signal.samplesPerFrame)
  }

  put(counts: readonly Int32Array[], frames: number): void {
    this.taken += frames
    counts.forEach((fresh, i) => {
      const dropped = Math.min(this.#drop[i], fresh.length)
      this.#drop[i] -= dropped
      const held = new Int32Array(this.#held[i].length + fresh.length - dropped)
      held.set(this.#held[i])
      held.set(fresh.subarray(dropped), this.#held[i].length)
      this.#held[i] = held
    })
  }

  /** Fills `counts`; what is missing at the end has no value. */
  take(counts: readonly Int32Array[]): void {
    counts.forEach((into, i) => {
      const held = this.#held[i]
      const count = Math.min(into.length, held.length)
      into.set(held.subarray(0, count))
      into.fill(noValue, count)
      this.#held[i] = held.slice(count)
    })
  }
}
