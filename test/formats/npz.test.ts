import fc from 'fast-check'
import { zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/index.ts'
import { decodeNpy, encodeNpy } from '../../src-main/formats/npy.ts'
import { readNpz, writeNpz } from '../../src-main/formats/npz.ts'

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const header = (dict: string, data: string): string => `934e554d50590100${'7600'}${Buffer.from(`${dict.padEnd(117)}\n`).toString('hex')}${data}`

/** Made with numpy 2.4.6: `np.save(f, np.array([[1, -2], [3, 4]], dtype='<i2'))`, `np.array(['II', 'PLETH', 'µV'])`, `np.array([True, False])`. */
const byNumpy = {
  int16: header("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }", '0100feff03000400'),
  text: header(
    "{'descr': '<U5', 'fortran_order': False, 'shape': (3,), }",
    '4900000049000000000000000000000000000000500000004c000000450000005400000048000000b500000056000000000000000000000000000000',
  ),
  boolean: header("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", '0100'),
}

/** `np.savez_compressed(f, a=np.array([1.5, -2.5], dtype='<f4'), s=np.array(7, dtype='<i8'))` of numpy 2.4.6. */
const compressedByNumpy =
  '504b03042d0000000800000021007467cf90ffffffffffffffff05001400612e6e70790100100088000000000000004c000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f54529498179f5f94920a12774bcc294e058a17672416a402f91a463a9a3a0ab50a14002e068603f60c0c0a0700504b03042d00000008000000210023b8f06cffffffffffffffff05001400732e6e707901001000880000000000000046000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9369a1aea3a09e965f54529498179f5f94920a12774bcc294e058a17672416a402f91a9a3a0ab50a14012e7606080000504b01022d032d0000000800000021007467cf904c00000088000000050000000000000000000000800100000000612e6e7079504b01022d032d00000008000000210023b8f06c4600000088000000050000000000000000000000800183000000732e6e7079504b0506000000000200020066000000000100000000'

describe('NPY', () => {
  it('is written byte for byte as numpy writes it', () => {
    expect(encodeNpy({ data: Int16Array.of(1, -2, 3, 4), shape: [2, 2] })).toEqual(bytes(byNumpy.int16))
    expect(encodeNpy({ data: ['II', 'PLETH', 'µV'], shape: [3] })).toEqual(bytes(byNumpy.text))
    expect(encodeNpy({ data: [true, false], shape: [2] })).toEqual(bytes(byNumpy.boolean))
  })

  it('is read as numpy wrote it', () => {
    expect(decodeNpy(bytes(byNumpy.int16))).toEqual({ data: Int16Array.of(1, -2, 3, 4), shape: [2, 2] })
    expect(decodeNpy(bytes(byNumpy.text))).toEqual({ data: ['II', 'PLETH', 'µV'], shape: [3] })
    expect(readNpz(bytes(compressedByNumpy))).toEqual({ a: { data: Float32Array.of(1.5, -2.5), shape: [2] }, s: { data: BigInt64Array.of(7n), shape: [] } })
  })

  it('version 2.0, with its longer header length, is read', () => {
    const dict = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n"
    expect(decodeNpy(bytes(`934e554d50590200${'3a000000'}${Buffer.from(dict).toString('hex')}010203`))).toEqual({ data: Uint8Array.of(1, 2, 3), shape: [3] })
  })

  it.each([
    ['another file', Buffer.from('hello world').toString('hex')],
    ['big-endian numbers', header("{'descr': '>i2', 'fortran_order': False, 'shape': (2, 2), }", '0100feff03000400')],
    ['objects', header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", '00')],
    ['columns first', header("{'descr': '<i2', 'fortran_order': True, 'shape': (2, 2), }", '0100feff03000400')],
    ['missing data', header("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }", '0100feff0300')],
    ['a shape beyond all numbers', header("{'descr': '<i2', 'fortran_order': False, 'shape': (9999999999, 9999999999), }", '0100')],
  ])('refuses %s', (_, hex) => {
    expect(() => decodeNpy(bytes(hex))).toThrow(expect.objectContaining({ code: 'npz-invalid' }))
  })
})

describe('NPZ', () => {
  it('gives back what was put in, and the same bytes for the same arrays', () => {
    const numbers = fc.oneof(fc.int8Array(), fc.uint16Array(), fc.int32Array(), fc.float64Array(), fc.bigInt64Array(), fc.array(fc.boolean(), { minLength: 1 }))
    const text = fc.array(fc.string({ unit: 'grapheme', maxLength: 6 }).filter((value) => !value.endsWith('\0')), { minLength: 1 })
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.oneof(numbers, text), { maxKeys: 4 }), (arrays) => {
        const file = writeNpz(arrays)
        expect(writeNpz(arrays)).toEqual(file)
        const read = readNpz(file)
        expect(Object.keys(read).sort()).toEqual(Object.keys(arrays).sort())
        for (const [name, data] of Object.entries(arrays)) expect(read[name]).toEqual({ data, shape: [data.length] })
      }),
    )
  })

  it('refuses a shape that does not fit, a damaged file and a member that is no array', () => {
    expect(() => writeNpz({ a: { data: Int32Array.of(1, 2, 3), shape: [2, 2] } })).toThrow(expect.objectContaining({ code: 'npz-invalid' }))
    expect(() => readNpz(zipSync({ 'a.npy': Uint8Array.of(1, 2, 3) }))).toThrow(expect.objectContaining({ code: 'npz-invalid' }))
    const file = writeNpz({ a: Int32Array.of(1, 2, 3) })
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const damaged = file.slice()
        damaged[at] = value
        for (const candidate of [damaged, file.subarray(0, at)]) {
          try {
            readNpz(candidate)
          } catch (thrown) {
            if (!(thrown instanceof LabError) || thrown.code !== 'npz-invalid') throw thrown
          }
        }
      }),
    )
  })
})
