import type { Random } from './random.ts'
import type { Respiration } from './respiration.ts'

export interface Beat {
  /** Time of ventricular activation (the model's R event), s. */
  readonly seconds: number
  /** Interval that ended with this beat, s. */
  readonly intervalSeconds: number
  /** Amplitude and timing jitter of this beat, standard normal; scaled by the models. */
  readonly jitter: readonly [number, number, number]
}

/** Sinusoids that stand for the low-frequency (Mayer wave) band. */
const lowFrequencyTones = 9

export interface RhythmSettings {
  readonly meanRateBpm: number
  /** Standard deviation of the interval from the low-frequency band, s. */
  readonly lowFrequencySeconds: number
  /** Standard deviation from breathing (respiratory sinus arrhythmia), s. */
  readonly highFrequencySeconds: number
}

/**
 * Beat times with a bimodal interval spectrum: a band around 0.1 Hz with sigma 0.01 Hz (McSharry et al. 2003, IEEE TBME 50:289,
 * table II) as a sum of random-phase tones, and a band at the breathing rate that follows the session's real breathing; plus a slow
 * wander below 0.02 Hz. Beats are produced one by one and for ever.
 */
export class HeartRhythm {
  readonly settings: RhythmSettings
  private readonly tones: { omega: number; phase: number; weight: number }[] = []
  private readonly respiration: Respiration
  private readonly random: Random
  private last: number
  private slow = 0

  constructor(settings: RhythmSettings, respiration: Respiration, random: Random) {
    this.settings = settings
    this.respiration = respiration
    this.random = random
    let power = 0
    for (let i = 0; i < lowFrequencyTones; i++) {
      const offset = (i - (lowFrequencyTones - 1) / 2) * 0.006
      const weight = Math.exp(-(offset * offset) / (2 * 0.01 * 0.01) / 2)
      power += (weight * weight) / 2
      this.tones.push({ omega: 2 * Math.PI * (0.1 + offset + 0.001 * random.normal()), phase: 2 * Math.PI * random.uniform(), weight })
    }
    for (const tone of this.tones) tone.weight /= Math.sqrt(power)
    // The first beat falls somewhere in the first interval, and models need one before time 0.
    this.last = -random.uniform() * (60 / settings.meanRateBpm)
  }

  next(): Beat {
    const { meanRateBpm, lowFrequencySeconds, highFrequencySeconds } = this.settings
    const t = this.last
    let low = 0
    for (const tone of this.tones) low += tone.weight * Math.sin(tone.omega * t + tone.phase)
    this.slow += -0.03 * this.slow + Math.sqrt(0.06) * 0.008 * this.random.normal()
    // Breathing in speeds the heart up; a sine of amplitude 1 has standard deviation 1/sqrt(2).
    const breathing = -Math.SQRT2 * this.respiration.at(t + 0.5)
    const interval = 60 / meanRateBpm + lowFrequencySeconds * low + highFrequencySeconds * breathing + this.slow + 0.002 * this.random.normal()
    const bounded = Math.max(0.33, Math.min(2, interval))
    this.last = t + bounded
    const jitter: [number, number, number] = [this.random.normal(), this.random.normal(), this.random.normal()]
    return { seconds: this.last, intervalSeconds: bounded, jitter }
  }
}
