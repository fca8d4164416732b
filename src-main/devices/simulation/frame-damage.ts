import type { Fault } from './faults.ts'
import { Random } from './random.ts'

export interface DamageEvent {
  readonly kind: 'flip' | 'torn'
  /** Byte within what was sent of the frame. */
  readonly at: number
  readonly details: Readonly<Record<string, number>>
}

interface Damaged {
  readonly bytes: Uint8Array
  readonly events: readonly DamageEvent[]
}

const unharmed: readonly DamageEvent[] = []

/** What happens to frames on their way: lost, torn, bits inverted. Every fault has its own random stream, so one does not move another. */
export class FrameDamage {
  /** Rows still to be lost. */
  dropRows = 0
  /** Frames still to be torn. */
  tornFrames = 0
  private readonly dropProbability: number
  private readonly dropRandom: Random
  private readonly tornRandom: Random
  private readonly flipRandom: Random
  private readonly noiseRandom: Random
  private flipProbability = 0
  private flipUntilMs = -Infinity
  private bytesToFlip = Infinity

  constructor(seed: number, faults: readonly Fault[]) {
    this.dropRandom = Random.named(seed, 'drop')
    this.tornRandom = Random.named(seed, 'torn')
    this.flipRandom = Random.named(seed, 'flip')
    this.noiseRandom = Random.named(seed, 'noise-bytes')
    this.dropProbability = faults.findLast((fault) => fault.kind === 'drop' && fault.atSeconds === null)?.value ?? 0
    const always = faults.findLast((fault) => fault.kind === 'flip' && fault.atSeconds === null)
    if (always) this.flip(always.value, 0, always.more === '' ? Infinity : Number(always.more))
  }

  /** From `nowMs` on every byte has one bit inverted with this probability, for `milliseconds`. */
  flip(probability: number, nowMs: number, milliseconds: number): void {
    this.flipProbability = probability
    this.flipUntilMs = nowMs + milliseconds
    this.bytesToFlip = this.nextFlip()
  }

  /** Whether this row is lost. */
  drops(): boolean {
    if (this.dropRows > 0) {
      this.dropRows--
      return true
    }
    return this.dropProbability > 0 && this.dropRandom.uniform() < this.dropProbability
  }

  noise(bytes: number): Uint8Array {
    return Uint8Array.from({ length: bytes }, () => this.noiseRandom.integer(256))
  }

  /** The frame as it is sent at `nowMs`: itself when nothing happens to it. */
  apply(frame: Uint8Array, nowMs: number): Damaged {
    let bytes = frame
    let events = unharmed
    if (this.tornFrames > 0) {
      this.tornFrames--
      const kept = this.tornRandom.integer(frame.length)
      bytes = frame.subarray(0, kept)
      events = [{ kind: 'torn', at: kept, details: { lost: frame.length - kept } }]
    }
    if (this.flipProbability === 0) return { bytes, events }
    if (nowMs >= this.flipUntilMs) {
      this.flipProbability = 0
      return { bytes, events }
    }
    let position = this.bytesToFlip
    if (position >= bytes.length) {
      this.bytesToFlip -= bytes.length
      return { bytes, events }
    }
    const flipped = bytes.slice()
    const list = [...events]
    while (position < flipped.length) {
      const bit = this.flipRandom.integer(8)
      flipped[position] ^= 1 << bit
      list.push({ kind: 'flip', at: position, details: { bit } })
      position += 1 + this.nextFlip()
    }
    this.bytesToFlip = position - flipped.length
    return { bytes: flipped, events: list }
  }

  /** Bytes that stay whole before the next inverted one: geometric. */
  private nextFlip(): number {
    if (this.flipProbability >= 1) return 0
    return Math.floor(Math.log(1 - this.flipRandom.uniform()) / Math.log1p(-this.flipProbability))
  }
}
