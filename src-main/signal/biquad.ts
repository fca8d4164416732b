/** One second-order section, normalised to a0 = 1: H(z) = (b0 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2). */
export interface Biquad {
  readonly b0: number
  readonly b1: number
  readonly b2: number
  readonly a1: number
  readonly a2: number
}

interface Raw {
  b0: number
  b1: number
  b2: number
  a0: number
  a1: number
  a2: number
}

const normalised = (raw: Raw): Biquad => ({
  b0: raw.b0 / raw.a0,
  b1: raw.b1 / raw.a0,
  b2: raw.b2 / raw.a0,
  a1: raw.a1 / raw.a0,
  a2: raw.a2 / raw.a0,
})

/*
 * All designs are the analogue prototype through the bilinear transform, pre-warped so that `frequencyHz` lands exactly
 * (R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients").
 */
function prototype(frequencyHz: number, q: number, rateHz: number): { cos: number; alpha: number } {
  if (!(frequencyHz > 0 && frequencyHz < rateHz / 2)) {
    throw new RangeError(`A filter at ${frequencyHz} Hz needs 0 < f < ${rateHz / 2} Hz.`)
  }
  const w = (2 * Math.PI * frequencyHz) / rateHz
  return { cos: Math.cos(w), alpha: Math.sin(w) / (2 * q) }
}

/** Second-order low-pass: gain 1 at 0 Hz, q at `frequencyHz`. */
export function lowPassBiquad(frequencyHz: number, q: number, rateHz: number): Biquad {
  const { cos, alpha } = prototype(frequencyHz, q, rateHz)
  const b = (1 - cos) / 2
  return normalised({ b0: b, b1: 2 * b, b2: b, a0: 1 + alpha, a1: -2 * cos, a2: 1 - alpha })
}

/** Second-order high-pass: gain 0 at 0 Hz, q at `frequencyHz`, 1 at half the rate. */
export function highPassBiquad(frequencyHz: number, q: number, rateHz: number): Biquad {
  const { cos, alpha } = prototype(frequencyHz, q, rateHz)
  const b = (1 + cos) / 2
  return normalised({ b0: b, b1: -2 * b, b2: b, a0: 1 + alpha, a1: -2 * cos, a2: 1 - alpha })
}

/** Band-stop of width frequencyHz / q between its -3 dB points, exactly 0 at `frequencyHz`. 50 Hz at q = 30: 1.7 Hz wide. */
export function notchBiquad(frequencyHz: number, q: number, rateHz: number): Biquad {
  const { cos, alpha } = prototype(frequencyHz, q, rateHz)
  return normalised({ b0: 1, b1: -2 * cos, b2: 1, a0: 1 + alpha, a1: -2 * cos, a2: 1 - alpha })
}

/** Band-pass of width frequencyHz / q, gain 1 at `frequencyHz`. */
export function bandPassBiquad(frequencyHz: number, q: number, rateHz: number): Biquad {
  const { cos, alpha } = prototype(frequencyHz, q, rateHz)
  return normalised({ b0: alpha, b1: 0, b2: -alpha, a0: 1 + alpha, a1: -2 * cos, a2: 1 - alpha })
}

/** Complex gain of a chain of sections at `frequencyHz`: magnitude and phase (radians). */
export function response(sections: readonly Biquad[], frequencyHz: number, rateHz: number): { gain: number; phase: number } {
  const w = (2 * Math.PI * frequencyHz) / rateHz
  let gain = 1
  let phase = 0
  for (const s of sections) {
    const numeratorReal = s.b0 + s.b1 * Math.cos(w) + s.b2 * Math.cos(2 * w)
    const numeratorImaginary = -s.b1 * Math.sin(w) - s.b2 * Math.sin(2 * w)
    const denominatorReal = 1 + s.a1 * Math.cos(w) + s.a2 * Math.cos(2 * w)
    const denominatorImaginary = -s.a1 * Math.sin(w) - s.a2 * Math.sin(2 * w)
    gain *= Math.hypot(numeratorReal, numeratorImaginary) / Math.hypot(denominatorReal, denominatorImaginary)
    phase += Math.atan2(numeratorImaginary, numeratorReal) - Math.atan2(denominatorImaginary, denominatorReal)
  }
  return { gain, phase }
}
