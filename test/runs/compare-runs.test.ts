import { expect, it } from 'vitest'
import { EngineChoice, RunRecord, type ModelName, type Recipe, type RunReport } from '../../src-main/contract/index.ts'
import { compareRuns, type ReportedRun } from '../../src-main/runs/compare-runs.ts'
import { scratchRecipe } from './a-small-lab.ts'

let made = 0

/** A run with these EERs by model; of its report only what a comparison reads. */
function reported(seed: number, eers: Partial<Record<ModelName, number>>, { recipe = scratchRecipe(), hash = 'a'.repeat(64), tested = 60 }: { recipe?: Recipe; hash?: string; tested?: number } = {}): ReportedRun {
  const record = RunRecord.parse({
    formatVersion: 1, id: `01M8BQFW6G03XVTKWVTJM${String(++made).padStart(5, '0')}`, name: `run ${made}`, state: 'finished', recipe, preset: null, seed, split: { name: 's1', hash, version: 'v1', versionHash: 'b'.repeat(64), strategy: 'x' },
    engine: EngineChoice.parse({}), ran: null, environment: null, windows: null, models: [], createdAt: '2026-01-01T00:00:00.000Z', startedAt: null, endedAt: null, seconds: 0, error: null,
  })
  const systems = Object.fromEntries(Object.entries(eers).map(([name, value]) => [name, { evaluation: { subjects: { tested }, byBeats: [{ beats: 1, eer: { value, interval: null }, identification: { rank1: { value: 1 - value, interval: null } } }], calibration: null }, figures: null, modelHash: null }]))
  return { record, report: { systems, facts: { engine: { engine: 'onnx' } } } as unknown as RunReport }
}

it('runs that differ in their seed alone are summed up: mean and standard deviation of the sample', () => {
  const { rows, groups } = compareRuns([reported(1, { scratch: 0.1, lda: 0.3 }), reported(2, { scratch: 0.2, lda: 0.3 }), reported(3, { scratch: 0.6 })], 1)
  expect(rows.map(({ model, seed }) => `${model} ${seed}`)).toEqual(['scratch 1', 'lda 1', 'scratch 2', 'lda 2', 'scratch 3'])
  // (0.1 + 0.2 + 0.6) / 3; deviations -0.2, -0.1, 0.3: sqrt(0.14 / 2).
  expect(groups).toMatchObject([{ model: 'scratch', seeds: 3, eer: { mean: expect.closeTo(0.3, 10) as unknown, deviation: expect.closeTo(Math.sqrt(0.07), 10) as unknown } }, { model: 'lda', seeds: 2, eer: { mean: 0.3, deviation: 0 } }])
})

it('a recipe of the same name with another value in it is another setting, and so is a split that was made anew', () => {
  const others = [reported(2, { scratch: 0.2 }, { recipe: scratchRecipe({ rate: 5e-3 }) }), reported(3, { scratch: 0.2 }, { hash: 'c'.repeat(64) })]
  const { groups, seedComparisons } = compareRuns([reported(1, { scratch: 0.1 }), ...others], 1)
  expect(groups.map(({ seeds, eer }) => [seeds, eer?.mean])).toEqual([[1, 0.1], [1, 0.2], [1, 0.2]])
  expect(seedComparisons).toEqual([])
})

it('models are compared on the seeds that both have', () => {
  const { seedComparisons } = compareRuns([1, 2, 3, 4].map((seed) => reported(seed, { scratch: 0.1 + 0.01 * seed, ...(seed < 4 ? { lda: 0.3 + 0.01 * seed } : {}) })), 1)
  expect(seedComparisons.map(({ system, reference, measure }) => [system, reference, measure])).toEqual([['scratch', 'lda', 'eer'], ['scratch', 'lda', 'rank1']])
  expect(seedComparisons[0]).toMatchObject({ beats: 1, seeds: 3, meanDifference: expect.closeTo(-0.2, 10) as unknown })
})

it('the pair says how many people the seed with the fewest was tested on', () => {
  const { seedComparisons, rows } = compareRuns([60, 49, 60].map((tested, at) => reported(at + 1, { scratch: 0.1, lda: 0.3 }, { tested })), 1)
  expect(seedComparisons.map(({ subjects }) => subjects)).toEqual([49, 49])
  expect(Object.keys(rows[0])).not.toContain('tested')
})

it('beats that a run was not evaluated at have no figures', () => {
  expect(compareRuns([reported(1, { scratch: 0.1 })], 5)).toMatchObject({ rows: [{ eer: { value: null } }], groups: [{ eer: null }] })
})
