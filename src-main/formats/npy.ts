import { LabError } from '../contract/index.ts'

export type NpyData =
  | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | BigInt64Array | BigUint64Array | Float32Array | Float64Array
  | readonly boolean[] | readonly string[]

/** An n-dimensional array in C order. @example { data: Int32Array.of(1, 2, 3, 4), shape: [2, 2] } */
export interface NpyArray {
  readonly data: NpyData
  readonly shape: readonly number[]
}

/*
 * NPY (numpy.lib.format): '\x93NUMPY', major u8, minor u8, header length (u16 for 1.0, u32 for 2.0), then a Python dict literal
 * {'descr': '<i4', 'fortran_order': False, 'shape': (2, 2), } padded with blanks and ended by '\n' so that the data begin at a multiple of 64.
 */
const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
const alignment = 64
/** numpy's '<U' stores UTF-32, four bytes per character. */
const characterBytes = 4

const numeric = {
  '|i1': Int8Array, '|u1': Uint8Array, '<i2': Int16Array, '<u2': Uint16Array, '<i4': Int32Array, '<u4': Uint32Array,
  '<i8': BigInt64Array, '<u8': BigUint64Array, '<f4': Float32Array, '<f8': Float64Array,
} as const
/** Types of numbers by numpy's name, little endian; `|b1` is written from booleans and `<U` from texts. */
export type NumericType = keyof typeof numeric

/**
 * One array as an NPY file, version 1.0, little endian. The same array always gives the same bytes.
 * @throws LabError `npz-invalid` when shape and data do not agree.
 */
export function encodeNpy({ data, shape }: NpyArray): Uint8Array {
  const count = shape.reduce((product, size) => product * size, 1)
  if (count !== data.length) {
    throw new LabError('npz-invalid', `${data.length} values do not fill an array of shape (${shape.join(', ')}).`, { values: data.length, shape: [...shape] })
  }
  const { descr, content } = body(data)
  const header = npyHeader(descr, shape)
  const bytes = new Uint8Array(header.length + content.length)
  bytes.set(header)
  bytes.set(content, header.length)
  return bytes
}

/** What stands before an array's values. @example npyHeader('<f4', [2, 3]).length // 128 */
export function npyHeader(descr: string, shape: readonly number[]): Uint8Array {
  const shapeText = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shapeText}), }`
  const prefix = magic.length + 4
  const padding = (alignment - ((prefix + dict.length + 1) % alignment)) % alignment
  const header = `${dict}${' '.repeat(padding)}\n`
  const bytes = new Uint8Array(prefix + header.length)
  bytes.set(magic)
  bytes[6] = 1
  bytes[8] = header.length
  bytes[9] = header.length >> 8
  for (let i = 0; i < header.length; i++) bytes[prefix + i] = header.charCodeAt(i)
  return bytes
}

/** Bytes of one value. @example npyValueBytes('<f4') // 4 */
export function npyValueBytes(type: NumericType): number {
  return numeric[type].BYTES_PER_ELEMENT
}

/** Whether the array's values are of the type. */
export function isNpyType(values: ArrayBufferView, type: NumericType): boolean {
  return values instanceof numeric[type]
}

function body(data: NpyData): { descr: string; content: Uint8Array } {
  if (ArrayBuffer.isView(data)) {
    const descr = (Object.keys(numeric) as NumericType[]).find((type) => data instanceof numeric[type])
    if (!descr) throw new LabError('npz-invalid', 'This kind of array cannot be written.', {})
    return { descr, content: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }
  }
  if (data.length > 0 && typeof data[0] === 'boolean') return { descr: '|b1', content: Uint8Array.from(data as readonly boolean[], (value) => (value ? 1 : 0)) }
  const texts = data.map((value) => Array.from(String(value), (character) => character.codePointAt(0) ?? 0))
  const width = Math.max(1, ...texts.map((text) => text.length))
  const content = new Uint8Array(texts.length * width * characterBytes)
  const view = new DataView(content.buffer)
  texts.forEach((text, i) => text.forEach((point, j) => view.setUint32((i * width + j) * characterBytes, point, true)))
  return { descr: `<U${width}`, content }
}

/**
 * Reads NPY versions 1.0 to 3.0: little-endian integers and floats, booleans, '<U' text; C order.
 * @throws LabError `npz-invalid` with `data.reason`.
 */
export function decodeNpy(bytes: Uint8Array): NpyArray {
  if (bytes.length < 10 || magic.some((value, i) => bytes[i] !== value)) throw invalid('it does not begin as an NPY file')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const long = bytes[6] >= 2
  if (bytes[6] < 1 || bytes[6] > 3 || (long && bytes.length < 12)) throw invalid(`version ${bytes[6]}.${bytes[7]} is not known`)
  const start = long ? 12 : 10
  const end = start + (long ? view.getUint32(8, true) : view.getUint16(8, true))
  if (end > bytes.length) throw invalid('its header is cut off')
  const header = new TextDecoder().decode(bytes.subarray(start, end))
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1]
  const shapeText = /'shape'\s*:\s*\(([\d,\s]*)\)/.exec(header)?.[1]
  if (descr === undefined || shapeText === undefined) throw invalid('its header names no type or shape')
  if (/'fortran_order'\s*:\s*True/.test(header)) throw invalid('arrays in Fortran order are not read')
  const shape = shapeText.split(',').map((size) => size.trim()).filter((size) => size !== '').map(Number)
  const count = shape.reduce((product, size) => product * size, 1)
  return { data: values(descr, count, bytes.subarray(end)), shape }
}

function values(descr: string, count: number, content: Uint8Array): NpyData {
  const type = (descr === '<i1' ? '|i1' : descr === '<u1' ? '|u1' : descr) as NumericType
  const take = (bytesPerValue: number): Uint8Array => {
    if (!Number.isSafeInteger(count) || count * bytesPerValue !== content.length) throw invalid(`${count} values of ${descr} are not ${content.length} bytes`)
    return content
  }
  if (Object.hasOwn(numeric, type)) {
    const Values = numeric[type]
    return new Values(take(Values.BYTES_PER_ELEMENT).slice().buffer)
  }
  if (descr === '|b1') return Array.from(take(1), (value) => value !== 0)
  const width = Number(/^<U(\d{1,6})$/.exec(descr)?.[1] ?? Number.NaN)
  if (Number.isNaN(width)) throw invalid(`values of type ${descr} are not read`)
  const source = take(width * characterBytes)
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength)
  return Array.from({ length: count }, (_, i) => {
    const points = Array.from({ length: width }, (_unused, j) => view.getUint32((i * width + j) * characterBytes, true))
    if (points.some((point) => point > 0x10ffff)) throw invalid('a text holds what is no character')
    return String.fromCodePoint(...points).replace(/\0+$/, '')
  })
}

function invalid(reason: string): LabError {
  return new LabError('npz-invalid', `The NPY array cannot be read: ${reason}.`, { reason })
}
