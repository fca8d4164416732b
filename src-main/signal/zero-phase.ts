import { notchBiquad } from './biquad.ts'
import type { Biquad } from './biquad.ts'
import { butterworthHighPass, butterworthLowPass } from './butterworth.ts'
import { bridgeHoles, presentStretches } from './holes.ts'

/** recognition.md A0.2 and A0.3: what an ECG and a PPG are identified by. */
const ecgLowHz = 0.5
const ecgHighHz = 40
const ppgLowHz = 0.5
const ppgHighHz = 8
const order = 4
/** 50 Hz / 30 = 1.7 Hz wide: mains varies by less than 0.2 Hz, and QRS energy beside it survives. */
const notchQ = 30
/** Nearer to half the rate a low-pass has nothing left to take away. */
const highestUsefulFraction = 0.45
/** A hole shorter than a QRS's rise hides no wave: a straight line over it costs less than a fresh start of the filter. */
const bridgedSeconds = 0.05
/** The start-up transient has died to this part at the end of the reflected extension. */
const settled = 1e-4
/** Ten seconds at 4 kHz: longer extensions of a very slow filter would cost more than they are worth. */
const longestExtension = 40_000

export interface ZeroPhaseOptions {
  readonly rateHz: number
  /** Holes up to this long are interpolated for the filter and missing again afterwards; 0.05 s unless told. */
  readonly bridgedSeconds?: number
}

/** 0.5-40 Hz: Butterworth high-pass and low-pass of order 4 each, to be run forwards and backwards. Below 89 Hz only the high-pass. */
export function ecgBandPass(rateHz: number): Biquad[] {
  return bandPass(ecgLowHz, ecgHighHz, rateHz)
}

/** 0.5-8 Hz, as `ecgBandPass`. */
export function ppgBandPass(rateHz: number): Biquad[] {
  return bandPass(ppgLowHz, ppgHighHz, rateHz)
}

/** A notch at the mains frequency and at twice it where the rate allows; no section at all where it does not. */
export function mainsNotch(mainsHz: 50 | 60, rateHz: number): Biquad[] {
  return [mainsHz, 2 * mainsHz].filter((hz) => hz < highestUsefulFraction * rateHz).map((hz) => notchBiquad(hz, notchQ, rateHz))
}

function bandPass(lowHz: number, highHz: number, rateHz: number): Biquad[] {
  const low = lowHz < highestUsefulFraction * rateHz ? butterworthHighPass(order, lowHz, rateHz) : []
  const high = highHz < highestUsefulFraction * rateHz ? butterworthLowPass(order, highHz, rateHz) : []
  return [...low, ...high]
}

/**
 * Runs `sections` forwards and backwards over a whole signal: no delay at any frequency, gain |H|^2. Both ends are extended by their
 * point reflection (2 x0 - x) and the states begin as if the extension's first value had always been there (Gustafsson 1996 describes
 * the trouble; this is the remedy of MATLAB's and SciPy's filtfilt).
 *
 * `samples` in any unit, NaN or infinite = missing. Missing samples stay missing in the result (NaN); holes up to `bridgedSeconds` are
 * crossed by a straight line, every longer one ends the signal and starts it afresh. Example: 1 s of a constant 5 through
 * `ecgBandPass(250)` gives 250 zeros.
 */
export function filterZeroPhase(sections: readonly Biquad[], samples: Float32Array | Float64Array, options: ZeroPhaseOptions): Float64Array {
  const result = new Float64Array(samples.length).fill(Number.NaN)
  const extension = settlingRows(sections)
  for (const { from, to } of presentStretches(samples, Math.floor((options.bridgedSeconds ?? bridgedSeconds) * options.rateHz))) {
    const reach = Math.min(extension, to - from - 1)
    const line = new Float64Array(to - from + 2 * reach)
    bridgeHoles(samples, from, to, line, reach)
    reflectEnds(line, reach)
    for (const section of sections) forwards(section, line)
    for (const section of sections) backwards(section, line)
    for (let row = from; row < to; row++) if (Number.isFinite(samples[row])) result[row] = line[row - from + reach]
  }
  return result
}

/** Samples until the slowest pole's answer has died away. */
function settlingRows(sections: readonly Biquad[]): number {
  let slowest = 0
  for (const { a1, a2 } of sections) {
    const inside = a1 * a1 - 4 * a2
    const radius = inside < 0 ? Math.sqrt(a2) : (Math.abs(a1) + Math.sqrt(inside)) / 2
    slowest = Math.max(slowest, radius)
  }
  if (slowest === 0) return 3
  return slowest < 1 ? Math.min(longestExtension, Math.ceil(Math.log(settled) / Math.log(slowest))) : longestExtension
}

/** Fills `reach` samples on both sides of a line with its point reflection about its first and last value. */
function reflectEnds(line: Float64Array, reach: number): void {
  const last = line.length - 1 - reach
  for (let k = 1; k <= reach; k++) {
    line[reach - k] = 2 * line[reach] - line[reach + k]
    line[last + k] = 2 * line[last] - line[last - k]
  }
}

/** Transposed direct form II, state of rest at the first value. */
function forwards({ b0, b1, b2, a1, a2 }: Biquad, line: Float64Array): void {
  const rest = (line[0] * (b0 + b1 + b2)) / (1 + a1 + a2)
  let second = b2 * line[0] - a2 * rest
  let first = b1 * line[0] - a1 * rest + second
  for (let i = 0; i < line.length; i++) {
    const x = line[i]
    const y = b0 * x + first
    first = b1 * x - a1 * y + second
    second = b2 * x - a2 * y
    line[i] = y
  }
}

function backwards({ b0, b1, b2, a1, a2 }: Biquad, line: Float64Array): void {
  const end = line.length - 1
  const rest = (line[end] * (b0 + b1 + b2)) / (1 + a1 + a2)
  let second = b2 * line[end] - a2 * rest
  let first = b1 * line[end] - a1 * rest + second
  for (let i = end; i >= 0; i--) {
    const x = line[i]
    const y = b0 * x + first
    first = b1 * x - a1 * y + second
    second = b2 * x - a2 * y
    line[i] = y
  }
}
