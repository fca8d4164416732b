import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * A second, deliberately small reader of WFDB headers, formats 16 and 212 and MIT annotations, so that the detectors'
 * oracle does not depend on the product's own readers. https://physionet.org/physiotools/wag/signal-5.htm, annot-5.htm
 */

/** The folder of package.json, from wherever this code was bundled to. */
export function repositoryRoot(): string {
  let at = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(at, 'package.json'))) at = dirname(at)
  return at
}

const dataRoot = process.env.PULSEPRINT_DATA ?? resolve(repositoryRoot(), '../shared/data')

/** Folder of one public data set, or null with one SKIPPED line when it is not on this machine. */
export function publicData(name: string): string | null {
  const path = join(dataRoot, name)
  if (existsSync(path)) return path
  console.log(`SKIPPED: public recordings not found at ${path} (set PULSEPRINT_DATA)`)
  return null
}

export interface PublicRecord {
  readonly rateHz: number
  readonly rows: number
  readonly names: readonly string[]
  /** Physical units of one signal; NaN where invalid. */
  physical(signal: number): Float32Array
  counts(signal: number): Int32Array
}

export function readPublicRecord(folder: string, name: string): PublicRecord {
  const lines = readFileSync(join(folder, `${name}.hea`), 'latin1').split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'))
  const [, signalCount, rate, length] = lines[0].split(/\s+/)
  const signals = Number(signalCount)
  const specs = lines.slice(1, 1 + signals).map((line) => {
    const [file, format, gainText, , zero, , , , ...label] = line.split(/\s+/)
    const [, gain, , baseline] = /^([-\d.eE]+)(\(([-\d]+)\))?/.exec(gainText) ?? ['', '200']
    return { file, format, gain: Number(gain), baseline: Number(baseline ? baseline.slice(1, -1) : zero), label: label.join(' ').trim() }
  })
  const bytes = readFileSync(join(folder, specs[0].file))
  const rows = Number(length)
  const sampleAt = specs[0].format === '212'
    ? (i: number) => {
        const at = Math.floor(i / 2) * 3
        const value = i % 2 === 0 ? bytes[at] | ((bytes[at + 1] & 0x0f) << 8) : bytes[at + 2] | ((bytes[at + 1] & 0xf0) << 4)
        return value > 2047 ? value - 4096 : value
      }
    : (i: number) => bytes.readInt16LE(i * 2)
  const counts = (signal: number) => Int32Array.from({ length: rows }, (_, row) => sampleAt(row * signals + signal))
  return {
    rateHz: Number(rate),
    rows,
    names: specs.map((spec) => spec.label),
    counts,
    physical: (signal) => {
      const { gain, baseline, format } = specs[signal]
      const invalid = format === '212' ? -2048 : -32768
      return Float32Array.from(counts(signal), (count) => (count === invalid ? Number.NaN : (count - baseline) / gain))
    },
  }
}

/** Codes of annot-5.htm that mark a beat (N L R B A a J S V r F e j n E / f Q ?). */
const beatCodes = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 30, 34, 35, 38, 41])

/** Rows of the reference beats in a MIT annotation file, and spans of ventricular flutter left out of beat scoring (none in the six records used). */
export function readReferenceBeats(folder: string, name: string): number[] {
  const bytes = readFileSync(join(folder, `${name}.atr`))
  const beats: number[] = []
  let row = 0
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const word = bytes.readUInt16LE(at)
    const code = word >> 10
    const value = word & 0x3ff
    if (word === 0) break
    if (code === 59) {
      row += bytes.readInt16LE(at + 2) * 65536 + bytes.readUInt16LE(at + 4)
      at += 4
    } else if (code === 63) at += value + (value & 1)
    else if (code < 50) {
      row += value
      if (beatCodes.has(code)) beats.push(row)
    }
  }
  return beats
}

/** Beat-by-beat comparison as ANSI/AAMI EC57: each reference beat pairs with at most one detection within the window. */
export function compareBeats(reference: readonly number[], found: readonly number[], windowRows: number): { hits: number; missed: number[]; extra: number[] } {
  const missed: number[] = []
  const extra: number[] = []
  let hits = 0
  let r = 0
  let f = 0
  while (r < reference.length && f < found.length) {
    const distance = found[f] - reference[r]
    if (Math.abs(distance) <= windowRows) {
      // A later detection may fit this beat better; it may not when the next beat wants it.
      hits++
      r++
      f++
    } else if (distance < 0) extra.push(found[f++])
    else missed.push(reference[r++])
  }
  missed.push(...reference.slice(r))
  extra.push(...found.slice(f))
  return { hits, missed, extra }
}
