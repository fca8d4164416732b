import type { Axis } from './plot-axis.ts'
import { normalDeviate } from './normal-deviate.ts'

/** Rates that are written beside a DET axis. Source: recognition.md C1 (0.01 ... 40 %); below 0.1 % no lab has the trials. */
export const detTicks = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4] as const
/** For models that know little: an axis that ends at one half would hide their line. */
const wideTicks = [0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8] as const
const usualEnd = 0.5
const wideEnd = 0.9
/** An equal error rate above this lies so near the usual end that half of the line is cut off. */
const usualMost = 0.35

/** An axis in normal deviates from 0.1 % to 50 % (90 % where an EER is above 35 %). `label` words, `tick` a rate. */
export function detAxis(label: string, eers: readonly (number | null)[], tick: (rate: number) => string): Axis {
  const wide = eers.some((eer) => eer !== null && eer > usualMost)
  return {
    label,
    low: normalDeviate(detTicks[0]),
    high: normalDeviate(wide ? wideEnd : usualEnd),
    ticks: (wide ? wideTicks : detTicks).map((rate) => ({ at: normalDeviate(rate), label: tick(rate) })),
  }
}
