import { LabError } from '../contract/index.ts'
import { FlacCutOff, flacSlack } from './flac-bits.ts'
import { FlacFrameDecoder, type FlacStreamInfo } from './flac-frame.ts'
import type { ByteSource } from './signal-source.ts'

/** Read at a time. */
const chunkBytes = 256 * 1024
/** No frame is longer: 65535 samples of 8 channels take 2.3 MB as they are. */
const longestFrame = 16 * 1024 * 1024
const mostMetadataBlocks = 1024

export interface FlacHead extends FlacStreamInfo {
  /** Byte of the first frame. */
  readonly framesAt: number
}

/**
 * What a FLAC file says of itself. Source: RFC 9639, section 8.
 * @throws LabError `flac-invalid` with `data.file`, `data.offset`, `data.reason`.
 */
export async function readFlacHead(source: ByteSource, start: number): Promise<FlacHead> {
  const refuse = (offset: number, reason: string): LabError => invalid(source, offset, reason)
  const marker = await source.read(start, 4)
  if (String.fromCharCode(...marker) !== 'fLaC') throw refuse(start, 'it does not begin with fLaC')
  let info: FlacStreamInfo | null = null
  for (let at = start + 4, block = 0; ; block++) {
    const head = await source.read(at, 4)
    if (head.length < 4) throw refuse(at, 'it ends before its first frame')
    const length = (head[1] << 16) | (head[2] << 8) | head[3]
    if (block === 0) {
      const body = await source.read(at + 4, 34)
      if ((head[0] & 0x7f) !== 0 || length !== 34 || body.length < 34) throw refuse(at, 'its first block is not STREAMINFO')
      info = streamInfo(body)
      if (info.bits < 4 || info.maximumBlock < 16 || info.minimumBlock > info.maximumBlock) throw refuse(at, 'its STREAMINFO is not possible')
    }
    at += 4 + length
    if (head[0] & 0x80 && info) return { ...info, framesAt: at }
    if (block === mostMetadataBlocks) throw refuse(at, `it has more than ${mostMetadataBlocks} blocks of metadata`)
  }
}

function streamInfo(body: Uint8Array): FlacStreamInfo {
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  const packed = view.getUint32(10)
  const samples = (view.getUint8(13) & 0x0f) * 2 ** 32 + view.getUint32(14)
  return {
    minimumBlock: view.getUint16(0),
    maximumBlock: view.getUint16(2),
    rateHz: packed >>> 12,
    channels: ((packed >>> 9) & 7) + 1,
    bits: ((packed >>> 4) & 31) + 1,
    samples: samples === 0 ? null : samples,
  }
}

/**
 * Frames of a FLAC file one after another. Holds one chunk and one frame, whatever the file claims.
 * @example for (let n = await stream.next(); n > 0; n = await stream.next()) use(stream.channels, n)
 */
export class FlacStream {
  /** The file ends in the middle of a frame, or before the last one that it announces. */
  cutOff = false
  readonly #source: ByteSource
  readonly #head: FlacHead
  readonly #decoder: FlacFrameDecoder
  #held = new Uint8Array(0)
  /** Valid part of what is held, and where in the file it begins. */
  #from = 0
  #to = 0
  #heldAt: number
  /** Samples per channel, and frames, so far. */
  #samples = 0
  #frames = 0
  #lastBlock = 0

  constructor(source: ByteSource, head: FlacHead) {
    this.#source = source
    this.#head = head
    this.#decoder = new FlacFrameDecoder(head)
    this.#heldAt = head.framesAt
  }

  /** Samples of the last frame; overwritten by the next. */
  get channels(): readonly Int32Array[] {
    return this.#decoder.channels
  }

  /**
   * Decodes the next frame: samples per channel, 0 at the end.
   * @throws LabError `flac-invalid` with `data.file` and `data.offset` when the frame is damaged or does not follow the one before.
   */
  async next(): Promise<number> {
    const announced = this.#head.samples
    if (announced !== null && this.#samples >= announced) return 0
    for (;;) {
      const begin = this.#heldAt + this.#from
      if (begin >= this.#source.bytes) {
        this.cutOff = announced !== null
        return 0
      }
      try {
        const { samples, number, variable, end } = this.#decoder.decode(this.#held, this.#from, this.#to)
        const expected = variable ? this.#samples : this.#frames
        if (number !== expected) throw invalid(this.#source, begin, `frame ${number} does not follow ${expected - 1}`)
        // In a stream of one block size only the last frame may be shorter; a shorter one before it would shift all numbers.
        if (!variable && this.#frames > 0 && this.#lastBlock !== this.#head.maximumBlock) throw invalid(this.#source, begin, 'a frame follows the last one')
        this.#lastBlock = samples
        this.#samples += samples
        this.#frames++
        this.#from = end
        if (announced !== null && this.#samples > announced) throw invalid(this.#source, begin, `it has more than the announced ${announced} samples`)
        return samples
      } catch (thrown) {
        if (thrown instanceof FlacCutOff) {
          if (await this.#more()) continue
          this.cutOff = true
          return 0
        }
        if (thrown instanceof LabError && thrown.data.file === undefined) throw invalid(this.#source, this.#heldAt + Number(thrown.data.offset), String(thrown.data.reason))
        throw thrown
      }
    }
  }

  /** Reads on behind what is held; false at the end of the file. */
  async #more(): Promise<boolean> {
    const kept = this.#to - this.#from
    if (kept > longestFrame) throw invalid(this.#source, this.#heldAt + this.#from, `a frame of more than ${longestFrame} bytes`)
    const at = this.#heldAt + this.#to
    // Twice as much each time, so that a long frame is not begun again too often.
    const read = at < this.#source.bytes ? await this.#source.read(at, Math.max(chunkBytes, kept)) : new Uint8Array(0)
    if (read.length === 0) return false
    const held = new Uint8Array(kept + read.length + flacSlack)
    held.set(this.#held.subarray(this.#from, this.#to))
    held.set(read, kept)
    this.#held = held
    this.#heldAt += this.#from
    this.#from = 0
    this.#to = kept + read.length
    return true
  }
}

function invalid(source: ByteSource, offset: number, reason: string): LabError {
  return new LabError('flac-invalid', `${source.name} is damaged at byte ${offset}: ${reason}.`, { file: source.name, offset, reason })
}
