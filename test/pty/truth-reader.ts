import { readFile } from 'node:fs/promises'
import { unzipSync } from 'fflate'

/** An array of an NPZ file (numpy's format 1.0, little endian, C order); text is not read. */
export interface NpyArray {
  readonly shape: number[]
  readonly values: number[]
}

function parseNpy(bytes: Uint8Array): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headerLength = view.getUint16(8, true)
  const header = new TextDecoder().decode(bytes.subarray(10, 10 + headerLength))
  const type = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? ''
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '').split(',').filter((part) => part.trim() !== '').map(Number)
  const count = shape.reduce((product, size) => product * size, 1)
  const start = 10 + headerLength
  const readers: Record<string, [number, (at: number) => number]> = {
    '<i4': [4, (at) => view.getInt32(at, true)],
    '<f8': [8, (at) => view.getFloat64(at, true)],
    '|u1': [1, (at) => view.getUint8(at)],
  }
  const reader = readers[type]
  if (!reader) return { shape, values: [] }
  return { shape, values: Array.from({ length: count }, (_, index) => reader[1](start + index * reader[0])) }
}

/** What a simulator says it sent (`pulseprint simulate --truth`). */
export interface SentTruth {
  readonly rows: number
  readonly lanes: number
  /** Row-major. */
  readonly counts: number[]
  readonly times: number[]
  readonly sent: number[]
}

export async function readTruth(path: string): Promise<SentTruth> {
  const files = unzipSync(new Uint8Array(await readFile(path)))
  const array = (name: string): NpyArray => {
    const bytes = files[`${name}.npy`]
    if (!bytes) throw new Error(`${path} has no ${name}`)
    return parseNpy(bytes)
  }
  const counts = array('counts')
  const [rows, lanes] = counts.shape
  return { rows, lanes, counts: counts.values, times: array('times').values, sent: array('sent').values }
}
