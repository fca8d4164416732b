import { noValue, type LaneSpec } from '../../contract/index.ts'

/** Counts = offset + value * scale, rounded and held within the converter's range. */
export interface LaneScale {
  readonly offset: number
  readonly scale: number
}

const perMillivolt: Readonly<Record<string, number>> = { mV: 1, uV: 1000, V: 0.001 }

function middle(lane: LaneSpec): number {
  const inside = lane.baseline > lane.minimum && lane.baseline < lane.maximum
  return inside ? lane.baseline : Math.round((lane.minimum + lane.maximum) / 2)
}

/**
 * Scale from millivolts. Where the lane is calibrated the calibration decides; a lane in plain counts gets an amplifier that suits its
 * converter: +-3 mV across up to 16 bits (AD8232 class), +-400 mV across 20 bits and more (24-bit DC-coupled class).
 */
export function millivoltScale(lane: LaneSpec): LaneScale {
  const unit = perMillivolt[lane.unit]
  if (unit !== undefined) return { offset: lane.baseline, scale: lane.gainCountsPerUnit * unit }
  const halfRange = (lane.maximum - lane.minimum) / 2
  return { offset: middle(lane), scale: halfRange / (lane.bits <= 16 ? 3 : lane.bits < 20 ? 50 : 400) }
}

/**
 * Scale from pulse units (0 = diastole, 1 = systole), drawn with systole upwards as monitors do. Up to 12 bits the front end has
 * removed the mean light and amplified (PulseSensor class); wider converters carry mean light with a pulse of `perfusion` on it.
 */
export function pulseScale(lane: LaneSpec, perfusion: number, level: number): LaneScale {
  const low = lane.minimum < 0 ? Math.max(0, middle(lane)) : lane.minimum
  const span = lane.maximum - low
  if (lane.bits <= 12) return { offset: low + 0.4 * span, scale: 0.25 * span * (perfusion / 0.03) ** 0.3 }
  const light = 0.45 * level * span
  return { offset: low + light, scale: light * perfusion }
}

/** Scale of a calibrated unit, or of a fraction of the range (value 1 = half the range from the middle) where the unit is another one. */
export function unitScale(lane: LaneSpec, unit: string, valueAtHalfRange: number): LaneScale {
  if (lane.unit === unit) return { offset: lane.baseline, scale: lane.gainCountsPerUnit }
  return { offset: middle(lane), scale: (lane.maximum - lane.minimum) / 2 / valueAtHalfRange }
}

/** Rounds and holds within the converter's range. @example toCount(1e9, lane) === lane.maximum */
export function toCount(value: number, lane: LaneSpec): number {
  if (Number.isNaN(value)) return noValue
  const rounded = Math.round(value)
  return rounded < lane.minimum ? lane.minimum : rounded > lane.maximum ? lane.maximum : rounded
}

/** What a lane shows when nothing is connected to it: 33 degC for temperature, otherwise the middle of its range. */
export function restingCount(lane: LaneSpec): number {
  if (lane.kind === 'temperature' && lane.unit === 'degC') return toCount(lane.baseline + 33 * lane.gainCountsPerUnit, lane)
  return toCount(middle(lane), lane)
}
