import { FlacBits, flacInvalid } from './flac-bits.ts'
import { flacCrc16, flacCrc8 } from './flac-checksum.ts'
import { FlacSubframes } from './flac-subframe.ts'

/** What the stream says of all of its frames. */
export interface FlacStreamInfo {
  readonly minimumBlock: number
  readonly maximumBlock: number
  readonly rateHz: number
  readonly channels: number
  readonly bits: number
  /** Per channel; `null`: not said. */
  readonly samples: number | null
}

export interface FlacFrame {
  /** Samples per channel. */
  readonly samples: number
  /** Number of the frame, or of its first sample in a stream of variable block size. */
  readonly number: number
  readonly variable: boolean
  /** Byte behind the frame. */
  readonly end: number
}

const blockSizes = [0, 192, 576, 1152, 2304, 4608, 0, 0, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768]
const sampleSizes = [0, 8, 12, 0, 16, 20, 24, 32]
const leftSide = 8
const sideRight = 9
const midSide = 10

/** Decodes frames of one stream; keeps its working memory from one to the next. Source: RFC 9639, section 9. */
export class FlacFrameDecoder {
  readonly #info: FlacStreamInfo
  readonly #subframes = new FlacSubframes()

  constructor(info: FlacStreamInfo) {
    this.#info = info
  }

  /** The last frame's samples per channel; the next frame overwrites them. */
  get channels(): readonly Int32Array[] {
    return this.#subframes.channels
  }

  /**
   * The frame that begins at byte `from`. `bytes` holds `flacSlack` zeros behind `end`.
   * @throws FlacCutOff when the frame goes on behind `end`; LabError `flac-invalid` with `data.offset` in `bytes`.
   */
  decode(bytes: Uint8Array, from: number, end: number): FlacFrame {
    const bits = new FlacBits(bytes, from, end)
    const { samples, number, variable, assignment } = this.#header(bits, from)
    const { channels: count, bits: sampleBits } = this.#info
    const sideChannel = assignment === sideRight ? 0 : assignment >= leftSide ? 1 : -1
    for (let channel = 0; channel < count; channel++) this.#subframes.decode(bits, channel, sampleBits + (channel === sideChannel ? 1 : 0), samples)
    const crcAt = bits.byte
    bits.position = crcAt * 8
    const crc = bits.unsigned(16)
    bits.check()
    if (crc !== flacCrc16(bytes, from, crcAt)) throw flacInvalid(crcAt, 'its CRC-16 is wrong')
    if (assignment === leftSide) this.#subframes.undoLeftSide(samples)
    else if (assignment === sideRight) this.#subframes.undoSideRight(samples)
    else if (assignment === midSide) this.#subframes.undoMidSide(samples, sampleBits)
    return { samples, number, variable, end: crcAt + 2 }
  }

  #header(bits: FlacBits, from: number): Omit<FlacFrame, 'end'> & { assignment: number } {
    const sync = bits.unsigned(15)
    const variable = bits.unsigned(1) === 1
    const blockCode = bits.unsigned(4)
    const rateCode = bits.unsigned(4)
    const assignment = bits.unsigned(4)
    const sizeCode = bits.unsigned(3)
    const reserved = bits.unsigned(1)
    bits.check()
    if (sync !== 0x7ffc) throw flacInvalid(from, 'it does not begin with the sync code')
    if (reserved !== 0 || blockCode === 0 || rateCode === 15 || assignment > midSide || sizeCode === 3) throw flacInvalid(from, 'its header uses reserved values')
    const number = codedNumber(bits, from)
    const samples = blockCode === 6 ? bits.unsigned(8) + 1 : blockCode === 7 ? bits.unsigned(16) + 1 : blockSizes[blockCode]
    bits.unsigned(rateCode === 12 ? 8 : rateCode > 12 ? 16 : 0)
    const crcAt = bits.byte
    const crc = bits.unsigned(8)
    bits.check()
    if (crc !== flacCrc8(bits.bytes, from, crcAt)) throw flacInvalid(crcAt, "its header's CRC-8 is wrong")
    if ((assignment < leftSide ? assignment + 1 : 2) !== this.#info.channels) throw flacInvalid(from, `it does not have the stream's ${this.#info.channels} channels`)
    if (sizeCode !== 0 && sampleSizes[sizeCode] !== this.#info.bits) throw flacInvalid(from, `it does not have the stream's ${this.#info.bits} bits`)
    if (samples > this.#info.maximumBlock) throw flacInvalid(from, `it has ${samples} samples, more than the stream's ${this.#info.maximumBlock}`)
    return { samples, number, variable, assignment }
  }
}

/** Up to 36 bits, written as UTF-8 writes characters. */
function codedNumber(bits: FlacBits, from: number): number {
  const first = bits.unsigned(8)
  const ones = Math.clz32(~(first << 24))
  if (ones === 0) return first
  if (ones === 1 || ones === 8) throw flacInvalid(from, 'its number is not written as one')
  let value = first & (0x7f >> ones)
  for (let i = 1; i < ones; i++) {
    const next = bits.unsigned(8)
    bits.check()
    if ((next & 0xc0) !== 0x80) throw flacInvalid(from, 'its number is not written as one')
    value = value * 64 + (next & 0x3f)
  }
  return value
}
