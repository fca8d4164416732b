import { createHash } from 'node:crypto'
import { LabError, noValue, type FileEntry, type Gap, type LaneSpec, type Recording } from '../contract/index.ts'
import { sha256 } from '../dataset/hashes.ts'
import { OverviewBuilder } from '../dataset/overview.ts'
import { recordingHeader } from '../formats/recording-header.ts'
import type { SignalSource, SourceFinding } from '../formats/signal-source.ts'
import { formatHeader } from '../formats/wfdb-header.ts'
import { SignalEncoder, wfdbFormatFor } from '../formats/wfdb-signal.ts'
import { laneSpec, rowsPerFrame, type ImportLane } from './import-lanes.ts'
import { FrameRows } from './frame-rows.ts'
import { LaneSummaries } from './lane-summaries.ts'

/** Takes signals.dat as it is made. */
export interface ImportSink {
  write(bytes: Uint8Array): Promise<void>
}

/** Begins signals.dat, of which so many bytes are to come. */
export type OpenSink = (expectedBytes: number) => Promise<ImportSink>

/** Sees the physical samples of every lane at its own rate, block by block. */
export interface LaneListener {
  /** The samples seen so far were of no use: everything comes again. */
  restart(): void
  /** Counts of one lane, `noValue` where there is none. */
  push(lane: number, counts: Int32Array): void
}

export interface ImportedSignal {
  readonly lanes: readonly LaneSpec[]
  readonly rateHz: number
  readonly rows: number
  readonly gaps: readonly Gap[]
  readonly laneSummaries: Recording['laneSummaries']
  readonly warnings: Recording['warnings']
  readonly findings: readonly SourceFinding[]
  /** signals.hea and overview.bin. */
  readonly header: string
  readonly overview: Uint8Array
  /** signals.dat, signals.hea, overview.bin. */
  readonly files: readonly FileEntry[]
  readonly contentHash: string
}

/** What the header of signals.dat says besides the samples. */
export type HeaderFacts = Pick<Recording, 'id' | 'startedAt' | 'timeZone' | 'device'>

/** Counts that are worked on together: 256 KiB of rows, so that they stay in the processor's cache. */
const blockCounts = 1 << 16
const writeBytes = 1 << 18

/**
 * From a foreign file's samples to a recording's derived files: the same source gives the same bytes, however it is cut into blocks. Rows are those of the fastest signal;
 * sample k of a slower one stands on the row nearest to its time. Stored in the smallest format that holds every count; a converter's range that the samples themselves
 * break is widened to the power of two that holds them.
 * @param openSink is called again when the samples have to be stored in another format after all; what the one before took is void
 * @throws LabError of the source; `wfdb-signal-invalid` when no format can hold a count; `cancelled`, and what the sink throws
 */
export async function deriveSignal(
  source: SignalSource,
  lanes: readonly ImportLane[],
  facts: (lanes: readonly LaneSpec[], rateHz: number) => HeaderFacts,
  openSink: OpenSink,
  options: { readonly signal?: AbortSignal; readonly listener?: LaneListener } = {},
): Promise<ImportedSignal> {
  const first = await new SignalPass(source, lanes, await openSink(expectedBytes(source, lanes)), options).run()
  if (first.done) return first.finish(facts)
  options.listener?.restart()
  const widened = lanes.map((lane, i) => widen(lane, first.lowest[i], first.highest[i]))
  const second = await new SignalPass(source, widened, await openSink(expectedBytes(source, widened)), options).run()
  if (second.done) return second.finish(facts)
  throw new LabError('internal-error', 'The samples of a file changed while it was read.', { files: [...source.files] })
}

function expectedBytes(source: SignalSource, lanes: readonly ImportLane[]): number {
  return (source.frames * rowsPerFrame(source) * lanes.length * wfdbFormatFor(lanes)) / 8
}

/** The range of a whole number of bits that holds what was seen, where the claimed one does not. */
function widen(lane: ImportLane, lowest: number, highest: number): ImportLane {
  if (lowest >= lane.minimum && highest <= lane.maximum) return lane
  const unsigned = lane.minimum >= 0 && lowest >= 0
  const largest = Math.max(Math.abs(lane.minimum), Math.abs(lane.maximum), Math.abs(lowest), Math.abs(highest))
  const magnitudeBits = Math.min(31, Math.ceil(Math.log2(largest + 1)))
  const maximum = 2 ** magnitudeBits - 1
  return { ...lane, bits: Math.max(1, unsigned ? magnitudeBits : magnitudeBits + 1), minimum: unsigned ? 0 : -maximum, maximum }
}

/** Ends with the first value: only hours of a gap are looked through. */
function isEmpty(samples: readonly Int32Array[]): boolean {
  for (const own of samples) for (let k = 0; k < own.length; k++) if (own[k] !== noValue) return false
  return true
}

/** One reading of the whole source. */
class SignalPass {
  /** Over the whole source, per lane; the range is exceeded where they leave it. */
  readonly lowest: Int32Array
  readonly highest: Int32Array
  readonly #source: SignalSource
  readonly #lanes: readonly ImportLane[]
  readonly #sink: ImportSink
  readonly #signal: AbortSignal | undefined
  readonly #rows: FrameRows
  readonly #rateHz: number
  readonly #encoder: SignalEncoder
  readonly #overview: OverviewBuilder
  readonly #summaries: LaneSummaries
  readonly #hash = createHash('sha256')
  #exceeded = false
  #bytes = 0
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  readonly #listener: LaneListener | undefined

  constructor(source: SignalSource, lanes: readonly ImportLane[], sink: ImportSink, options: { readonly signal?: AbortSignal; readonly listener?: LaneListener }) {
    this.#source = source
    this.#lanes = lanes
    this.#sink = sink
    this.#signal = options.signal
    this.#listener = options.listener
    this.#rows = new FrameRows(lanes, rowsPerFrame(source))
    this.#rateHz = source.rateHz * rowsPerFrame(source)
    this.#encoder = new SignalEncoder(lanes.length, wfdbFormatFor(lanes))
    this.#overview = new OverviewBuilder(lanes.length)
    this.#summaries = new LaneSummaries(lanes, this.#rateHz)
    this.lowest = this.#rows.lowest
    this.highest = this.#rows.highest
  }

  /** False when a range turned out too narrow: nothing of this pass but the extremes is of use. */
  get done(): boolean {
    return !this.#exceeded
  }

  async run(): Promise<this> {
    const framesPerBlock = Math.max(1, Math.floor(blockCounts / (this.#rows.rowsPerFrame * this.#lanes.length)))
    for await (const block of this.#source.blocks({ ...(this.#signal && { signal: this.#signal }), framesPerBlock })) {
      if (this.#signal?.aborted) throw new LabError('cancelled', 'Reading was cancelled.')
      const frames = Math.floor(block[0].length / this.#lanes[0].samples)
      for (let from = 0; from < frames; from += framesPerBlock) {
        this.#push(block, from, Math.min(frames, from + framesPerBlock))
        if (this.#waitingBytes >= writeBytes) await this.#write()
      }
    }
    await this.#write()
    return this
  }

  #push(block: readonly Int32Array[], from: number, to: number): void {
    const { counts, samples } = this.#rows.take(block, from, to)
    if (this.#exceeded) return
    this.#exceeded = this.#lanes.some((lane, i) => this.lowest[i] < lane.minimum || this.highest[i] > lane.maximum)
    if (this.#exceeded) return
    const rows = counts.length / this.#lanes.length
    const bytes = isEmpty(samples) ? this.#encoder.encodeMissing(rows) : this.#encoder.encode(counts)
    this.#hash.update(bytes)
    this.#bytes += bytes.length
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    this.#overview.push(counts, rows)
    this.#summaries.push(counts, rows, samples)
    for (let lane = 0; lane < samples.length; lane++) this.#listener?.push(lane, samples[lane])
  }

  async #write(): Promise<void> {
    const pieces = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    if (pieces.length > 0 && !this.#exceeded) await this.#sink.write(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces))
  }

  finish(facts: (lanes: readonly LaneSpec[], rateHz: number) => HeaderFacts): ImportedSignal {
    const lanes = this.#lanes.map(laneSpec)
    const { laneSummaries, warnings } = this.#summaries.finish()
    const described = { ...facts(lanes, this.#rateHz), lanes, declaredRateHz: this.#rateHz, measuredRateHz: null, ppm: null }
    const header = formatHeader(recordingHeader(described, this.#encoder, this.#rateHz))
    const overview = this.#overview.finish()
    const contentHash = this.#hash.copy().update(header).digest('hex')
    const files: FileEntry[] = [
      { name: 'signals.dat', bytes: this.#bytes, sha256: this.#hash.digest('hex') },
      { name: 'signals.hea', bytes: Buffer.byteLength(header), sha256: sha256(header) },
      { name: 'overview.bin', bytes: overview.length, sha256: sha256(overview) },
    ]
    const rows = this.#encoder.rows
    return { lanes, rateHz: this.#rateHz, rows, gaps: this.#gaps(rows), laneSummaries, warnings, findings: this.#findings(), header, overview, files, contentHash }
  }

  /** Only what the file says was never recorded; a missing sample here and there is in the signal itself. */
  #gaps(rows: number): Gap[] {
    const widest = this.#rows.rowsPerFrame
    return this.#source.gaps
      .map(({ from, to }): Gap => ({ from: Math.max(0, from * widest), to: Math.min(rows, to * widest), certainty: 'certain', cause: 'unknown' }))
      .filter((gap) => gap.from < gap.to)
  }

  #findings(): SourceFinding[] {
    const findings = [...this.#source.findings()]
    const odd = this.#lanes.filter((lane) => this.#rows.rowsPerFrame % lane.samples !== 0)
    if (odd.length > 0) {
      const message = `${odd.map((lane) => lane.label).join(', ')}: ${odd.map((lane) => lane.rateHz).join(', ')} samples per second share no grid of rows with ${this.#rateHz}; each sample stands on the row nearest to its time.`
      findings.push({ code: 'import-rates-differ' satisfies LabError['code'], message, data: { lanes: odd.map((lane) => lane.id), rateHz: this.#rateHz } })
    }
    return findings
  }
}
