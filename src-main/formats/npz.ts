import { unzipSync, zipSync, type Zippable } from 'fflate'
import { LabError } from '../contract/index.ts'
import { decodeNpy, encodeNpy, type NpyArray, type NpyData } from './npy.ts'

/** The earliest date that a ZIP entry can hold. Local fields, as ZIP has them, so that the bytes are the same in every time zone. */
const entryDate = new Date(1980, 0, 1)

/**
 * Arrays as an NPZ file (numpy.savez): a ZIP of stored NPY files in the given order. A bare array becomes one dimension; the same arrays
 * always give the same bytes.
 * @throws LabError `npz-invalid` when a shape does not fit its data.
 * @example writeNpz({ counts: { data: counts, shape: [rows, lanes] }, lanes: ['ECG', 'PPG'] })
 */
export function writeNpz(arrays: Readonly<Record<string, NpyArray | NpyData>>): Uint8Array {
  const entries: Zippable = {}
  for (const [name, array] of Object.entries(arrays)) {
    entries[`${name}.npy`] = [encodeNpy('shape' in array ? array : { data: array, shape: [array.length] }), { level: 0, mtime: entryDate, os: 0 }]
  }
  return zipSync(entries)
}

/** Arrays of an NPZ file, stored or deflated, by name. @throws LabError `npz-invalid`. */
export function readNpz(bytes: Uint8Array): Record<string, NpyArray> {
  let entries: Record<string, Uint8Array>
  try {
    entries = unzipSync(bytes)
  } catch (thrown) {
    throw new LabError('npz-invalid', 'The NPZ file is not a whole ZIP file.', { bytes: bytes.length }, { cause: thrown })
  }
  return Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name.replace(/\.npy$/, ''), decodeNpy(entry)]))
}
