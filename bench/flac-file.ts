import { flacCrc16, flacCrc8 } from '../src-main/formats/flac-checksum.ts'

/** As most encoders make them. */
const blockSamples = 4096
const riceParameter = 5

/** A FLAC file of 16-bit channels, every block predicted by its last two samples (RFC 9639, section 9.2): what a recorder's signal is stored as, without an encoder's search for less. */
export function flacFile(channels: readonly Int32Array[], rateHz: number): Uint8Array {
  const [{ length }] = channels
  const out = new Bits(42 + length * channels.length * 4 + 4096)
  out.put(0x664c6143, 32)
  out.put(0x80000022, 32)
  out.put(blockSamples, 16)
  out.put(blockSamples, 16)
  for (let i = 0; i < 3; i++) out.put(0, 16)
  out.put(rateHz, 20)
  out.put(channels.length - 1, 3)
  out.put(15, 5)
  out.put(0, 4)
  out.put(length, 32)
  for (let i = 0; i < 4; i++) out.put(0, 32)
  for (let from = 0, frame = 0; from < length; from += blockSamples, frame++) {
    const samples = Math.min(blockSamples, length - from)
    const begin = out.at
    // Fixed block size given in 16 bits, the stream's rate, channels by themselves, 16 bits.
    out.put(0xfff87000 | ((channels.length - 1) << 4) | (4 << 1), 32)
    if (frame < 0x80) out.put(frame, 8)
    else if (frame < 0x800) out.put(0xc080 | ((frame >> 6) << 8) | (frame & 0x3f), 16)
    else out.put(0xe08080 | ((frame >> 12) << 16) | (((frame >> 6) & 0x3f) << 8) | (frame & 0x3f), 24)
    out.put(samples - 1, 16)
    out.put(flacCrc8(out.bytes, begin, out.at), 8)
    for (const channel of channels) subframe(out, channel.subarray(from, from + samples))
    out.align()
    out.put(flacCrc16(out.bytes, begin, out.at), 16)
  }
  return out.bytes.subarray(0, out.at)
}

function subframe(out: Bits, samples: Int32Array): void {
  out.put(10 << 1, 8)
  out.put(samples[0] & 0xffff, 16)
  out.put(samples[1] & 0xffff, 16)
  // Rice codes of 4-bit parameters in one partition.
  out.put(0, 6)
  out.put(riceParameter, 4)
  for (let i = 2; i < samples.length; i++) {
    const residual = samples[i] - 2 * samples[i - 1] + samples[i - 2]
    const folded = residual >= 0 ? 2 * residual : -2 * residual - 1
    for (let zeros = folded >> riceParameter; zeros > 0; zeros--) out.put(0, 1)
    out.put((1 << riceParameter) | (folded & ((1 << riceParameter) - 1)), riceParameter + 1)
  }
}

/** Bits, most significant first. */
class Bits {
  readonly bytes: Uint8Array
  /** Whole bytes so far. */
  at = 0
  #held = 0
  #count = 0

  constructor(most: number) {
    this.bytes = new Uint8Array(most)
  }

  put(value: number, count: number): void {
    for (let i = count - 1; i >= 0; i--) {
      this.#held = (this.#held << 1) | ((value >>> i) & 1)
      if (++this.#count < 8) continue
      this.bytes[this.at++] = this.#held
      this.#held = 0
      this.#count = 0
    }
  }

  align(): void {
    while (this.#count > 0) this.put(0, 1)
  }
}
