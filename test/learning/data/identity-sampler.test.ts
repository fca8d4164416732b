import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IdentitySampler } from '../../../src-main/learning/data/identity-sampler.ts'
import { allRows, aWindowSet } from './a-window-set.ts'

const people = fc.array(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 12 })
const options = fc.record({ identities: fc.integer({ min: 2, max: 6 }), perIdentity: fc.integer({ min: 1, max: 6 }), seed: fc.nat(1000) })
const cases = fc.tuple(people, options).filter(([persons, { identities }]) => persons.length >= identities)

const epochOf = (sampler: IdentitySampler): number[][] => Array.from({ length: sampler.batchesPerEpoch }, () => [...sampler.next()])

describe('batches of P people with K windows each', () => {
  it('hold K windows of each of P different people, of two recordings where there are two, none twice while there are others', () => {
    fc.assert(fc.property(cases, ([persons, { identities, perIdentity, seed }]) => {
      const set = aWindowSet(persons)
      const sampler = new IdentitySampler(set, allRows(set), { identities, perIdentity, seed })
      for (const batch of epochOf(sampler)) {
        expect(batch).toHaveLength(identities * perIdentity)
        const groups = Array.from({ length: identities }, (_, p) => batch.slice(p * perIdentity, (p + 1) * perIdentity))
        expect(new Set(groups.map((group) => set.subject[group[0]])).size).toBe(identities)
        for (const group of groups) {
          const own = persons[set.subject[group[0]]]
          expect(new Set(group.map((row) => set.subject[row])).size).toBe(1)
          if (own.length > 1 && perIdentity > 1) expect(new Set(group.map((row) => set.recording[row])).size).toBeGreaterThan(1)
          if (own.every((count) => count >= perIdentity)) expect(new Set(group).size).toBe(perIdentity)
        }
      }
    }))
  })

  it('show every window in an epoch, of people who have about as many, and hardly any twice', () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 30 }), fc.integer({ min: 1, max: 5 }), fc.nat(100), (count, windows, seed) => {
      const [identities, perIdentity] = [Math.min(count, 8), 4]
      const set = aWindowSet(Array.from({ length: count }, (_, i) => [windows * 4 + (i % 3), windows * 4]))
      const sampler = new IdentitySampler(set, allRows(set), { identities, perIdentity, seed })
      const shown = epochOf(sampler).flat()
      expect(new Set(shown).size).toBe(set.subject.length)
      // Each person's last group, and each epoch's last batch, are filled up.
      expect(shown.length - set.subject.length).toBeLessThanOrEqual(count * (perIdentity - 1) + identities * perIdentity)
    }))
  })

  it('do not show a person with a day of windows more often than the others can accompany them', () => {
    const set = aWindowSet([[4000], ...Array.from({ length: 7 }, () => [8])])
    const sampler = new IdentitySampler(set, allRows(set), { identities: 4, perIdentity: 4, seed: 1 })
    const shown = epochOf(sampler).flat()
    expect(shown.filter((row) => set.subject[row] === 0).length).toBeLessThanOrEqual(4 * 6)
    expect(new Set(shown.filter((row) => set.subject[row] > 0)).size).toBe(56)
    // Another epoch shows others.
    const later = epochOf(sampler).flat().filter((row) => set.subject[row] === 0)
    expect(later.filter((row) => !shown.includes(row)).length).toBeGreaterThan(later.length / 2)
  })

  it('go on from any state as if they had never stopped', () => {
    fc.assert(fc.property(cases, fc.nat(30), ([persons, chosen], steps) => {
      const set = aWindowSet(persons)
      const whole = new IdentitySampler(set, allRows(set), chosen)
      for (let k = 0; k < steps; k++) whole.next()
      const resumed = new IdentitySampler(set, allRows(set), chosen, JSON.parse(JSON.stringify(whole.state)))
      for (let k = 0; k < 12; k++) {
        expect([...resumed.next()]).toEqual([...whole.next()])
        expect(resumed.state).toEqual(whole.state)
      }
    }))
  })

  it('differ by epoch and by seed, and are the same for the same seed', () => {
    const set = aWindowSet(Array.from({ length: 10 }, () => [12, 12]))
    const sampler = (seed: number): IdentitySampler => new IdentitySampler(set, allRows(set), { identities: 5, perIdentity: 4, seed })
    const one = sampler(1)
    const first = epochOf(one)
    expect(epochOf(sampler(1))).toEqual(first)
    expect(epochOf(one)).not.toEqual(first)
    expect(epochOf(sampler(2))).not.toEqual(first)
  })

  it('refuse fewer people than a batch needs, and a state that cannot be', () => {
    const set = aWindowSet([[5], [5], [5]])
    expect(() => new IdentitySampler(set, allRows(set), { identities: 4, perIdentity: 2, seed: 1 })).toThrow(expect.objectContaining({ code: 'training-impossible', data: { subjects: 3, needed: 4 } }))
    expect(() => new IdentitySampler(set, allRows(set), { identities: 1, perIdentity: 2, seed: 1 })).toThrow(expect.objectContaining({ code: 'request-invalid' }))
    expect(() => new IdentitySampler(set, allRows(set), { identities: 2, perIdentity: 2, seed: 1 }, { epoch: 0, batch: 99 })).toThrow(expect.objectContaining({ code: 'request-invalid' }))
  })
})
