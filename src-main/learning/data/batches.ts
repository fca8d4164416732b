import { Random } from '../../curation/random.ts'
import { augment, type Augmentation } from './augmentation.ts'
import type { IdentitySampler } from './identity-sampler.ts'
import type { Classes } from './window-rows.ts'
import type { WindowSet } from './window-set.ts'

/** What one step of training sees. The arrays are the same ones every time: whoever keeps a batch copies it. */
export interface Batch {
  /** [windows, length, channels]. */
  readonly samples: Float32Array
  /** Class of every window, 0 ... classes - 1. */
  readonly labels: Int32Array
  /** Which windows of the set they are. */
  readonly rows: Int32Array
}

export interface TrainingBatchOptions {
  /** `null`: windows as they are. */
  readonly augmentation: Augmentation | null
  readonly seed: number
}

/** Batches to learn from, all in one buffer. How a batch is augmented is a matter of its place alone, so that training that goes on from a state sees the same as one that never stopped. */
export class TrainingBatches {
  readonly #set: WindowSet
  readonly #classes: Classes
  readonly #sampler: IdentitySampler
  readonly #options: TrainingBatchOptions
  #samples = new Float32Array(0)
  #labels = new Int32Array(0)

  constructor(set: WindowSet, classes: Classes, sampler: IdentitySampler, options: TrainingBatchOptions) {
    this.#set = set
    this.#classes = classes
    this.#sampler = sampler
    this.#options = options
  }

  next(): Batch {
    const { epoch, batch } = this.#sampler.state
    const rows = this.#sampler.next()
    const { length, channels, rateHz, subject } = this.#set
    if (this.#labels.length !== rows.length) {
      this.#samples = new Float32Array(rows.length * length * channels)
      this.#labels = new Int32Array(rows.length)
    }
    fill(this.#samples, this.#set, rows)
    for (let k = 0; k < rows.length; k++) this.#labels[k] = this.#classes.classOf[subject[rows[k]]]
    const { augmentation, seed } = this.#options
    if (augmentation) augment(this.#samples, { rows: rows.length, length, channels, rateHz }, augmentation, Random.of(`augmentation of epoch ${epoch}, batch ${batch}`, seed))
    return { samples: this.#samples, labels: this.#labels, rows }
  }
}

/**
 * The windows `rows` in order, up to `size` at a time, the last batch shorter; the buffer is used again.
 * @example 10 windows, 4 at a time: 4, 4 and 2
 */
export function* evaluationBatches(set: WindowSet, rows: Int32Array, size: number): Generator<Omit<Batch, 'labels'>, void, void> {
  const each = set.length * set.channels
  const buffer = new Float32Array(Math.min(size, rows.length) * each)
  for (let at = 0; at < rows.length; at += size) {
    const own = rows.subarray(at, at + size)
    const samples = buffer.subarray(0, own.length * each)
    fill(samples, set, own)
    yield { samples, rows: own }
  }
}

function fill(into: Float32Array, { samples, length, channels }: WindowSet, rows: Int32Array): void {
  const each = length * channels
  for (let k = 0; k < rows.length; k++) into.set(samples.subarray(rows[k] * each, (rows[k] + 1) * each), k * each)
}
