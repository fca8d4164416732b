import { noValue } from '../contract/index.ts'

/*
 * How signal(5) of the WFDB Applications Guide packs samples. All are two's complement unless said otherwise; `unit` samples share `bytes` bytes.
 *
 *   16, 24, 32   little endian            61   big endian, 16 bit
 *   80, 160      offset binary, 8 and 16 bit (little endian)
 *   8            first difference, 8 bit; the value before the first is the header's initial value
 *   212          2 samples in 3 bytes:  aaaaaaaa bbbbAAAA bbbbbbbb' (low byte of the first; its high nibble below the second's; low byte of the second)
 *   310          3 samples of 10 bits in 2 words: bits 1-10 of each word, then bits 11-15 of the first word (low part) and of the second (high part)
 *   311          3 samples of 10 bits in one 32-bit word, first sample lowest
 */
export type PackedFormat = 8 | 16 | 24 | 32 | 61 | 80 | 160 | 212 | 310 | 311

interface Packing {
  readonly sampleBits: number
  /** Samples that share `bytes` bytes; a frame may begin within such a unit. */
  readonly unit: number
  readonly bytes: number
  /** Bytes that the first 1, 2, ... samples of a unit need. */
  readonly partial: readonly number[]
  readonly offsetBinary: boolean
}

const packing = (sampleBits: number, unit: number, bytes: number, partial: readonly number[] = [], offsetBinary = false): Packing => ({ sampleBits, unit, bytes, partial, offsetBinary })

const packings: Record<PackedFormat, Packing> = {
  8: packing(8, 1, 1),
  16: packing(16, 1, 2),
  24: packing(24, 1, 3),
  32: packing(32, 1, 4),
  61: packing(16, 1, 2),
  80: packing(8, 1, 1, [], true),
  160: packing(16, 1, 2, [], true),
  212: packing(12, 2, 3, [2]),
  310: packing(10, 3, 4, [2, 4]),
  311: packing(10, 3, 4, [2, 3]),
}

export function isPackedFormat(format: number): format is PackedFormat {
  return Object.hasOwn(packings, format)
}

/** Bits of one sample. @example packedBits(212) // 12 */
export function packedBits(format: PackedFormat): number {
  return packings[format].sampleBits
}

/** The stored value that means "no sample here": the most negative one; format 8 has none. Source: signal(5). @example invalidCode(16) // -32768 */
export function invalidCode(format: PackedFormat): number {
  // A value that no difference sums up to.
  return format === 8 ? noValue : -(2 ** (packings[format].sampleBits - 1))
}

/** A sample of ones in all bits: what erased memory and a silent bus read as. @example allOnes(80) // 127, as 80 is offset binary */
export function allOnes(format: PackedFormat): number | null {
  if (format === 8) return null
  return packings[format].offsetBinary ? 2 ** (packings[format].sampleBits - 1) - 1 : -1
}

/** Bytes that the first `samples` samples take. @example storedBytes(212, 3) // 5 */
export function storedBytes(format: PackedFormat, samples: number): number {
  const { unit, bytes, partial } = packings[format]
  const rest = samples % unit
  return ((samples - rest) / unit) * bytes + (rest === 0 ? 0 : partial[rest - 1])
}

/** Samples that fit in `bytes` bytes. @example storedSamples(212, 5) // 3 */
export function storedSamples(format: PackedFormat, bytes: number): number {
  const packed = packings[format]
  const rest = bytes % packed.bytes
  return ((bytes - rest) / packed.bytes) * packed.unit + packed.partial.filter((needed) => needed <= rest).length
}

/** First sample of the unit that holds `sample`. @example unitStart(212, 7) // 6 */
export function unitStart(format: PackedFormat, sample: number): number {
  return sample - (sample % packings[format].unit)
}

/** Where and how far apart samples lie, in samples: `count` of them from `first`, each `step` after the one before. */
export interface Stride {
  readonly first: number
  readonly step: number
  readonly count: number
}

/**
 * Decodes `from.count` samples out of `bytes`, whose sample 0 begins a unit, into `counts` at `to.first`, `to.first + to.step`, ...; the invalid code as
 * `noValue`. Returns the sum of the stored values modulo 2^32, an invalid one as its code: what the header's checksum is made of. `previous`: the value
 * before the first, for format 8 only.
 * @example decodeSignal(16, Uint8Array.of(1, 0, 9, 0, 2, 0, 9, 0), { first: 0, step: 2, count: 2 }, counts, { first: 0, step: 1 }) // 3; counts 1, 2
 */
export function decodeSignal(format: PackedFormat, bytes: Uint8Array, from: Stride, counts: Int32Array, to: Omit<Stride, 'count'>, previous = 0): number {
  const { unit, bytes: unitBytes } = packings[format]
  if (format === 8) return differences(bytes, from, counts, to, previous)
  // Samples at one place of their unit are equally far apart in bytes: one pass per place that occurs.
  const passes = from.step % unit === 0 ? 1 : unit
  let sum = 0
  for (let pass = 0; pass < passes && pass < from.count; pass++) {
    const first = from.first + pass * from.step
    const place = first % unit
    sum = (sum + kernels[format]({
      bytes, place, at: ((first - place) / unit) * unitBytes, apart: ((from.step * passes) / unit) * unitBytes, count: Math.ceil((from.count - pass) / passes),
      counts, to: to.first + pass * to.step, toStep: to.step * passes,
    })) | 0
  }
  return sum
}

/** One pass: `count` samples, `apart` bytes from each other, the first in the unit at byte `at`, all at `place` of their unit. */
interface Pass {
  readonly bytes: Uint8Array
  readonly at: number
  readonly apart: number
  readonly place: number
  readonly count: number
  readonly counts: Int32Array
  readonly to: number
  readonly toStep: number
}

/** One loop per format, nothing shared within: these loops are what importing a day of signals takes. */
const kernels: Record<Exclude<PackedFormat, 8>, (pass: Pass) => number> = {
  16: (pass) => (isLittleEndian && (pass.bytes.byteOffset + pass.at) % 2 === 0 && pass.apart % 2 === 0 ? words(pass) : bytePairs(pass, 0, 1, 0)),
  61: (pass) => bytePairs(pass, 1, 0, 0),
  160: (pass) => bytePairs(pass, 0, 1, 0x8000),
  24({ bytes, at, apart, count, counts, to, toStep }) {
    let sum = 0
    for (let i = 0; i < count; i++, at += apart, to += toStep) {
      const value = ((bytes[at] << 8) | (bytes[at + 1] << 16) | (bytes[at + 2] << 24)) >> 8
      sum = (sum + value) | 0
      counts[to] = value === -0x800000 ? noValue : value
    }
    return sum
  },
  32({ bytes, at, apart, count, counts, to, toStep }) {
    let sum = 0
    for (let i = 0; i < count; i++, at += apart, to += toStep) {
      const value = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
      sum = (sum + value) | 0
      counts[to] = value
    }
    return sum
  },
  80({ bytes, at, apart, count, counts, to, toStep }) {
    let sum = 0
    for (let i = 0; i < count; i++, at += apart, to += toStep) {
      const value = bytes[at] - 0x80
      sum = (sum + value) | 0
      counts[to] = value === -0x80 ? noValue : value
    }
    return sum
  },
  212({ bytes, at, apart, place, count, counts, to, toStep }) {
    let sum = 0
    if (place === 0) {
      for (let i = 0; i < count; i++, at += apart, to += toStep) {
        const value = ((bytes[at] << 20) | (bytes[at + 1] << 28)) >> 20
        sum = (sum + value) | 0
        counts[to] = value === -0x800 ? noValue : value
      }
    } else {
      for (let i = 0; i < count; i++, at += apart, to += toStep) {
        const value = ((bytes[at + 2] << 20) | ((bytes[at + 1] & 0xf0) << 24)) >> 20
        sum = (sum + value) | 0
        counts[to] = value === -0x800 ? noValue : value
      }
    }
    return sum
  },
  310({ bytes, at, apart, place, count, counts, to, toStep }) {
    let sum = 0
    const word = place * 2
    for (let i = 0; i < count; i++, at += apart, to += toStep) {
      const value = place < 2
        ? ((bytes[at + word] << 21) | (bytes[at + word + 1] << 29)) >> 22
        : ((bytes[at + 3] << 24) & 0xf8000000 | ((bytes[at + 1] & 0xf8) << 19)) >> 22
      sum = (sum + value) | 0
      counts[to] = value === -0x200 ? noValue : value
    }
    return sum
  },
  311({ bytes, at, apart, place, count, counts, to, toStep }) {
    let sum = 0
    for (let i = 0; i < count; i++, at += apart, to += toStep) {
      const value = place === 0
        ? ((bytes[at] << 22) | (bytes[at + 1] << 30)) >> 22
        : place === 1
          ? (((bytes[at + 1] & 0xfc) << 20) | (bytes[at + 2] << 28)) >> 22
          : (((bytes[at + 2] & 0xf0) << 18) | (bytes[at + 3] << 26)) >> 22
      sum = (sum + value) | 0
      counts[to] = value === -0x200 ? noValue : value
    }
    return sum
  },
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

function words({ bytes, at, apart, count, counts, to, toStep }: Pass): number {
  const view = new Int16Array(bytes.buffer, bytes.byteOffset + at, (bytes.length - at) >> 1)
  const step = apart >> 1
  let sum = 0
  for (let i = 0, from = 0; i < count; i++, from += step, to += toStep) {
    const value = view[from]
    sum = (sum + value) | 0
    counts[to] = value === -0x8000 ? noValue : value
  }
  return sum
}

/** 16-bit samples whose low and high byte lie at `low` and `high`; `flip` turns offset binary into two's complement. */
function bytePairs({ bytes, at, apart, count, counts, to, toStep }: Pass, low: number, high: number, flip: number): number {
  let sum = 0
  for (let i = 0; i < count; i++, at += apart, to += toStep) {
    const value = (((bytes[at + low] | (bytes[at + high] << 8)) ^ flip) << 16) >> 16
    sum = (sum + value) | 0
    counts[to] = value === -0x8000 ? noValue : value
  }
  return sum
}

function differences(bytes: Uint8Array, from: Stride, counts: Int32Array, to: Omit<Stride, 'count'>, previous: number): number {
  let value = previous
  let sum = 0
  for (let i = 0, at = from.first, place = to.first; i < from.count; i++, at += from.step, place += to.step) {
    value = (value + ((bytes[at] << 24) >> 24)) | 0
    sum = (sum + value) | 0
    counts[place] = value
  }
  return sum
}
