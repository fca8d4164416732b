import { LabError } from '../contract/index.ts'

/** A frame is not FLAC, at byte `offset` of what was handed in. */
export function flacInvalid(offset: number, reason: string): LabError {
  return new LabError('flac-invalid', `Not a FLAC frame: ${reason}.`, { offset, reason })
}

/** The bytes end within a frame: more of them may help. */
export class FlacCutOff extends LabError {
  constructor(offset: number) {
    super('flac-invalid', 'The FLAC stream ends in the middle of a frame.', { offset, reason: 'it ends in the middle of a frame' })
  }
}

/** Bytes behind the last that may be read and do not count, so that 32 bits can be fetched anywhere. */
export const flacSlack = 8

/**
 * Bits, most significant first. `bytes` holds `flacSlack` zero bytes behind `end`.
 * Reading over the end is found at the next check, not at every bit.
 */
export class FlacBits {
  readonly bytes: Uint8Array
  readonly #view: DataView
  readonly end: number
  /** Next bit, from the first of `bytes`. */
  position: number

  constructor(bytes: Uint8Array, from: number, end: number) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.end = end
    this.position = from * 8
  }

  get byte(): number {
    return Math.ceil(this.position / 8)
  }

  /** @throws FlacCutOff when more was read than is there. */
  check(): void {
    if (this.position > this.end * 8) throw new FlacCutOff(this.end)
  }

  /** `count` bits as a number, 0..32. */
  unsigned(count: number): number {
    let value = 0
    for (let left = count; left > 0; ) {
      const used = this.position & 7
      const take = Math.min(8 - used, left)
      value = value * 2 ** take + ((this.bytes[this.position >>> 3] >> (8 - used - take)) & ((1 << take) - 1))
      this.position += take
      left -= take
      if (this.position > (this.end + flacSlack) * 8) throw new FlacCutOff(this.end)
    }
    return value
  }

  /** Two's complement of 1 to 33 bits. */
  signed(count: number): number {
    const value = this.unsigned(count)
    return value >= 2 ** (count - 1) ? value - 2 ** count : value
  }

  /** Zeros before the next one, which is read too. */
  unary(): number {
    let zeros = 0
    for (;;) {
      const at = this.position >>> 3
      if (at >= this.end) throw new FlacCutOff(this.end)
      const used = this.position & 7
      const run = Math.clz32((this.bytes[at] << (24 + used)) | 0)
      if (run < 8 - used) {
        this.position += run + 1
        return zeros + run
      }
      zeros += 8 - used
      this.position += 8 - used
    }
  }

  /**
   * `count` Rice codes with parameter `k` into `out` from `at`. Most codes fit what one fetch gives.
   * @throws FlacCutOff, LabError `flac-invalid` for a residual of more than 32 bits.
   */
  rice(k: number, count: number, out: Int32Array, at: number): void {
    const view = this.#view
    const last = this.end * 8
    // A fetch behind the slack would fail; a position there is found by the check below or by `unary`.
    const lastFetch = this.bytes.length - 4
    let position = this.position
    for (let i = at; i < at + count; i++) {
      const byte = position >>> 3
      if (byte > lastFetch) throw new FlacCutOff(this.end)
      // At least 25 bits are real.
      const window = view.getInt32(byte) << (position & 7)
      const quotient = Math.clz32(window)
      let folded: number
      if (quotient + k < 25) {
        folded = (quotient << k) | (((window << quotient) & 0x7fffffff) >>> (31 - k))
        position += quotient + 1 + k
      } else {
        this.position = position
        const high = this.unary()
        if (high >= 2 ** (32 - k)) throw flacInvalid(this.byte, 'a residual of more than 32 bits')
        // Whole numbers of 32 bits only: one that is a double makes all of them doubles.
        folded = (high * 2 ** k + this.unsigned(k)) | 0
        position = this.position
        if (position > last) throw new FlacCutOff(this.end)
      }
      out[i] = (folded >>> 1) ^ -(folded & 1)
    }
    this.position = position
    this.check()
  }
}
