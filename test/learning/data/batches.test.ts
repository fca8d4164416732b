import { describe, expect, it } from 'vitest'
import { usualAugmentation } from '../../../src-main/learning/data/augmentation.ts'
import { evaluationBatches, TrainingBatches } from '../../../src-main/learning/data/batches.ts'
import { IdentitySampler } from '../../../src-main/learning/data/identity-sampler.ts'
import { requireTrainable } from '../../../src-main/learning/data/training-needs.ts'
import { classesOf, samplesOf, windowsOf } from '../../../src-main/learning/data/window-rows.ts'
import type { WindowSet } from '../../../src-main/learning/data/window-set.ts'
import { allRows, aWindowSet, joined } from './a-window-set.ts'

describe('training batches', () => {
  const set = aWindowSet([[3], [6, 6], [6, 6], [5, 9]], { channels: 2 })
  /** The first person does not train. */
  const rows = allRows(set).filter((row) => set.subject[row] > 0)
  const classes = classesOf(set, rows)
  const options = { identities: 2, perIdentity: 3, seed: 4 }
  const start = (state = { epoch: 0, batch: 0 }, augmentation: typeof usualAugmentation | null = null): TrainingBatches =>
    new TrainingBatches(set, classes, new IdentitySampler(set, rows, options, state), { augmentation, seed: 4 })

  it('hold the windows that they name, with classes counted from 0', () => {
    expect([...classes.subjects]).toEqual([1, 2, 3])
    const batches = start()
    for (let k = 0; k < 20; k++) {
      const { samples, labels, rows: own } = batches.next()
      expect([...labels]).toEqual(Array.from(own, (row) => set.subject[row] - 1))
      expect([...samples]).toEqual(Array.from(own).flatMap((row) => Array.from({ length: 8 }, (_, at) => Math.fround(row + at / 1000))))
    }
  })

  it('are the same after a stop as without one, augmented too, and never touch the set', () => {
    const before = set.samples.slice()
    const whole = start(undefined, usualAugmentation)
    const sampler = new IdentitySampler(set, rows, options)
    for (let k = 0; k < 9; k++) {
      whole.next()
      sampler.next()
    }
    const resumed = start(sampler.state, usualAugmentation)
    for (let k = 0; k < 9; k++) expect(resumed.next().samples).toEqual(whole.next().samples)
    expect(set.samples).toEqual(before)
  })

  it('go to one buffer', () => {
    const batches = start()
    expect(batches.next().samples.buffer).toBe(batches.next().samples.buffer)
  })
})

describe('evaluation batches', () => {
  it('are all windows in order, the last batch shorter', () => {
    const set = aWindowSet([[4], [6]])
    const sizes: number[] = []
    const values: number[] = []
    for (const { samples, rows } of evaluationBatches(set, allRows(set), 4)) {
      sizes.push(rows.length)
      values.push(...samples)
    }
    expect(sizes).toEqual([4, 4, 2])
    expect(values).toEqual([...set.samples])
    expect([...evaluationBatches(set, new Int32Array(0), 4)]).toEqual([])
  })
})

describe('windows of a role', () => {
  it('are copied out in order', () => {
    const set = joined(aWindowSet([[2], [1]]), aWindowSet([[1], [2]], { role: 'test' }), aWindowSet([[1], [1]], { role: 'enrol' }))
    expect([...windowsOf(set, ['test'])]).toEqual([3, 4, 5])
    expect([...windowsOf(set, ['train', 'enrol'])]).toEqual([0, 1, 2, 6, 7])
    expect([...samplesOf(set, Int32Array.of(5, 0))]).toEqual([...set.samples.subarray(20, 24), ...set.samples.subarray(0, 4)])
  })
})

describe('what training needs', () => {
  const needs = { roles: ['train', 'enrol'], identities: 3, perIdentity: 4 } as const
  const validation = aWindowSet([[2], [2], [2], [2]], { role: 'validation' })
  const refusal = (set: WindowSet): unknown => {
    try {
      return requireTrainable(set, needs)
    } catch (thrown) {
      return thrown
    }
  }

  it('gives out what trains and what validates', () => {
    const { training, validation: own } = requireTrainable(joined(aWindowSet([[4], [5], [2, 2], [1]]), validation), needs)
    expect([training.length, own.length]).toEqual([14, 8])
  })

  it.each([
    ['no training part', validation, /No window of the split/, { windows: 0 }],
    ['one person', joined(aWindowSet([[20]]), validation), /one person/, { subjects: 1 }],
    ['too few people with enough windows', joined(aWindowSet([[4], [5], [3], [1]]), validation), /of the 4 people in the training part 2 have so many\. 2 people a batch would do/, { able: 2, identities: 3, perIdentity: 4 }],
    ['no validation', aWindowSet([[4], [5], [6]]), /no validation part/, { validation: 0 }],
  ])('refuses %s, with the numbers', (_, set, message, data) => {
    expect(refusal(set)).toMatchObject({ code: 'training-impossible', message: expect.stringMatching(message), data })
  })

  it.each([['flat', 7], ['not a number', Number.NaN]])('refuses windows that are all %s, in either part, and a set of which some are', (_, value) => {
    const training = aWindowSet([[4], [5], [6]])
    const spoilt = (set: WindowSet): WindowSet => ({ ...set, samples: set.samples.map(() => value) })
    expect(refusal(joined(spoilt(training), validation))).toMatchObject({ code: 'training-impossible', message: expect.stringMatching(/^All 15 windows of the training part/) })
    expect(refusal(joined(training, spoilt(validation)))).toMatchObject({ code: 'training-impossible', message: expect.stringMatching(/^All 8 windows of the validation part/) })
    const one = joined(training, validation)
    one.samples.fill(value, 0, 4)
    expect(refusal(one)).toMatchObject({ code: 'training-impossible', message: expect.stringMatching(/^1 of the 15 windows/) })
  })
})
