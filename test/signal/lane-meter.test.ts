import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LaneMeter, type MeterSlice } from '../../src-main/signal/lane-meter.ts'

const value = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: -100, max: 100 }) }, { weight: 1, arbitrary: fc.constant(Number.NaN) }, { weight: 1, arbitrary: fc.constant(7) })

it('measures rows that are taken together as it does one by one, to the last bit', () => {
  const options = fc.record({ kind: fc.constantFrom('ecg', 'ppg', 'aux'), rateHz: fc.constantFrom(1, 25, 62.4725, 250), sparse: fc.boolean(), held: fc.boolean() })
  fc.assert(
    fc.property(options, fc.array(value, { maxLength: 400 }), fc.integer({ min: 1, max: 90 }), (chosen, list, block) => {
      const [each, together] = [new LaneMeter({ ...chosen, minimum: -90, maximum: 90 }), new LaneMeter({ ...chosen, minimum: -90, maximum: 90 })]
      const [ofEach, ofAll]: [MeterSlice[], MeterSlice[]] = [[], []]
      const values = Float32Array.from(list, (one) => one / 200)
      for (const [k, count] of list.entries()) if (each.push(count, values[k], false)) ofEach.push({ ...each.slice })
      for (let from = 0; from < list.length; from += block) {
        const own = values.subarray(from, from + block)
        for (let k = 0; k < own.length; ) {
          k = together.take(Float64Array.from(list.slice(from, from + block)), own, k, own.length)
          if (together.room === 0 && together.flush()) ofAll.push({ ...together.slice })
        }
      }
      if (each.flush()) ofEach.push({ ...each.slice })
      if (together.flush()) ofAll.push({ ...together.slice })
      expect(ofAll).toEqual(ofEach)
    }),
  )
})
