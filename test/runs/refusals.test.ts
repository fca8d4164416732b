import { join } from 'node:path'
import { expect, it } from 'vitest'
import { LabError, Recipe, type DatasetSplit, type EngineChoice } from '../../src-main/contract/index.ts'
import type { Dataset } from '../../src-main/dataset/dataset.ts'
import type { WindowSet } from '../../src-main/learning/data/window-set.ts'
import { chooseEngine, type EngineLoader } from '../../src-main/learning/engine/choose-engine.ts'
import { loadEngine } from '../../src-main/learning/engine/load-engine.ts'
import { checkRun } from '../../src-main/runs/check-run.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { trainingData } from '../../src-main/runs/training-data.ts'
import { windowOptionsOf } from '../../src-main/runs/window-options.ts'
import { buildWindowSet } from '../../src-main/runs/window-sets.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { begin, execute, hashes, scratchRecipe, smallLab, smallRecipe } from './a-small-lab.ts'

const folder = temporaryFolder()
const context = { signal: new AbortController().signal }
const errorOf = (work: Promise<unknown>): Promise<LabError> => work.then(() => Promise.reject(new Error('It did not fail.')), (thrown: unknown) => LabError.from(thrown))

/** Said before, and by the run itself, which is failed then. */
async function refused(dataset: Dataset, recipe: Recipe): Promise<LabError> {
  const before = await errorOf(checkRun(dataset, 's1', recipe, context))
  const id = await begin(dataset, recipe)
  const during = await errorOf(execute(dataset, id))
  expect([during.code, during.message, during.data]).toEqual([before.code, before.message, before.data])
  expect(await new RunStore(dataset.files, dataset.path).folder(id).record()).toMatchObject({ state: 'failed', error: { code: before.code, message: before.message } })
  return before
}

it('one person with a usable signal: nobody to be told apart from', async () => {
  const dataset = await smallLab(folder.path, { people: 2, flat: [2] })
  for (const recipe of [scratchRecipe({ people: 2 }), smallRecipe(), Recipe.parse({ recipe: 'lda', windows: { minimumCorrelation: null } })]) {
    expect(await refused(dataset, recipe)).toMatchObject({ code: 'training-impossible', data: { subjects: 1 } })
  }
  await dataset.close()
})

it('fewer people, or windows of each, than a batch takes: both counts, and what would do', async () => {
  const dataset = await smallLab(folder.path)
  const people = await refused(dataset, scratchRecipe({ people: 5 }))
  expect(people).toMatchObject({ code: 'training-impossible', data: { identities: 5, able: 3, subjects: 3 } })
  expect(people.message).toContain('3 people a batch would do')
  expect(await refused(dataset, scratchRecipe({ windowsPerPerson: 60 }))).toMatchObject({ code: 'training-impossible', data: { able: 0, perIdentity: 60 } })
  expect(await refused(dataset, scratchRecipe({}, { holdOut: null }))).toMatchObject({ code: 'training-impossible', data: { validation: 0 } })
  await dataset.close()
})

it('one person, or one day where another is to be tested: already the split says so', async () => {
  await expect(smallLab(join(folder.path, 'a'), { people: 1 })).rejects.toMatchObject({ code: 'split-impossible' })
  await expect(smallLab(join(folder.path, 'b'), { oneDay: true, split: { strategy: 'leave-last-day-out', validation: 0 } })).rejects.toMatchObject({ code: 'split-impossible' })
})

it('a channel that is flat everywhere gives no window', async () => {
  const dataset = await smallLab(folder.path, { flat: [1, 2, 3] })
  expect((await refused(dataset, scratchRecipe())).code).toBe('training-impossible')
  await dataset.close()
})

it('windows that hold what is no number are refused with their number', async () => {
  const dataset = await smallLab(folder.path)
  const recipe = scratchRecipe()
  const split: DatasetSplit = await dataset.splits.get('s1')
  const { set } = await buildWindowSet(dataset, split, windowOptionsOf(recipe.windows), context)
  const { training } = trainingData(set, split, recipe)
  const samples = set.samples.slice()
  for (const row of training.slice(0, 4)) samples[row * set.length] = Number.NaN
  const broken: WindowSet = { ...set, samples }
  expect(() => trainingData(broken, split, recipe)).toThrow(expect.objectContaining({ code: 'training-impossible', message: expect.stringContaining(`4 of the ${training.length}`) as unknown }) as Error)
  await dataset.close()
})

it('a check says what a run will be: models, parameters, steps and memory', async () => {
  const dataset = await smallLab(folder.path)
  const recipe = smallRecipe()
  const check = await checkRun(dataset, 's1', recipe, context)
  expect(check).toMatchObject({ heldOut: true, closedSet: true, windows: { subjects: 3, trainingSubjects: 3, length: 60 } })
  expect(check.models.map(({ name }) => name)).toEqual(['teacher', 'student', 'scratch', 'lda', 'template'])
  const record = await execute(dataset, await begin(dataset, recipe))
  // What was promised is what was trained.
  for (const name of ['teacher', 'student', 'scratch'] as const) {
    const [promised, made] = [check.models.find((one) => one.name === name), record.models.find((one) => one.name === name)]
    expect([promised?.network, promised?.parameters, promised?.macs]).toEqual([made?.network, made?.parameters, made?.macs])
    expect(promised?.trainingBytes).toBeGreaterThan(16 * (made?.parameters ?? Infinity))
  }
  expect(check.windows.byRole).toEqual(record.windows?.byRole)
  await dataset.close()
}, 120_000)

it('an engine that is asked for and absent fails the run with its reason; one that computes wrongly is passed over, which run.json says', async () => {
  const dataset = await smallLab(folder.path)
  const load: EngineLoader = async (name, options) => {
    if (name === 'wasm' || name === 'cpu') return loadEngine(name, options)
    if (name === 'tensorflow') throw new LabError('engine-unavailable', 'It is not installed.', { engine: name })
    const engine = await loadEngine('cpu', options)
    return { ...engine, name, provider: 'cpu', threads: 1, version: 'broken', dispose: () => undefined, compile: async (...args) => {
      const compiled = await engine.compile(...args)
      return { ...compiled, run: async (inputs) => Object.fromEntries(Object.entries(await compiled.run(inputs)).map(([key, values]) => [key, Float32Array.from(values, (value) => 2 * value)])) }
    } }
  }
  const chosen = { chooseEngine: ({ engine }: { engine: EngineChoice }) => chooseEngine(engine, { cores: 1, load }) }
  const recipe = scratchRecipe({ minimumSteps: 1 })
  const absent = await begin(dataset, recipe, { engine: 'tensorflow' })
  expect(await errorOf(execute(dataset, absent, chosen))).toMatchObject({ code: 'engine-unavailable' })
  const store = new RunStore(dataset.files, dataset.path)
  expect(await store.folder(absent).record()).toMatchObject({ state: 'failed', error: { code: 'engine-unavailable', message: 'It is not installed.' } })
  const record = await execute(dataset, await begin(dataset, recipe, { engine: 'auto' }), chosen)
  expect(record.ran).toMatchObject({ engine: 'wasm', reasons: [{ engine: 'onnx', reason: expect.stringContaining('off by 1') as unknown }, { engine: 'tensorflow', reason: 'It is not installed.' }] })
  await dataset.close()
}, 120_000)

it('a split that was made anew under the old name is not the run\'s: it neither goes on nor is evaluated with it', async () => {
  const dataset = await smallLab(folder.path)
  const id = await begin(dataset, scratchRecipe())
  const record = await new RunStore(dataset.files, dataset.path).folder(id).record()
  await new RunStore(dataset.files, dataset.path).folder(id).writeRecord({ ...record, split: { ...record.split, hash: 'f'.repeat(64) } })
  // Whoever erased somebody reads why an older run does not go on.
  expect(await errorOf(execute(dataset, id))).toMatchObject({ code: 'split-invalid', message: expect.stringMatching(/made again.*erased.*Start a new run/) as unknown })
  expect(hashes(record)).toEqual({})
  await dataset.close()
})
