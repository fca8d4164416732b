import { LabError } from './errors.ts'

/**
 * One message of the live view: rows since the previous frame for every lane, in physical units after the display filters.
 * `stride` 1: one value per row. `stride` n > 1 (the client fell behind): a min/max pair per n rows.
 * `values` is lane-major: lane l, column c is at `l * columns + c` (stride 1) or `2 * (l * columns + c)` and `+ 1` (min, max).
 * NaN = missing. `firstRow` counts rows since the device connected and never goes back within an `epoch`.
 */
export interface ViewFrame {
  readonly sequence: number
  readonly epoch: number
  readonly firstRow: number
  readonly rows: number
  readonly stride: number
  readonly lanes: number
  readonly columns: number
  /** Frames merged into this one or skipped since the connection began, because the client was slow. */
  readonly droppedFrames: number
  /** Rows per second used for the time axis. */
  readonly rateHz: number
  /** Wall clock of the newest row, ms. */
  readonly newestAtMs: number
  readonly values: Float32Array
  /** R peaks or pulses found since the previous frame: [lane, row] pairs. */
  readonly beats: readonly (readonly [lane: number, row: number])[]
}

const magic = 0x50504c56 // 'PPLV'
const headerBytes = 72

/** Little-endian layout: magic u32, lanes u32, sequence f64, epoch f64, firstRow f64, rows u32, stride u32, columns u32, dropped u32, rateHz f64, newestAtMs f64, beats u32, reserved u32; values f32[]; beats (u32 lane, f64 row)[] */
export function encodeViewFrame(frame: ViewFrame): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headerBytes + frame.values.length * 4 + frame.beats.length * 12)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic, true)
  view.setUint32(4, frame.lanes, true)
  view.setFloat64(8, frame.sequence, true)
  view.setFloat64(16, frame.epoch, true)
  view.setFloat64(24, frame.firstRow, true)
  view.setUint32(32, frame.rows, true)
  view.setUint32(36, frame.stride, true)
  view.setUint32(40, frame.columns, true)
  view.setUint32(44, frame.droppedFrames, true)
  view.setFloat64(48, frame.rateHz, true)
  view.setFloat64(56, frame.newestAtMs, true)
  view.setUint32(64, frame.beats.length, true)
  new Float32Array(bytes.buffer, headerBytes, frame.values.length).set(frame.values)
  let at = headerBytes + frame.values.length * 4
  for (const [lane, row] of frame.beats) {
    view.setUint32(at, lane, true)
    view.setFloat64(at + 4, row, true)
    at += 12
  }
  return bytes
}

/** @throws LabError `response-invalid` when the bytes are not a view frame. */
export function decodeViewFrame(source: Uint8Array): ViewFrame {
  // A message may sit anywhere in a larger buffer; typed arrays need their own alignment.
  const bytes = source.byteOffset % 4 === 0 ? source : source.slice()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.byteLength < headerBytes || view.getUint32(0, true) !== magic) {
    throw new LabError('response-invalid', 'A live view message is damaged.', { bytes: bytes.byteLength })
  }
  const lanes = view.getUint32(4, true)
  const stride = view.getUint32(36, true)
  const columns = view.getUint32(40, true)
  const beatCount = view.getUint32(64, true)
  const valueCount = lanes * columns * (stride > 1 ? 2 : 1)
  if (bytes.byteLength !== headerBytes + valueCount * 4 + beatCount * 12) {
    throw new LabError('response-invalid', 'A live view message has the wrong length.', { bytes: bytes.byteLength, lanes, columns, stride })
  }
  const values = new Float32Array(bytes.buffer, bytes.byteOffset + headerBytes, valueCount)
  const beats: [number, number][] = []
  let at = headerBytes + valueCount * 4
  for (let i = 0; i < beatCount; i++, at += 12) beats.push([view.getUint32(at, true), view.getFloat64(at + 4, true)])
  return {
    sequence: view.getFloat64(8, true),
    epoch: view.getFloat64(16, true),
    firstRow: view.getFloat64(24, true),
    rows: view.getUint32(32, true),
    stride,
    lanes,
    columns,
    droppedFrames: view.getUint32(44, true),
    rateHz: view.getFloat64(48, true),
    newestAtMs: view.getFloat64(56, true),
    values,
    beats,
  }
}
