import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Recipe, type SplitOptionsInput } from '../../src-main/contract/index.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { divide } from '../exchange/a-lab.ts'
import { begin, execute, runWorld, smallLab, smallRecipe } from './a-small-lab.ts'

let folder: string
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'pulseprint-leaks-'))))
afterEach(() => rm(folder, { recursive: true }))

/** A teacher alone, for as short as can be. */
function teacher(): Recipe {
  const { windows, evaluation, teacher: options } = smallRecipe() as Extract<Recipe, { recipe: 'thkd' }>
  return Recipe.parse({ recipe: 'teacher', windows, evaluation: { ...evaluation, replicates: 100 }, holdOut: 0.25, teacher: { ...options, fit: { ...options.fit, epochs: 1, minimumSteps: 1, windowsPerPerson: 2 } } })
}

async function leaksOf(split: SplitOptionsInput, name: string): Promise<string[]> {
  const dataset = await smallLab(folder)
  await divide(dataset, split, 'v1', name)
  const id = await begin(dataset, teacher(), {}, name)
  await execute(dataset, id, runWorld())
  const { leaks } = await new RunStore(dataset.files, dataset.path).folder(id).report()
  await dataset.close()
  return leaks.map(({ check }) => check)
}

it('a teacher that learnt the beginning of a recording, whose end is tested, has seen nothing of the test', { timeout: 60_000 }, async () => {
  expect(await leaksOf({ strategy: 'chronological', validation: 0, test: 0.5, guardSeconds: 2 }, 'by-time')).toEqual([])
})

it('one that learnt beats in between those that are tested has', { timeout: 60_000 }, async () => {
  expect(await leaksOf({ strategy: 'diagnostic-leaky', validation: 0, test: 0.3 }, 'diagnostic-leaky')).toEqual(['teacher-saw-test'])
})
