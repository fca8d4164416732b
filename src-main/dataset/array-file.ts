import { createHash } from 'node:crypto'
import { LabError, type ErrorCode } from '../contract/index.ts'
import type { Files } from './files.ts'

/**
 * A file of named float arrays: models and checkpoints.
 *
 *     PULSEPRINT-ARRAYS 1\n
 *     {"meta": {...}, "arrays": [{"name": "weights", "length": 7}, ...]}\n      padded with spaces to a multiple of 4 bytes
 *     the arrays one after the other, float32, little-endian
 *     SHA-256 of all before: 32 bytes
 */
export interface ArrayFile {
  readonly meta: Readonly<Record<string, unknown>>
  readonly arrays: Readonly<Record<string, Float32Array>>
}

const magic = 'PULSEPRINT-ARRAYS 1\n'
const newerMagic = /^PULSEPRINT-ARRAYS ([0-9]+)\n/
const digestBytes = 32

/** The bytes of an array file. The same content gives the same bytes. */
export function encodeArrays({ meta, arrays }: ArrayFile): Uint8Array {
  const names = Object.keys(arrays)
  const head = magic + JSON.stringify({ meta, arrays: names.map((name) => ({ name, length: arrays[name].length })) })
  const headBytes = new TextEncoder().encode(head)
  const padded = Math.ceil((headBytes.length + 1) / 4) * 4
  const values = names.reduce((sum, name) => sum + arrays[name].byteLength, 0)
  const bytes = new Uint8Array(padded + values + digestBytes).fill(0x20, headBytes.length, padded)
  bytes.set(headBytes)
  bytes[padded - 1] = 0x0a
  let at = padded
  for (const name of names) {
    const { buffer, byteOffset, byteLength } = arrays[name]
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at)
    at += byteLength
  }
  bytes.set(createHash('sha256').update(bytes.subarray(0, at)).digest(), at)
  return bytes
}

/** @throws LabError `damaged` (with `path`, `reason`) for what is cut off or changed, `run-format-newer`. */
export function decodeArrays(bytes: Uint8Array, path: string, damaged: ErrorCode): ArrayFile {
  const refuse = (reason: string): LabError => new LabError(damaged, `${path}: ${reason}.`, { path, reason })
  const end = bytes.length - digestBytes
  const digest = createHash('sha256').update(bytes.subarray(0, Math.max(0, end))).digest()
  if (end < magic.length || !digest.equals(bytes.subarray(end))) throw refuse('its checksum does not fit: it is cut off or was changed')
  // Every version ends in the checksum: else one changed digit would pass for a newer one.
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 40))
  if (!start.startsWith(magic)) {
    const version = newerMagic.exec(start)?.[1]
    if (version !== undefined) throw new LabError('run-format-newer', `${path} has the format version ${version}; this program reads 1.`, { path, version: Number(version) })
    throw refuse('it does not begin as such a file does')
  }
  try {
    return arraysOf(bytes.subarray(0, end))
  } catch (thrown) {
    // The checksum is anybody's: a whole file need not be one of ours.
    throw refuse(`its arrays are not what its head says (${thrown instanceof Error ? thrown.message : String(thrown)})`)
  }
}

/** @param bytes without the checksum. Throws whatever reading another file's head throws. */
function arraysOf(bytes: Uint8Array): ArrayFile {
  const headEnd = bytes.indexOf(0x0a, magic.length) + 1
  const head: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(magic.length, headEnd)))
  const { meta, arrays } = head as { meta: Record<string, unknown> | null | undefined; arrays: { name: string; length: number }[] }
  if (typeof meta !== 'object' || meta === null) throw new TypeError('it has no meta')
  // A copy of its own: the views below need 4-byte alignment. Not `slice`: of Node's Buffer that is a view of the whole file.
  const values = new Uint8Array(bytes.subarray(headEnd))
  let at = 0
  const views = arrays.map(({ name, length }) => {
    const view = new Float32Array(values.buffer, at, length)
    at += view.byteLength
    return [name, view] as const
  })
  return { meta, arrays: Object.fromEntries(views) }
}

/** @throws LabError as `decodeArrays`, and those of reading. */
export async function readArrays(files: Files, path: string, damaged: ErrorCode): Promise<ArrayFile> {
  return decodeArrays(await files.readFile(path), path, damaged)
}
