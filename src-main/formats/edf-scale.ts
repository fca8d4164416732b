import { LabError } from '../contract/index.ts'
import type { EdfSignalHeader } from './edf-header.ts'

/** How a signal's digital values become counts with a positive gain: `physical = (count - baseline) / gainCountsPerUnit`. */
export interface EdfScale {
  readonly gainCountsPerUnit: number
  readonly baseline: number
  /**
   * The file's gain is negative (physical minimum above the maximum, legal in EDF): counts are `reflection - digital` with reflection =
   * digital minimum + maximum, so that the range stays and physical values are right. `null` where counts are the digital values.
   */
  readonly reflection: number | null
  readonly calibrated: boolean
  /** What of it a reader of the counts should know; `''` for nothing. */
  readonly note: string
}

/**
 * Gain and baseline of a signal. The baseline is the nearest whole count (never more than half a count off; the note says where physical zero truly lies).
 * Limits that define no scale (equal ones, a zero beyond 32 bits) give an uncalibrated signal of gain 1.
 * @example edfScale({ physicalMinimum: -1000, physicalMaximum: 1000, digitalMinimum: -32768, digitalMaximum: 32767, ... }) // gain 32.7675, baseline 0 (zero at -0.5)
 */
export function edfScale(signal: Pick<EdfSignalHeader, 'physicalMinimum' | 'physicalMaximum' | 'digitalMinimum' | 'digitalMaximum'>): EdfScale {
  const { digitalMinimum, digitalMaximum } = signal
  const digital = digitalMaximum - digitalMinimum
  const negative = (signal.physicalMaximum - signal.physicalMinimum) / digital < 0
  const [low, high] = negative ? [signal.physicalMaximum, signal.physicalMinimum] : [signal.physicalMinimum, signal.physicalMaximum]
  // 15 digits: what a decimal gain has, without the last digit's noise of the division.
  const gain = Number((digital / (high - low)).toPrecision(15))
  const zero = digitalMinimum - (low * digital) / (high - low)
  if (!Number.isFinite(gain) || gain <= 0 || !Number.isFinite(zero) || Math.abs(zero) > 2 ** 31 - 1) {
    return { gainCountsPerUnit: 1, baseline: 0, reflection: null, calibrated: false, note: 'its physical and digital limits define no scale' }
  }
  const baseline = Math.round(zero) || 0
  const notes = [
    ...(Math.abs(zero - baseline) > 1e-6 ? [`physical zero at count ${Number(zero.toPrecision(9))}`] : []),
    ...(negative ? [`negative gain: counts are ${digitalMinimum + digitalMaximum} - digital value`] : []),
  ]
  return { gainCountsPerUnit: gain, baseline, reflection: negative ? digitalMinimum + digitalMaximum : null, calibrated: true, note: notes.join('; ') }
}

/** The limits that a writer puts into a header. */
export interface EdfLimits {
  readonly digitalMinimum: number
  readonly digitalMaximum: number
  /** At most 8 characters. */
  readonly physicalMinimum: string
  readonly physicalMaximum: string
  /** The digital value that stands for a missing sample; `null` when the signal may use all values. */
  readonly missing: number | null
  /** Relative error of the gain that a reader computes; 0 where the limits are exact decimals. */
  readonly gainError: number
  /** The baseline that a reader computes. */
  readonly baseline: number
}

/** Digital limits looked at for an exact decimal of 8 characters, and those of them compared when there is none. */
const lookedAt = 40_000
const compared = 2000

/**
 * Digital limits as wide as the format allows, chosen so that their physical values are exact in 8 characters, or so that the gain is as near as possible.
 * One digital value beyond `minimum`..`maximum` is kept for missing samples where there is one.
 * @throws LabError `edf-range-exceeded` with `data.signal` when the physical range does not fit into 8 characters at all.
 * @example edfLimits({ label: 'II', gainCountsPerUnit: 200, baseline: 1024, minimum: 0, maximum: 2047 }, 16) // -32768..32767 as -168.96..158.715, missing -32768
 */
export function edfLimits(lane: { label: string; gainCountsPerUnit: number; baseline: number; minimum: number; maximum: number }, bits: 16 | 24): EdfLimits {
  const lowest = -(2 ** (bits - 1))
  const highest = 2 ** (bits - 1) - 1
  const minimum = Math.min(Math.max(lane.minimum, lowest), highest - 1)
  const maximum = Math.max(Math.min(lane.maximum, highest), minimum + 1)
  const below = minimum > lowest
  const above = !below && maximum < highest
  const lows = limits(lane, lowest, below ? minimum - 1 : minimum)
  const low = lows.find((limit) => limit.exact) ?? leastBy(lows, (limit) => Math.abs(limit.error))
  const highs = limits(lane, highest, above ? maximum + 1 : maximum)
  // An equal error on both ends moves the zero by less than a count and leaves the gain exact.
  const high = low && (highs.find((limit) => limit.exact && low.exact) ?? leastBy(highs, (limit) => Math.abs(limit.error - low.error) / (limit.digital - low.digital)))
  if (!low || !high || Number(low.text) >= Number(high.text)) {
    throw new LabError('edf-range-exceeded', `The signal ${lane.label} has a physical range that EDF's 8 characters cannot hold.`, {
      signal: lane.label,
      field: 'physical range',
      value: (maximum - minimum) / lane.gainCountsPerUnit,
    })
  }
  const written = { digitalMinimum: low.digital, digitalMaximum: high.digital, physicalMinimum: Number(low.text), physicalMaximum: Number(high.text) }
  const read = edfScale(written)
  return {
    digitalMinimum: low.digital,
    digitalMaximum: high.digital,
    physicalMinimum: low.text,
    physicalMaximum: high.text,
    missing: below ? low.digital : above ? high.digital : null,
    gainError: Math.abs(read.gainCountsPerUnit / lane.gainCountsPerUnit - 1),
    baseline: read.baseline,
  }
}

interface Limit {
  readonly digital: number
  readonly text: string
  readonly error: number
  readonly exact: boolean
}

/** The first limit with an exact decimal alone, or the nearest ones. */
function limits(lane: { gainCountsPerUnit: number; baseline: number }, from: number, to: number): Limit[] {
  const step = from <= to ? 1 : -1
  const count = Math.abs(to - from) + 1
  const limitAt = (i: number): Limit | null => {
    const digital = from + i * step
    const physical = (digital - lane.baseline) / lane.gainCountsPerUnit
    const text = decimalText(physical)
    if (text === null) return null
    const error = Number(text) - physical
    return { digital, text, error, exact: Math.abs(error) <= Math.abs(physical) * 1e-14 }
  }
  for (let i = 0; i < Math.min(count, lookedAt); i++) {
    const physical = (from + i * step - lane.baseline) / lane.gainCountsPerUnit
    // 8 characters hold at most 6 decimals: what is not whole in millionths needs no text to be told apart.
    if (Math.abs(physical * 1e6 - Math.round(physical * 1e6)) > 1e-5 + Math.abs(physical) * 1e-9) continue
    const limit = limitAt(i)
    if (limit?.exact) return [limit]
  }
  return Array.from({ length: Math.min(count, compared) }, (_, i) => limitAt(i)).filter((limit) => limit !== null)
}

function leastBy<Item>(items: readonly Item[], measure: (item: Item) => number): Item | undefined {
  return items.reduce<Item | undefined>((least, item) => (least === undefined || measure(item) < measure(least) ? item : least), undefined)
}

/** The nearest number of at most 8 characters, without exponent; `null` when its whole part is longer. @example decimalText(-1466.12975) // '-1466.13' */
export function decimalText(value: number): string | null {
  if (!(Math.abs(value) < 1e8)) return null
  for (let decimals = 7; decimals >= 0; decimals--) {
    const fixed = value.toFixed(decimals)
    const text = (fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed).replace(/^-0$/, '0')
    if (text.length <= 8) return text
  }
  return null
}
