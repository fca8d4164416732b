import { LabError } from '../contract/index.ts'

/*
 * MIT format, annot(5) of the WFDB Applications Guide. 16-bit little-endian words: code in the upper 6 bits, value in the lower 10.
 *
 *   code 1..49   annotation; value = ticks since the one before
 *   0            with a value: time goes on, nothing is annotated
 *   59 SKIP      a signed 32-bit interval follows, upper word first; added to the next annotation's own interval; several in a row add up
 *   60 NUM, 62 CHN   value (signed / unsigned 8 bit, written with 10) for this annotation and all that follow
 *   61 SUB       value (signed 8 bit, written with 10) for this annotation only
 *   63 AUX       value = number of bytes of text that follow, padded to an even number
 *   0 with value 0   end
 */
const SKIP = 59
const NUM = 60
const SUB = 61
const CHN = 62
const AUX = 63
/** Largest interval of 10 bits. */
const longestInterval = 1023
const longestAux = 1023
const highestCode = 49
/** What 512 SKIPs reach. */
const farthest = 2 ** 40
const longestSkip = 2 ** 31 - 1

export interface WfdbAnnotation {
  /** Ticks of the annotator's clock, by default frames of the record. */
  readonly sample: number
  /** 1..49, see `annotationCode`; 0 annotates nothing: writers end their notes about the file with one. */
  readonly code: number
  readonly subtype: number
  readonly channel: number
  readonly number: number
  /** Text, for example a rhythm `(AFIB` or what made the annotation. */
  readonly text: string
  /** The text as it is stored, where writing `text` would give other bytes (a zero at the end, as MIT-BIH has it, or not UTF-8). Written instead of `text`. */
  readonly textBytes?: Uint8Array
}

/** Mnemonics of ecgcodes.h: codes 1 to 41 with a printable symbol. */
const symbols: Record<string, number> = {
  N: 1, L: 2, R: 3, a: 4, V: 5, F: 6, J: 7, A: 8, S: 9, E: 10, j: 11, '/': 12, Q: 13, '~': 14, '|': 16, s: 18, T: 19, '*': 20, D: 21,
  '"': 22, '=': 23, p: 24, B: 25, '^': 26, t: 27, '+': 28, u: 29, '?': 30, '!': 31, '[': 32, ']': 33, e: 34, n: 35, '@': 36, x: 37, f: 38,
  '(': 39, ')': 40, r: 41,
}
const symbolOfCode = new Map(Object.entries(symbols).map(([symbol, code]) => [code, symbol]))

/** @example annotationCode('N') // 1 */
export function annotationCode(symbol: string): number | null {
  return symbols[symbol] ?? null
}

/** @example annotationSymbol(5) // 'V'; codes without a symbol as '[42]' */
export function annotationSymbol(code: number): string {
  return symbolOfCode.get(code) ?? `[${code}]`
}

/**
 * Annotations as an MIT annotation file, in the given order; intervals may be negative.
 * @throws LabError `wfdb-annotations-invalid` when a field does not fit the format.
 * @example writeAnnotations([{ sample: 370, code: 1, subtype: 0, channel: 0, number: 0, text: '' }]) // 72 05 00 00
 */
export function writeAnnotations(annotations: readonly WfdbAnnotation[]): Uint8Array {
  const bytes: number[] = []
  const encoder = new TextEncoder()
  const noText = new Uint8Array(0)
  const word = (code: number, value: number): void => {
    bytes.push(value & 0xff, (code << 2) | ((value >> 8) & 3))
  }
  let sample = 0
  let number = 0
  let channel = 0
  for (const [i, annotation] of annotations.entries()) {
    // Most have none, and a day of beats is written in one go.
    const text = annotation.textBytes ?? (annotation.text === '' ? noText : encoder.encode(annotation.text))
    const interval = annotation.sample - sample
    requireRange(i, 'code', annotation.code, 0, highestCode)
    requireRange(i, 'subtype', annotation.subtype, -128, 127)
    requireRange(i, 'channel', annotation.channel, 0, 255)
    requireRange(i, 'number', annotation.number, -128, 127)
    requireRange(i, 'interval', interval, -farthest, farthest)
    requireRange(i, 'text length', text.length, 0, longestAux)
    // A word 0 0 is the end: code 0 always has an interval.
    const least = annotation.code === 0 ? 1 : 0
    if (interval < least || interval > longestInterval) {
      for (let left = interval - least; left !== 0; ) {
        const step = Math.max(-longestSkip - 1, Math.min(longestSkip, left))
        word(SKIP, 0)
        bytes.push((step >> 16) & 0xff, (step >> 24) & 0xff, step & 0xff, (step >> 8) & 0xff)
        left -= step
      }
      word(annotation.code, least)
    } else word(annotation.code, interval)
    if (annotation.subtype !== 0) word(SUB, annotation.subtype & 0x3ff)
    if (annotation.channel !== channel) word(CHN, annotation.channel)
    if (annotation.number !== number) word(NUM, annotation.number & 0x3ff)
    if (text.length > 0) {
      word(AUX, text.length)
      bytes.push(...text, ...(text.length % 2 === 1 ? [0] : []))
    }
    ;({ sample, number, channel } = annotation)
  }
  bytes.push(0, 0)
  return Uint8Array.from(bytes)
}

function requireRange(index: number, field: string, value: number, lowest: number, highest: number): void {
  if (Number.isInteger(value) && value >= lowest && value <= highest) return
  throw new LabError('wfdb-annotations-invalid', `Annotation ${index} cannot be written: its ${field} ${value} is not in ${lowest}..${highest}.`, { index, field, value })
}

/**
 * Reads an MIT annotation file. A missing end mark is tolerated at a word's border.
 * @throws LabError `wfdb-annotations-invalid` with `data.offset` when the file is cut off in the middle of an annotation, or is of the AHA's format.
 */
export function readAnnotations(bytes: Uint8Array): WfdbAnnotation[] {
  const annotations: WfdbAnnotation[] = []
  let sample = 0
  let number = 0
  let channel = 0
  let current: { -readonly [field in keyof WfdbAnnotation]: WfdbAnnotation[field] } | null = null
  if (isAha(bytes)) throw new LabError('wfdb-annotations-invalid', 'The annotation file is of the AHA format, which is not read; convert it with rdann and wrann.', { offset: 0, reason: 'AHA format' })
  for (let at = 0; at + 1 < bytes.length; ) {
    const code = bytes[at + 1] >> 2
    const value = bytes[at] | ((bytes[at + 1] & 3) << 8)
    at += 2
    if (code === 0 && value === 0) break
    if (code === SKIP) {
      need(bytes, at, 4)
      sample += ((bytes[at + 1] << 24) | (bytes[at] << 16) | (bytes[at + 3] << 8) | bytes[at + 2]) | 0
      at += 4
    } else if (code === NUM) {
      number = (value << 24) >> 24
      if (current) current.number = number
    } else if (code === CHN) {
      channel = value & 0xff
      if (current) current.channel = channel
    } else if (code === SUB) {
      if (current) current.subtype = (value << 24) >> 24
    } else if (code === AUX) {
      need(bytes, at, value)
      if (current) {
        const stored = bytes.slice(at, at + value)
        current.text = textOf(stored)
        if (!sameBytes(new TextEncoder().encode(current.text), stored)) current.textBytes = stored
      }
      at += value + (value % 2)
    } else {
      // Codes 50 to 58 are reserved; they advance time like any annotation and are kept as they are.
      sample += value
      current = { sample, code, subtype: 0, channel, number, text: '' }
      annotations.push(current)
    }
  }
  return annotations
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])

/** Codes of the AHA database, annot(5). */
const ahaCodes = new Set([...'NVFEPQOR[]U'].map((letter) => letter.charCodeAt(0)))

/**
 * The AHA's format: 16 bytes per annotation, a zero and a letter first. A MIT file has a beat's code there, and such letters at such distances would be
 * beats of code 15 and more after nearly half a second, again and again: more than one in a row decides.
 */
function isAha(bytes: Uint8Array): boolean {
  if (bytes.length < 32 || bytes.length % 16 !== 0) return false
  for (let at = 0; at < bytes.length; at += 16) if (bytes[at] !== 0 || !ahaCodes.has(bytes[at + 1])) return false
  return true
}

function need(bytes: Uint8Array, at: number, length: number): void {
  if (at + length <= bytes.length) return
  throw new LabError('wfdb-annotations-invalid', `The annotation file is cut off at byte ${bytes.length}, in the middle of an annotation.`, { offset: at, bytes: bytes.length })
}

/** UTF-8 where it is, else one character per byte (old files); writers often end the text with a zero byte. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length
  const text = bytes.subarray(0, end)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text)
  } catch {
    return Array.from(text, (byte) => String.fromCharCode(byte)).join('')
  }
}
