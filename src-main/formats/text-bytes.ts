import { Gunzip } from 'fflate'
import { LabError } from '../contract/index.ts'
import { crc32 } from './crc32.ts'
import type { ByteSource } from './signal-source.ts'

const chunkBytes = 1 << 18
/** Deflate unpacks at most 1032-fold, so that one push never gives more than 4.2 MB. */
const packedBytesPerPush = 4096
const gzipTrailerBytes = 8

/**
 * The bytes of a text file in order, unpacked where it is gzip (RFC 1952, also of several members, each checked against its own checksum and length).
 * A few megabytes are held at once, whatever the file unpacks to.
 * @throws LabError `text-signal-invalid` with `data.file` and `data.offset` (in the file as it is stored) for a damaged gzip file.
 */
export async function* textBytes(source: ByteSource): AsyncGenerator<Uint8Array, void, void> {
  const magic = await readWhole(source, 0, 2)
  if (magic.length === 2 && magic[0] === 0x1f && magic[1] === 0x8b) {
    yield* unpacked(source)
    return
  }
  let position = 0
  for (;;) {
    const chunk = await source.read(position, chunkBytes)
    if (chunk.length === 0) return
    position += chunk.length
    yield chunk
  }
}

/** Where a gzip member ends in the file, and what its content came to. */
interface Member {
  readonly end: number
  readonly checksum: number
  readonly length: number
}

async function* unpacked(source: ByteSource): AsyncGenerator<Uint8Array, void, void> {
  let pieces: Uint8Array[] = []
  let checksum = 0
  let length = 0
  let ended: Member[] = []
  const gunzip = new Gunzip((piece) => {
    checksum = crc32(piece, checksum)
    length += piece.length
    if (piece.length > 0) pieces.push(piece)
  })
  gunzip.onmember = (end) => {
    ended.push({ end, checksum, length })
    checksum = 0
    length = 0
  }
  let position = 0
  const push = (bytes: Uint8Array, last: boolean): void => {
    try {
      gunzip.push(bytes, last)
    } catch (thrown) {
      throw damaged(source, position, thrown instanceof Error ? thrown.message : 'it cannot be unpacked')
    }
  }
  for (;;) {
    const packed = await readWhole(source, position, packedBytesPerPush)
    push(packed, packed.length === 0)
    position += packed.length
    if (packed.length === 0) ended.push({ end: position, checksum, length })
    for (const member of ended) await check(source, member)
    ended = []
    yield* pieces
    pieces = []
    if (packed.length === 0) return
  }
}

async function check(source: ByteSource, { end, checksum, length }: Member): Promise<void> {
  const trailer = await readWhole(source, Math.max(0, end - gzipTrailerBytes), gzipTrailerBytes)
  if (trailer.length < gzipTrailerBytes) throw damaged(source, end, 'it is cut off')
  const view = new DataView(trailer.buffer)
  if (view.getUint32(0, true) !== checksum || view.getUint32(4, true) !== length >>> 0) throw damaged(source, end, 'it fails its own checksum')
}

/** `length` bytes from `position` in a buffer of their own, fewer only where the file ends. */
async function readWhole(source: ByteSource, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const part = await source.read(position + filled, length - filled)
    if (part.length === 0) return bytes.slice(0, filled)
    bytes.set(part, filled)
    filled += part.length
  }
  return bytes
}

function damaged(source: ByteSource, offset: number, reason: string): LabError {
  return new LabError('text-signal-invalid', `The packed file ${source.name} is damaged at byte ${offset}: ${reason}.`, { file: source.name, offset, field: 'gzip', reason })
}
