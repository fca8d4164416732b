import type { LaneScale } from '../../trace/auto-gain.ts'

/** Part of its strip that a fresh choice fills at most, and the limits at which a new one is made. */
const fill = 0.9
const tooTall = 1
const tooSmall = 0.55
/** The middle follows when it is off by more than this part of the strip. */
const offCentre = 0.1
/** Gains per millimetre: finer than on paper, because a still picture is there to be looked at closely. */
const digits = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8] as const

/** Largest gain of the series at or below `value`. @example gainBelow(0.37) // 0.3 */
export function gainBelow(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1
  const power = 10 ** Math.floor(Math.log10(value) + 1e-12)
  return Number(((digits.findLast((digit) => digit <= value / power + 1e-9) ?? 1) * power).toPrecision(12))
}

/** Gain and centre of one lane of a stored trace: the drawn range fills the strip, and small steps of the window change neither. */
export class StoredGain implements LaneScale {
  pixelsPerUnit = 1
  centre = 0
  readonly #fixed: number | null
  #settled = false

  /** Millimetres per unit; `null`: as it fits. */
  constructor(fixedMillimetresPerUnit: number | null) {
    this.#fixed = fixedMillimetresPerUnit
  }

  /** Lowest and highest value that is drawn; sizes in device pixels. */
  update(low: number, high: number, stripHeight: number, millimetre: number): void {
    const range = high - low
    const height = range * this.pixelsPerUnit
    if (this.#fixed !== null) this.pixelsPerUnit = this.#fixed * millimetre
    else if (range > 0 && (!this.#settled || height > tooTall * stripHeight || height < tooSmall * stripHeight)) {
      this.pixelsPerUnit = gainBelow((fill * stripHeight) / range / millimetre) * millimetre
      this.#settled = false
    }
    const middle = (low + high) / 2
    if (!this.#settled || Math.abs(middle - this.centre) * this.pixelsPerUnit > offCentre * stripHeight) this.centre = middle
    this.#settled = true
  }
}
