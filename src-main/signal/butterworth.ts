import { highPassBiquad, lowPassBiquad } from './biquad.ts'
import type { Biquad } from './biquad.ts'

/**
 * Quality factors of the pole pairs of an even-order Butterworth filter: 1 / (2 sin((2k + 1) pi / (2 order))).
 * Order 4: 1.3066 and 0.5412 (any filter table; poles equally spaced on the left half circle).
 */
export function butterworthQualities(order: number): number[] {
  if (!Number.isInteger(order) || order < 2 || order % 2 !== 0) throw new RangeError(`A Butterworth order of ${order} is not even.`)
  return Array.from({ length: order / 2 }, (_, k) => 1 / (2 * Math.sin(((2 * k + 1) * Math.PI) / (2 * order))))
}

/** Butterworth low-pass as second-order sections: -3 dB at `cutoffHz`. */
export function butterworthLowPass(order: number, cutoffHz: number, rateHz: number): Biquad[] {
  return butterworthQualities(order).map((q) => lowPassBiquad(cutoffHz, q, rateHz))
}

/** Butterworth high-pass as second-order sections: -3 dB at `cutoffHz`. */
export function butterworthHighPass(order: number, cutoffHz: number, rateHz: number): Biquad[] {
  return butterworthQualities(order).map((q) => highPassBiquad(cutoffHz, q, rateHz))
}
