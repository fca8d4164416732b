import type { Random } from './random.ts'

/** Grid on which breathing is computed, 1/s; breathing has nothing above 2 Hz. */
const gridHz = 50
/** Kept behind the newest point: more than one internal block plus a beat. */
const keptPoints = gridHz * 64

/**
 * Breathing of one session: rate and depth wander from breath to breath. `at(t)` is about -1 (breathed out) to +1 (in).
 * Times must not go back by more than a minute.
 */
export class Respiration {
  readonly ratePerMinute: number
  private readonly values = new Float64Array(keptPoints)
  private readonly random: Random
  private points = 0
  private phase: number
  private rateWander = 0
  private depth = 1

  constructor(ratePerMinute: number, random: Random) {
    this.ratePerMinute = ratePerMinute
    this.random = random
    this.phase = random.uniform()
  }

  /** Breathing at `seconds`, linear between grid points. */
  at(seconds: number): number {
    const position = Math.max(0, seconds) * gridHz
    const index = Math.floor(position)
    while (this.points <= index + 1) this.step()
    const fraction = position - index
    return this.values[index % keptPoints] * (1 - fraction) + this.values[(index + 1) % keptPoints] * fraction
  }

  private step(): void {
    this.values[this.points % keptPoints] = this.depth * breathShape(this.phase)
    this.points++
    // Ornstein-Uhlenbeck wander of the rate, 8 % with a memory of about 10 s.
    this.rateWander += -this.rateWander / (10 * gridHz) + 0.08 * Math.sqrt(2 / (10 * gridHz)) * this.random.normal()
    this.phase += ((this.ratePerMinute / 60) * (1 + this.rateWander)) / gridHz
    if (this.phase >= 1) {
      this.phase -= 1
      this.depth = 0.85 * this.depth + 0.15 * this.random.factor(0.25)
    }
  }
}

/** One breath over phase 0..1: in faster than out, continuous at the ends. */
function breathShape(phase: number): number {
  const turn = 2 * Math.PI * phase
  return 0.92 * Math.sin(turn) + 0.18 * Math.sin(2 * turn)
}
