import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { AblationId, Recipe, type DatasetSplit } from '../../../src-main/contract/index.ts'
import { nodeFiles } from '../../../src-main/dataset/files.ts'
import { AblationStore } from '../../../src-main/runs/ablation/ablation-store.ts'
import { cellKey, cellsOf } from '../../../src-main/runs/ablation/cells.ts'
import { parseGrid, planAblation } from '../../../src-main/runs/ablation/grid.ts'
import { temporaryFolder } from '../../dataset/temporary-folder.ts'

const folder = temporaryFolder()
const split = { name: 's1', hash: 'a'.repeat(64), options: { strategy: 'leave-last-recording-out' }, assignments: [] } as unknown as DatasetSplit
const recipe = JSON.parse(JSON.stringify(Recipe.parse({ recipe: 'lda' }))) as object
const planned = (name: string, seeds: number[], wallMs: number) => planAblation(parseGrid({ name, recipe, variants: { lda: {} }, seeds, baseline: 'lda' }), { split, program: '1', wallMs })

it('ablations are found by id, its beginning and name, the newest of several; a damaged one keeps nobody from the others', async () => {
  const store = new AblationStore(nodeFiles, folder.path)
  expect(await store.list()).toEqual({ ablations: [], problems: [] })
  const [older, newer, other] = [planned('sizes', [1], 1000), planned('sizes', [2], 2000), planned('other', [1], 1500)]
  for (const one of [newer, other, older]) await store.create(one)
  expect((await store.list()).ablations).toEqual([older, other, newer])
  expect(await store.get(older.id)).toEqual(older)
  for (const text of [older.id, older.id.slice(0, -2)]) expect((await store.find(text)).id).toBe(older.id)
  expect((await store.find(' sizes ')).id).toBe(newer.id)
  await expect(store.find('sizes-')).rejects.toMatchObject({ code: 'ablation-not-found', data: { matches: { length: 2 } } })
  for (const text of ['', 'none']) await expect(store.find(text)).rejects.toMatchObject({ code: 'ablation-not-found', data: { matches: [] } })
  await expect(store.get(AblationId.parse('none-000000000000'))).rejects.toMatchObject({ code: 'ablation-not-found' })
  const path = join(folder.path, 'ablations', `${older.id}.json`)
  const whole = await readFile(path, 'utf8')
  for (const damage of [whole.slice(0, 100), whole.replace('"seeds"', '"sedes"'), whole.replace(`"id": "${older.id}"`, `"id": "${other.id}"`)]) {
    await writeFile(path, damage)
    expect(await store.list()).toMatchObject({ ablations: [other, newer], problems: [{ id: older.id, error: { code: 'grid-invalid', data: { path } } }] })
    await expect(store.find(older.id)).rejects.toMatchObject({ code: 'grid-invalid' })
  }
})

it('the cells of an ablation are known by its recipes as they were written, whatever fields a later version has added', async () => {
  const store = new AblationStore(nodeFiles, join(folder.path, 'older'))
  const ablation = planned('before', [1], 1000)
  await store.create(ablation)
  const path = join(folder.path, 'older', 'ablations', `${ablation.id}.json`)
  const written = JSON.parse(await readFile(path, 'utf8')) as { variants: { recipe: { windows: { maximumMotion?: null } } }[] }
  delete written.variants[0].recipe.windows.maximumMotion
  await writeFile(path, JSON.stringify(written))
  const [{ recipe: asWritten }] = written.variants
  // What whoever wrote this file computed: it knew no such field.
  const key = cellKey(ablation, asWritten, 1)
  const [cell] = cellsOf(await store.get(ablation.id))
  expect(cell).toEqual({ ...cellsOf(ablation)[0], key })
  expect(cell.key).not.toBe(cellsOf(ablation)[0].key)
})
