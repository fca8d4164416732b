import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ModelName, Recipe } from '../../../src-main/contract/index.ts'
import { modelKey, type ModelOrigin } from '../../../src-main/runs/ablation/model-key.ts'
import { smallRecipe } from '../a-small-lab.ts'
import { pairedRecipe } from '../cross-modal/a-paired-lab.ts'

const origin: ModelOrigin = { program: '1', splitHash: 'a', seed: 1, windows: ['x', 'y'], engine: { name: 'onnx', provider: 'cpu', version: '1' } }

/** Every value of a recipe that is no object, by its path. */
function leaves(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]]
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...path, name]))
}

/** The recipe with another value at one place; whether it is allowed there does not matter to a key. */
function changed(recipe: Recipe, path: readonly string[]): Recipe {
  const copy = structuredClone(recipe) as unknown as Record<string, unknown>
  const holder = path.slice(0, -1).reduce<Record<string, unknown>>((at, name) => at[name] as Record<string, unknown>, copy)
  holder[path[path.length - 1]] = { another: holder[path[path.length - 1]] }
  return copy as unknown as Recipe
}

const recipes = { thkd: smallRecipe(), fusion: pairedRecipe('fusion'), clip: pairedRecipe('clip'), sembridge: pairedRecipe('sembridge') }

/** By hand, from what planned-models.ts and its parts read: fields that a model is made without. Whatever is not listed has to change the key. */
const without: readonly (readonly [keyof typeof recipes, ModelName, readonly string[]])[] = [
  ['thkd', 'teacher', ['student', 'evaluation', 'scratch']],
  ['thkd', 'scratch', ['teacher', 'student.distillation', 'evaluation', 'scratch']],
  ['thkd', 'lda', ['student.distillation', 'evaluation', 'scratch']],
  ['fusion', 'teacher', ['student', 'encoder', 'fusion', 'distillation', 'evaluation', 'scratch']],
  ['fusion', 'encoder', ['student', 'teacher', 'fusion', 'distillation', 'evaluation', 'scratch']],
  ['fusion', 'fusion', ['student', 'distillation', 'evaluation', 'scratch']],
  ['fusion', 'scratch', ['teacher', 'encoder', 'fusion', 'distillation', 'evaluation', 'scratch']],
  ['clip', 'teacher', ['student', 'alignment', 'distillation', 'evaluation', 'scratch']],
  ['clip', 'alignment', ['distillation', 'evaluation', 'scratch']],
  ['clip', 'scratch', ['teacher', 'alignment', 'distillation', 'evaluation', 'scratch']],
  ['sembridge', 'teacher', ['student', 'matcher', 'base', 'alignment', 'weights', 'rematch', 'excludeSynchronous', 'evaluation', 'scratch']],
  ['sembridge', 'matcher', ['base', 'alignment', 'weights', 'rematch', 'evaluation', 'scratch']],
  ['sembridge', 'scratch', ['teacher', 'matcher', 'base', 'alignment', 'weights', 'rematch', 'excludeSynchronous', 'evaluation', 'scratch']],
]

describe('the key of a model', () => {
  it.each(without)('%s: %s has another one as soon as anything that it depends on is another, and only then', (name, model, independent) => {
    const recipe = recipes[name]
    const key = modelKey(model, recipe, origin)
    expect(key).toMatch(/^[0-9a-f]{64}$/)
    for (const path of leaves(recipe)) {
      if (path.join('.') === 'recipe') continue
      const free = independent.some((field) => `${path.join('.')}.`.startsWith(`${field}.`))
      expect([path.join('.'), modelKey(model, changed(recipe, path), origin) === key]).toEqual([path.join('.'), free])
    }
  })

  it('depends on program, split, seed, windows and engine', () => {
    const key = modelKey('teacher', recipes.fusion, origin)
    const others: Partial<ModelOrigin>[] = [{ program: '2' }, { splitHash: 'b' }, { seed: 2 }, { windows: ['x', 'z'] }, { windows: ['y', 'x'] }, { engine: { ...origin.engine, name: 'cpu' } }, { engine: { ...origin.engine, version: '2' } }]
    for (const change of others) expect(modelKey('teacher', recipes.fusion, { ...origin, ...change })).not.toBe(key)
  })

  it('is never that of another model, and a taught student has none', () => {
    const keys = without.map(([name, model]) => modelKey(model, recipes[name], origin))
    expect(new Set(keys).size).toBe(keys.length)
    for (const recipe of Object.values(recipes)) for (const model of ['student', 'template'] as const) expect(modelKey(model, recipe, origin)).toBeNull()
  })

  it('any two changes of a recipe that give one key for the teacher differ in what it does not depend on', () => {
    const recipe = recipes.sembridge
    const paths = leaves(recipe).filter((path) => path.join('.') !== 'recipe')
    const free = (path: readonly string[]): boolean => without.find(([name, model]) => name === 'sembridge' && model === 'teacher')?.[2].some((field) => `${path.join('.')}.`.startsWith(`${field}.`)) ?? false
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: paths.length - 1 }), { minLength: 1, maxLength: 3 }), (picked) => {
        const other = picked.reduce((at, place) => changed(at, paths[place]), recipe)
        expect(modelKey('teacher', other, origin) === modelKey('teacher', recipe, origin)).toBe(picked.every((place) => free(paths[place])))
      }),
    )
  })
})
