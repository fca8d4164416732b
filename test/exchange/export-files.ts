import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { unzipSync } from 'fflate'

/** Every file below a folder, by its path. */
export function readTree(folder: string, path = ''): Map<string, Buffer> {
  const found = new Map<string, Buffer>()
  for (const entry of readdirSync(join(folder, path), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = path === '' ? entry.name : `${path}/${entry.name}`
    if (entry.isDirectory()) for (const [inner, bytes] of readTree(folder, name)) found.set(inner, bytes)
    else found.set(name, readFileSync(join(folder, name)))
  }
  return found
}

/** Annotations after annot(5), without text: code and sample. */
export function readMit(bytes: Buffer): { sample: number; code: number }[] {
  const found: { sample: number; code: number }[] = []
  let sample = 0
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const word = bytes.readUInt16LE(at)
    const [code, value] = [word >> 10, word & 0x3ff]
    if (word === 0) break
    if (code === 59) {
      sample += bytes.readInt16LE(at + 2) * 65536 + bytes.readUInt16LE(at + 4)
      at += 4
    } else if (code === 63) at += value + (value & 1)
    else if (code < 50) found.push({ sample: (sample += value), code })
  }
  return found
}

/** A table as RFC 4180 has it, without quotation marks in cells. */
export function readCsv(bytes: Buffer): Record<string, string>[] {
  const [head, ...rows] = bytes.toString('utf8').split('\r\n').filter((line) => line !== '').map((line) => line.split(','))
  return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]])))
}

export interface Npy {
  readonly shape: readonly number[]
  readonly values: readonly (number | string)[]
}

/** Arrays of an NPZ file: float32, float64, int32 and text, as numpy writes them. */
export function readNpzArrays(bytes: Buffer): Record<string, Npy> {
  return Object.fromEntries(Object.entries(unzipSync(bytes)).map(([name, content]) => [name.replace(/\.npy$/, ''), readNpy(Buffer.from(content))]))
}

function readNpy(file: Buffer): Npy {
  const end = 10 + file.readUInt16LE(8)
  const head = file.toString('latin1', 10, end)
  const type = /'descr': '([^']+)'/.exec(head)?.[1] ?? ''
  const shape = (/'shape': \(([^)]*)\)/.exec(head)?.[1] ?? '').split(',').filter((part) => part.trim() !== '').map(Number)
  const count = shape.reduce((product, size) => product * size, 1)
  const width = type.startsWith('<U') ? 4 * Number(type.slice(2)) : type === '<f8' ? 8 : 4
  const value = (at: number): number | string => {
    if (type === '<f4') return file.readFloatLE(at)
    if (type === '<f8') return file.readDoubleLE(at)
    if (type === '<i4') return file.readInt32LE(at)
    const points = Array.from({ length: width / 4 }, (_, i) => file.readUInt32LE(at + 4 * i)).filter((point) => point > 0)
    return String.fromCodePoint(...points)
  }
  return { shape, values: Array.from({ length: count }, (_, i) => value(end + i * width)) }
}

/** Windows of an NPZ file, one array each. */
export function windowsOf(arrays: Record<string, Npy>): number[][] {
  const [count, length] = arrays.windows.shape
  return Array.from({ length: count }, (_, i) => arrays.windows.values.slice(i * length, (i + 1) * length) as number[])
}
