import type { LiveBlock } from '../runs/live-windows.ts'
import type { LiveLanes } from './live-lanes.ts'

/** A message every 250 ms costs less than one per block of the device, and nobody decides faster. */
const postMs = 250
/** What is kept when the timer is late: the process that listens keeps no more either. */
const mostSeconds = 20

/** Gathers the raw values of one lane and posts them a few times a second: a copy, and nothing else, while the view waits. */
export class LiveFeed {
  readonly #post: (block: LiveBlock) => void
  readonly #buffer: Float32Array
  readonly #untap: () => void
  readonly #timer: ReturnType<typeof setInterval>
  #firstRow = 0
  #length = 0

  /** `post`: gets arrays that are its own. `onPost`: called as often, whether there was anything or not. */
  constructor(lanes: LiveLanes, lane: string, post: (block: LiveBlock) => void, onPost: () => void) {
    this.#post = post
    this.#buffer = new Float32Array(Math.ceil(mostSeconds * lanes.configuration.rateHz))
    this.#untap = lanes.tap(lane, (firstRow, physical) => this.#take(firstRow, physical))
    this.#timer = setInterval(() => {
      this.#flush()
      onPost()
    }, postMs)
  }

  #take(firstRow: number, physical: Float32Array): void {
    if (firstRow !== this.#firstRow + this.#length || this.#length + physical.length > this.#buffer.length) this.#flush()
    if (this.#length === 0) this.#firstRow = firstRow
    const samples = physical.length > this.#buffer.length ? physical.subarray(physical.length - this.#buffer.length) : physical
    if (samples !== physical) this.#firstRow = firstRow + physical.length - samples.length
    this.#buffer.set(samples, this.#length)
    this.#length += samples.length
  }

  #flush(): void {
    if (this.#length === 0) return
    this.#post({ firstRow: this.#firstRow, samples: this.#buffer.slice(0, this.#length) })
    this.#firstRow += this.#length
    this.#length = 0
  }

  close(): void {
    clearInterval(this.#timer)
    this.#untap()
  }
}
