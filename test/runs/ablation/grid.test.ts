import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError, Recipe, type DatasetSplit } from '../../../src-main/contract/index.ts'
import { builtInGrid, builtInGrids } from '../../../src-main/runs/ablation/built-in-grids.ts'
import { cellsOf } from '../../../src-main/runs/ablation/cells.ts'
import { parseGrid, parseGridText, planAblation } from '../../../src-main/runs/ablation/grid.ts'
import { pairedRecipe } from '../cross-modal/a-paired-lab.ts'

/** Of a split only what a plan reads: eight people. */
const split = {
  name: 's1', hash: 'a'.repeat(64), options: { strategy: 'leave-last-recording-out' }, assignments: Array.from({ length: 16 }, (_, i) => ({ subject: `S${i % 8}`, role: i < 8 ? 'train' : 'test' })),
} as unknown as DatasetSplit
const plan = (value: unknown, change: object = {}) => planAblation(parseGrid(value), { split, program: '1.0.0', wallMs: 0, ...change })
const base = JSON.parse(JSON.stringify(pairedRecipe('fusion'))) as object
const grid = (more: object = {}): object => ({
  name: 'losses', recipe: base, variants: { KL: {}, '+MMD': { 'distillation.mmd.weight': 2, 'student.fit.rate': 0.01 } }, also: { baseline: 'scratch', teacher: 'fusion' }, seeds: [1, 2], baseline: 'baseline', ...more,
})

describe('a grid', () => {
  it('makes of every variant a whole recipe that differs where it says, and nowhere else', () => {
    const { variants, model, beats, id } = plan(grid())
    expect(variants.map(({ name }) => name)).toEqual(['KL', '+MMD'])
    expect(variants[0].recipe).toEqual(base)
    const expected = pairedRecipe('fusion', { distillation: { mmd: { weight: 2 } } })
    expect(variants[1].recipe).toEqual({ ...expected, student: { ...('student' in expected ? expected.student : {}), fit: { ...('student' in expected ? expected.student.fit : {}), rate: 0.01 } } })
    expect({ model, beats }).toEqual({ model: 'student', beats: [1] })
    expect(id).toMatch(/^losses-[0-9a-f]{12}$/)
  })

  it('of axes is their product, in order, with the changes of every axis', () => {
    const { variants } = plan(grid({ variants: undefined, axes: { 'distillation.mmd.weight': [0.1, 10], head: { own: { 'distillation.kl.classifier': 'own' }, taught: {} } }, baseline: 'weight 0.1, own' }))
    expect(variants.map(({ name }) => name)).toEqual(['weight 0.1, own', 'weight 0.1, taught', 'weight 10, own', 'weight 10, taught'])
    expect(variants.map(({ recipe }) => recipe.recipe === 'fusion' && [recipe.distillation.mmd.weight, recipe.distillation.kl.classifier])).toEqual([[0.1, 'own'], [0.1, 'fusion'], [10, 'own'], [10, 'fusion']])
  })

  it('has the same id and cells wherever it is planned, and others when anything that decides is another', () => {
    const first = plan(grid())
    const same = plan(grid({ engine: { threads: 3 } }), { wallMs: 5 })
    expect(same.id).toBe(first.id)
    expect(cellsOf(same)).toEqual(cellsOf(first))
    const others = [plan(grid(), { program: '1.0.1' }), plan(grid(), { split: { ...split, hash: 'b'.repeat(64) } }), plan(grid({ engine: { engine: 'cpu' } }))]
    const keys = [first, ...others].flatMap((one) => cellsOf(one).map(({ key }) => key))
    expect(new Set(keys).size).toBe(16)
    expect(new Set([first, ...others, plan(grid({ seeds: [1, 3] }))].map(({ id }) => id)).size).toBe(5)
    // One more seed leaves the cells of the others what they were.
    expect(cellsOf(plan(grid({ seeds: [1, 3] }))).filter(({ seed }) => seed === 1)).toEqual(cellsOf(first).filter(({ seed }) => seed === 1))
  })

  it.each<[string, object, string]>([
    ['a misspelt path', { variants: { KL: { 'distillation.kl.wieght': 1 } } }, 'variants.KL.distillation.kl.wieght'],
    ['a path through a number', { variants: { KL: { 'holdOut.x': 1 } } }, 'variants.KL.holdOut.x'],
    ['a prototype', { variants: { KL: { 'constructor.name': 1 } } }, 'variants.KL.constructor.name'],
    ['a value that the recipe refuses', { variants: { KL: { 'distillation.mmd.weight': -1 } } }, 'variants.KL.distillation.mmd.weight'],
    ['a contradiction', { variants: { KL: { 'windows.rateHz': 10 } } }, 'variants.KL.windows.rateHz'],
    ['another recipe', { variants: { KL: { recipe: 'lda' } } }, 'variants.KL.recipe'],
    ['a base recipe that is wrong', { recipe: { ...base, holdOut: 2 } }, 'recipe.holdOut'],
    ['a recipe that is not there', { recipe: 'fuson' }, 'recipe'],
    ['a baseline that is no row', { baseline: 'scratch' }, 'baseline'],
    ['two rows of one name', { also: { KL: 'scratch' }, baseline: 'KL' }, 'also'],
    ['a model that no variant has', { also: { baseline: 'scratch', matcher: 'matcher' } }, 'also.matcher'],
    ['a model that is not tested by', { model: 'lda2' }, 'model'],
    ['no seed', { seeds: [] }, 'seeds'],
    ['a seed twice', { seeds: [1, 2, 1] }, 'seeds'],
    ['an unknown field', { seed: 1 }, 'seed'],
    ['no variants', { variants: undefined }, 'variants'],
    ['variants and axes', { axes: { a: [1] } }, 'variants'],
    ['an axis of nothing', { variants: undefined, axes: { holdOut: [] } }, 'axes.holdOut'],
    ['too many cells', { variants: undefined, axes: { a: Array.from({ length: 50 }, () => 1), b: Array.from({ length: 50 }, () => 1) } }, 'axes'],
    ['a name that is no file name', { name: '../x' }, 'name'],
    ['a row of two lines', { variants: { 'a\nb': {} } }, 'variants.a\nb'],
    ['beats that are not evaluated', { beats: [7] }, 'beats'],
    ['a preset for a written recipe', { preset: 'quick' }, 'preset'],
  ])('refuses %s by its place', (_, change, path) => {
    const refused = (): unknown => plan(grid(change))
    expect(refused).toThrow(LabError)
    try {
      refused()
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'grid-invalid', data: { path, reason: expect.stringMatching(/./) as unknown } })
    }
  })

  it('that is no grid at all is refused and never crashes', () => {
    // JSON.parse would take the last, and a row of the table would be gone.
    const twice = JSON.stringify(grid()).replace('"+MMD":', '"KL":')
    expect(() => parseGridText(twice)).toThrow(expect.objectContaining({ code: 'grid-invalid', data: { path: 'variants.KL', reason: 'it stands there twice' } }))
    // Far below what a call stack has room for, and above it: where reading goes down level by level. Brackets of a text are none.
    const deep = (levels: number) => JSON.stringify(grid()).replace('"KL":{}', `"KL":{"holdOut":${'['.repeat(levels)}1${']'.repeat(levels)}}`)
    for (const levels of [30, 9000, 400_000]) expect(() => parseGridText(deep(levels))).toThrow(expect.objectContaining({ code: 'grid-invalid', data: { path: '', reason: 'it is nested deeper than 32 levels' } }))
    expect(parseGridText(deep(29)).name).toBe('losses')
    expect(parseGridText(JSON.stringify(grid({ variants: { ['['.repeat(50)]: {} } }))).name).toBe('losses')
    expect(() => parseGridText('{')).toThrow(expect.objectContaining({ code: 'grid-invalid', data: { path: '', reason: expect.stringContaining('JSON') as unknown } }))
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          parseGridText(text)
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'grid-invalid' })
        }
      }),
    )
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (path, value) => {
        try {
          expect(Recipe.safeParse(plan(grid({ variants: { KL: { [path]: value } } })).variants[0].recipe).success).toBe(true)
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'grid-invalid' })
        }
      }),
    )
  })
})

describe('the built-in grids', () => {
  it('are for the four recipes, and every row can be planned', () => {
    expect(builtInGrids().map(({ name }) => name)).toEqual(['fusion', 'thkd', 'clip', 'sembridge'])
    for (const one of builtInGrids()) expect(cellsOf(planAblation(one, { split, program: '1', wallMs: 0 })).length).toBe(Object.keys(one.variants ?? {}).length * 3)
    expect(builtInGrid('toString')).toBeNull()
  })

  it('every form of SemBridge is taught at its own temperature; a grid whose recipe says one keeps it, and so does a variant that says one', () => {
    const temperatures = (value: unknown) => plan(value).variants.map(({ name, recipe }) => [name, recipe.recipe === 'sembridge' && recipe.base.temperature])
    const builtIn = temperatures({ ...builtInGrid('sembridge'), split: undefined })
    expect(builtIn.filter(([name]) => String(name).startsWith('DKD'))).toEqual([['DKD', 4], ['DKD+alignment', 4]])
    expect(builtIn.filter(([name, value]) => !String(name).startsWith('DKD') && value !== 3)).toEqual([])
    const variants = { DKD: { 'base.form': 'decoupled' }, 'DKD at 5': { 'base.form': 'decoupled', 'base.temperature': 5 }, KD: { 'base.form': 'kd' } }
    const own = (recipe: unknown) => temperatures({ name: 'forms', recipe, variants, seeds: [1], baseline: 'KD' }).map(([, value]) => value)
    expect(own('sembridge')).toEqual([4, 5, 3])
    const written = JSON.parse(JSON.stringify(pairedRecipe('sembridge'))) as { base: { temperature?: number } }
    expect(own(written)).toEqual([3, 5, 3])
    delete written.base.temperature
    expect(own(written)).toEqual([4, 5, 3])
  })

  it('fusion is the table of the multi-modality paper: which losses are on in which row', () => {
    const { variants, also, baseline } = planAblation(builtInGrid('fusion') ?? parseGrid({}), { split, program: '1', wallMs: 0 })
    const on = variants.map(({ name, recipe }) => [name, recipe.recipe === 'fusion' && [recipe.distillation.cosine.weight, recipe.distillation.kl.weight, recipe.distillation.mmd.weight]])
    expect(on).toEqual([['COS', [1, 0, 0]], ['KL', [0, 1, 0]], ['MMD', [0, 0, 1]], ['COS+KL', [1, 1, 0]], ['COS+MMD', [1, 0, 1]], ['KL+MMD', [0, 1, 1]], ['COS+KL+MMD', [1, 1, 1]]])
    expect({ also, baseline }).toEqual({ also: [{ name: 'baseline', model: 'scratch' }, { name: 'teacher', model: 'fusion' }], baseline: 'baseline' })
  })
})
