/** Part of the strip that a fresh choice may fill, and the limits at which a new choice is made. */
const fill = 0.75
const tooTall = 0.95
const tooSmall = 0.3
/** The middle follows when it is off by more than this part of the strip. */
const offCentre = 0.15

/** Largest 1, 2 or 5 times a power of ten not above `value`: 0.37 -> 0.2. */
export function roundDown125(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1
  const power = 10 ** Math.floor(Math.log10(value) + 1e-12)
  const digit = value / power
  // Powers below one are not exact: 0.1 and not 0.09999999999999999 belongs on a label.
  return Number(((digit >= 5 - 1e-9 ? 5 : digit >= 2 - 1e-9 ? 2 : 1) * power).toPrecision(12))
}

/** Scale of one lane: `y = middle - (value - centre) * pixelsPerUnit`, device pixels. */
export interface LaneScale {
  readonly pixelsPerUnit: number
  readonly centre: number
}

/**
 * Chooses gain (in steps of 1-2-5 per millimetre) and centre of a lane, with hysteresis: a signal that breathes around a limit
 * does not make the trace jump. Fixed gains keep their gain and only centre.
 */
export class AutoGain implements LaneScale {
  pixelsPerUnit = 1
  centre = 0
  /** Millimetres per unit; `null` = automatic. */
  private fixed: number | null
  private settled = false

  constructor(fixedMillimetresPerUnit: number | null) {
    this.fixed = fixedMillimetresPerUnit
  }

  get automatic(): boolean {
    return this.fixed === null
  }

  /** `null` = automatic. The next `update` applies it. */
  setFixed(millimetresPerUnit: number | null): void {
    this.fixed = millimetresPerUnit
    this.settled = false
  }

  /** The strip's height changed, or the signal is another: choose anew. */
  forget(): void {
    this.settled = false
  }

  /** Lowest and highest value in view; true when the scale changed and the lane must be drawn again. */
  update(low: number, high: number, stripHeight: number, millimetre: number): boolean {
    if (!(high >= low)) return false
    const before = { gain: this.pixelsPerUnit, centre: this.centre }
    const middle = (low + high) / 2
    if (this.fixed !== null) this.pixelsPerUnit = this.fixed * millimetre
    else {
      const height = (high - low) * this.pixelsPerUnit
      if (!this.settled || height > tooTall * stripHeight || height < tooSmall * stripHeight) this.choose(low, high, stripHeight, millimetre)
    }
    const shift = Math.abs(middle - this.centre) * this.pixelsPerUnit
    if (!this.settled || shift > offCentre * stripHeight) {
      // A filtered lane swings around zero: its zero line stays in the middle of the strip unless the trace would hang to one side.
      this.centre = Math.abs(middle) * this.pixelsPerUnit <= offCentre * stripHeight ? 0 : middle
    }
    this.settled = true
    return this.pixelsPerUnit !== before.gain || this.centre !== before.centre
  }

  private choose(low: number, high: number, stripHeight: number, millimetre: number): void {
    const range = high - low
    // A constant line has no height to fill: keep the gain.
    if (range <= 0) return
    this.pixelsPerUnit = roundDown125((fill * stripHeight) / range / millimetre) * millimetre
  }
}
