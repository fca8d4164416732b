import type { Beat } from './heart-rhythm.ts'
import { heartTraits, withDetail } from './heart-traits.ts'
import { dot, leadVector, rotate, type Vector } from './lead-vectors.ts'
import { factorOf, Random } from './random.ts'

type Follows = 'atria' | 'ventricles' | 'recovery'

/** One event of the cardiac cycle: a Gaussian in time along a direction of the heart vector. */
interface HeartEvent {
  readonly follows: Follows
  /** Peak relative to the R event at a heart rate of 60/min, s. */
  readonly centre: number
  /** Standard deviation, s. */
  readonly width: number
  /** mV in Frank's coordinates: left, down, back. */
  readonly direction: Vector
}

// Events of McSharry et al. 2003 (IEEE TBME 50:289, table I) as a dipole in space (Sameni et al. 2007, EURASIP JASP 2007:43407). P and T are
// two Gaussians each, because real ones are asymmetric. Directions give textbook leads: R of about 1.2 mV in II, rS in V1, qR in V6.
const typicalEvents: readonly HeartEvent[] = [
  { follows: 'atria', centre: -0.168, width: 0.017, direction: [0.03, 0.08, -0.04] },
  { follows: 'atria', centre: -0.142, width: 0.02, direction: [0.06, 0.06, 0.03] },
  { follows: 'ventricles', centre: -0.025, width: 0.0085, direction: [-0.1, -0.05, -0.2] },
  { follows: 'ventricles', centre: 0, width: 0.0105, direction: [0.95, 1, 0.22] },
  { follows: 'ventricles', centre: 0.014, width: 0.007, direction: [0, 0, 0] },
  { follows: 'ventricles', centre: 0.029, width: 0.0105, direction: [-0.16, -0.24, 0.42] },
  { follows: 'recovery', centre: 0.225, width: 0.052, direction: [0.12, 0.13, -0.12] },
  { follows: 'recovery', centre: 0.272, width: 0.032, direction: [0.17, 0.17, -0.16] },
]
const notch = 4

const scaled = ([x, y, z]: Vector, by: number): Vector => [by * x, by * y, by * z]

/** Gaussians end where they are below 4e-6 of their peak. */
const reach = 5

/**
 * The electrical heart of one subject in one session. What the subject is (amplitudes, directions, widths, timing) comes from `seed`;
 * `session` adds what differs from day to day: electrodes a little elsewhere, T and P a little taller or flatter.
 */
export class EcgModel {
  /** The largest deflection of lead II relative to the R event, s: what an annotator would mark as the R peak. */
  readonly peakOffsetSeconds: number
  private readonly events: readonly HeartEvent[]
  private readonly seed: number
  private readonly session: number
  private smoothedInterval = 0

  /** `detail`: of what no pulse carries (heart-traits.ts). */
  constructor(seed: number, session: number, detail = 1) {
    this.seed = seed
    this.session = session
    const heart = withDetail(heartTraits(seed), detail)
    const day = Random.named(seed, 'ecg-session', session)
    const axis: Vector = [0.2 * heart.axis[0], 0.2 * heart.axis[1], 0.25 * heart.axis[2]]
    const overall = factorOf(heart.overall, 0.15)
    const qt = factorOf(heart.qt, 0.05)
    const pr = factorOf(heart.pr, 0.08)
    const atriaToday = day.factor(0.06)
    const recoveryToday = day.factor(0.08)
    this.events = typicalEvents.map((event, index) => {
      const traits = heart.events[index]
      const amplitude = factorOf(traits.amplitude, 0.3) * overall
      const tilt = scaled(traits.tilt, 0.15)
      const width = event.width * factorOf(traits.width, 0.15) * day.factor(0.015)
      const { shift } = traits
      const own = scaled(traits.own, 0.13)
      const today = event.follows === 'atria' ? atriaToday : event.follows === 'recovery' ? recoveryToday : 1
      const base = index === notch ? own : rotate(event.direction, tilt)
      const [x, y, z] = rotate(base, axis)
      const scale = amplitude * today
      const timing = event.follows === 'recovery' ? event.centre * qt : event.follows === 'atria' ? event.centre * pr : event.centre
      const centre = timing + shift * (event.follows === 'ventricles' ? (event.centre === 0 ? 0 : 0.002) : 0.006)
      return { follows: event.follows, centre, width, direction: [x * scale, y * scale, z * scale] }
    })
    this.peakOffsetSeconds = this.findPeak()
  }

  /** The vector of an ECG lane for this body and this session's electrodes. */
  lead(label: string, position: number): Vector {
    const day = Random.named(this.seed, 'electrodes', this.session, position)
    const turned = rotate(leadVector(label, position), [0.04 * day.normal(), 0.04 * day.normal(), 0.04 * day.normal()])
    const scale = day.factor(0.04)
    return [turned[0] * scale, turned[1] * scale, turned[2] * scale]
  }

  /** A beat's events in absolute time; `breathing` (-1..1) turns and stretches the heart a little. Call in the order of the beats. */
  place(beat: Beat, breathing: number): PlacedEvent[] {
    // The QT interval follows the rate slowly (hysteresis), by Bazett's square root.
    this.smoothedInterval = this.smoothedInterval === 0 ? beat.intervalSeconds : 0.75 * this.smoothedInterval + 0.25 * beat.intervalSeconds
    const root = Math.sqrt(this.smoothedInterval)
    const [strength, recovery, conduction] = beat.jitter
    const turn: Vector = [0.02 * breathing, 0, 0.03 * breathing]
    const amplitude = 1 + 0.03 * breathing + 0.012 * strength
    return this.events.map((event) => {
      let centre = event.centre
      let width = event.width
      let scale = amplitude
      if (event.follows === 'atria') {
        centre = centre * (0.75 + 0.25 * this.smoothedInterval) + 0.0015 * conduction
      } else if (event.follows === 'recovery') {
        centre *= root
        width *= root
        scale *= 1 + 0.03 * recovery
      }
      const [x, y, z] = rotate(event.direction, turn)
      return { seconds: beat.seconds + centre, width, x: x * scale, y: y * scale, z: z * scale }
    })
  }

  private findPeak(): number {
    const lead = leadVector('II', 0)
    let best = 0
    let largest = -1
    for (let t = -0.04; t <= 0.04; t += 0.00025) {
      let sum = 0
      for (const event of this.events) {
        const u = (t - event.centre) / event.width
        sum += Math.exp(-0.5 * u * u) * dot(event.direction, lead)
      }
      if (Math.abs(sum) > largest) {
        largest = Math.abs(sum)
        best = t
      }
    }
    return best
  }
}

export interface PlacedEvent {
  readonly seconds: number
  readonly width: number
  readonly x: number
  readonly y: number
  readonly z: number
}

/** When the event is over and can be forgotten, s. */
export function eventEnd(event: PlacedEvent): number {
  return event.seconds + reach * event.width
}

/** Adds an event to the heart vector of rows `firstRow`..`firstRow + rows` sampled at `rateHz`, mV. */
export function renderEvent(event: PlacedEvent, firstRow: number, rows: number, rateHz: number, x: Float64Array, y: Float64Array, z: Float64Array): void {
  const from = Math.max(0, Math.ceil((event.seconds - reach * event.width) * rateHz) - firstRow)
  const to = Math.min(rows, Math.floor(eventEnd(event) * rateHz) + 1 - firstRow)
  const scale = 1 / event.width
  for (let row = from; row < to; row++) {
    const u = ((firstRow + row) / rateHz - event.seconds) * scale
    const g = Math.exp(-0.5 * u * u)
    x[row] += g * event.x
    y[row] += g * event.y
    z[row] += g * event.z
  }
}
