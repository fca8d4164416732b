import { expect, it } from 'vitest'
import { Recipe, type DatasetSplit, type ModelName, type RunRecord } from '../../../src-main/contract/index.ts'
import { isBetterLater } from '../../../src-main/runs/ablation/cell-order.ts'
import { cellsOf } from '../../../src-main/runs/ablation/cells.ts'
import { parseGrid, planAblation } from '../../../src-main/runs/ablation/grid.ts'
import { newRun } from '../../../src-main/runs/new-run.ts'
import { smallRecipe } from '../a-small-lab.ts'

const split = { name: 's1', hash: 'a'.repeat(64), options: { strategy: 'leave-last-recording-out' }, assignments: [] } as unknown as DatasetSplit
const recipe = JSON.parse(JSON.stringify(smallRecipe())) as object
const variants = { one: {}, two: { 'student.distillation.embedding.weight': 2 }, 'other teacher': { 'teacher.fit.rate': 0.01, 'student.fit.rate': 0.01 } }
const ablation = planAblation(parseGrid({ name: 'order', recipe, variants, seeds: [1, 2], baseline: 'one' }), { split, program: '1', wallMs: 0 })
const cells = cellsOf(ablation)
const cell = (variant: string, seed: number) => cells.find((one) => one.variant === variant && one.seed === seed) ?? expect.unreachable()
const run = (variant: string, seed: number, state: RunRecord['state'], made: readonly ModelName[] = []): RunRecord => {
  const { key, recipe: own } = cell(variant, seed)
  const models = made.map((name) => ({ name, network: '', parameters: 0, macs: 0, epochs: 0, bestEpoch: null, stoppedEarly: false, seconds: 0, hash: '', key: 'k' }))
  return { ...newRun({ split, recipe: Recipe.parse(own), preset: null, seed, name: '', engine: ablation.engine, wallMs: 0 }), cell: key, state, models }
}
const later = (variant: string, seed: number, ...records: RunRecord[]): boolean => isBetterLater(cell(variant, seed).key, cells, records)

it('a cell whose teacher another program is training waits behind cells of other seeds and of other teachers', () => {
  expect(later('two', 1)).toBe(false)
  expect(later('two', 1, run('one', 1, 'running'))).toBe(true)
  expect(later('two', 2, run('one', 1, 'running'))).toBe(false)
  expect(later('other teacher', 1, run('one', 1, 'running'))).toBe(false)
  expect(later('one', 1, run('one', 1, 'running'))).toBe(true)
})

it('it waits for nothing once all that both share is made, or its maker was killed', () => {
  expect(later('two', 1, run('one', 1, 'running', ['teacher']))).toBe(true)
  expect(later('two', 1, run('one', 1, 'running', ['teacher', 'scratch', 'lda']))).toBe(false)
  expect(later('two', 1, run('one', 1, 'interrupted'))).toBe(false)
  expect(later('one', 1, run('one', 1, 'finished'), run('two', 1, 'running'))).toBe(false)
})

it('where every other cell is done, has failed or would wait too, it begins, and waits for the one model', () => {
  const done = [run('one', 2, 'finished'), run('two', 2, 'failed'), run('other teacher', 2, 'finished'), run('other teacher', 1, 'running')]
  expect(later('two', 1, run('one', 1, 'running'), ...done)).toBe(false)
})
