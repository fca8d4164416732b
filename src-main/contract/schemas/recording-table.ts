import { z } from 'zod'
import { RecordingListItem } from './recording.ts'

/*
 * A list of recordings as it travels: by columns, and values that many recordings share (boards' lanes, subjects, protocols, zones) once. Ten thousand items by themselves are 9 MB of names of
 * fields and of the same few boards; as a table they are a fifth of it, and whoever receives them checks each shared value once instead of ten thousand times.
 */

type Field = keyof RecordingListItem
const fields = Object.keys(RecordingListItem.shape) as Field[]

/** Shared values and, for every item, which of them it has (u32 little endian); or a value for every item. */
type Column = { readonly values: readonly unknown[]; readonly which: Uint8Array } | { readonly each: readonly unknown[] }
export interface RecordingColumns {
  readonly count: number
  readonly columns: Readonly<Record<string, Column>>
}

/** A column with more different values than this part of its items is not worth sharing. */
const worthSharing = 0.25
/** Items that are looked at before that is judged. */
const firstLook = 64

/**
 * @example packRecordings([]) // { count: 0, columns: { id: { values: [], which: [] }, ... } }
 */
export function packRecordings(items: readonly RecordingListItem[]): RecordingColumns {
  return { count: items.length, columns: Object.fromEntries(fields.map((field) => [field, columnOf(items, field)])) }
}

function columnOf(items: readonly RecordingListItem[], field: Field): Column {
  const values: unknown[] = []
  const known = new Map<unknown, number>()
  const which = new Uint8Array(items.length * 4)
  const view = new DataView(which.buffer)
  for (let row = 0; row < items.length; row++) {
    const value = items[row][field]
    let at = known.get(value)
    if (at === undefined) {
      // Equal lanes of two recordings need not be one object.
      const key = typeof value === 'object' && value !== null ? JSON.stringify(value) : value
      at = known.get(key)
      if (at === undefined) {
        at = values.push(value) - 1
        known.set(key, at).set(value, at)
      }
      if (row >= firstLook && values.length > worthSharing * (row + 1)) return { each: items.map((item) => item[field]) }
    }
    view.setUint32(row * 4, at, true)
  }
  return { values, which }
}

const Column = z.union([z.object({ values: z.array(z.unknown()), which: z.instanceof(Uint8Array) }), z.object({ each: z.array(z.unknown()) })])

/** Checks a table as `z.array(RecordingListItem)` checks the items themselves, and gives the items. Those with a shared value share it. */
export const RecordingTable = z.object({ count: z.number().int().nonnegative(), columns: z.record(z.string(), Column) }).transform((table, context): RecordingListItem[] => {
  const items: Record<string, unknown>[] = Array.from({ length: table.count }, () => ({}))
  for (const field of fields) {
    const wrong = fill(items, field, table.columns[field])
    if (wrong === null) continue
    context.addIssue({ code: 'custom', message: `${field}: ${wrong}`, path: ['columns', field] })
    return z.NEVER
  }
  return items as unknown as RecordingListItem[]
})

/** Puts a column's values into the items; says what is wrong with it, `null` when nothing is. */
function fill(items: Record<string, unknown>[], field: Field, column: Column | undefined): string | null {
  if (!column) return 'missing'
  const checked = z.array(RecordingListItem.shape[field] as z.ZodType).safeParse('each' in column ? column.each : column.values)
  if (!checked.success) return checked.error.issues[0].message
  const values = checked.data
  if ('each' in column) {
    if (values.length !== items.length) return 'of another length'
    for (let row = 0; row < items.length; row++) items[row][field] = values[row]
    return null
  }
  const { which } = column
  if (which.length !== items.length * 4) return 'of another length'
  const view = new DataView(which.buffer, which.byteOffset, which.byteLength)
  for (let row = 0; row < items.length; row++) {
    const at = view.getUint32(row * 4, true)
    if (at >= values.length) return 'a value that is not there'
    items[row][field] = values[at]
  }
  return null
}
