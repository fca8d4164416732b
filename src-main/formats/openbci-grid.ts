import type { ValueGrid } from './text-grid.ts'

/** Microvolts per count of the ADS1299 at its usual gain of 24 and 4.5 V reference (OpenBCI documentation, Cyton data format). */
export const cytonStep = 4.5e6 / 24 / (2 ** 23 - 1)
export const cytonMaximum = 2 ** 23 - 1
/** The GUI calculated in single precision: values are off by up to this share of themselves. */
const singlePrecision = 2 ** -23
/** Beyond this a value would pass for a neighbouring count. */
const closest = 0.49
/** Only values whose rounding leaves this much of a step in doubt tell anything. */
const telling = 0.35
const fewestTelling = 32

/**
 * Whether printed microvolts are multiples of the Cyton's step, so that its own counts can be had back. A value printed to 0.01 uV may lie up to 0.005 uV (0.22 steps)
 * from its multiple and no further; other boards' and other gains' values lie anywhere.
 */
export class CytonFit {
  readonly grid: ValueGrid = { kind: 'step', step: cytonStep }
  readonly #printed: number
  #misfit = false
  #told = 0

  /** `decimals`: how many the file prints. */
  constructor(decimals: number) {
    this.#printed = 0.5 * 10 ** -decimals
  }

  add(microvolts: number): void {
    const steps = microvolts / cytonStep
    const allowed = (this.#printed + Math.abs(microvolts) * singlePrecision) / cytonStep
    const off = Math.abs(steps - Math.round(steps))
    if (off > Math.min(allowed * 1.001, closest) || Math.abs(steps) > cytonMaximum + 1.5) this.#misfit = true
    else if (microvolts !== 0 && allowed < telling) this.#told += 1
  }

  /** True when every value fits and enough of them could have failed to. */
  get fits(): boolean {
    return !this.#misfit && this.#told >= fewestTelling
  }
}
