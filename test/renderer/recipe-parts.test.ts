import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import { SembridgeRecipe } from '../../src-main/contract/schemas/cross-modal.ts'
import { Recipe, RecipeName } from '../../src-main/contract/schemas/learning.ts'
import { rematchEpochs as ofTheLab } from '../../src-main/runs/cross-modal/matching.ts'
import { changesBetween, fieldsOf, valueAt, withValue } from '../../src-renderer/state/recipe-path.ts'
import { choicesAt, formChoices, weightSwitches, withUsualTemperature } from '../../src-renderer/state/recipe-switches.ts'
import { rematchEpochs } from '../../src-renderer/state/rematch-epochs.ts'
import { barEnds } from '../../src-renderer/views/ablation/bar-ends.ts'
import { insteadOf, remediesOf } from '../../src-renderer/views/train/remedies.ts'
import { sampleRecipe } from './run-samples.ts'

describe('a field of a recipe', () => {
  it.each(RecipeName.options)('of %s is changed alone, and the recipe that it came from is not', (name) => {
    const recipe = sampleRecipe(name)
    const before = JSON.stringify(recipe)
    for (const [path, value] of fieldsOf(recipe)) {
      const changed = withValue(recipe, path, 'other')
      expect(valueAt(changed, path)).toBe('other')
      expect(changesBetween(recipe, changed)).toEqual({ [path]: 'other' })
      expect(withValue(changed, path, value)).toEqual(recipe)
    }
    expect(JSON.stringify(recipe)).toBe(before)
  })

  it('that there is not is refused, and read as none', () => {
    expect(valueAt(sampleRecipe('clip'), 'distillation.kl.weight')).toBeUndefined()
    expect(valueAt(sampleRecipe('clip'), 'holdOut.part')).toBeUndefined()
    expect(() => withValue(sampleRecipe('clip'), 'distillation.kl.weight', 1)).toThrow(RangeError)
  })

  it.each(RecipeName.options)('of %s that takes a word takes every word that is offered', (name) => {
    const recipe = sampleRecipe(name)
    for (const [path, value] of fieldsOf(recipe)) {
      // The kind of a schedule brings fields of its own: the recipe's page changes it.
      if (typeof value !== 'string' || path.endsWith('schedule.kind')) continue
      const words = choicesAt(path)
      expect(words, path).not.toBeNull()
      for (const word of words ?? []) expect(Recipe.safeParse(withValue(recipe, path, word)).success, `${path} ${word}`).toBe(true)
    }
  })

  it.each(RecipeName.options)('that a table of %s begins with is one of the recipe', (name) => {
    const paths = fieldsOf(sampleRecipe(name)).map(([path]) => path)
    for (const path of [...weightSwitches[name].map((one) => one.path), ...(formChoices[name] ?? [])]) expect(paths).toContain(path)
  })
})

describe('the epochs before which windows are matched anew', () => {
  it('are the published ones', () => {
    expect(rematchEpochs({ first: 0.15, step: 0.15, growth: 0.025 }, 200)).toEqual([30, 60, 95, 135, 180])
  })

  it('are those at which the lab does it, for every rule', () => {
    const part = fc.double({ min: 0.01, max: 1, noNaN: true })
    fc.assert(fc.property(part, part, fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 500 }), (first, step, growth, epochs) => {
      expect(rematchEpochs({ first, step, growth }, epochs)).toEqual(ofTheLab({ first, step, growth }, epochs))
    }))
  })

  it('end for a rule that does not move on', () => {
    expect(rematchEpochs({ first: 0.5, step: 0, growth: 0 }, 10)).toEqual([5])
  })
})

describe('what would make a refused recipe of two signals trainable', () => {
  it('is smaller batches of everything that is fitted, never larger ones', () => {
    const recipe = withValue(sampleRecipe('fusion'), 'fusion.fit.people', 8)
    const error = new LabError('training-impossible', '', { able: 12, identities: 16, perIdentity: 4, windows: 300, validation: 9 })
    const [people, windows] = remediesOf(error, recipe)
    const of = (field: string, { recipe: changed }: { recipe: Recipe }) => ['teacher', 'encoder', 'fusion', 'student'].map((part) => valueAt(changed, `${part}.fit.${field}`))
    expect(of('people', people)).toEqual([12, 12, 8, 12])
    expect(of('windowsPerPerson', windows)).toEqual([2, 2, 2, 2])
    expect(Recipe.parse(people.recipe)).toEqual(people.recipe)
  })
})

describe('the scale of interval bars', () => {
  const figure = (mean: number, low: number, high: number) => ({ mean, interval: { low, high } })

  it('is round numbers around all of them, from 0 for errors and to 1 for hits', () => {
    expect(barEnds([figure(0.05, 0.04, 0.058), { mean: 0.03, interval: null }], 'eer')).toEqual({ low: 0, high: 0.06 })
    expect(barEnds([figure(0.95, 0.934, 0.97)], 'rank1')).toEqual({ low: 0.93, high: 1 })
    // Far from 0: the bars would all be points.
    expect(barEnds([figure(0.3, 0.294, 0.306)], 'eer')).toEqual({ low: 0.294, high: 0.306 })
    expect(barEnds([], 'eer')).toEqual({ low: 0, high: 1 })
  })

  it('holds every end, whatever they are', () => {
    const rate = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(fc.property(fc.array(fc.tuple(rate, rate, rate), { minLength: 1, maxLength: 8 }), fc.constantFrom('eer', 'rank1'), (all, measure) => {
      const figures = all.map((three) => three.toSorted((a, b) => a - b)).map(([low, mean, high]) => figure(mean, low, high))
      const { low, high } = barEnds(figures, measure)
      expect(low).toBeGreaterThanOrEqual(0)
      expect(high).toBeLessThanOrEqual(1)
      expect(low).toBeLessThan(high)
      for (const { interval } of figures) {
        expect(interval.low).toBeGreaterThanOrEqual(low - 1e-6)
        expect(interval.high).toBeLessThanOrEqual(high + 1e-6)
      }
    }))
  })
})

describe('the form of SemBridge’s base', () => {
  const of = (form: string, temperature?: number) => SembridgeRecipe.parse({ ...sampleRecipe('sembridge'), base: { form, ...(temperature === undefined ? {} : { temperature }) } })
  const changed = (recipe: SembridgeRecipe, form: SembridgeRecipe['base']['form']) => withUsualTemperature(recipe, { ...recipe, base: { ...recipe.base, form } })

  it('brings its published temperature along, unless another was chosen', () => {
    const [kd, decoupled] = [of('kd'), of('decoupled')]
    expect(changed(kd, 'decoupled')).toEqual(decoupled)
    expect(changed(decoupled, 'mmd')).toEqual(of('mmd'))
    expect(changed(of('kd', 7), 'decoupled')).toEqual(of('decoupled', 7))
  })
})

it('the recipe that a refusal names is one press away, and none where it names none', () => {
  const refusal = (code: 'pairs-missing' | 'lane-missing' | 'training-impossible', instead?: string) => insteadOf(new LabError(code, 'No.', instead === undefined ? {} : { instead }))
  expect([refusal('pairs-missing', 'sembridge'), refusal('pairs-missing', 'student-alone'), refusal('pairs-missing', 'pseudo'), refusal('lane-missing', 'nothing'), refusal('training-impossible', 'sembridge'), refusal('pairs-missing')])
    .toEqual(['sembridge', null, null, null, null, null])
})
