import { LabError, noValue, type LaneKind, type LaneSpec } from '../../contract/index.ts'
import { millivoltScale, restingCount, toCount } from './lane-scale.ts'
import type { SignalSource, SourceBlock, SourceRequest } from './signal-source.ts'

/** One stored signal. */
export interface ReplayLane {
  /** As in the record: `II`, `PLETH`, `ECG I`. */
  readonly label: string
  readonly unit: string
  /** Stored counts, `noValue` where the record has none. */
  readonly counts: Int32Array
  /** physical = (count - baseline) / gain. */
  readonly gainCountsPerUnit: number
  readonly baseline: number
}

export interface ReplayRecord {
  /** `wfdb:bidmc01`. */
  readonly name: string
  readonly rateHz: number
  readonly lanes: readonly ReplayLane[]
}

export interface ReplayOptions {
  /** Labels of the signals to replay, in the order of the board's lanes of each kind; all when left out. */
  readonly select?: readonly string[]
  /**
   * `counts` (the default): stored counts go out unchanged, so that a recording can be compared with the record itself.
   * `physical`: the same millivolts on the board's own scale, so that traces have their true size.
   */
  readonly scale?: 'counts' | 'physical'
}

/** The kind of a stored signal by its label, as PhysioNet's records name them; `aux` when it says nothing. */
export function kindOfLabel(label: string): LaneKind {
  const text = label.toUpperCase()
  if (/PLETH|PPG|\bIR\b|\bRED\b/.test(text)) return 'ppg'
  if (/RESP/.test(text)) return 'respiration'
  if (/EMG/.test(text)) return 'emg'
  if (/EDA|GSR/.test(text)) return 'eda'
  if (/ACC/.test(text)) return 'acceleration'
  if (/ECG|EKG|MLI|\b(I{1,3}|AV[RLF]|V\d?|MCL\d?|CM\d|D\d)\b/.test(text)) return 'ecg'
  return 'aux'
}

/**
 * Replays a record row by row at the board's rate (rates are not converted: the truth is what was sent). A lane of the board takes the
 * record's signal of its own label, else the signals of its kind in turn, lead II first; a lane without one rests in mid-range.
 * A signal that does not fit the board's range is mapped linearly onto it, from its smallest..largest count to the range less a tenth
 * at both ends, and rounded. Missing samples stay missing: the board then repeats its last value.
 * @throws LabError `source-invalid` when the record has no samples, signals of unequal length, or nothing that this board measures.
 * @example createReplaySource({ lanes: cyton.lanes, rateHz: 250 }, { name: 'wfdb:rec_1', rateHz: 500, lanes: [ecg] }).remainingRows // 10000
 */
export function createReplaySource(request: SourceRequest, record: ReplayRecord, options: ReplayOptions = {}): SignalSource {
  const { name } = record
  const signals = selectSignals(record, options.select)
  const rows = signals[0]?.counts.length ?? 0
  if (rows === 0) throw new LabError('source-invalid', `${name} holds no samples to replay.`, { source: name })
  if (signals.some((signal) => signal.counts.length !== rows)) {
    throw new LabError('source-invalid', `The signals of ${name} differ in length.`, { source: name })
  }
  const taken = new Map<LaneKind, number>()
  let matched = 0
  const columns = request.lanes.map((lane): Int32Array | null => {
    const signal = matchSignal(lane, signals, taken)
    if (!signal) return null
    matched++
    return fitColumn(signal, lane, options.scale ?? 'counts')
  })
  if (matched === 0) {
    const has = signals.map((signal) => signal.label)
    const wants = [...new Set(request.lanes.map((lane) => lane.kind))]
    throw new LabError('source-invalid', `${name} (${has.join(', ')}) has no signal that this board measures (${wants.join(', ')}).`, { source: name, has, wants })
  }
  return new Replay(name, request.lanes, columns, rows)
}

function selectSignals(record: ReplayRecord, select: readonly string[] | undefined): ReplayLane[] {
  if (!select || select.length === 0) return [...record.lanes].sort((a, b) => Number(b.label === 'II') - Number(a.label === 'II'))
  return select.map((label) => {
    const found = record.lanes.find((lane) => lane.label.toUpperCase() === label.toUpperCase())
    if (found) return found
    const has = record.lanes.map((lane) => lane.label)
    throw new LabError('source-invalid', `${record.name} has no signal "${label}"; it has ${has.join(', ')}.`, { source: record.name, label, has })
  })
}

function matchSignal(lane: LaneSpec, signals: readonly ReplayLane[], taken: Map<LaneKind, number>): ReplayLane | null {
  if (lane.sparse) return null
  const named = signals.find((signal) => signal.label.toUpperCase() === lane.label.toUpperCase())
  if (named) return named
  const ofKind = signals.filter((signal) => kindOfLabel(signal.label) === lane.kind)
  if (ofKind.length === 0) return null
  const turn = taken.get(lane.kind) ?? 0
  taken.set(lane.kind, turn + 1)
  return ofKind[turn % ofKind.length]
}

function fitColumn(signal: ReplayLane, lane: LaneSpec, scale: 'counts' | 'physical'): Int32Array {
  let offset = 0
  let factor = 1
  if (scale === 'physical' && lane.kind === 'ecg') {
    const board = millivoltScale(lane)
    const perMillivolt = signal.gainCountsPerUnit * ({ uV: 1000, V: 0.001 }[signal.unit] ?? 1)
    factor = board.scale / perMillivolt
    offset = board.offset - signal.baseline * factor
  } else {
    let smallest = Infinity
    let largest = -Infinity
    for (const count of signal.counts) {
      if (count === noValue) continue
      if (count < smallest) smallest = count
      if (count > largest) largest = count
    }
    if (smallest < lane.minimum || largest > lane.maximum) {
      const span = lane.maximum - lane.minimum
      factor = (0.8 * span) / Math.max(1, largest - smallest)
      offset = lane.minimum + 0.1 * span - smallest * factor
    }
  }
  return signal.counts.map((count) => (count === noValue ? noValue : toCount(offset + factor * count, lane)))
}

class Replay implements SignalSource {
  readonly name: string
  private readonly columns: readonly (Int32Array | null)[]
  private readonly resting: Int32Array
  private readonly rows: number
  private row = 0
  private output = new Int32Array(0)

  constructor(name: string, lanes: readonly LaneSpec[], columns: readonly (Int32Array | null)[], rows: number) {
    this.name = name
    this.columns = columns
    this.rows = rows
    this.resting = Int32Array.from(lanes, (lane) => (lane.sparse ? noValue : restingCount(lane)))
  }

  get remainingRows(): number {
    return this.rows - this.row
  }

  read(rows: number): SourceBlock {
    const lanes = this.columns.length
    if (this.output.length < rows * lanes) this.output = new Int32Array(rows * lanes)
    this.columns.forEach((column, lane) => {
      for (let row = 0; row < rows; row++) this.output[row * lanes + lane] = column ? column[this.row + row] : this.resting[lane]
    })
    this.row += rows
    // A record's own beats are not read: the board then reports no heart rate.
    return { counts: this.output.subarray(0, rows * lanes), beats: [], heartRateBpm: 0 }
  }
}
