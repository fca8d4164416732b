import { writeAtomically, type Files } from '../dataset/files.ts'
import { truthArrays, type Truth } from '../devices/simulation/truth.ts'
import { writeNpz } from '../formats/npz.ts'

/** The truth of a simulation as an NPZ file (arrays: see `truthArrays`). */
export function encodeTruth(truth: Truth): Uint8Array {
  return writeNpz(Object.fromEntries(truthArrays(truth).map(({ name, data, shape }) => [name, { data, shape }])))
}

/** @throws LabError of `writeAtomically`. */
export function writeTruth(files: Files, path: string, truth: Truth): Promise<void> {
  return writeAtomically(files, path, encodeTruth(truth))
}
