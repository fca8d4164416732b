import { LabError } from '../contract/index.ts'
import type { ByteSink } from './byte-sink.ts'
import { crc32 } from './crc32.ts'
import { encodeNpy, isNpyType, npyHeader, npyValueBytes, type NpyArray, type NpyData, type NumericType } from './npy.ts'

/*
 * ZIP (APPNOTE.TXT 6.3.10), entries stored. An entry's checksum is known only behind its bytes, so that it follows in a data descriptor (flag bit 3) and in
 * the central directory at the end. What does not fit 32 bits is written as 0xffffffff with the number in a ZIP64 field (4.5.3).
 */
const full32 = 0xffffffff
const full16 = 0xffff
const checksumFollows = 1 << 3
const utf8Name = 1 << 11
/** 1 January 1980, the earliest date that ZIP has. */
const entryDate = 0x0021
const plainVersion = 20
const zip64Version = 45

interface Entry {
  readonly name: Uint8Array
  readonly flags: number
  readonly at: number
  readonly bytes: number
  /** Its size, and its place, as ZIP64 has them. */
  readonly large: boolean
  readonly far: boolean
  checksum: number
}

/**
 * Writes an NPZ file (numpy.savez) to a sink, arrays one after the other, each in as many parts as wanted: an array need never be in memory. Files above 4 GiB get ZIP64. The same
 * values always give the same bytes, however they are cut into parts.
 * @example
 * const file = new NpzWriter(sink)
 * await file.begin('windows', '<f4', [1000, 2, 500])
 * for (const part of parts) await file.write(part)
 * await file.add('subjects', ['S001', 'S002'])
 * await file.finish()
 */
export class NpzWriter {
  readonly #sink: ByteSink
  readonly #zip64From: number
  readonly #entries: Entry[] = []
  readonly #names = new Set<string>()
  #position = 0
  #open: { entry: Entry; name: string; type: NumericType; missing: number } | null = null

  /** Sizes and places from `zip64From` on are written as ZIP64 has them; smaller ones may be. */
  constructor(sink: ByteSink, zip64From = full32) {
    this.#sink = sink
    this.#zip64From = zip64From
  }

  /** Begins an array whose values follow by `write`. @throws LabError `npz-invalid` when the array before is not complete or the name was there. */
  async begin(name: string, type: NumericType, shape: readonly number[]): Promise<void> {
    const count = shape.reduce((product, size) => product * size, 1)
    const header = npyHeader(type, shape)
    const bytes = header.length + count * npyValueBytes(type)
    if (!Number.isSafeInteger(bytes) || shape.some((size) => size < 0 || !Number.isInteger(size))) throw invalid(`(${shape.join(', ')}) is no shape`, { name, shape: [...shape] })
    const entry = await this.#beginEntry(name, bytes)
    this.#open = { entry, name, type, missing: count }
    await this.#emitInto(entry, header)
  }

  /** The next values of the array that was begun last. @throws LabError `npz-invalid` when they are of another type or too many. */
  async write(values: Extract<NpyData, ArrayBufferView>): Promise<void> {
    const open = this.#open
    if (open === null) throw invalid('no array was begun', {})
    if (!isNpyType(values, open.type)) throw invalid(`${open.name} takes values of ${open.type} only`, { name: open.name, type: open.type })
    if (values.length > open.missing) throw invalid(`${open.name} got more values than its shape holds`, { name: open.name, missing: open.missing, values: values.length })
    open.missing -= values.length
    // A copy: the sink may keep what it gets, and the caller may reuse what it gave.
    await this.#emitInto(open.entry, new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice())
  }

  /** A whole array at once: also texts and booleans. */
  async add(name: string, array: NpyArray | NpyData): Promise<void> {
    const bytes = encodeNpy('shape' in array ? array : { data: array, shape: [array.length] })
    await this.#emitInto(await this.#beginEntry(name, bytes.length), bytes)
  }

  /** Writes the directory; nothing may be written afterwards. @throws LabError `npz-invalid` when the last array is not complete. */
  async finish(): Promise<void> {
    await this.#endEntry()
    const start = this.#position
    for (const entry of this.#entries) await this.#emit(directoryEntry(entry))
    await this.#emit(endOfDirectory(this.#entries.length, start, this.#position - start, this.#zip64From))
  }

  async #beginEntry(name: string, bytes: number): Promise<Entry> {
    if (this.#names.has(name)) throw invalid(`there is an array ${name} already`, { name })
    await this.#endEntry()
    this.#names.add(name)
    const path = new TextEncoder().encode(`${name}.npy`)
    const flags = checksumFollows | (path.some((byte) => byte > 0x7f) ? utf8Name : 0)
    const entry: Entry = { name: path, flags, at: this.#position, bytes, large: bytes >= this.#zip64From, far: this.#position >= this.#zip64From, checksum: 0 }
    this.#entries.push(entry)
    await this.#emit(localHeader(entry))
    return entry
  }

  async #endEntry(): Promise<void> {
    const open = this.#open
    if (open !== null && open.missing > 0) throw invalid(`${open.name} lacks ${open.missing} values`, { name: open.name, missing: open.missing })
    this.#open = null
    const last = this.#entries.at(-1)
    if (last !== undefined) await this.#emit(descriptor(last))
  }

  async #emitInto(entry: Entry, bytes: Uint8Array): Promise<void> {
    entry.checksum = crc32(bytes, entry.checksum)
    await this.#emit(bytes)
  }

  async #emit(bytes: Uint8Array): Promise<void> {
    this.#position += bytes.length
    await this.#sink(bytes)
  }
}

/** Fields in their order: `[bytes, value]`. */
function fields(...list: readonly (readonly [2 | 4 | 8, number])[]): Uint8Array {
  const bytes = new Uint8Array(list.reduce((sum, [size]) => sum + size, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [size, value] of list) {
    if (size === 2) view.setUint16(at, value, true)
    else if (size === 4) view.setUint32(at, value, true)
    else view.setBigUint64(at, BigInt(value), true)
    at += size
  }
  return bytes
}

function localHeader(entry: Entry): Uint8Array {
  const { large } = entry
  const size = large ? full32 : 0
  return joined(
    fields([4, 0x04034b50], [2, large ? zip64Version : plainVersion], [2, entry.flags], [2, 0], [2, 0], [2, entryDate], [4, 0], [4, size], [4, size], [2, entry.name.length], [2, large ? 20 : 0]),
    entry.name,
    large ? fields([2, 1], [2, 16], [8, 0], [8, 0]) : new Uint8Array(0),
  )
}

function descriptor(entry: Entry): Uint8Array {
  const size = entry.large ? 8 : 4
  return fields([4, 0x08074b50], [4, entry.checksum], [size, entry.bytes], [size, entry.bytes])
}

function directoryEntry(entry: Entry): Uint8Array {
  const { large, far } = entry
  const size = large ? full32 : entry.bytes
  const version = large || far ? zip64Version : plainVersion
  const sizes = large ? ([[8, entry.bytes], [8, entry.bytes]] as const) : []
  const place = far ? ([[8, entry.at]] as const) : []
  const extra = large || far ? fields([2, 1], [2, 8 * (sizes.length + place.length)], ...sizes, ...place) : new Uint8Array(0)
  return joined(
    fields([4, 0x02014b50], [2, version], [2, version], [2, entry.flags], [2, 0], [2, 0], [2, entryDate], [4, entry.checksum], [4, size], [4, size]),
    fields([2, entry.name.length], [2, extra.length], [2, 0], [2, 0], [2, 0], [4, 0], [4, far ? full32 : entry.at]),
    entry.name,
    extra,
  )
}

function endOfDirectory(entries: number, start: number, bytes: number, zip64From: number): Uint8Array {
  const large = entries >= full16 || bytes >= zip64From || start >= zip64From
  const end = large
    ? fields([4, 0x06054b50], [2, 0], [2, 0], [2, full16], [2, full16], [4, full32], [4, full32], [2, 0])
    : fields([4, 0x06054b50], [2, 0], [2, 0], [2, entries], [2, entries], [4, bytes], [4, start], [2, 0])
  if (!large) return end
  const record = fields([4, 0x06064b50], [8, 44], [2, zip64Version], [2, zip64Version], [4, 0], [4, 0], [8, entries], [8, entries], [8, bytes], [8, start])
  return joined(record, fields([4, 0x07064b50], [4, 0], [8, start + bytes], [4, 1]), end)
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function invalid(reason: string, data: Record<string, unknown>): LabError {
  return new LabError('npz-invalid', `The NPZ file cannot be written: ${reason}.`, { reason, ...data })
}
