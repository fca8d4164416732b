import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeViewFrame, encodeViewFrame, LabError } from '../../src-main/contract/index.ts'

const frame = fc
  .record({ lanes: fc.integer({ min: 0, max: 5 }), columns: fc.integer({ min: 0, max: 9 }), stride: fc.constantFrom(1, 4) })
  .chain(({ lanes, columns, stride }) =>
    fc.record({
      sequence: fc.nat(),
      epoch: fc.nat(),
      firstRow: fc.nat(),
      rows: fc.constant(columns * stride),
      stride: fc.constant(stride),
      lanes: fc.constant(lanes),
      columns: fc.constant(columns),
      droppedFrames: fc.nat(),
      rateHz: fc.double({ min: 0.1, max: 1e5, noNaN: true }),
      newestAtMs: fc.double({ min: 0, max: 1e13, noNaN: true }),
      values: fc.float32Array({ minLength: lanes * columns * (stride > 1 ? 2 : 1), maxLength: lanes * columns * (stride > 1 ? 2 : 1) }),
      beats: fc.array(fc.tuple(fc.nat(15), fc.nat())),
    }),
  )

describe('a live view frame', () => {
  it('comes back equal, wherever its bytes lie in a larger message', () => {
    fc.assert(
      fc.property(frame, fc.nat(7), (original, shift) => {
        const bytes = encodeViewFrame(original)
        const larger = new Uint8Array(bytes.length + shift)
        larger.set(bytes, shift)
        expect(decodeViewFrame(larger.subarray(shift))).toEqual(original)
      }),
    )
  })

  it('is refused with a code when cut or damaged in its header', () => {
    const bytes = encodeViewFrame({
      sequence: 1, epoch: 1, firstRow: 0, rows: 2, stride: 1, lanes: 2, columns: 2, droppedFrames: 0, rateHz: 250, newestAtMs: 0,
      values: new Float32Array([1, 2, 3, Number.NaN]), beats: [[0, 1]],
    })
    for (let length = 0; length < bytes.length; length++) expect(() => decodeViewFrame(bytes.slice(0, length))).toThrow(LabError)
    const damaged = bytes.slice()
    damaged[4] = 200
    expect(() => decodeViewFrame(damaged)).toThrow(LabError)
  })
})
