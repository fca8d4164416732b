/**
 * The board's oscillator against true time: fast by `ppm`, gaining `driftPpmPerMinute`. A board that streams since `startMs` samples row k
 * at `rowMs(k)`; k counts from 1, since the first conversion takes a period.
 */
export class DeviceClock {
  private readonly rateHz: number
  private readonly ppm: number
  private readonly driftPpmPerMinute: number
  private startMs = 0
  /** Relative rate at the start of this run of rows, and its change per second. */
  private speed = 1
  private slope = 0

  constructor(rateHz: number, ppm: number, driftPpmPerMinute: number) {
    this.rateHz = rateHz
    this.ppm = ppm
    this.driftPpmPerMinute = driftPpmPerMinute
  }

  /** A new run of rows begins at `startMs`, `sinceFirstMs` after the very first one did (the drift goes on meanwhile). */
  begin(startMs: number, sinceFirstMs: number): void {
    this.startMs = startMs
    this.speed = 1 + (this.ppm + (this.driftPpmPerMinute * sinceFirstMs) / 60_000) * 1e-6
    this.slope = (this.driftPpmPerMinute * 1e-6) / 60
  }

  /** Solves rate * (speed * t + slope * t^2 / 2) = k for t, in the form that is exact for slope 0; ms. */
  rowMs(k: number): number {
    const periods = k / this.rateHz
    const root = Math.sqrt(Math.max(0, this.speed * this.speed + 2 * this.slope * periods))
    return this.startMs + (2000 * periods) / (this.speed + root)
  }
}
