import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError, RecipeName, RecipePreset, type Recipe } from '../../src-main/contract/index.ts'
import { fittedTo, recipeOf } from '../../src-main/learning/recipes/recipe-presets.ts'
import { parseRecipe, parseRecipeText } from '../../src-main/runs/recipe-text.ts'
import { repeatedKey } from '../../src-main/runs/repeated-key.ts'

type Tree = { [name: string]: Tree | unknown }

/** A recipe with one value set, or taken away. */
function changed(recipe: Recipe, path: string, value: unknown): unknown {
  const copy = structuredClone(recipe) as Tree
  const names = path.split('.')
  const last = names.pop() ?? ''
  const place = names.reduce((node, name) => node[name] as Tree, copy)
  if (value === undefined) delete place[last]
  else place[last] = value
  return copy
}

const refusal = (value: unknown): LabError => {
  try {
    parseRecipe(value)
  } catch (thrown) {
    return LabError.from(thrown)
  }
  throw new Error('It was taken.')
}

const thkd = recipeOf('thkd', 'quick')

it('every recipe that Pulseprint makes is one that it takes, also out of a file and for few people', () => {
  for (const name of RecipeName.options) {
    for (const preset of RecipePreset.options) {
      const recipe = recipeOf(name, preset)
      expect(parseRecipeText(JSON.stringify(recipe))).toEqual(recipe)
      expect(parseRecipe(fittedTo(recipe, 3))).toEqual(fittedTo(recipe, 3))
    }
  }
})

it('what is wrong is named by its place and reason', () => {
  for (const [path, value, reason] of [
    ['teacher.fit.learningRate', 1, /unrecognized key/i], ['students', {}, /unrecognized key/i], ['student.distillation.stage.frm', 'tokens', /unrecognized key/i],
    ['teacher.fit.rate', 0, /too small|>0/i], ['student.network.preset', 'resnet50', /invalid option|expected one of/i], ['teacher.fit.schedule.kind', 'linear', /invalid/i],
    ['student.fit.people', 1, /too small|>=2/i], ['student.fit.people', '16', /expected number/i], ['recipe', 'thdk', /invalid/i], ['teacher', undefined, /expected object|required/i],
  ] as const) {
    const error = refusal(changed(thkd, path, value))
    expect(error, path).toMatchObject({ code: 'recipe-invalid', data: { path } })
    expect(error.data.reason, path).toMatch(reason)
    expect(error.message).toBe(`${path}: ${String(error.data.reason)}`)
  }
  expect(refusal(null)).toMatchObject({ code: 'recipe-invalid', data: { path: 'recipe' } })
  expect(() => parseRecipeText('{"recipe": "thkd",')).toThrow(expect.objectContaining({ code: 'recipe-invalid' }) as Error)
})

it('values that contradict each other are refused', () => {
  const window = { ...thkd.windows, mode: 'window', seconds: 2, strideSeconds: 5 }
  expect(refusal(changed(thkd, 'windows', window)).data).toMatchObject({ path: 'windows.strideSeconds' })
  expect(refusal(changed(thkd, 'windows.rateHz', 60)).data).toMatchObject({ path: 'windows.rateHz' })
  expect(refusal(changed(thkd, 'student.distillation.logit.weight', 1)).data).toMatchObject({ path: 'student.distillation.logit.weight' })
  let silent: unknown = thkd
  for (const level of ['logit', 'stage', 'embedding', 'relation']) silent = changed(silent as Recipe, `student.distillation.${level}.weight`, 0)
  expect(refusal(silent).data).toMatchObject({ path: 'student.distillation' })
  // A level whose parts are all 0 is off as well.
  const parts = changed(changed(silent as Recipe, 'student.distillation.stage.weight', 1) as Recipe, 'student.distillation.stage.stageWeights', [0, 0, 0, 0])
  expect(refusal(parts).data).toMatchObject({ path: 'student.distillation' })
  expect(parseRecipe(changed(silent as Recipe, 'student.distillation.embedding.weight', 0.1))).toMatchObject({ recipe: 'thkd' })
})

describe('what contradicts itself in a recipe for two modalities', () => {
  const fusion = recipeOf('fusion', 'quick')
  const sembridge = recipeOf('sembridge', 'quick')
  const onlyEcg = (teacher: number | null, student: number | null, recipe: Recipe = fusion): unknown =>
    changed(changed(changed(changed(recipe, 'windows.lane', 'ecg') as Recipe, 'windows.rateHz', 125) as Recipe, 'windows.channel', student) as Recipe, 'teacherWindows.channel', teacher)

  it.each([
    ['the teacher sees what the student sees', onlyEcg(null, null), 'teacherWindows', /both see the ECG lane/],
    ['... also without pairs', onlyEcg(1, 1, sembridge), 'teacherWindows', /number 1/],
    ['... or may', onlyEcg(null, 0), 'teacherWindows.channel', /a channel of its own/],
    ['... or may', onlyEcg(0, null), 'windows.channel', /a channel of its own/],
    ['fixed windows beside beats', changed(fusion, 'teacherWindows.mode', 'beat'), 'teacherWindows.mode', /single beats have no partners among fixed windows/],
    ['beats beside groups of them', changed(changed(fusion, 'teacherWindows.mode', 'beat') as Recipe, 'windows.mode', 'summary-beat'), 'teacherWindows.mode', /groups of beats/],
    ['windows of another length', changed(fusion, 'teacherWindows.seconds', 10), 'teacherWindows.seconds', /10 where the student has 5/],
    ['windows of another stride', changed(fusion, 'teacherWindows.strideSeconds', 5), 'teacherWindows.strideSeconds', /same moments/],
    ['windows from another begin', changed(fusion, 'windows.dropFirstSeconds', 0), 'teacherWindows.dropFirstSeconds', /same moments/],
    ['pairs for the matcher', changed(changed(sembridge, 'matcher.pairs', 'synchronous') as Recipe, 'teacherWindows.seconds', 10), 'teacherWindows.seconds', /same moments/],
    ['a rate too low for the teacher', changed(fusion, 'teacherWindows.rateHz', 50), 'teacherWindows.rateHz', /0\.5-40 Hz/],
    ['a rate too low for the student', changed(fusion, 'windows.rateHz', 20), 'windows.rateHz', /0\.5-8 Hz/],
    ['signal between the teacher\u2019s windows', changed(changed(sembridge, 'teacherWindows.strideSeconds', 7) as Recipe, 'windows.strideSeconds', 5), 'teacherWindows.strideSeconds', /leaves signal out/],
    ['a gate for pulses over an ECG', changed(fusion, 'teacherWindows.quality', {}), 'teacherWindows.quality', /pulses of a filtered PPG/],
    ['a gate for pulses over what is not filtered', changed(changed(fusion, 'windows.quality', {}) as Recipe, 'windows.filtered', false), 'windows.quality', /filtered/],
    ['embeddings of two widths', changed(fusion, 'fusion.embedding', 128), 'fusion.embedding', /128 dimensions .* 64/],
  ] as const)('%s', (_, recipe, path, reason) => {
    const error = refusal(recipe)
    expect(error).toMatchObject({ code: 'recipe-invalid', data: { path } })
    expect(error.data.reason).toMatch(reason)
  })

  it('what needs no pairs may be cut in two ways, and two leads may teach each other', () => {
    expect(parseRecipe(changed(changed(sembridge, 'teacherWindows.mode', 'beat') as Recipe, 'matcher.pairs', 'none'))).toMatchObject({ recipe: 'sembridge', teacherWindows: { mode: 'beat' } })
    expect(parseRecipe(changed(fusion, 'windows.quality', {}))).toMatchObject({ windows: { quality: { correlation: 0.8, skewness: 0 } } })
    expect(parseRecipe(onlyEcg(1, 0))).toMatchObject({ teacherWindows: { channel: 1 }, windows: { channel: 0 } })
  })
})

it('a field that stands there twice is refused, not the last one taken; the same word elsewhere is none', () => {
  const text = JSON.stringify(thkd)
  const twice = text.replace('"holdOut":', '"holdOut":0.1,"holdOut":')
  expect(JSON.parse(twice)).toEqual(thkd)
  expect(() => parseRecipeText(twice)).toThrow(expect.objectContaining({ code: 'recipe-invalid', data: { path: 'holdOut', reason: 'it stands there twice' } }) as Error)
  expect(parseRecipeText(text)).toEqual(thkd)
})

/** JSON with keys as they come, also twice. */
const written = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(fc.jsonValue({ maxDepth: 0 }).map((one) => JSON.stringify(one)), fc.constantFrom('"{"', '"a\\":"', '"\\\\"'), fc.array(tie('value'), { maxLength: 3 }).map((all) => `[${all.join(', ')}]`), tie('object')),
  object: fc.array(fc.tuple(fc.constantFrom('"a"', '"b"', '"{"', '"\\""', '"\\u0061"'), tie('value')), { maxLength: 3 }).map((fields) => `{${fields.map(([key, value]) => `${key} : ${value}`).join(',')}}`),
}))

it('finds every repeated key, by what JSON.parse leaves out', () => {
  fc.assert(
    fc.property(written.object, (text) => {
      // Of a text without repeated keys all strings before a colon are still there once it was read; spellings of one key count as one.
      const named = [...text.matchAll(/"(?:[^"\\]|\\.)*"(?= :)/g)].length
      let left = 0
      JSON.parse(text, (_, value: unknown) => {
        if (value !== null && typeof value === 'object' && !Array.isArray(value)) left += Object.keys(value).length
        return value
      })
      expect(repeatedKey(text) === null).toBe(named === left)
    }),
  )
})

it('SemBridge with nothing to learn from: by any weight above 0 it is one again', () => {
  const nothing = { ...recipeOf('sembridge', 'quick'), weights: { task: 0, base: 0, alignment: 1 }, alignment: { weight: 0 } }
  expect(refusal(nothing)).toMatchObject({ code: 'recipe-invalid', data: { path: 'weights' } })
  for (const more of [{ weights: { task: 1, base: 0, alignment: 0 } }, { weights: { task: 0, base: 1, alignment: 0 } }, { alignment: { weight: 0.01 } }]) expect(parseRecipe({ ...nothing, ...more })).toMatchObject({ recipe: 'sembridge' })
})

it('an augmentation that would do nothing is refused where it is asked for; left out it is none, and what earlier presets filled in still runs', () => {
  const of = (name: 'fusion' | 'clip' | 'sembridge', model: string, field: string, value: unknown) => changed(recipeOf(name, 'quick'), `${model}.fit.augmentation${field === '' ? '' : `.${field}`}`, value)
  for (const [name, model, fields] of [
    ['fusion', 'fusion', ['shiftMs', 'amplitude', 'noise', 'modulation', 'wander']], ['clip', 'alignment', ['shiftMs', 'amplitude', 'noise', 'modulation', 'wander']], ['sembridge', 'matcher', ['shiftMs', 'modulation', 'wander']],
  ] as const) {
    for (const field of fields) expect(refusal(of(name, model, field, 0.75)).data, `${name} ${field}`).toMatchObject({ path: `${model}.fit.augmentation.${field}`, reason: expect.stringContaining('no effect') as unknown })
    const usual = recipeOf(name, 'quick') as unknown as Record<string, { fit: { augmentation: object } }>
    const none = parseRecipe(of(name, model, '', {})) as unknown as typeof usual
    expect(none[model].fit.augmentation).toEqual(usual[model].fit.augmentation)
    const stored = of(name, model, '', { shiftMs: 16, amplitude: 0.1, noise: 0.05, modulation: 0, wander: 0 })
    expect(parseRecipe(stored)).toEqual(stored)
  }
  expect(recipeOf('sembridge', 'quick')).toMatchObject({ matcher: { fit: { augmentation: { shiftMs: 0, amplitude: 0.1, noise: 0.05 } } } })
  expect(parseRecipe(of('sembridge', 'matcher', 'noise', 0.5))).toMatchObject({ matcher: { fit: { augmentation: { noise: 0.5 } } } })
})

it('every form of SemBridge has its published temperature, unless the recipe says one', () => {
  const usual = recipeOf('sembridge', 'quick')
  const temperature = (base: object | undefined): unknown => (parseRecipe(changed(usual, 'base', base)) as Extract<Recipe, { recipe: 'sembridge' }>).base.temperature
  expect([undefined, {}, { form: 'kd' }, { form: 'decoupled' }, { form: 'standardised' }].map(temperature)).toEqual([3, 3, 3, 4, 3])
  expect(temperature({ form: 'decoupled', temperature: 3 })).toBe(3)
  expect(refusal(changed(usual, 'base.temperature', 0)).data).toMatchObject({ path: 'base.temperature' })
  expect(refusal(changed(usual, 'base.tau', 4)).data).toMatchObject({ path: 'base.tau' })
})
