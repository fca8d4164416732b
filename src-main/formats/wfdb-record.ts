import { LabError, noValue } from '../contract/index.ts'
import { parseHeader, type WfdbHeader, type WfdbSignal } from './wfdb-header.ts'
import { checksum16, decodeSamples, isReadableFormat, storedBytes, storedSamples, type WfdbReadFormat } from './wfdb-signal.ts'

export interface WfdbRecord {
  readonly header: WfdbHeader
  /** Frames in the record, from the header or, where it does not say, from the signal files. */
  readonly frames: number
  /** Counts per signal, `frames * samplesPerFrame` each, skew undone; `noValue` where there is none. */
  readonly signals: readonly Int32Array[]
  /** Whether the stored samples add up to the header's checksum; `null` where it has none. */
  readonly checksumMatches: readonly (boolean | null)[]
}

/** Signals that share one file, interleaved frame by frame. */
interface Group {
  readonly file: string
  readonly format: WfdbReadFormat
  readonly byteOffset: number
  readonly signals: readonly number[]
  readonly samplesPerFrame: number
}

/**
 * Reads a whole record of one piece: formats 16, 24, 32, 80 and 212, several signal files, several samples per frame, skew, byte offset,
 * missing length. `readFile` gets names as the header has them, in the header's folder. A wrong checksum is reported, not refused.
 * @throws LabError `wfdb-header-invalid`, `wfdb-signal-invalid` with `data.file`, and whatever `readFile` throws.
 * @example const { signals } = await readWfdbRecord((name) => readFile(join(folder, name)), 'rec_1')
 */
export async function readWfdbRecord(readFile: (name: string) => Promise<Uint8Array>, recordName: string): Promise<WfdbRecord> {
  const header = parseHeader(new TextDecoder().decode(await readFile(`${recordName}.hea`)))
  if (header.segments.length > 0) {
    throw new LabError('wfdb-signal-invalid', `The record ${recordName} consists of ${header.segments.length} segments; open one of them.`, {
      record: recordName,
      segments: header.segments.slice(0, 20).map((segment) => segment.name),
    })
  }
  const groups = groupSignals(header)
  const files = await Promise.all(groups.map((group) => readFile(group.file)))
  const frames = header.frames ?? Math.min(...groups.map((group, i) => framesIn(group, files[i])))
  const signals: Int32Array[] = []
  const checksumMatches: (boolean | null)[] = []
  groups.forEach((group, g) => {
    const counts = groupCounts(group, files[g], frames)
    group.signals.forEach((index, place) => {
      const signal = header.signals[index]
      const raw = takeSignal(counts, group, header, place, frames)
      // Sums are equal as 16-bit numbers; some writers store them unsigned.
      const wanted = signal.checksum
      checksumMatches[index] = wanted === null ? null : ((checksum16(raw, group.format) - wanted) & 0xffff) === 0
      signals[index] = unskew(raw, signal.skew * signal.samplesPerFrame)
    })
  })
  return { header, frames, signals, checksumMatches }
}

function groupSignals(header: WfdbHeader): Group[] {
  const byFile = new Map<string, number[]>()
  header.signals.forEach((signal, i) => byFile.set(signal.file, [...(byFile.get(signal.file) ?? []), i]))
  return [...byFile].map(([file, signals]) => {
    const first: WfdbSignal = header.signals[signals[0]]
    const { format, byteOffset } = first
    if (!isReadableFormat(format)) throw unreadable(file, `format ${format} is not read`)
    if (signals.some((i) => header.signals[i].format !== format)) throw unreadable(file, 'its signals have different formats')
    const samplesPerFrame = signals.reduce((sum, i) => sum + header.signals[i].samplesPerFrame, 0)
    return { file, format, byteOffset, signals, samplesPerFrame }
  })
}

const framesIn = (group: Group, bytes: Uint8Array): number =>
  Math.max(0, Math.floor(storedSamples(group.format, bytes.length - group.byteOffset) / group.samplesPerFrame))

function groupCounts(group: Group, bytes: Uint8Array, frames: number): Int32Array {
  const needed = group.byteOffset + storedBytes(group.format, frames * group.samplesPerFrame)
  if (needed > bytes.length) throw unreadable(group.file, `${needed} bytes were announced, ${bytes.length} are there`)
  return decodeSamples(bytes.subarray(group.byteOffset), group.format, frames * group.samplesPerFrame)
}

/** One signal out of the interleaved frames. */
function takeSignal(counts: Int32Array, group: Group, header: WfdbHeader, place: number, frames: number): Int32Array {
  const widths = group.signals.map((index) => header.signals[index].samplesPerFrame)
  const offset = widths.slice(0, place).reduce((sum, width) => sum + width, 0)
  const width = widths[place]
  const taken = new Int32Array(frames * width)
  for (let frame = 0; frame < frames; frame++) {
    const from = frame * group.samplesPerFrame + offset
    for (let i = 0; i < width; i++) taken[frame * width + i] = counts[from + i]
  }
  return taken
}

/** Samples `late` places earlier; what then is missing at the end has no value. */
function unskew(samples: Int32Array, late: number): Int32Array {
  if (late === 0) return samples
  const moved = new Int32Array(samples.length).fill(noValue)
  moved.set(samples.subarray(Math.min(late, samples.length)))
  return moved
}

function unreadable(file: string, reason: string): LabError {
  return new LabError('wfdb-signal-invalid', `The signal file ${file} cannot be read: ${reason}.`, { file, reason })
}
