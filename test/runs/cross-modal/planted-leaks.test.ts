import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LabError, Recipe, type ModelName } from '../../../src-main/contract/index.ts'
import type { Dataset } from '../../../src-main/dataset/dataset.ts'
import type { Engine } from '../../../src-main/learning/engine/engine.ts'
import type { StoredModel } from '../../../src-main/runs/embedding-models.ts'
import { openRun, runWindows } from '../../../src-main/runs/open-run.ts'
import { planModel } from '../../../src-main/runs/planned-models.ts'
import type { RunData } from '../../../src-main/runs/run-data.ts'
import { begin, execute, onnx } from '../a-small-lab.ts'
import { pairedLab, pairedRecipe } from './a-paired-lab.ts'
import { planningWith } from './unasked.ts'

let folder: string
let dataset: Dataset
let engine: Engine
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-planted-leaks-'))
  dataset = await pairedLab(folder)
  engine = await onnx()
})
afterAll(async () => {
  engine.dispose()
  await dataset.close()
  await rm(folder, { recursive: true })
})

const planted = {
  /** A test window among those that the student's modality learns. */
  student: (run: RunData): RunData => ({ ...run, data: { ...run.data, training: Int32Array.from([...run.data.training, run.data.test[0]]) } }),
  /** The same in the modality that teaches. */
  teacher: (run: RunData): RunData => (run.teacher ? { ...run, teacher: { ...run.teacher, data: { ...run.teacher.data, training: Int32Array.from([...run.teacher.data.training, run.teacher.data.test[0]]) } } } : run),
  /** A window that is learnt has a tested one for a partner. */
  pairs: (run: RunData): RunData => (run.teacher ? { ...run, teacher: { ...run.teacher, pairs: run.teacher.pairs.map((pair, row) => (row === run.data.training[0] ? (run.teacher?.data.test[0] ?? -1) : pair)) } } : run),
}

/** How well it learns is of no matter here. */
const brief = (recipe: Recipe): Recipe => Recipe.parse(JSON.parse(JSON.stringify(recipe), (key, value: unknown) => (key === 'epochs' || key === 'minimumSteps' ? 1 : value)))

async function codes(whole: Recipe, asked: readonly (readonly [ModelName, keyof typeof planted | null])[]): Promise<string[]> {
  const recipe = brief(whole)
  const id = await begin(dataset, recipe)
  const record = await execute(dataset, id)
  const { models } = await openRun(dataset, id)
  const run = await runWindows(dataset, record, new AbortController().signal)
  const plan = async (name: ModelName, with_: RunData, before: readonly StoredModel[]): Promise<string> => {
    try {
      await planModel(name, { recipe, run: with_, before, seed: 1, ...planningWith(engine) })
      return 'planned'
    } catch (thrown) {
      return LabError.from(thrown).code
    }
  }
  const found: string[] = []
  for (const [name, how] of asked) found.push(await plan(name, how === null ? run : planted[how](run), models))
  return found
}

it('a teacher, an encoder and a fusion that would learn from a tested window are refused; as they are they are not', { timeout: 120_000 }, async () => {
  const asked = [['teacher', 'teacher'], ['encoder', 'student'], ['fusion', 'student'], ['fusion', 'pairs'], ['student', 'pairs'], ['teacher', null], ['fusion', null], ['student', null]] as const
  expect(await codes(pairedRecipe('fusion'), asked)).toEqual(['split-leaks', 'split-leaks', 'split-leaks', 'split-leaks', 'split-leaks', 'planned', 'planned', 'planned'])
})

it('so are the pairs of an alignment', { timeout: 120_000 }, async () => {
  expect(await codes(pairedRecipe('clip'), [['alignment', 'pairs'], ['alignment', 'student'], ['student', 'student'], ['alignment', null]])).toEqual(['split-leaks', 'split-leaks', 'split-leaks', 'planned'])
})

it('so are the gallery and the matcher of SemBridge', { timeout: 120_000 }, async () => {
  expect(await codes(pairedRecipe('sembridge'), [['matcher', 'teacher'], ['student', 'teacher'], ['student', 'student'], ['student', null]])).toEqual(['split-leaks', 'split-leaks', 'split-leaks', 'planned'])
})
