import { LabError, noValue } from '../contract/index.ts'
import { parseAnnotationLists, type EdfAnnotationList } from './edf-annotation-list.ts'
import type { EdfHeader } from './edf-header.ts'
import { edfInvalid, type EdfFindings } from './edf-layout.ts'
import type { ByteSource } from './signal-source.ts'

/** Bytes read at once: many small records or one large one. */
const readBytes = 1024 * 1024
/** Larger records are not read whole for their annotations. */
const wholeRecordBytes = 64 * 1024

/** How many data records there are to be read. */
export interface EdfExtent {
  readonly records: number
  /** Bytes of an incomplete record after them; 0 for none. */
  readonly partialBytes: number
}

/**
 * The announced number of records against the file's size; what differs is reported.
 * @throws LabError `edf-invalid` when there is nothing to read.
 */
export function edfExtent(file: ByteSource, header: EdfHeader, findings: EdfFindings): EdfExtent {
  const dataBytes = file.bytes - header.headerBytes
  const there = Math.floor(dataBytes / header.recordBytes)
  const announced = header.records === 0 && there > 0 ? null : header.records
  const records = Math.min(announced ?? there, there)
  const rest = dataBytes - records * header.recordBytes
  const cut = announced === null || announced > there
  // One record that is not whole may be as large as a header claims; the file's own size must vouch for it.
  const partialBytes = cut && (records > 0 || header.recordBytes <= 4 * readBytes) ? rest : 0
  if (records === 0 && partialBytes < header.bytesPerSample) {
    throw edfInvalid(file.name, header.headerBytes, 'data records', `a data record has ${header.recordBytes} bytes, ${dataBytes} follow the header`)
  }
  if (announced === null) findings.deviation(236, 'data records', `${header.records ?? -1} were announced, ${records} are there`)
  else if (rest > 0 && !cut) findings.deviation(file.bytes - rest, 'data records', `${rest} bytes follow the ${announced} announced`)
  if (announced === null ? partialBytes > 0 : cut) {
    findings.add({
      code: 'import-truncated',
      message: `${file.name} ends within data record ${records} of ${announced ?? 'an unknown number'}.`,
      data: { file: file.name, offset: file.bytes, field: 'data records', announced, whole: records, partialBytes: rest },
    })
  }
  return { records, partialBytes }
}

/** The data records of a file, read in order a few at a time. Two passes at once need two of these. */
export class EdfData {
  readonly header: EdfHeader
  readonly extent: EdfExtent
  readonly #file: ByteSource
  #loaded: { readonly first: number; readonly end: number; readonly bytes: Uint8Array } = { first: 0, end: 0, bytes: new Uint8Array(0) }

  constructor(file: ByteSource, header: EdfHeader, extent: EdfExtent) {
    this.#file = file
    this.header = header
    this.extent = extent
  }

  /** Bytes of record `record`; of the incomplete one after the last whole one, what is there. */
  async record(record: number): Promise<Uint8Array> {
    if (!this.isLoaded(record)) await this.#load(record)
    return this.loadedRecord(record)
  }

  isLoaded(record: number): boolean {
    return record >= this.#loaded.first && record < this.#loaded.end
  }

  loadedRecord(record: number): Uint8Array {
    const at = (record - this.#loaded.first) * this.header.recordBytes
    return this.#loaded.bytes.subarray(at, at + this.header.recordBytes)
  }

  async #load(record: number): Promise<void> {
    const { recordBytes, headerBytes } = this.header
    const { records, partialBytes } = this.extent
    const end = Math.min(records + (partialBytes > 0 ? 1 : 0), record + Math.max(1, Math.floor(readBytes / recordBytes)))
    const length = (Math.min(end, records) - record) * recordBytes + (end > records ? partialBytes : 0)
    const bytes = await readExactly(this.#file, headerBytes + record * recordBytes, length)
    this.#loaded = { first: record, end, bytes }
  }

  /** Annotation lists of the first `to` whole records, in order: one array per annotation signal. What is damaged is reported by its place in the file. */
  async *annotationLists(findings: EdfFindings, to = this.extent.records): AsyncGenerator<{ record: number; offset: number; lists: EdfAnnotationList[][] }> {
    const { recordBytes, headerBytes, bytesPerSample, signals } = this.header
    const places = signals.filter((signal) => signal.annotations).map((signal) => ({ at: signal.recordOffset, length: signal.samplesPerRecord * bytesPerSample }))
    for (let record = 0; record < to; record++) {
      const offset = headerBytes + record * recordBytes
      const whole = recordBytes <= wholeRecordBytes ? (this.isLoaded(record) ? this.loadedRecord(record) : await this.record(record)) : null
      const lists: EdfAnnotationList[][] = []
      for (const { at, length } of places) {
        const bytes = whole ? whole.subarray(at, at + length) : await readExactly(this.#file, offset + at, length)
        lists.push(parseAnnotationLists(bytes, (inside, reason) => findings.deviation(offset + at + inside, 'annotations', reason)))
      }
      yield { record, offset: offset + (places[0]?.at ?? 0), lists }
    }
  }
}

export async function readExactly(file: ByteSource, position: number, length: number): Promise<Uint8Array> {
  const bytes = await file.read(position, length)
  if (bytes.length >= length) return bytes
  throw new LabError('file-read-failed', `${file.name} ends at byte ${position + bytes.length}; it had ${file.bytes} bytes when it was opened.`, { file: file.name, offset: position + bytes.length })
}

/** No digital value of 24 bits. */
export const nothingMissing = 0x7fffffff
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** `count` little-endian samples of 2 or 3 bytes; those equal to `missing` become `noValue`. `at` is a place in `bytes`, `outAt` in `out`. */
export function decodeEdfSamples(bytes: Uint8Array, at: number, width: 2 | 3, out: Int32Array, outAt: number, count: number, missing: number): void {
  const none = noValue
  const end = outAt + count
  if (width === 3) {
    for (let i = outAt; i < end; i++, at += 3) {
      const value = bytes[at] | (bytes[at + 1] << 8) | ((bytes[at + 2] << 24) >> 8)
      out[i] = value === missing ? none : value
    }
  } else if (littleEndian && (bytes.byteOffset + at) % 2 === 0) {
    const values = new Int16Array(bytes.buffer, bytes.byteOffset + at, count)
    for (let i = 0; i < count; i++) out[outAt + i] = values[i] === missing ? none : values[i]
  } else {
    for (let i = outAt; i < end; i++, at += 2) {
      const value = bytes[at] | ((bytes[at + 1] << 24) >> 16)
      out[i] = value === missing ? none : value
    }
  }
}
