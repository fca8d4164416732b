import { notchBiquad } from './biquad.ts'
import type { Biquad } from './biquad.ts'
import { butterworthHighPass, butterworthLowPass } from './butterworth.ts'
import { Cascade } from './cascade.ts'

/** Baseline wander lies below the slowest heart rate's fundamental: 0.5 Hz = 30/min (recognition.md A0.2, 0.5-40 Hz). */
const baselineHz = 0.5
/** 50 Hz / 30 = 1.7 Hz wide: mains varies by less than 0.2 Hz, and QRS energy at 50 Hz survives. */
const notchQ = 30
/** Above this part of the rate a low-pass does nothing but distort the phase. */
const highestUsefulFraction = 0.45
/** After a gap this long the old baseline says nothing about the new one. */
const longGapSeconds = 1

export interface LiveFilterOptions {
  readonly rateHz: number
  /** Butterworth high-pass, order 2 at 0.5 Hz. */
  readonly baseline: boolean
  /** Butterworth low-pass, order 4; skipped when >= 0.45 of the rate. */
  readonly lowPassHz: number | null
  /** Mains frequency: notch there and at twice that where the rate allows. */
  readonly notchHz: number | null
}

/** The sections that `LiveFilter` runs, in order. At 250 Hz with baseline, 40 Hz and 50 Hz: 1 + 2 + 2 sections. */
export function displaySections({ rateHz, baseline, lowPassHz, notchHz }: LiveFilterOptions): Biquad[] {
  const fits = (frequencyHz: number) => frequencyHz < highestUsefulFraction * rateHz
  const sections: Biquad[] = []
  if (baseline && fits(baselineHz)) sections.push(...butterworthHighPass(2, baselineHz, rateHz))
  if (lowPassHz !== null && lowPassHz > 0 && fits(lowPassHz)) sections.push(...butterworthLowPass(4, lowPassHz, rateHz))
  if (notchHz !== null && fits(notchHz)) {
    sections.push(notchBiquad(notchHz, notchQ, rateHz))
    if (fits(2 * notchHz)) sections.push(notchBiquad(2 * notchHz, notchQ, rateHz))
  }
  return sections
}

/**
 * Streaming display filter of one lane. NaN = missing and stays NaN; a gap up to 1 s holds the state, a longer one starts
 * afresh at the next sample. The state begins as if the first sample had always been there, so a lane that starts at
 * 300 mV of electrode offset draws from 0, not from a 300 mV step.
 */
export class LiveFilter {
  private readonly cascade: Cascade
  private readonly longGapRows: number
  private missing = Number.POSITIVE_INFINITY

  constructor(options: LiveFilterOptions) {
    this.cascade = new Cascade(displaySections(options))
    this.longGapRows = Math.max(1, longGapSeconds * options.rateHz)
  }

  /** Filters `input` into `output` (same length; may be the same array). Any block size gives the same samples. */
  process(input: Float32Array, output: Float32Array): void {
    const { cascade, longGapRows } = this
    for (let i = 0; i < input.length; i++) {
      const value = input[i]
      // Infinities are as unusable as NaN and would poison the state for ever.
      if (!Number.isFinite(value)) {
        this.missing++
        output[i] = Number.NaN
        continue
      }
      if (this.missing > longGapRows) cascade.prime(value)
      this.missing = 0
      output[i] = cascade.step(value)
    }
  }

  /** Forgets everything: the next sample primes the state. */
  reset(): void {
    this.missing = Number.POSITIVE_INFINITY
  }
}
