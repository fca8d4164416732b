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
/** The section that does nothing: partner of the last of an odd number. */
const unchanged: Biquad = { b0: 1, b1: 0, b2: 0, a1: 0, a2: 0 }

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
  const extension = settlingRows(sections)
  if (isWhole(samples)) {
    const reach = Math.max(0, Math.min(extension, samples.length - 1))
    const line = new Float64Array(samples.length + 2 * reach)
    line.set(samples, reach)
    runBothWays(sections, line, reach)
    return line.subarray(reach, reach + samples.length)
  }
  const result = new Float64Array(samples.length).fill(Number.NaN)
  for (const { from, to } of presentStretches(samples, Math.floor((options.bridgedSeconds ?? bridgedSeconds) * options.rateHz))) {
    const reach = Math.min(extension, to - from - 1)
    const line = new Float64Array(to - from + 2 * reach)
    bridgeHoles(samples, from, to, line, reach)
    runBothWays(sections, line, reach)
    for (let row = from; row < to; row++) if (Number.isFinite(samples[row])) result[row] = line[row - from + reach]
  }
  return result
}

/** Most recordings miss nothing: they need no search for holes. */
function isWhole(samples: Float32Array | Float64Array): boolean {
  for (let row = 0; row < samples.length; row++) if (!Number.isFinite(samples[row])) return false
  return true
}

/** Over a line whose first and last `reach` samples are still free for its extension. */
function runBothWays(sections: readonly Biquad[], line: Float64Array, reach: number): void {
  reflectEnds(line, reach)
  for (const direction of [1, -1] as const) {
    for (let k = 0; k < sections.length; k += 2) runThrough(sections[k], sections[k + 1] ?? unchanged, line, direction)
  }
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

/**
 * Transposed direct form II, state of rest at the first value. Two sections share a pass: a section's next sample waits for its last one,
 * and the second section's work fits into the wait of the first.
 */
function runThrough(first: Biquad, second: Biquad, line: Float64Array, direction: 1 | -1): void {
  const { b0, b1, b2, a1, a2 } = first
  const { b0: c0, b1: c1, b2: c2, a1: d1, a2: d2 } = second
  let at = direction === 1 ? 0 : line.length - 1
  const x0 = line[at]
  const y0 = (x0 * (b0 + b1 + b2)) / (1 + a1 + a2)
  const z0 = (y0 * (c0 + c1 + c2)) / (1 + d1 + d2)
  let p2 = b2 * x0 - a2 * y0
  let p1 = b1 * x0 - a1 * y0 + p2
  let q2 = c2 * y0 - d2 * z0
  let q1 = c1 * y0 - d1 * z0 + q2
  for (let left = line.length; left > 0; left--, at += direction) {
    const x = line[at]
    const y = b0 * x + p1
    p1 = b1 * x - a1 * y + p2
    p2 = b2 * x - a2 * y
    const z = c0 * y + q1
    q1 = c1 * y - d1 * z + q2
    q2 = c2 * y - d2 * z
    line[at] = z
  }
}
