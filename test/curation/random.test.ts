import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../src-main/curation/canonical-json.ts'
import { compareNatural } from '../../src-main/curation/order.ts'
import { Random, ShareCounter } from '../../src-main/curation/random.ts'

describe('random numbers', () => {
  it('are those that the C code of its authors (xoshiro128** 1.1) prints from the state 1, 2, 3, 4', () => {
    const random = new Random([1, 2, 3, 4])
    expect(Array.from({ length: 10 }, () => random.next())).toEqual([11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804])
  })

  it('are even below a bound, and each stream has its own', () => {
    const random = Random.of('test', 1)
    const counts = new Array<number>(7).fill(0)
    for (let i = 0; i < 70_000; i++) counts[random.below(7)]++
    // Chi-square with 6 degrees of freedom: 22.5 is its 99.9 % quantile.
    expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(22.5)
    expect(Random.of('a', 1).next()).not.toBe(Random.of('b', 1).next())
    expect(Random.of('a', 1).next()).not.toBe(Random.of('a', 2).next())
  })

  it('shuffle all orders alike', () => {
    const random = Random.of('orders', 3)
    const counts = new Map<string, number>()
    for (let i = 0; i < 24_000; i++) {
      const order = random.shuffled(['a', 'b', 'c', 'd']).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    // 23 degrees of freedom, 99.9 %.
    expect([...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(49.7)
  })

  it('shares of many small groups add up', () => {
    const share = new ShareCounter(0.1)
    expect(Array.from({ length: 100 }, () => share.take(3, 0, 2)).reduce((sum, taken) => sum + taken, 0)).toBe(30)
  })
})

describe('canonical JSON', () => {
  it('is RFC 8785: its own example of section 3.2.2, with the keys of 3.2.3 sorted by code units', () => {
    const input = { numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001], string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\\u0022/', literals: [null, true, false] }
    expect(canonicalJson(input)).toBe('{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}')
    const keys = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 }
    expect(canonicalJson(keys)).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}')
  })

  it('refuses what JSON cannot hold, and leaves out what is not there', () => {
    expect(() => canonicalJson({ a: Number.NaN })).toThrow(expect.objectContaining({ code: 'internal-error' }))
    expect(canonicalJson({ a: undefined, b: -0 })).toBe('{"b":0}')
  })
})

it('digits count as numbers', () => {
  expect(['S10', 'S2', 'S02', 'S', 'T1', 'S2b'].sort(compareNatural)).toEqual(['S', 'S02', 'S2', 'S2b', 'S10', 'T1'])
})
