import type { ConstantValues, Value } from './graph.ts'

/** Constants of more elements than this are looked up by a hash, not by their text. */
const textLimit = 64

/** Finds the constant that already holds the same numbers in the same type and shape, bit by bit (-0 is not 0, NaN is NaN). */
export class ConstantPool {
  private readonly buckets = new Map<string, { readonly value: Value; readonly values: ConstantValues }[]>()

  /** The first constant that was equal to this one: perhaps this one. */
  intern(value: Value, values: ConstantValues): Value {
    const key = `${value.dtype}[${value.shape.join()}]${values.length > textLimit ? hash(values) : describe(values)}`
    const bucket = this.buckets.get(key) ?? []
    const found = bucket.find((entry) => sameValues(entry.values, values))
    if (found) return found.value
    bucket.push({ value, values })
    this.buckets.set(key, bucket)
    return value
  }
}

const describe = (values: ConstantValues): string => Array.from(values, (value) => (Object.is(value, -0) ? '-0' : String(value))).join()

/** FNV-1a (Fowler, Noll, Vo), 32 bits, over the bytes, or over the numbers where they are not kept as bytes. */
function hash(values: ConstantValues): number {
  const bytes = ArrayBuffer.isView(values) ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength) : values
  let state = 0x811c9dc5
  for (let index = 0; index < bytes.length; index++) state = Math.imul(state ^ bytes[index], 0x01000193)
  return state >>> 0
}

export function sameValues(one: ConstantValues, other: ConstantValues): boolean {
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index++) if (!Object.is(one[index], other[index])) return false
  return true
}
