import { LabError, noValue, type LaneSpec } from '../../contract/index.ts'
import { EcgModel, eventEnd, renderEvent, type PlacedEvent } from './ecg-model.ts'
import { HeartRhythm, type Beat } from './heart-rhythm.ts'
import { toCount } from './lane-scale.ts'
import { laneSignal, type BodyBlock, type LaneSignal } from './lane-signals.ts'
import { LaneNoise, Mains, Motion } from './noise.ts'
import { PpgModel, pulseEnd, type PlacedPulse, type PulseOfHeart } from './ppg-model.ts'
import { Random } from './random.ts'
import { Respiration } from './respiration.ts'
import type { BeatKind, SignalSource, SourceBlock, SourceRequest } from './signal-source.ts'

export interface PersonOptions {
  /** Who: the same seed is the same heart. */
  readonly seed: number
  /** Which day: 1 when left out. */
  readonly session?: number
  readonly mainsHz?: number
  /** Multiplies every disturbance: 1 a good clinic recording, 0 the clean signal. */
  readonly noise?: number
  /** Plants the mean heart rate instead of drawing it from the seed, 1/min. */
  readonly meanRateBpm?: number
  /** Seed of the heart that the ECG shows; the person's own when left out. Another one is what confused cables give. */
  readonly heart?: number
  /** Part of what tells that heart from others and no pulse can carry, 0..1: 1 when left out. */
  readonly heartDetail?: number
  /** The pulse carries a part of a heart's identity; without it the two have nothing in common but the beats. */
  readonly pulse?: PulseOfHeart
  /** Multiplies the disturbances of PPG lanes once more. */
  readonly pulseNoise?: number
}

/** Rows between new values of a sparse lane (Cyton's accelerometer: every 10th packet). */
const sparseRows = 10
/** HealthyPi 5 reads its light sensor every second 7 ms poll and repeats the value in between (devices.md, HealthyPi 5). */
export const heldConversionHz = 1000 / 14

interface PlannedBeat {
  readonly row: number
  readonly kind: BeatKind
}

/**
 * A synthetic person measured by a board: every lane of `request` gets the signal of its kind, in counts. Endless, and the same bytes
 * for the same seed however it is read. The RR process, ECG, pulse and disturbances are described in their own files.
 * @throws LabError `source-invalid` for a seed, session or heart that is no whole number >= 0, and a share or detail outside 0..1.
 * @example createPersonSource({ lanes, rateHz: 250 }, { seed: 7 }).read(250).counts // one second
 */
export function createPersonSource(request: SourceRequest, options: PersonOptions): SignalSource {
  const { seed, session = 1, heart = seed, pulse, heartDetail = 1 } = options
  for (const [name, value] of [['seed', seed], ['session', session], ['heart', heart]] as const) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new LabError('source-invalid', `The ${name} of a demo person must be a whole number from 0, not ${value}.`, { [name]: value })
    }
  }
  for (const [name, value] of [['share of a heart in a pulse', pulse?.share ?? 0], ['detail of a heart', heartDetail]] as const) {
    if (!(value >= 0 && value <= 1)) throw new LabError('source-invalid', `The ${name} is 0 to 1, not ${value}.`, { [name.split(' ')[0]]: value })
  }
  return new Person(request, options)
}

class Person implements SignalSource {
  readonly name: string
  readonly remainingRows = Infinity
  private readonly lanes: readonly LaneSpec[]
  private readonly rateHz: number
  private readonly noise: number
  private readonly pulseNoise: number
  private readonly ecg: EcgModel
  private readonly ppg: PpgModel
  private readonly rhythm: HeartRhythm
  private readonly respiration: Respiration
  private readonly motion: Motion
  private readonly mains: Mains
  private readonly signals: LaneSignal[]
  private readonly noises: (LaneNoise | null)[]
  private readonly held: Int32Array
  private readonly body: BodyBlock & { firstSeconds: number }
  private readonly mainsWave: Float64Array
  private readonly values: Float64Array
  /** One internal block of counts; blocks are always cut at the same rows, so that `read` may be called with any size. */
  private readonly block: Int32Array
  private readonly blockRows: number
  private blockUsed: number
  private nextRow = 0
  private events: PlacedEvent[] = []
  private pulses: PlacedPulse[] = []
  private planned: PlannedBeat[] = []
  private newest: Beat
  private intervalSeconds: number
  private output = new Int32Array(0)

  constructor(request: SourceRequest, { seed, session = 1, mainsHz = 50, noise = 1, meanRateBpm, heart = seed, heartDetail = 1, pulse, pulseNoise = 1 }: PersonOptions) {
    this.name = session === 1 ? `demo:${seed}` : `demo:${seed}:${session}`
    this.lanes = request.lanes
    this.rateHz = request.rateHz
    this.noise = noise
    this.pulseNoise = pulseNoise
    const subject = Random.named(seed, 'rhythm')
    const day = Random.named(seed, 'rhythm-session', session)
    this.respiration = new Respiration(14.5 * subject.factor(0.12) * day.factor(0.05), Random.named(seed, 'respiration', session))
    const rate = 67 * subject.factor(0.12) * day.factor(0.05)
    this.rhythm = new HeartRhythm(
      {
        meanRateBpm: meanRateBpm ?? rate,
        lowFrequencySeconds: 0.022 * subject.factor(0.3) * day.factor(0.15),
        highFrequencySeconds: 0.026 * subject.factor(0.4) * day.factor(0.15),
      },
      this.respiration,
      Random.named(seed, 'beats', session),
    )
    this.ecg = new EcgModel(heart, session, heartDetail)
    this.ppg = new PpgModel(seed, session, pulse)
    this.motion = new Motion(Random.named(seed, 'motion', session))
    this.mains = new Mains(mainsHz, Random.named(seed, 'mains', session))
    const seen = new Map<string, number>()
    this.signals = request.lanes.map((lane) => {
      const position = seen.get(lane.kind) ?? 0
      seen.set(lane.kind, position + 1)
      return laneSignal({ lane, position, seed, session, ecg: this.ecg, ppg: this.ppg })
    })
    this.noises = this.signals.map(({ noise: levels }, index) => levels && new LaneNoise(levels, request.rateHz, Random.named(seed, 'noise', session, index)))
    this.held = new Int32Array(request.lanes.length)
    this.blockRows = Math.max(1, Math.min(512, Math.round(request.rateHz / 8)))
    const column = (): Float64Array => new Float64Array(this.blockRows)
    this.body = {
      rows: this.blockRows, firstSeconds: 0, stepSeconds: 1 / request.rateHz,
      x: column(), y: column(), z: column(), pulse: column(), breathing: column(), motion: column(),
    }
    this.mainsWave = column()
    this.values = column()
    this.block = new Int32Array(this.blockRows * request.lanes.length)
    this.blockUsed = this.blockRows
    this.newest = this.rhythm.next()
    this.intervalSeconds = this.newest.intervalSeconds
    this.place(this.newest)
  }

  read(rows: number): SourceBlock {
    const lanes = this.lanes.length
    if (this.output.length < rows * lanes) this.output = new Int32Array(rows * lanes)
    const firstRow = this.nextRow - (this.blockRows - this.blockUsed)
    for (let done = 0; done < rows; ) {
      if (this.blockUsed === this.blockRows) this.generate()
      const take = Math.min(rows - done, this.blockRows - this.blockUsed)
      this.output.set(this.block.subarray(this.blockUsed * lanes, (this.blockUsed + take) * lanes), done * lanes)
      this.blockUsed += take
      done += take
    }
    const end = firstRow + rows
    const beats = this.planned.filter((beat) => beat.row < end).map((beat) => ({ row: beat.row - firstRow, kind: beat.kind }))
    this.planned = this.planned.filter((beat) => beat.row >= end)
    return {
      counts: this.output.subarray(0, rows * lanes),
      beats,
      heartRateBpm: Math.round(60 / this.intervalSeconds),
      respirationBpm: Math.round(this.respiration.ratePerMinute),
      spo2Percent: Math.round(this.ppg.spo2Percent),
      temperatureCelsius: 36.5,
    }
  }

  private place(beat: Beat): void {
    const breathing = this.respiration.at(beat.seconds)
    this.intervalSeconds = 0.85 * this.intervalSeconds + 0.15 * beat.intervalSeconds
    this.events.push(...this.ecg.place(beat, breathing))
    const peak = beat.seconds + this.ecg.peakOffsetSeconds
    const pulse = this.ppg.place(beat, peak, breathing)
    this.pulses.push(pulse)
    this.plan(peak, 'r-peak')
    this.plan(pulse.footSeconds, 'pulse-foot')
  }

  private plan(seconds: number, kind: BeatKind): void {
    const row = Math.round(seconds * this.rateHz)
    if (row < 0 || !this.lanes.some((lane) => lane.kind === (kind === 'r-peak' ? 'ecg' : 'ppg'))) return
    this.planned.push({ row, kind })
    this.planned.sort((a, b) => a.row - b.row)
  }

  /** Computes the next internal block of all lanes. */
  private generate(): void {
    const { body, blockRows, rateHz } = this
    const from = this.nextRow
    const seconds = from / rateHz
    // P waves begin before their beat: place beats well ahead of the block's end.
    while (this.newest.seconds < (from + blockRows) / rateHz + 1) {
      this.newest = this.rhythm.next()
      this.place(this.newest)
    }
    body.firstSeconds = seconds
    for (const column of [body.x, body.y, body.z, body.pulse]) column.fill(0)
    this.events = this.events.filter((event) => eventEnd(event) >= seconds)
    this.pulses = this.pulses.filter((pulse) => pulseEnd(pulse) >= seconds)
    for (const event of this.events) renderEvent(event, from, blockRows, rateHz, body.x, body.y, body.z)
    for (const pulse of this.pulses) this.ppg.render(pulse, from, blockRows, rateHz, body.pulse)
    for (let row = 0; row < blockRows; row++) {
      const t = (from + row) / rateHz
      body.breathing[row] = this.respiration.at(t)
      body.motion[row] = this.noise === 0 ? 0 : this.motion.at(t)
      const phase = this.mains.at(t)
      this.mainsWave[row] = Math.sin(phase) + 0.15 * Math.sin(3 * phase)
    }
    for (let lane = 0; lane < this.lanes.length; lane++) this.fillLane(lane, from)
    this.nextRow += blockRows
    this.blockUsed = 0
  }

  private fillLane(index: number, from: number): void {
    const { body, values, blockRows, block } = this
    const lane = this.lanes[index]
    const signal = this.signals[index]
    const lanes = this.lanes.length
    signal.fill(body, values)
    this.noises[index]?.add(values, blockRows, lane.kind === 'ppg' ? this.noise * this.pulseNoise : this.noise, this.mainsWave, body.breathing, body.motion)
    const { offset, scale } = signal.scale
    for (let row = 0; row < blockRows; row++) {
      let count = toCount(offset + scale * values[row], lane)
      if (lane.sparse) {
        // A board that sends zeros for "nothing new" cannot send a true 0: real sensors hardly ever are exactly 0.
        count = (from + row) % sparseRows === 0 ? (count === 0 ? 1 : count) : noValue
      } else if (lane.held) {
        const conversion = Math.floor(((from + row) / this.rateHz) * heldConversionHz)
        const previous = Math.floor(((from + row - 1) / this.rateHz) * heldConversionHz)
        if (conversion !== previous || from + row === 0) this.held[index] = count
        count = this.held[index]
      }
      block[row * lanes + index] = count
    }
  }
}
