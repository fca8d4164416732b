import { LabError, noValue } from '../contract/index.ts'
import type { SignalSource, SourceFinding, SourceFolder, SourceGap, SourceSignal } from './signal-source.ts'
import { factDate, factsOf, isoDate } from './wfdb-facts.ts'
import { readHeader } from './wfdb-folder.ts'
import { plainSignalName, type WfdbHeader, type WfdbSignal } from './wfdb-header.ts'
import { PieceReader } from './wfdb-piece.ts'
import { onePart, rescale, segmentParts, type RecordPart, type WfdbParts } from './wfdb-segments.ts'

/** Samples of a block over all signals: 1 MiB of counts. */
const blockSamples = 1 << 18
/** What a block may hold at most, whatever is asked for. */
const mostBlockSamples = 1 << 24

/**
 * Opens a WFDB record: one piece or segments (fixed and variable layout), formats 8, 16, 24, 32, 61, 80, 160, 212, 310, 311 and FLAC (508, 516, 524),
 * several files, several samples per frame, skew, byte offsets, missing lengths. A short or missing file gives what is there and `noValue` for the rest;
 * `gaps` are the frames in which no signal has a sample (final once all blocks were read: only reading tells where a damaged FLAC file ends).
 * `minimum`..`maximum` is the converter's range as the header says; headers err, so samples may lie outside. Memory: one block, 256 KiB per file, and
 * what undoing skew holds back.
 * @param record name without `.hea`
 * @param file name of its header, where the ending is spelled otherwise: `REC_1.HEA` of a disk that was written in capitals
 * @throws LabError `file-not-found`, `wfdb-header-invalid`, `import-path-unsafe`, `wfdb-signal-invalid`, `flac-invalid`, each with `data.file`; the last two
 * and `cancelled` also while blocks are read.
 * @example const source = await openWfdb(folder, 'rec_1'); for await (const [ecg] of source.blocks()) meter.add(ecg)
 */
export async function openWfdb(folder: SourceFolder, record: string, file = `${record}.hea`): Promise<SignalSource> {
  const header = await readHeader(folder, record, file)
  if (!header) throw new LabError('file-not-found', `${file} is not there.`, { file })
  // The file's name is what others know; the name inside may be an older one.
  const named = { ...header, record }
  return new WfdbSource(named, await (header.segments.length > 0 ? segmentParts(folder, named, file) : onePart(folder, named, file)))
}

class WfdbSource implements SignalSource {
  readonly format = 'wfdb'
  readonly rateHz: number
  readonly frames: number
  readonly signals: readonly SourceSignal[]
  readonly startDate: string | null
  readonly startTime: string | null
  readonly comments: readonly string[]
  readonly facts: Readonly<Record<string, string>>
  readonly files: readonly string[]
  readonly #record: WfdbParts
  #gaps: readonly SourceGap[]
  /** Of the last complete reading. */
  #readFindings: readonly SourceFinding[] = []

  constructor(header: WfdbHeader, record: WfdbParts) {
    const { describedBy } = record
    this.#record = record
    this.rateHz = header.rateHz
    this.frames = record.frames
    this.signals = record.signals.map(describe)
    this.comments = [...header.comments, ...(describedBy?.comments ?? [])]
    this.facts = factsOf(this.comments)
    const [day, month, year] = (header.baseDate ?? describedBy?.baseDate)?.split('/') ?? []
    this.startDate = year === undefined ? factDate(this.facts) : isoDate(year, month, day)
    this.startTime = header.baseTime ?? describedBy?.baseTime ?? null
    this.files = record.files
    this.#gaps = gapsOf(record.parts, (part) => part.piece?.available ?? 0)
  }

  get gaps(): readonly SourceGap[] {
    return this.#gaps
  }

  annotations(): Promise<readonly []> {
    return Promise.resolve([])
  }

  findings(): readonly SourceFinding[] {
    return [...this.#record.findings, ...this.#readFindings]
  }

  async *blocks({ signal, framesPerBlock }: { readonly signal?: AbortSignal; readonly framesPerBlock?: number } = {}): AsyncGenerator<readonly Int32Array[], void, void> {
    const { signals, parts } = this.#record
    const perFrame = signals.reduce((sum, one) => sum + one.samplesPerFrame, 0)
    const wanted = Math.floor(framesPerBlock ?? blockSamples / perFrame) || 1
    const findings: SourceFinding[] = []
    const available = new Map<RecordPart, number>()
    for (const part of parts) {
      const { piece } = part
      const reader = piece ? new PieceReader(piece) : null
      // A segment may hold signals that the record does not have.
      const most = Math.max(1, Math.min(wanted, Math.floor(mostBlockSamples / Math.max(perFrame, piece?.frameSamples ?? 0))))
      for (let done = 0, count = 0; done < part.frames; done += count) {
        if (signal?.aborted) throw new LabError('cancelled', 'Reading the record was cancelled.')
        count = Math.min(most, part.frames - done)
        yield reader && piece ? placed(await reader.read(count), part, signals, count, `${piece.header.record}.hea`) : signals.map((one) => new Int32Array(count * one.samplesPerFrame).fill(noValue))
      }
      if (!reader) continue
      available.set(part, reader.available)
      findings.push(...reader.findings.map((finding) => moved(finding, part.from)))
    }
    this.#readFindings = findings
    this.#gaps = gapsOf(parts, (part) => available.get(part) ?? 0)
  }
}

/** A piece's signals in the record's order and gains. */
function placed(counts: readonly Int32Array[], part: RecordPart, signals: readonly WfdbSignal[], frames: number, file: string): Int32Array[] {
  return signals.map((signal, i) => {
    const place = part.places[i]
    if (!place) return new Int32Array(frames * signal.samplesPerFrame).fill(noValue)
    const own = counts[place.index]
    if (place.scale) rescale(own, place.scale, file)
    return own
  })
}

/** Frames of a finding within a segment as frames of the record. */
function moved(finding: SourceFinding, by: number): SourceFinding {
  const { from, to } = finding.data
  return by > 0 && typeof from === 'number' && typeof to === 'number' ? { ...finding, data: { ...finding.data, from: from + by, to: to + by } } : finding
}

/** Frames that no file has, joined where they touch. */
function gapsOf(parts: readonly RecordPart[], available: (part: RecordPart) => number): SourceGap[] {
  const gaps: { from: number; to: number }[] = []
  for (const part of parts) {
    const gap = { from: part.from + Math.min(available(part), part.frames), to: part.from + part.frames }
    const last = gaps.at(-1)
    if (gap.from === gap.to) continue
    if (last?.to === gap.from) last.to = gap.to
    else gaps.push(gap)
  }
  return gaps
}

function describe(signal: WfdbSignal): SourceSignal {
  const bits = Math.min(32, signal.resolutionBits)
  return {
    label: plainSignalName(signal.name),
    unit: signal.unit,
    gainCountsPerUnit: signal.gain,
    baseline: signal.baseline,
    calibrated: signal.calibrated,
    bits,
    minimum: signal.zero - 2 ** (bits - 1),
    maximum: signal.zero + 2 ** (bits - 1) - 1,
    samplesPerFrame: signal.samplesPerFrame,
    note: '',
  }
}
