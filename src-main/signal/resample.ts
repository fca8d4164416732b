import { bridgeHoles, presentStretches } from './holes.ts'

/** Kaiser window for 80 dB: beta = 0.1102 (80 - 8.7) (Kaiser 1974). */
const kaiserBeta = 7.857
/** Zero crossings to either side at the lower rate: with 80 dB the slope from pass to stop is 0.078 of that rate, (80 - 7.95) / (14.36 * 64). */
const crossings = 32
/** The stop band begins exactly at half the lower rate: the middle of the slope lies half a slope below. */
const cutoff = 0.5 - 0.039
/** Kernels kept, one for each fraction of an input sample; between them coefficients are interpolated (error below -100 dB). */
const mostPhases = 512
/** A hole shorter than a QRS's rise hides no wave. */
const bridgedSeconds = 0.05

/**
 * Brings a signal to another rate with a linear-phase anti-alias filter (windowed sinc, polyphase), delay taken out: output k is the signal at second
 * k / toHz. Flat to 0.42 of the lower rate, 80 dB down from half of it. Ends are continued by their point reflection.
 *
 * `samples` in any unit, NaN or infinite = missing; a result is missing (NaN) where an input sample beside it is. Holes longer than
 * 0.05 s end the signal, so that nothing is smeared over them. Throws RangeError for a rate that is not positive.
 * Example: 5000 samples at 500 Hz give 2500 at 250 Hz.
 */
export function resample(samples: Float32Array | Float64Array, fromHz: number, toHz: number): Float32Array {
  if (!(fromHz > 0 && toHz > 0 && Number.isFinite(fromHz) && Number.isFinite(toHz))) throw new RangeError(`Cannot resample from ${fromHz} Hz to ${toHz} Hz.`)
  if (fromHz === toHz) return Float32Array.from(samples, (value) => (Number.isFinite(value) ? value : Number.NaN))
  // Rounding must not add a sample: 3600 / 360 * 250 is 2500 and a hair.
  const result = new Float32Array(Math.ceil((samples.length / fromHz) * toHz - 1e-6)).fill(Number.NaN)
  const step = fromHz / toHz
  const kernels = new Kernels(fromHz, toHz)
  for (const { from, to } of presentStretches(samples, Math.floor(bridgedSeconds * fromHz))) {
    const margin = kernels.half + 1
    const line = new Float64Array(to - from + 2 * margin)
    bridgeHoles(samples, from, to, line, margin)
    reflect(line, margin)
    for (let k = Math.ceil(from / step - 1e-9); k < result.length; k++) {
      const at = k * step
      const row = Math.floor(at + 1e-9)
      if (row >= to) break
      const fraction = Math.max(0, at - row)
      if (!Number.isFinite(samples[row])) continue
      // Between two rows both must be there, except after the very last one.
      if (fraction > 1e-9 && row + 1 < samples.length && !Number.isFinite(samples[row + 1])) continue
      result[k] = kernels.apply(line, row - from + margin, fraction)
    }
  }
  return result
}

/** Point reflection about the first and last value, as far as the stretch reaches; beyond that the last value stays. */
function reflect(line: Float64Array, margin: number): void {
  const first = margin
  const last = line.length - 1 - margin
  for (let k = 1; k <= margin; k++) {
    const inside = Math.min(k, last - first)
    line[first - k] = 2 * line[first] - line[first + inside]
    line[last + k] = 2 * line[last] - line[last - inside]
  }
}

class Kernels {
  /** Input samples that a result needs to either side. */
  readonly half: number
  private readonly phases: number
  private readonly table: Float64Array

  constructor(fromHz: number, toHz: number) {
    const lowest = Math.min(1, toHz / fromHz)
    this.half = Math.ceil(crossings / lowest)
    this.phases = exactPhases(fromHz, toHz)
    const taps = 2 * this.half
    this.table = new Float64Array((this.phases + 1) * taps)
    for (let phase = 0; phase <= this.phases; phase++) {
      let sum = 0
      for (let tap = 0; tap < taps; tap++) {
        // Distance of this input sample from the output's instant.
        const distance = tap - this.half + 1 - phase / this.phases
        const value = sinc(2 * cutoff * lowest * distance) * kaiser(distance / this.half)
        this.table[phase * taps + tap] = value
        sum += value
      }
      // A constant stays the same constant at every phase.
      for (let tap = 0; tap < taps; tap++) this.table[phase * taps + tap] /= sum
    }
  }

  /** The signal `fraction` of a sample after `row`. */
  apply(line: Float64Array, row: number, fraction: number): number {
    const { table, half } = this
    const taps = 2 * half
    const position = Math.min(this.phases, fraction * this.phases)
    const phase = Math.min(this.phases - 1, Math.floor(position + 1e-6))
    const part = Math.max(0, position - phase)
    const start = row - half + 1
    const at = phase * taps
    let sum = 0
    if (part < 1e-6) for (let tap = 0; tap < taps; tap++) sum += table[at + tap] * line[start + tap]
    else for (let tap = 0; tap < taps; tap++) sum += ((1 - part) * table[at + tap] + part * table[at + taps + tap]) * line[start + tap]
    return sum
  }
}

/** The denominator of fromHz / toHz where it is small (360 / 250: 25), else 512. */
function exactPhases(fromHz: number, toHz: number): number {
  for (let phases = 1; phases < mostPhases; phases++) {
    const whole = (fromHz / toHz) * phases
    if (Math.abs(whole - Math.round(whole)) < 1e-9 * whole) return phases
  }
  return mostPhases
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(kaiserBeta * Math.sqrt(1 - x * x)) / bessel(kaiserBeta)
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function bessel(x: number): number {
  let term = 1
  let sum = 1
  for (let k = 1; term > 1e-14 * sum; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}
