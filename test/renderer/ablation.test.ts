import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import type { AblationGrid } from '../../src-main/contract/schemas/ablation.ts'
import type { Recipe, RunRecord } from '../../src-main/contract/schemas/learning.ts'
import { SplitOptions, type DatasetSplit } from '../../src-main/contract/schemas/split.ts'
import { builtInGrids } from '../../src-main/runs/ablation/built-in-grids.ts'
import { parseGrid, planAblation } from '../../src-main/runs/ablation/grid.ts'
import { ablationEstimate, secondsLeft } from '../../src-renderer/state/ablation-estimate.ts'
import { AblationBuilder } from '../../src-renderer/state/ablation-builder.svelte.ts'
import { AblationsState } from '../../src-renderer/state/ablation.svelte.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { readGrid, writeGrid } from '../../src-renderer/state/grid-text.ts'
import { withValue } from '../../src-renderer/state/recipe-path.ts'
import { weightSwitches } from '../../src-renderer/state/recipe-switches.ts'
import { ablationId, sampleGrid, sampleResult, sampleStatus } from './ablation-samples.ts'
import { FakeLab, type FakeHandlers } from './fake-lab.ts'
import { runIds, sampleCheck, sampleRecipe, sampleRun } from './run-samples.ts'

const splits = [{ name: 's1', problem: null }]
const split = { name: 's1', hash: 'c'.repeat(64), options: SplitOptions.parse({ strategy: 'leave-last-day-out' }), assignments: [] } as unknown as DatasetSplit

async function connect(handlers: FakeHandlers = {}) {
  const lab = new FakeLab({ 'learning.recipe': ({ recipe }) => sampleRecipe(recipe), 'runs.check': ({ recipe }) => sampleCheck(recipe as Recipe), ...handlers })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  return { lab, connection }
}

async function build(handlers: FakeHandlers = {}) {
  const { lab, connection } = await connect(handlers)
  const builder = new AblationBuilder(connection)
  await builder.begin(splits, [sampleGrid])
  return { lab, builder }
}

describe('a grid that is being made', () => {
  it('begins with the table of its recipe on the newest split, and is checked before anything starts', async () => {
    const { lab, builder } = await build()
    expect([builder.split, builder.name, builder.cells, builder.ready]).toEqual(['s1', 'losses', 6, true])
    expect(builder.columns).toEqual(['distillation.kl.weight', 'distillation.cosine.weight', 'distillation.mmd.weight'])
    expect(builder.grid()).toEqual({ ...sampleGrid, split: 's1' })
    expect(lab.inputs('ablations.start')).toEqual([])
  })

  it('shows of every variant what the lab will make of it', async () => {
    const { builder } = await build()
    builder.add('one more')
    const [, mmd, more] = builder.variants
    builder.toggle(more.key, 'distillation.cosine.weight')
    builder.addColumn('student.fit.rate')
    builder.set(more.key, 'student.fit.rate', 3e-4)
    builder.set(mmd.key, 'distillation.mmd.weight', 0.25)
    // The base written out: presets are the lab's own.
    await builder.takeRecipe(sampleRecipe('fusion'))
    const planned = planAblation(parseGrid(JSON.parse(JSON.stringify(builder.grid()))), { split, program: '0.1.0', wallMs: 0 })
    expect(planned.variants).toEqual(builder.variants.map((variant) => ({ name: variant.name, recipe: builder.recipeOf(variant) })))
    for (const [place, variant] of builder.variants.entries()) {
      const { recipe } = planned.variants[place]
      if (recipe.recipe !== 'fusion') throw new Error('not fusion')
      expect(builder.columns.map((path) => builder.valueIn(variant, path))).toEqual([recipe.distillation.kl.weight, recipe.distillation.cosine.weight, recipe.distillation.mmd.weight, recipe.student.fit.rate])
    }
  })

  it('switches a loss off and on with the recipe’s own weight, else the published one', async () => {
    const { builder } = await build()
    const [kl, mmd] = builder.variants
    builder.toggle(kl.key, 'distillation.kl.weight')
    builder.toggle(mmd.key, 'distillation.cosine.weight')
    expect(builder.variants.map(({ changes }) => changes)).toEqual([{ 'distillation.kl.weight': 0, 'distillation.mmd.weight': 0 }, { 'distillation.kl.weight': 0, 'distillation.mmd.weight': 1, 'distillation.cosine.weight': 1 }])
    builder.toggle(kl.key, 'distillation.kl.weight')
    expect(builder.variants[0].changes).toEqual({ 'distillation.mmd.weight': 0 })
  })

  it('copies, renames and removes rows; a baseline that is renamed stays one, one that is removed leaves none', async () => {
    const { builder } = await build()
    const [kl] = builder.variants
    builder.copy(kl.key)
    expect(builder.variants.map(({ name }) => name)).toEqual(['KL', 'KL 2', 'MMD'])
    builder.copy(kl.key)
    expect(builder.variants[1].name).toBe('KL 3')
    expect(builder.sameAs(builder.variants[1])).toBe('KL')
    expect(builder.sameAs(builder.variants[3])).toBeNull()
    builder.rename(builder.beside[0].key, ' alone ')
    expect(builder.grid()).toMatchObject({ also: { alone: 'scratch' }, baseline: 'alone' })
    builder.rename(kl.key, 'MMD')
    expect(builder.problems).toEqual(['twice'])
    builder.rename(kl.key, 'KL')
    builder.remove(builder.beside[0].key)
    expect(builder.problems).toEqual(['baseline'])
    builder.baseline = kl.key
    expect(builder.problems).toEqual([])
  })

  it('is not ready with a value, a seed or a name that is none, or more cells than a plan has', async () => {
    const { builder } = await build()
    builder.set(builder.variants[0].key, 'distillation.kl.weight', -1)
    expect(builder.problems).toEqual(['values'])
    expect([...(builder.wrong.get(builder.variants[0].key) ?? [])].map(([path]) => path)).toEqual(['distillation.kl.weight'])
    builder.set(builder.variants[0].key, 'distillation.kl.weight', 1)
    builder.seedsText = 'one'
    builder.name = 'two words'
    expect(builder.problems).toEqual(['name', 'seeds'])
    expect(builder.ready).toBe(false)
    builder.seedsText = '1-20'
    builder.name = 'many'
    for (let n = 0; n < 99; n++) builder.add('more')
    expect(builder.cells).toBe(2020)
    expect(builder.problems).toEqual(['cells'])
  })

  it('says what the split refuses, and takes a recipe that would do, written out', async () => {
    const { builder } = await build({
      'runs.check': ({ recipe }) => {
        if ((recipe as Recipe).holdOut === null) throw new LabError('training-impossible', 'No validation.', { validation: 0, windows: 90 })
        return sampleCheck(recipe as Recipe)
      },
    })
    expect([builder.error?.code, builder.ready]).toEqual(['training-impossible', false])
    await builder.takeRecipe({ ...sampleRecipe('fusion'), holdOut: 0.15 })
    expect([builder.error, builder.ready]).toEqual([null, true])
    expect(builder.grid()).toMatchObject({ recipe: { recipe: 'fusion', holdOut: 0.15 } })
    expect(builder.grid().preset).toBeUndefined()
  })

  it('of another recipe loses the changes that this one does not know', async () => {
    const { builder } = await build()
    await builder.takeRecipe(sampleRecipe('clip'))
    expect(builder.variants.map(({ changes }) => changes)).toEqual([{}, {}])
    expect(builder.problems).toEqual([])
    await builder.chooseRecipe('lda', [sampleGrid])
    expect(builder.grid()).toMatchObject({ recipe: 'lda', variants: { baseline: {} }, baseline: 'baseline', also: {} })
  })

  it('is not replaced when its page opens while it is still being read', async () => {
    const { connection } = await connect()
    const builder = new AblationBuilder(connection)
    await Promise.all([builder.load({ ...sampleGrid, name: 'other', recipe: 'clip', variants: { KD: {} } }), builder.begin(splits, [sampleGrid])])
    expect([builder.split, builder.name, builder.recipe?.recipe, builder.ready]).toEqual(['s1', 'other', 'clip', true])
    await builder.begin(splits, [sampleGrid])
    expect(builder.variants.map(({ name }) => name)).toEqual(['KD'])
  })

  it('is one that was started again, row for row', async () => {
    const { builder } = await build()
    const { ablation } = sampleStatus()
    await builder.loadAblation(ablation)
    expect(builder.grid()).toMatchObject({ name: 'losses', seeds: [1, 2], also: { baseline: 'scratch' }, baseline: 'baseline', beats: [1, 5], variants: { KL: {}, MMD: { 'distillation.kl.weight': 0, 'distillation.mmd.weight': 1 } } })
  })
})

describe('the switches of the table', () => {
  it('are those that the program’s own grids switch, with the same weights', () => {
    for (const grid of builtInGrids()) {
      const weights = Object.values(grid.variants ?? {}).flatMap((changes) => Object.entries(changes)).filter((change): change is [string, number] => typeof change[1] === 'number' && change[1] > 0)
      for (const [path, weight] of weights) expect(weightSwitches[grid.name as 'thkd'].find((one) => one.path === path)?.usual, `${grid.name} ${path}`).toBe(weight)
    }
  })
})

describe('a grid as text', () => {
  it('is read as it was written', () => {
    expect(readGrid(writeGrid(sampleGrid))).toEqual({ grid: sampleGrid, problems: [], axes: false })
    const written: AblationGrid = { ...sampleGrid, preset: undefined, recipe: JSON.parse(JSON.stringify(sampleRecipe('fusion'))) as Record<string, never> }
    expect(readGrid(writeGrid(written)).grid?.recipe).toEqual(sampleRecipe('fusion'))
  })

  it('names the field that is wrong, also within the recipe, and leaves axes to the terminal', () => {
    expect(readGrid('{').problems[0].path).toBe('')
    expect(readGrid(writeGrid({ ...sampleGrid, name: 'a b' })).problems[0].path).toBe('name')
    const broken = { ...(JSON.parse(JSON.stringify(sampleRecipe('fusion'))) as Record<string, never>), holdOut: 7 }
    expect(readGrid(JSON.stringify({ ...sampleGrid, preset: undefined, recipe: broken })).problems[0].path).toBe('recipe.holdOut')
    expect(readGrid(JSON.stringify({ ...sampleGrid, variants: undefined, axes: { holdOut: [0.1, 0.2] } }))).toEqual({ grid: null, problems: [], axes: true })
  })
})

describe('the estimate', () => {
  const model = (name: 'teacher' | 'student', seconds: number, from?: RunRecord['id']) => ({ ...sampleRun(runIds[0]).models[0], name, seconds, ...(from ? { from } : {}) })
  const size = { recipe: sampleRecipe('thkd'), varied: ['student.distillation.logit.weight'], split: 's1', variants: 3, seeds: 2 }

  it('is between taking over all that is shared and nothing: 6 minutes of teacher, 4 of student', () => {
    const run = sampleRun(runIds[0], { models: [model('teacher', 360), model('student', 240)] })
    expect(ablationEstimate(size, [run])).toEqual({ least: 2 * (360 + 3 * 240), most: 2 * 3 * 600, from: run })
  })

  it('rests on a run of the same kind that trained all of its models, the newest; else there is none', () => {
    const took = sampleRun(runIds[1], { models: [model('teacher', 1, runIds[0]), model('student', 240)] })
    const older = sampleRun(runIds[2], { createdAt: '2026-01-01T00:00:00.000Z', models: [model('teacher', 5), model('student', 5)] })
    const newer = sampleRun(runIds[3], { models: [model('teacher', 360), model('student', 240)] })
    expect(ablationEstimate(size, [took])).toBeNull()
    expect(ablationEstimate(size, [older, newer, took])?.from).toBe(newer)
    const longer = withValue<Recipe>(size.recipe, 'student.fit.epochs', 99)
    for (const other of [{ recipe: longer }, { split: 's2' }, { recipe: sampleRecipe('fusion') }]) expect(ablationEstimate({ ...size, ...other }, [newer])).toBeNull()
    // What variants change does not make a run longer.
    expect(ablationEstimate({ ...size, recipe: withValue<Recipe>(size.recipe, 'student.distillation.logit.weight', 0) }, [newer])?.from).toBe(newer)
  })

  it('of what is left is the median of what is done, a cell of two variants counted once', () => {
    const cell = sampleStatus().cells[0]
    const cells = [100, 200, 900].map((seconds, i) => ({ ...cell, key: `done ${i}`, seconds }))
    const waiting = ['a', 'b', 'b'].map((key) => ({ ...cell, key, state: 'waiting' as const, seconds: 0 }))
    expect(secondsLeft([...cells, ...waiting, { ...cell, key: 'f', state: 'failed', seconds: 5 }])).toBe(400)
    expect(secondsLeft([cells[0], cells[1], waiting[0]])).toBe(150)
    expect(secondsLeft(waiting)).toBeNull()
  })
})

describe('an ablation that is looked at', () => {
  it('is read with what its finished cells show, and again when something is told', async () => {
    let finished = 0
    const { lab, connection } = await connect({ 'ablations.get': () => sampleStatus({ finished }), 'ablations.result': sampleResult, 'ablations.list': () => [] })
    const ablations = new AblationsState(connection)
    await ablations.open(ablationId)
    expect([ablations.status?.name, ablations.result]).toEqual(['losses', null])
    finished = 1
    lab.emit('ablation.progress', { id: ablationId, cells: 4, finished: 1, failed: 0, current: null, note: null })
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(ablations.table?.beats).toBe(1)
    ablations.beats = 5
    expect(ablations.table?.beats).toBe(5)
  })

  it('keeps nothing of the one before, nor of an answer that comes too late', async () => {
    const answers: (() => void)[] = []
    const other = 'other-0123456789ab' as typeof ablationId
    const { connection } = await connect({ 'ablations.get': ({ id }) => new Promise((resolve) => answers.push(() => resolve(sampleStatus({ id: id as typeof ablationId, finished: 0 })))) })
    const ablations = new AblationsState(connection)
    const first = ablations.open(ablationId)
    const second = ablations.open(other)
    answers[0]()
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(ablations.status).toBeNull()
    answers[1]()
    await Promise.all([first, second])
    expect(ablations.status?.id).toBe(other)
  })

  it('tells why there is none', async () => {
    const { connection } = await connect({
      'ablations.get': () => {
        throw new LabError('ablation-not-found', 'There is none.')
      },
    })
    const ablations = new AblationsState(connection)
    await ablations.open(ablationId)
    expect(ablations.error?.code).toBe('ablation-not-found')
  })
})
