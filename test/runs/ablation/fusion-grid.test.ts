import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { cellsOf } from '../../../src-main/runs/ablation/cells.ts'
import { ablationResult } from '../../../src-main/runs/ablation/ablation-result.ts'
import { parseGrid, planAblation } from '../../../src-main/runs/ablation/grid.ts'
import { tableText } from '../../../src-main/runs/ablation/table-text.ts'
import { newRun } from '../../../src-main/runs/new-run.ts'
import { RunStore } from '../../../src-main/runs/run-store.ts'
import { execute } from '../a-small-lab.ts'
import { pairedLab, pairedRecipe } from '../cross-modal/a-paired-lab.ts'

it('two losses of the multi-modality paper: both encoders, the fusion and the twin are trained once, the student twice', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-fusion-grid-'))
  const dataset = await pairedLab(folder)
  const one = { epochs: 1, minimumSteps: 25 }
  const brief = JSON.parse(JSON.stringify(pairedRecipe('fusion')), (key, value: unknown) => (key === 'fit' ? { ...(value as object), ...one } : value)) as object
  const variants = { KL: {}, MMD: { 'distillation.kl.weight': 0, 'distillation.mmd.weight': 1 } }
  const grid = parseGrid({ name: 'losses', recipe: brief, variants, also: { baseline: 'scratch', teacher: 'fusion' }, seeds: [1], baseline: 'baseline', engine: { engine: 'onnx', threads: 1 } })
  const split = await dataset.splits.get('s1')
  const ablation = planAblation(grid, { split, program: 'test', wallMs: 0 })
  const store = new RunStore(dataset.files, dataset.path)
  const records = []
  for (const { recipe, seed, key, variant } of cellsOf(ablation)) {
    const record = { ...newRun({ split, recipe, preset: null, seed, name: `losses/${variant}/${seed}`, engine: ablation.engine, wallMs: Date.now() }), cell: key }
    await store.create(record)
    records.push(await execute(dataset, record.id))
  }
  const [first, second] = records
  expect(second.models.map(({ name, from }) => [name, from === undefined ? null : from === first.id])).toEqual([
    ['teacher', true], ['encoder', true], ['fusion', true], ['student', null], ['scratch', true], ['lda', true], ['template', null],
  ])
  const hashOf = (record: typeof first, name: string): string | undefined => record.models.find((model) => model.name === name)?.hash
  for (const name of ['teacher', 'encoder', 'fusion', 'scratch', 'lda']) expect(hashOf(second, name)).toBe(hashOf(first, name))
  expect(hashOf(second, 'student')).not.toBe(hashOf(first, 'student'))
  const result = await ablationResult(dataset, ablation)
  expect(result.tables[0].rows.map(({ name, kind, runs }) => [name, kind, runs.length])).toEqual([['baseline', 'also', 1], ['KL', 'variant', 1], ['MMD', 'variant', 1], ['teacher', 'also', 1]])
  expect(tableText(result, 'latex').split('\n').flatMap((line) => /^ {4}(\w+) & [\d.\\n]/.exec(line)?.[1] ?? []).slice(0, 4)).toEqual(['baseline', 'KL', 'MMD', 'teacher'])
  await dataset.close()
  await rm(folder, { recursive: true })
})
