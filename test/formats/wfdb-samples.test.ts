import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noValue } from '../../src-main/contract/index.ts'
import { decodeSignal, invalidCode, storedBytes, storedSamples, type PackedFormat } from '../../src-main/formats/wfdb-samples.ts'

const decode = (format: PackedFormat, bytes: number[], count: number, previous = 0): number[] => {
  const counts = new Int32Array(count)
  decodeSignal(format, Uint8Array.from(bytes), { first: 0, step: 1, count }, counts, { first: 0, step: 1 }, previous)
  return [...counts]
}
/** Bytes of a row of bits, given with the last byte's bits first: `word('1'.repeat(16))`. */
const littleEndian = (bits: string): number[] => {
  const plain = bits.replaceAll(' ', '')
  return Array.from({ length: plain.length / 8 }, (_, i) => Number.parseInt(plain.slice(plain.length - 8 * (i + 1), plain.length - 8 * i), 2))
}

/*
 * Expectations from the text of signal(5), bits written out. Layouts as that page has them, most significant bit of a word first.
 */
describe('samples of WFDB signal files, by hand', () => {
  it('8: each byte is the signed difference from the sample before, the first from the initial value', () => {
    expect(decode(8, [0, 5, 0xff, 0x80, 0x7f], 5, 100)).toEqual([100, 105, 104, -24, 103])
  })

  it('16, 24, 32: two\'s complement, low byte first', () => {
    expect(decode(16, [0x34, 0x12, 0xff, 0xff, 0x00, 0x80, 0x01, 0x80], 4)).toEqual([0x1234, -1, noValue, -32767])
    expect(decode(24, [0x56, 0x34, 0x12, 0xfe, 0xff, 0xff, 0x00, 0x00, 0x80, 0xff, 0xff, 0x7f], 4)).toEqual([0x123456, -2, noValue, 8388607])
    expect(decode(32, [0x78, 0x56, 0x34, 0x12, 0xfd, 0xff, 0xff, 0xff, 0, 0, 0, 0x80], 3)).toEqual([0x12345678, -3, noValue])
  })

  it('61: 16 bits, high byte first', () => {
    expect(decode(61, [0x12, 0x34, 0xff, 0xfe, 0x80, 0x00], 3)).toEqual([0x1234, -2, noValue])
  })

  it('80 and 160: offset binary, 2^7 or 2^15 is zero', () => {
    expect(decode(80, [0x80, 0x00, 0xff, 0x7f], 4)).toEqual([0, noValue, 127, -1])
    expect(decode(160, [0x00, 0x80, 0x00, 0x00, 0xff, 0xff, 0x01, 0x00], 4)).toEqual([0, noValue, 32767, -32767])
  })

  it('212: 12 low bits of a byte pair, then its upper 4 bits as the high nibble above the third byte', () => {
    // Pair 0001 0111_1000_0001: first sample 0x781 = 1921, high nibble of the second 1; third byte 0x23: second sample 0x123.
    expect(decode(212, [...littleEndian('0001 0111 1000 0001'), 0x23], 2)).toEqual([0x781, 0x123])
    expect(decode(212, [...littleEndian('1000 1000 0000 0001'), 0x00], 2)).toEqual([-2047, noValue])
    expect(decode(212, [0xff, 0x0f], 1)).toEqual([-1])
  })

  it('310: 10 bits above the lowest bit of each of two words, the third sample from their upper fives', () => {
    //                    third, low 5   first (10)    -          third, high 5  second (10)   -
    const first = littleEndian('10110 0000000011 1')
    const second = littleEndian('01010 1111111110 0')
    expect(decode(310, [...first, ...second], 3)).toEqual([3, -2, 0b0101010110])
    expect(decode(310, [...littleEndian('00000 1000000000 0'), ...littleEndian('10000 0111111111 1')], 3)).toEqual([noValue, 511, noValue])
    expect(decode(310, littleEndian('11111 0000000101 0'), 1)).toEqual([5])
  })

  it('311: three times 10 bits of a 32-bit word, the lowest first, two bits unused', () => {
    expect(decode(311, littleEndian('11 0000000001 1111111101 0111111111'), 3)).toEqual([511, -3, 1])
    expect(decode(311, littleEndian('00 1000000000 1000000001 1000000000'), 3)).toEqual([noValue, -511, noValue])
    expect(decode(311, littleEndian('11 0000000001 1111111101 0111111111').slice(0, 3), 2)).toEqual([511, -3])
  })

  it.each([
    [212, 0, 0], [212, 1, 2], [212, 2, 3], [212, 3, 5], [310, 1, 2], [310, 2, 4], [310, 3, 4], [310, 4, 6], [311, 1, 2], [311, 2, 3], [311, 3, 4], [311, 1019, 1359], [311, 1018, 1358],
    [310, 1018, 1358], [24, 5, 15], [8, 7, 7],
  ] as const)('format %i: %i samples take %i bytes (lengths of the sample collection\'s files)', (format, samples, bytes) => {
    expect(storedBytes(format, samples)).toBe(bytes)
    expect(storedSamples(format, bytes)).toBeGreaterThanOrEqual(samples)
    if (bytes > 0) expect(storedSamples(format, bytes - 1)).toBeLessThan(samples)
  })
})

/** One sample by its bits, from the description above, with no arithmetic in common with the decoder. */
function sampleByBits(format: PackedFormat, bytes: Uint8Array, sample: number): number {
  const bitsOf = (...at: number[]): string => at.map((i) => bytes[i].toString(2).padStart(8, '0')).join('')
  const signed = (bits: string): number => Number(BigInt.asIntN(bits.length, BigInt(`0b${bits}`)))
  const offset = (bits: string): number => Number.parseInt(bits, 2) - 2 ** (bits.length - 1)
  const width = { 8: 1, 16: 2, 24: 3, 32: 4, 61: 2, 80: 1, 160: 2, 212: 0, 310: 0, 311: 0 }[format]
  const at = sample * width
  if (format === 61) return signed(bitsOf(at, at + 1))
  if (format === 80) return offset(bitsOf(at))
  if (format === 160) return offset(bitsOf(at + 1, at))
  if (format === 212) {
    const unit = Math.floor(sample / 2) * 3
    return sample % 2 === 0 ? signed(bitsOf(unit + 1, unit).slice(4)) : signed(bitsOf(unit + 1).slice(0, 4) + bitsOf(unit + 2))
  }
  if (format === 310 || format === 311) {
    const unit = Math.floor(sample / 3) * 4
    const place = sample % 3
    if (format === 310) return place < 2 ? signed(bitsOf(unit + 2 * place + 1, unit + 2 * place).slice(5, 15)) : signed(bitsOf(unit + 3).slice(0, 5) + bitsOf(unit + 1).slice(0, 5))
    const all = [3, 2, 1, 0].map((i) => (unit + i < bytes.length ? bitsOf(unit + i) : '00000000')).join('')
    return signed(all.slice(22 - 10 * place, 32 - 10 * place))
  }
  return signed(bitsOf(...Array.from({ length: width }, (_, i) => at + width - 1 - i)))
}

describe('samples of WFDB signal files, any bytes', () => {
  const formats = [16, 24, 32, 61, 80, 160, 212, 310, 311] as const
  it.each(formats)('format %i: any stride from any place, aligned or not, gives what the bits say, and their sum', (format) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 120 }), fc.nat(20), fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 3 }), fc.nat(3), (content, first, step, toStep, shift) => {
        // In a larger buffer, at any alignment.
        const bytes = new Uint8Array(content.length + shift + 4).subarray(shift, shift + content.length)
        bytes.set(content)
        const there = storedSamples(format, bytes.length)
        const count = Math.max(0, Math.ceil((there - first) / step))
        const counts = new Int32Array(count * toStep + 2).fill(77)
        const sum = decodeSignal(format, bytes, { first, step, count }, counts, { first: 1, step: toStep })
        let total = 0n
        const expected = new Int32Array(counts.length).fill(77)
        for (let i = 0; i < count; i++) {
          const stored = sampleByBits(format, bytes, first + i * step)
          total += BigInt(stored)
          expected[1 + i * toStep] = stored === invalidCode(format) ? noValue : stored
        }
        expect([...counts]).toEqual([...expected])
        expect(sum).toBe(Number(BigInt.asIntN(32, total)))
      }),
      { numRuns: 200 },
    )
  })
})
