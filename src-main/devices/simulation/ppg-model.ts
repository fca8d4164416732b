import type { Beat } from './heart-rhythm.ts'
import { heartTraits, pulseTraitsOf } from './heart-traits.ts'
import { factorOf, Random, type Traits } from './random.ts'

/** One wave of the pulse: log-normal in time after the pulse began, `exp(-ln(t / mode)^2 / (2 spread^2))`. */
interface Wave {
  readonly amplitude: number
  /** Time of its peak at an interval of 1 s, s. */
  readonly mode: number
  readonly spread: number
}

// Systolic wave, reflected wave and dicrotic wave of a finger pulse; a sum of log-normals follows recorded pulses closely
// (Huotari et al. 2011, J Phys Conf Ser 307:012040).
const typicalWaves: readonly Wave[] = [
  { amplitude: 1, mode: 0.165, spread: 0.38 },
  { amplitude: 0.34, mode: 0.3, spread: 0.28 },
  { amplitude: 0.36, mode: 0.47, spread: 0.19 },
]

/** A pulse that carries a part of somebody's heart, for data with a known answer: what an ECG can tell about it. */
export interface PulseOfHeart {
  /** Part of the variance of the pulse's traits that a heart explains, 0..1; the rest is the person's own. */
  readonly share: number
  /** Seed of that heart. */
  readonly heart: number
  /** Seed of another heart, which the same part of the dicrotic wave comes from instead: what a day does to it. */
  readonly stranger?: number
}

/** The first trait of the dicrotic wave among a pulse's traits. */
const firstDicrotic = 8

/**
 * The standard normal numbers that make a pulse: √s h + √(1 - s) u with h of a heart and u the person's own, so that their correlation over people is √s.
 * @example pulseTraits(7, { share: 1, heart: 7 }) is pulseTraitsOf(heartTraits(7))
 */
export function pulseTraits(seed: number, { share, heart, stranger }: PulseOfHeart): number[] {
  const own = Random.named(seed, 'ppg-own')
  const [person, other] = [heart, stranger ?? heart].map((one) => pulseTraitsOf(heartTraits(one)))
  return person.map((value, index) => Math.sqrt(share) * (index < firstDicrotic ? value : other[index]) + Math.sqrt(1 - share) * own.normal())
}

function given(normals: readonly number[]): Traits {
  let next = 0
  const normal = (): number => normals[next++]
  return { normal, factor: (sigma) => factorOf(normal(), sigma) }
}

export interface PlacedPulse {
  /** When the pressure wave begins to arrive, s; the foot is a little later. */
  readonly seconds: number
  /** Stretch of the wave's time axis. */
  readonly stretch: number
  readonly amplitude: number
}

/** A pulse has decayed after this many seconds of its own (stretched) time. */
const pulseSeconds = 2.2

/** The pulse of one subject in one session: shape and pulse transit time from `seed`, or in part from a heart; small day-to-day changes from `session`. */
export class PpgModel {
  /** From R peak to pulse foot at the finger, s; about 0.2 s with the pre-ejection period. */
  readonly transitSeconds: number
  /** Peak-to-peak over mean light, 0.01 to 0.06. */
  readonly perfusion: number
  readonly spo2Percent: number
  private readonly waves: readonly Wave[]
  private readonly footSeconds: number
  private readonly peak: number

  constructor(seed: number, session: number, ofHeart: PulseOfHeart | null = null) {
    const subject: Traits = ofHeart ? given(pulseTraits(seed, ofHeart)) : Random.named(seed, 'ppg')
    const day = Random.named(seed, 'ppg-session', session)
    this.transitSeconds = 0.205 * subject.factor(0.08) + 0.006 * day.normal()
    this.perfusion = 0.03 * subject.factor(0.3) * day.factor(0.2)
    this.spo2Percent = Math.min(99.5, 97.8 + 0.7 * subject.normal() + 0.2 * day.normal())
    this.waves = typicalWaves.map((wave, index) => ({
      amplitude: index === 0 ? 1 : wave.amplitude * subject.factor(0.3) * day.factor(0.06),
      mode: wave.mode * subject.factor(0.07) * day.factor(0.01),
      spread: wave.spread * subject.factor(0.08),
    }))
    let peak = 0
    let steepest = 0
    let foot = 0
    for (let t = 0.001; t < 0.6; t += 0.001) {
      const value = this.shape(t)
      const slope = (this.shape(t + 0.0005) - this.shape(t - 0.0005)) / 0.001
      peak = Math.max(peak, value)
      if (slope > steepest) {
        steepest = slope
        foot = t - value / slope
      }
    }
    this.peak = peak
    // Intersecting-tangent foot: the steepest tangent meets the level before the pulse.
    this.footSeconds = foot
  }

  /** This beat's pulse, and the time of its foot, s. `breathing` is -1..1. */
  place(beat: Beat, peakSeconds: number, breathing: number): PlacedPulse & { footSeconds: number } {
    const [strength, , delay] = beat.jitter
    const stretch = 0.75 + 0.25 * beat.intervalSeconds
    const foot = peakSeconds + this.transitSeconds + 0.004 * breathing + 0.0015 * delay
    // A short filling time and breathing in both lower the stroke volume.
    const amplitude = (1 - 0.06 * breathing + 0.02 * strength) * (0.6 + 0.4 * Math.min(1.2, beat.intervalSeconds / 0.85))
    return { seconds: foot - this.footSeconds * stretch, stretch, amplitude: amplitude / this.peak, footSeconds: foot }
  }

  /** Adds a pulse (peak about 1) to rows `firstRow`.. sampled at `rateHz`. */
  render(pulse: PlacedPulse, firstRow: number, rows: number, rateHz: number, output: Float64Array): void {
    const from = Math.max(0, Math.floor(pulse.seconds * rateHz) + 1 - firstRow)
    const to = Math.min(rows, Math.floor(pulseEnd(pulse) * rateHz) + 1 - firstRow)
    for (let row = from; row < to; row++) {
      const t = ((firstRow + row) / rateHz - pulse.seconds) / pulse.stretch
      if (t > 0) output[row] += pulse.amplitude * this.shape(t)
    }
  }

  private shape(t: number): number {
    let sum = 0
    for (const wave of this.waves) {
      const u = Math.log(t / wave.mode) / wave.spread
      sum += wave.amplitude * Math.exp(-0.5 * u * u)
    }
    return sum
  }
}

/** When the pulse is over and can be forgotten, s. */
export function pulseEnd(pulse: PlacedPulse): number {
  return pulse.seconds + pulseSeconds * pulse.stretch
}
