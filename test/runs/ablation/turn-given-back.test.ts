import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { EngineChoice, LabError, type Recipe, type RunId } from '../../../src-main/contract/index.ts'
import type { Dataset } from '../../../src-main/dataset/dataset.ts'
import { nodeFiles, type Files } from '../../../src-main/dataset/files.ts'
import { lockHolder } from '../../../src-main/dataset/lock.ts'
import { newRun } from '../../../src-main/runs/new-run.ts'
import { RunStore } from '../../../src-main/runs/run-store.ts'
import { execute, smallLab, smallRecipe } from '../a-small-lab.ts'

/** A disk that is full for one run's teacher; the other's cannot be read at first, as if it were being written. */
let disk: { readonly full: RunId; unread: number } | null = null
const files: Files = {
  ...nodeFiles,
  async open(path, how) {
    if (disk && path.includes(join(disk.full, 'models'))) throw new LabError('dataset-full', 'full', { path })
    return nodeFiles.open(path, how)
  },
  async readFile(path) {
    if (disk && path.endsWith(join('models', 'teacher.bin')) && disk.unread-- > 0) throw new LabError('file-read-failed', 'not yet', { path })
    return nodeFiles.readFile(path)
  },
}

let folder: string
let dataset: Dataset
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-turn-'))
  dataset = await smallLab(folder, { files })
})
afterAll(async () => {
  await dataset.close()
  await rm(folder, { recursive: true })
})

/** A cell whose teacher is every other cell's. */
async function cell(weight: number): Promise<RunId> {
  const recipe = JSON.parse(JSON.stringify(smallRecipe({ scratch: false })), (key, value: unknown) => (key === 'epochs' || key === 'minimumSteps' ? 1 : key === 'preset' ? 'deit-micro' : value)) as Recipe & { recipe: 'thkd' }
  recipe.student.distillation.logit.weight = weight
  const record = { ...newRun({ split: await dataset.splits.get('s1'), recipe, preset: null, seed: 7, name: '', engine: EngineChoice.parse({ engine: 'onnx', threads: 1 }), wallMs: Date.now() }), cell: String(weight) }
  await new RunStore(files, dataset.path).create(record)
  return record.id
}

it('a turn that was got in vain is given back: the disk was full, and whoever comes next waits for nobody', { timeout: 60_000 }, async () => {
  const first = await execute(dataset, await cell(0.3))
  const id = await cell(0.6)
  disk = { full: id, unread: 1 }
  await expect(execute(dataset, id)).rejects.toMatchObject({ code: 'dataset-full' })
  const key = first.models.find(({ name }) => name === 'teacher')?.key ?? expect.unreachable()
  expect(await lockHolder(files, join(dataset.path, 'runs', '.training', key))).toBeNull()
  disk = null
  const record = await execute(dataset, id)
  expect([record.state, record.models.find(({ name }) => name === 'teacher')?.from]).toEqual(['finished', first.id])
})
