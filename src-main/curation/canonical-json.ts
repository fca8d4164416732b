import { LabError } from '../contract/index.ts'
import { compareText } from './order.ts'

/**
 * JSON with one spelling per value, for hashing: keys sorted by UTF-16 code units, no spaces, numbers and strings as ECMAScript prints them.
 * Fields that are `undefined` are left out. Source: RFC 8785 (JSON Canonicalization Scheme), whose rules these are.
 * @throws LabError `internal-error` for what JSON cannot hold (NaN, infinities, functions).
 * @example canonicalJson({ b: 1, a: [true, 'x'] }) // '{"a":[true,"x"],"b":1}'
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object') {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined)
    fields.sort(([a], [b]) => compareText(a, b))
    return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`
  }
  throw new LabError('internal-error', `${String(value)} cannot be written as JSON.`)
}
