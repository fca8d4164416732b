import { Random } from './random.ts'

/** When the person moves: 0 at rest, up to about 1 in the middle of a movement. Shared by all lanes, because a body moves as one. */
export class Motion {
  private readonly random: Random
  private from: number
  private to: number
  private strength = 0

  constructor(random: Random) {
    this.random = random
    this.from = 20 + this.wait()
    this.to = this.from + 0.6
    this.draw()
  }

  /** `seconds` must not go back. */
  at(seconds: number): number {
    while (seconds >= this.to) {
      this.from = this.to + this.wait()
      this.draw()
    }
    if (seconds < this.from) return 0
    const phase = (seconds - this.from) / (this.to - this.from)
    return this.strength * Math.sin(Math.PI * phase) ** 2
  }

  private wait(): number {
    // A person asked to sit still moves about every minute and a half.
    return -90 * Math.log(1 - this.random.uniform())
  }

  private draw(): void {
    this.to = this.from + 0.5 + 1.5 * this.random.uniform()
    this.strength = 0.3 + 0.7 * this.random.uniform()
  }
}

export interface NoiseLevels {
  /** Standard deviation of the slow drift of the electrode or sensor, in the lane's natural unit. */
  readonly drift: number
  /** Peak change with breathing. */
  readonly breathing: number
  /** Amplitude of the mains. */
  readonly mains: number
  /** Standard deviation of muscle noise at rest. */
  readonly muscle: number
  /** Peak of a strong movement. */
  readonly motion: number
  /** Standard deviation of white (converter) noise. */
  readonly white: number
}

/** Typical of a clean clinical recording, mV: wander of 0.1 mV, mains of 8 uV, muscle of 4 uV. */
export const ecgNoise: NoiseLevels = { drift: 0.05, breathing: 0.06, mains: 0.008, muscle: 0.004, motion: 0.5, white: 0.0006 }
/** In units of one pulse. */
export const ppgNoise: NoiseLevels = { drift: 0.15, breathing: 0.12, mains: 0.001, muscle: 0, motion: 2, white: 0.004 }

/** Mains phase, shared by all lanes; the grid's frequency wanders by some mHz. Radians at a time, which must not go back. */
export class Mains {
  private readonly hertz: number
  private readonly random: Random
  private phase: number
  private last = 0
  private wander = 0

  constructor(hertz: number, random: Random) {
    this.hertz = hertz
    this.random = random
    this.phase = 2 * Math.PI * random.uniform()
  }

  at(seconds: number): number {
    const step = seconds - this.last
    this.last = seconds
    this.phase += 2 * Math.PI * (this.hertz + this.wander) * step
    this.wander += -0.05 * this.wander * Math.min(step, 1) + 0.004 * Math.sqrt(Math.max(0, step)) * this.random.normal()
    return this.phase
  }
}

/** Noise of one lane with its own random stream; blocks must be asked for in order. */
export class LaneNoise {
  private readonly levels: NoiseLevels
  private readonly rateHz: number
  private readonly random: Random
  private readonly mainsGain: number
  private readonly breathingGain: number
  private readonly motionGain: number
  private drift: number
  private swing = 0
  private previous = 0

  constructor(levels: NoiseLevels, rateHz: number, random: Random) {
    this.levels = levels
    this.rateHz = rateHz
    this.random = random
    this.mainsGain = random.factor(0.5) * (random.uniform() < 0.5 ? -1 : 1)
    this.breathingGain = random.normal()
    this.motionGain = random.factor(0.4) * (random.uniform() < 0.5 ? -1 : 1)
    this.drift = random.normal()
  }

  /** Adds noise times `amount` to `output`. `mainsWave` is the shared waveform of amplitude 1, `breathing` and `motion` are per row. */
  add(output: Float64Array, rows: number, amount: number, mainsWave: Float64Array, breathing: Float64Array, motion: Float64Array): void {
    if (amount === 0) return
    const { levels, random } = this
    // Ornstein-Uhlenbeck: memory of 4 s for drift, 0.12 s for the swing of a movement.
    const keepDrift = Math.exp(-1 / (4 * this.rateHz))
    const keepSwing = Math.exp(-1 / (0.12 * this.rateHz))
    const kickDrift = Math.sqrt(1 - keepDrift * keepDrift)
    const kickSwing = Math.sqrt(1 - keepSwing * keepSwing)
    const mains = levels.mains * this.mainsGain
    const breathingLevel = levels.breathing * this.breathingGain
    const motionLevel = levels.motion * this.motionGain
    for (let row = 0; row < rows; row++) {
      this.drift = keepDrift * this.drift + kickDrift * (random.uniform() * 2 - 1) * 1.7320508
      const moving = motion[row]
      let value = levels.drift * this.drift + breathingLevel * breathing[row] + mains * mainsWave[row]
      if (levels.muscle > 0) {
        // The difference of white noise has no slow part, as surface EMG.
        const white = random.uniform() * 2 - 1
        value += levels.muscle * (1 + 8 * moving) * 1.2247449 * (white - this.previous)
        this.previous = white
      }
      if (moving > 0) {
        this.swing = keepSwing * this.swing + kickSwing * random.normal()
        value += motionLevel * moving * (1 + this.swing)
      }
      value += levels.white * (random.uniform() + random.uniform() - 1) * 2.4494897
      output[row] += amount * value
    }
  }
}
