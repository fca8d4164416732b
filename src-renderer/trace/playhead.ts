/** Frames come every 16-50 ms: drawing this much behind the newest row keeps the motion even. */
const cushionSeconds = 0.06
/** Farther behind than this there is no point in running after it. */
const jumpSeconds = 1
/** Time in which a wrong distance is made up. */
const settleSeconds = 0.5

/** The row that the screen has reached: runs at the signal's own rate and follows the newest row without jerks. */
export class Playhead {
  row = 0
  private lastMs = Number.NaN

  restart(row: number): void {
    this.row = row
    this.lastMs = Number.NaN
  }

  /** Advances to `nowMs`; never beyond `newestRow`. Half open: rows below `row` are shown. */
  advance(nowMs: number, newestRow: number, rateHz: number): number {
    const elapsed = Number.isNaN(this.lastMs) ? 0 : Math.min(0.25, Math.max(0, (nowMs - this.lastMs) / 1000))
    this.lastMs = nowMs
    const behind = (newestRow - this.row) / rateHz
    if (behind > jumpSeconds) this.row = newestRow - cushionSeconds * rateHz
    else {
      const speed = Math.min(3, Math.max(0, 1 + (behind - cushionSeconds) / settleSeconds))
      this.row += elapsed * rateHz * speed
    }
    this.row = Math.min(newestRow, Math.max(0, this.row))
    return this.row
  }
}
