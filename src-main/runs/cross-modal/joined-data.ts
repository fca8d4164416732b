import type { WindowSet } from '../../learning/data/window-set.ts'
import type { TrainingData } from '../training-data.ts'

/** A row of so many values for every window of a set. */
export interface Rows {
  readonly each: number
  readonly values: Float32Array
}

/** Samples as they were cut. */
export const samplesAsRows = ({ samples, length, channels }: Pick<WindowSet, 'samples' | 'length' | 'channels'>): Rows => ({ each: length * channels, values: samples })

/**
 * Windows of one moment laid end to end, `first` (by `pairs`) before `second` (the set's own): a set like any other, of those windows that have a partner. `rowOf`: where each window of the set has
 * gone, -1: nowhere.
 */
export function joinedData(data: TrainingData, pairs: Int32Array, first: Rows, second: Rows): { readonly data: TrainingData; readonly rowOf: Int32Array } {
  const { set } = data
  const kept = Int32Array.from(pairs.keys()).filter((row) => pairs[row] >= 0)
  const rowOf = new Int32Array(pairs.length).fill(-1)
  const length = first.each + second.each
  const samples = new Float32Array(kept.length * length)
  for (const [place, row] of kept.entries()) {
    rowOf[row] = place
    samples.set(first.values.subarray(pairs[row] * first.each, (pairs[row] + 1) * first.each), place * length)
    samples.set(second.values.subarray(row * second.each, (row + 1) * second.each), place * length + first.each)
  }
  const joined: WindowSet = {
    ...set, length, channels: 1, samples, subject: set.subject.filter((_, row) => pairs[row] >= 0), recording: set.recording.filter((_, row) => pairs[row] >= 0), role: set.role.filter((_, row) => pairs[row] >= 0),
    row: set.row.filter((_, row) => pairs[row] >= 0),
  }
  const mapped = (rows: Int32Array): Int32Array => rows.map((row) => rowOf[row]).filter((row) => row >= 0)
  return {
    rowOf,
    data: { ...data, set: joined, training: mapped(data.training), validation: mapped(data.validation), enrolment: mapped(data.enrolment), test: mapped(data.test) },
  }
}
