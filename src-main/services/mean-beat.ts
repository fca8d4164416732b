import { setImmediate as nextTurn } from 'node:timers/promises'
import { LabError, type BeatTable, type LaneKind, type MeanBeat, type Recording, type RecordingId } from '../contract/index.ts'
import { tableRows } from '../dataset/beat-columns.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { ownRows } from '../dataset/filtered-tiles.ts'
import type { StoredSignals } from '../dataset/stored-signals.ts'
import { ecgBandPass, filterZeroPhase, ppgBandPass } from '../signal/zero-phase.ts'

/** Beats that are held in memory: 20,000 of 0.7 s at 1 kHz are 56 MB. Of longer recordings stretches are taken, evenly. */
const mostBeats = 20_000
/** Read and filtered in one go. */
const stretchSeconds = 30
/** Signal on both sides in which the filter settles. */
const marginSeconds = 3

/** From before the P wave (PR <= 0.2 s) to the end of the T wave (QT <= 0.45 s); a pulse from its foot to the next. Seconds from the beat. */
const windows: Record<'ecg' | 'pulse', readonly [number, number]> = { ecg: [-0.25, 0.45], pulse: [-0.3, 0.7] }

export interface MeanBeatRequest {
  readonly id: RecordingId
  readonly lane: string
  readonly annotator: string
  /** How many of the least alike beats are named. */
  readonly outliers: number
  readonly signal?: AbortSignal
}

/**
 * The mean of a lane around a layer's beats, after the band-pass of recognition (0.5-40 Hz; pulses 0.5-8 Hz, zero phase), its deviation, and the beats that correlate least with it. Beats
 * whose window has missing samples are left out. A lane without beats of its own is cut at those of the lane with most.
 * @throws LabError `label-not-found`, `request-invalid` for an unknown lane, `cancelled`, and those of reading.
 */
export async function meanBeat(dataset: Dataset, request: MeanBeatRequest): Promise<MeanBeat> {
  const table = await dataset.labels.beats(request.id, request.annotator)
  return dataset.signals.use(request.id, async (stored, recording) => {
    const lane = recording.lanes[stored.pick([request.lane])[0]]
    const cutter = new BeatCutter(stored, recording, request.lane, request.signal)
    const stretches = evenly(stretchesOf(beatRowsOf(table, request.lane), Math.round(stretchSeconds * cutter.recordingRateHz)))
    for (const stretch of stretches) {
      await cutter.cut(stretch)
      await nextTurn()
    }
    const { mean, deviation } = statistics(cutter.beats, cutter.length)
    const correlations = cutter.beats.map((beat, i) => ({ row: cutter.rows[i], correlation: correlation(beat, mean) }))
    return {
      lane: request.lane, unit: lane.unit, annotator: request.annotator, beats: cutter.beats.length, fromSeconds: cutter.firstSample / cutter.rateHz, rateHz: cutter.rateHz,
      mean: Array.from(mean), deviation: Array.from(deviation),
      outliers: correlations.sort((a, b) => a.correlation - b.correlation || a.row - b.row).slice(0, request.outliers),
    }
  })
}

/** Rows of the beats on this lane or on none in particular; where there are none, of those on the lane with most. */
export function beatRowsOf(table: BeatTable, lane: string): number[] {
  const rows = tableRows(table)
  const on = (wanted: string | null): number[] => Array.from(rows).filter((_, i) => [wanted, null].includes(table.lanes[table.laneIndexes[i]]))
  const own = on(lane)
  if (own.length > 0) return own
  const counts = new Map<string | null, number>()
  for (let i = 0; i < table.count; i++) counts.set(table.lanes[table.laneIndexes[i]], (counts.get(table.lanes[table.laneIndexes[i]]) ?? 0) + 1)
  return on([...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null)
}

/** Neighbouring beats that are read together. */
function stretchesOf(rows: readonly number[], longest: number): number[][] {
  const stretches: number[][] = []
  for (const row of rows) {
    const open = stretches.at(-1)
    if (open && row - open[0] <= longest) open.push(row)
    else stretches.push([row])
  }
  return stretches
}

/** As many stretches as hold about `mostBeats` beats, spread evenly. */
function evenly(stretches: readonly number[][]): number[][] {
  const beats = stretches.reduce((sum, stretch) => sum + stretch.length, 0)
  const part = Math.min(1, mostBeats / beats)
  return stretches.filter((_, i) => Math.floor((i + 1) * part) > Math.floor(i * part))
}

/** Cuts beats out of one lane. */
class BeatCutter {
  readonly recordingRateHz: number
  readonly rateHz: number
  /** Samples from the beat to the first one of its window: negative. */
  readonly firstSample: number
  readonly length: number
  readonly beats: Float32Array[] = []
  readonly rows: number[] = []
  readonly #stored: StoredSignals
  readonly #lane: number
  readonly #kind: LaneKind
  readonly #signal: AbortSignal | undefined

  constructor(stored: StoredSignals, recording: Recording, lane: string, signal: AbortSignal | undefined) {
    this.#stored = stored
    this.#lane = stored.pick([lane])[0]
    this.#signal = signal
    const spec = recording.lanes[this.#lane]
    this.#kind = spec.kind
    this.recordingRateHz = recording.measuredRateHz ?? recording.declaredRateHz
    this.rateHz = spec.rateHz ?? this.recordingRateHz
    const [from, to] = windows[spec.kind === 'ecg' ? 'ecg' : 'pulse']
    this.firstSample = Math.round(from * this.rateHz)
    this.length = Math.round(to * this.rateHz) - this.firstSample
  }

  async cut(beatRows: readonly number[]): Promise<void> {
    if (this.#signal?.aborted) throw new LabError('cancelled', 'The mean beat was cancelled.')
    const margin = Math.ceil((marginSeconds + 1) * this.recordingRateHz)
    const from = Math.max(0, beatRows[0] - margin)
    const to = Math.min(this.#stored.rows, beatRows[beatRows.length - 1] + margin)
    if (from >= to) return
    const [samples] = await this.#stored.physical([this.#lane], from, to, this.#signal)
    const slower = this.rateHz !== this.recordingRateHz
    const places = slower ? ownRows(this.rateHz, this.recordingRateHz, from, to) : null
    const own = places ? Float32Array.from(places, (row) => samples[row - from]) : samples
    const firstOwn = places ? Math.round((places[0] * this.rateHz) / this.recordingRateHz) : from
    const sections = this.#kind === 'ppg' ? ppgBandPass(this.rateHz) : ecgBandPass(this.rateHz)
    const filtered = filterZeroPhase(sections, own, { rateHz: this.rateHz })
    for (const row of beatRows) {
      const at = Math.round((row * this.rateHz) / this.recordingRateHz) - firstOwn + this.firstSample
      if (at < 0 || at + this.length > filtered.length) continue
      const beat = Float32Array.from(filtered.subarray(at, at + this.length))
      if (!beat.every(Number.isFinite)) continue
      this.beats.push(beat)
      this.rows.push(row)
    }
  }
}

function statistics(beats: readonly Float32Array[], length: number): { mean: Float64Array; deviation: Float64Array } {
  const mean = new Float64Array(beats.length === 0 ? 0 : length)
  const deviation = new Float64Array(mean.length)
  for (const beat of beats) for (let i = 0; i < length; i++) mean[i] += beat[i] / beats.length
  for (const beat of beats) for (let i = 0; i < length; i++) deviation[i] += (beat[i] - mean[i]) ** 2 / beats.length
  return { mean, deviation: deviation.map(Math.sqrt) }
}

/** Pearson's; 0 for a beat or a mean that is flat. */
function correlation(beat: Float32Array, mean: Float64Array): number {
  let beatAverage = 0
  let meanAverage = 0
  for (let i = 0; i < mean.length; i++) {
    beatAverage += beat[i] / mean.length
    meanAverage += mean[i] / mean.length
  }
  let both = 0
  let beatPower = 0
  let meanPower = 0
  for (let i = 0; i < mean.length; i++) {
    both += (beat[i] - beatAverage) * (mean[i] - meanAverage)
    beatPower += (beat[i] - beatAverage) ** 2
    meanPower += (mean[i] - meanAverage) ** 2
  }
  return beatPower === 0 || meanPower === 0 ? 0 : both / Math.sqrt(beatPower * meanPower)
}
