import type { TraceMode } from './trace-interaction.ts'
import type { TraceTheme } from './trace-theme.ts'

export interface PainterLane {
  readonly id: string
  readonly label: string
  readonly unit: string
  /** Contract LaneKind. */
  readonly kind: string
  readonly sparse: boolean
  readonly visible: boolean
  /** Fixed gain (10 for 10 mm/mV), or `null` for automatic. */
  readonly millimetresPerUnit: number | null
}

export interface PainterOptions {
  readonly theme: TraceTheme
  readonly mode: TraceMode
  /** ECG paper at this speed (25 mm/s), or `null` for the plain view of `seconds`. */
  readonly paperMillimetresPerSecond: number | null
  readonly seconds: number
  readonly showBeats: boolean
}

/** True when every field is the same value: a caller may hand over fresh objects at every status message. */
export function sameFields<T extends object>(a: T, b: T): boolean {
  const keys = Object.keys(a) as (keyof T)[]
  return keys.length === Object.keys(b).length && keys.every((key) => Object.is(a[key], b[key]))
}
