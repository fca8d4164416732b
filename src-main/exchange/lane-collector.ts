import { noValue, type LaneSpec } from '../contract/index.ts'
import type { LaneListener } from './imported-signal.ts'

/** Keeps what a source gives for the analysis that follows, as long as it is not too much. */
export class LaneCollector implements LaneListener {
  readonly #mostSamples: number
  #pieces: Int32Array[][] = []
  #samples = 0

  constructor(mostSamples: number) {
    this.#mostSamples = mostSamples
  }

  restart(): void {
    this.#pieces = []
    this.#samples = 0
  }

  push(lane: number, counts: Int32Array): void {
    this.#samples += counts.length
    if (this.#samples > this.#mostSamples) this.#pieces = []
    else (this.#pieces[lane] ??= []).push(counts)
  }

  /** Physical samples of each lane at its own rate, NaN where there is none, one lane at a time; `null` when it was too much to keep. */
  lanes(specs: readonly Pick<LaneSpec, 'gainCountsPerUnit' | 'baseline'>[]): ((lane: number) => Float32Array) | null {
    if (this.#samples > this.#mostSamples) return null
    return (lane) => {
      const pieces = this.#pieces[lane] ?? []
      const { gainCountsPerUnit, baseline } = specs[lane]
      const samples = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
      let at = 0
      for (const piece of pieces) for (const count of piece) samples[at++] = count === noValue ? Number.NaN : (count - baseline) / gainCountsPerUnit
      return samples
    }
  }
}
