import fc from 'fast-check'
import { expect, it } from 'vitest'
import { noValue } from '../../src-main/contract/index.ts'
import { SignalEncoder } from '../../src-main/formats/wfdb-signal.ts'

it('rows without a value are encoded at once as they are one by one', () => {
  const run = fc.record({ missing: fc.boolean(), rows: fc.integer({ min: 0, max: 3000 }) })
  fc.assert(
    fc.property(fc.array(run, { maxLength: 8 }), fc.integer({ min: 1, max: 5 }), fc.constantFrom(16 as const, 24 as const, 32 as const), (runs, lanes, format) => {
      const [each, atOnce] = [new SignalEncoder(lanes, format), new SignalEncoder(lanes, format)]
      const [ofEach, ofAll]: [number[], number[]] = [[], []]
      for (const { missing, rows } of runs) {
        const counts = missing ? new Int32Array(rows * lanes).fill(noValue) : Int32Array.from({ length: rows * lanes }, (_, k) => ((k * 7919) % 60_000) - 30_000)
        for (const byte of each.encode(counts)) ofEach.push(byte)
        for (const byte of missing ? atOnce.encodeMissing(rows) : atOnce.encode(counts)) ofAll.push(byte)
      }
      expect(Buffer.compare(Buffer.from(ofAll), Buffer.from(ofEach))).toBe(0)
      expect([[...atOnce.checksums], [...atOnce.initialValues], atOnce.rows]).toEqual([[...each.checksums], [...each.initialValues], each.rows])
    }),
  )
})
