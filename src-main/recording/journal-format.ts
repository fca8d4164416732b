import { crc32 } from 'node:zlib'

/*
 * The journal of a live recording: journal-0001.plj, journal-0002.plj, ... All numbers little endian.
 *
 *   segment header, 72 bytes                         record, 28 bytes + payload
 *    0  8  magic 'PLJOURN\n'                          0  1  type
 *    8  2  format version                             1  1  flags
 *   10  2  header length                              2  2  zero
 *   12 26  recording id (ULID, ASCII)                 4  4  payload length
 *   38  2  zero                                       8  8  sequence (first record of the recording: 1)
 *   40  4  segment number (from 1)                   16  8  host monotonic time, ns
 *   44  8  salt (random)                             24  n  payload
 *   52  8  sequence of the segment's first record    24+n 4 CRC-32 over 0..24+n, seeded by the chain
 *   60  4  CRC of the last record before it (0: none)
 *   64  4  zero
 *   68  4  CRC-32 over 0..68
 *
 * The chain: a record's CRC starts from crc32(salt, previous CRC); the first record of a segment follows the header's CRC, and the header
 * carries the last CRC of the segment before. A stale, foreign, missing or reordered tail therefore never verifies.
 */

export const journalFormatVersion = 1
export const segmentHeaderBytes = 72
export const recordHeaderBytes = 24
export const recordOverheadBytes = recordHeaderBytes + 4
/** A longer payload is split by the writer; a longer claim in a file is corruption, so a flipped length never makes a reader allocate. */
export const maximumPayloadBytes = 1 << 20

const magic = new TextEncoder().encode('PLJOURN\n')

export const recordTypes = ['device-bytes', 'marker', 'clock', 'device-state', 'gap', 'resync', 'end'] as const
export type RecordType = (typeof recordTypes)[number]

export interface JournalRecord {
  readonly type: RecordType
  readonly flags: number
  readonly sequence: number
  /** Host monotonic time, ns. */
  readonly hostNs: number
  readonly payload: Uint8Array
}

export interface SegmentHeader {
  readonly recording: string
  readonly segment: number
  /** 8 random bytes, new for every segment. */
  readonly salt: Uint8Array
  readonly firstSequence: number
  /** CRC of the last record of the previous segment; 0 in the first. */
  readonly previousCrc: number
}

/** @example segmentName(3) === 'journal-0003.plj' */
export function segmentName(segment: number): string {
  return `journal-${String(segment).padStart(4, '0')}.plj`
}

/** Number of a segment by its file name, or `null` for another file. */
export function segmentNumber(name: string): number | null {
  const match = /^journal-(\d{4,})\.plj$/.exec(name)
  return match ? Number(match[1]) : null
}

/** 72 bytes; its last four, the CRC, seed the first record. */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(segmentHeaderBytes)
  const view = new DataView(bytes.buffer)
  bytes.set(magic, 0)
  view.setUint16(8, journalFormatVersion, true)
  view.setUint16(10, segmentHeaderBytes, true)
  bytes.set(new TextEncoder().encode(header.recording).subarray(0, 26), 12)
  view.setUint32(40, header.segment, true)
  bytes.set(header.salt.subarray(0, 8), 44)
  view.setBigUint64(52, BigInt(header.firstSequence), true)
  view.setUint32(60, header.previousCrc, true)
  view.setUint32(68, crc32(bytes.subarray(0, 68)), true)
  return bytes
}

export type HeaderFault = 'header-unfinished' | 'header-magic' | 'header-crc' | 'header-version'

/** The header at the start of `bytes`, or what is wrong with it. A later format version is told apart from damage: its CRC is right. */
export function parseSegmentHeader(bytes: Uint8Array): { header: SegmentHeader; crc: number } | HeaderFault {
  if (bytes.length < segmentHeaderBytes) return 'header-unfinished'
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (magic.some((byte, at) => bytes[at] !== byte)) return 'header-magic'
  const crc = view.getUint32(68, true)
  if (crc32(bytes.subarray(0, 68)) !== crc) return 'header-crc'
  if (view.getUint16(8, true) !== journalFormatVersion || view.getUint16(10, true) !== segmentHeaderBytes) return 'header-version'
  const header = {
    recording: new TextDecoder().decode(bytes.subarray(12, 38)),
    segment: view.getUint32(40, true),
    salt: bytes.slice(44, 52),
    firstSequence: Number(view.getBigUint64(52, true)),
    previousCrc: view.getUint32(60, true),
  }
  return { header, crc }
}

/** Writes `record` at `at` of `into` and returns its CRC, the next record's seed. Needs `recordOverheadBytes + payload.length` bytes. */
export function encodeRecord(record: JournalRecord, into: Uint8Array, at: number, salt: Uint8Array, previousCrc: number): number {
  const view = new DataView(into.buffer, into.byteOffset + at, recordOverheadBytes + record.payload.length)
  view.setUint8(0, recordTypes.indexOf(record.type) + 1)
  view.setUint8(1, record.flags)
  view.setUint16(2, 0, true)
  view.setUint32(4, record.payload.length, true)
  view.setBigUint64(8, BigInt(record.sequence), true)
  view.setBigUint64(16, BigInt(Math.round(record.hostNs)), true)
  into.set(record.payload, at + recordHeaderBytes)
  const end = recordHeaderBytes + record.payload.length
  const crc = crc32(into.subarray(at, at + end), crc32(salt, previousCrc))
  view.setUint32(end, crc, true)
  return crc
}

export type RecordFault = 'record-unfinished' | 'record-length' | 'record-type' | 'record-sequence' | 'record-crc'

/**
 * The record at `at`, or why there is none. `record-unfinished` with more bytes to come means: call again with more.
 * The payload is a view into `bytes`.
 */
export function parseRecord(
  bytes: Uint8Array,
  at: number,
  salt: Uint8Array,
  previousCrc: number,
  sequence: number,
): { record: JournalRecord; crc: number; length: number } | RecordFault {
  const available = bytes.length - at
  if (available < recordHeaderBytes) return 'record-unfinished'
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, available)
  const length = view.getUint32(4, true)
  if (length > maximumPayloadBytes) return 'record-length'
  if (view.getBigUint64(8, true) !== BigInt(sequence)) return 'record-sequence'
  const type = recordTypes[view.getUint8(0) - 1]
  if (type === undefined) return 'record-type'
  const end = recordHeaderBytes + length
  if (available < end + 4) return 'record-unfinished'
  const crc = view.getUint32(end, true)
  if (crc32(bytes.subarray(at, at + end), crc32(salt, previousCrc)) !== crc) return 'record-crc'
  const payload = bytes.subarray(at + recordHeaderBytes, at + end)
  const record = { type, flags: view.getUint8(1), sequence, hostNs: Number(view.getBigUint64(16, true)), payload }
  return { record, crc, length: end + 4 }
}
