import type { SplitRole } from '../../contract/index.ts'
import type { WindowSet } from './window-set.ts'

/** Windows of these roles, in order. */
export function windowsOf({ role, roles }: Pick<WindowSet, 'role' | 'roles'>, wanted: readonly SplitRole[]): Int32Array {
  const chosen = new Set(wanted.map((one) => roles.indexOf(one)))
  const rows: number[] = []
  for (let row = 0; row < role.length; row++) if (chosen.has(role[row])) rows.push(row)
  return Int32Array.from(rows)
}

/** The samples of those windows, [rows, length, channels]: a copy. */
export function samplesOf({ samples, length, channels }: Pick<WindowSet, 'samples' | 'length' | 'channels'>, rows: Int32Array): Float32Array {
  const size = length * channels
  const picked = new Float32Array(rows.length * size)
  for (const [to, row] of rows.entries()) picked.set(samples.subarray(row * size, (row + 1) * size), to * size)
  return picked
}

/** The people whom a model is to tell apart. */
export interface Classes {
  /** Index into the set's subjects of every class, ascending. */
  readonly subjects: Int32Array
  /** Class of every subject of the set; -1 for those who do not train. */
  readonly classOf: Int32Array
}

/** @example windows of the subjects 5, 2 and 5: subjects [2, 5], classOf[5] 1 */
export function classesOf({ subject, subjects }: Pick<WindowSet, 'subject' | 'subjects'>, rows: Int32Array): Classes {
  const present = Int32Array.from(new Set(Array.from(rows, (row) => subject[row]))).sort()
  const classOf = new Int32Array(subjects.length).fill(-1)
  for (const [place, one] of present.entries()) classOf[one] = place
  return { subjects: present, classOf }
}
