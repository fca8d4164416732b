import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noValue } from '../../src-main/contract/index.ts'
import { checksum16, decodeSamples, encodeSamples, invalidCode, SignalEncoder, wfdbFormatFor } from '../../src-main/formats/wfdb-signal.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const lane = (minimum: number, maximum: number): { minimum: number; maximum: number } => ({ minimum, maximum })

describe('WFDB samples', () => {
  it('are little-endian two\'s complement, a missing one the most negative value', () => {
    const counts = Int32Array.of(1, -2, 32767, noValue)
    expect(hex(encodeSamples(counts, 16))).toBe('0100' + 'feff' + 'ff7f' + '0080')
    expect(hex(encodeSamples(counts, 24))).toBe('010000' + 'feffff' + 'ff7f00' + '000080')
    expect(hex(encodeSamples(counts, 32))).toBe('01000000' + 'feffffff' + 'ff7f0000' + '00000080')
  })

  it('format 212: the first samples of MIT-BIH 100 (995, 1011, 995, 1011) and the sign bits', () => {
    expect([...decodeSamples(Uint8Array.of(0xe3, 0x33, 0xf3, 0xe3, 0x33, 0xf3), 212)]).toEqual([995, 1011, 995, 1011])
    expect([...decodeSamples(Uint8Array.of(0xff, 0x7f, 0x00), 212)]).toEqual([-1, 0x700])
    expect([...decodeSamples(Uint8Array.of(0x00, 0x08, 0x00, 0x05, 0x00), 212, 3)]).toEqual([noValue, 0, 5])
  })

  it('format 80: offset binary', () => {
    expect([...decodeSamples(Uint8Array.of(0x80, 0x81, 0x7f, 0xff, 0x00), 80)]).toEqual([0, 1, -1, 127, noValue])
  })

  it.each([
    [[lane(-32767, 32767)], 16],
    [[lane(0, 1023), lane(-2048, 2047)], 16],
    [[lane(-32768, 32767)], 24],
    [[lane(0, 1023), lane(0, 65535)], 24],
    [[lane(-8388608, 8388607)], 32],
    [[lane(-8388607, 8388607)], 24],
    [[lane(-2147483648, 2147483647)], 32],
  ])('format for %j is %i', (lanes, format) => {
    expect(wfdbFormatFor(lanes)).toBe(format)
  })

  it('refuse what does not fit instead of clipping it, and what would read back as missing', () => {
    for (const [value, format] of [[32768, 16], [-32769, 16], [-32768, 16], [8388608, 24], [-8388608, 24]] as const) {
      expect(() => encodeSamples(Int32Array.of(0, value), format)).toThrow(expect.objectContaining({ code: 'wfdb-signal-invalid', data: expect.objectContaining({ value, index: 1 }) }))
    }
    expect(() => decodeSamples(new Uint8Array(5), 16, 3)).toThrow(expect.objectContaining({ code: 'wfdb-signal-invalid' }))
  })

  it('come back as they were, in every format, whatever the blocks; DataView reads the same', () => {
    const format = fc.constantFrom(16 as const, 24 as const, 32 as const)
    const input = format.chain((f) =>
      fc.record({ f: fc.constant(f), values: fc.array(fc.oneof({ weight: 5, arbitrary: fc.integer({ min: invalidCode(f) + 1, max: -invalidCode(f) - 1 }) }, { weight: 1, arbitrary: fc.constant(noValue) }), { maxLength: 60 }), cut: fc.nat(60) }),
    )
    fc.assert(
      fc.property(input, ({ f, values, cut }) => {
        const counts = Int32Array.from(values)
        const whole = encodeSamples(counts, f)
        expect([...decodeSamples(whole, f)]).toEqual(values)
        const parts = [counts.subarray(0, cut), counts.subarray(cut)].map((part) => Buffer.from(encodeSamples(part, f)))
        expect(Buffer.concat(parts).equals(Buffer.from(whole))).toBe(true)
        const buffer = Buffer.from(whole)
        values.forEach((value, i) => expect(buffer.readIntLE((i * f) / 8, f / 8)).toBe(value === noValue ? -(2 ** (f - 1)) : value))
      }),
    )
  })

  it('the checksum is the 16-bit sum of the stored values', () => {
    expect(checksum16(Int32Array.of(32767, 1), 16)).toBe(-32768)
    expect(checksum16(Int32Array.of(5, noValue), 16)).toBe(5 - 32768)
    // -2^23 and -2^31 vanish modulo 2^16.
    expect(checksum16(Int32Array.of(5, noValue), 24)).toBe(5)
    expect(checksum16(Int32Array.of(5, noValue), 32)).toBe(5)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -8388607, max: 8388607 }), { maxLength: 50 }), (values) => {
        const sum = values.reduce((total, value) => total + BigInt(value), 0n)
        expect(checksum16(Int32Array.from(values), 24)).toBe(Number(BigInt.asIntN(16, sum)))
      }),
    )
  })

  it('an encoder fed in blocks knows rows, first values and checksums', () => {
    const encoder = new SignalEncoder(2, 16)
    encoder.encode(new Int32Array(0))
    encoder.encode(Int32Array.of(7, noValue))
    encoder.encode(Int32Array.of(1, 2, 3, 4))
    expect(encoder.rows).toBe(3)
    expect([...encoder.initialValues]).toEqual([7, -32768])
    expect([...encoder.checksums]).toEqual([11, 6 - 32768])
  })
})
