import type { ModelName, RunModel, RunRecord } from '../../contract/index.ts'
import type { Dataset } from '../../dataset/dataset.ts'
import { modelsOf } from '../planned-models.ts'
import type { RunFolder } from '../run-folder.ts'
import { RunStore } from '../run-store.ts'

/**
 * Models of other cells that were made from exactly what this cell would make them from: copied, and known from then on as if they had been trained here. One that cannot be read is passed over, and
 * trained. For whoever holds the run's lock.
 * @param keyOf see model-key.ts; `null`: not shared
 * @throws LabError of reading the list and of writing
 */
export async function takeOver(dataset: Dataset, folder: RunFolder, record: RunRecord, keyOf: (model: ModelName) => string | null): Promise<RunModel[]> {
  const wanted = record.cell === undefined ? [] : modelsOf(record.recipe).filter((name) => keyOf(name) !== null && !record.models.some((model) => model.name === name))
  if (wanted.length === 0) return []
  const store = new RunStore(dataset.files, dataset.path)
  const siblings = (await store.list()).records.filter(({ id, cell }) => cell !== undefined && id !== record.id)
  const taken: RunModel[] = []
  for (const name of wanted) {
    for (const { id, models } of siblings) {
      const found = models.find((model) => model.name === name && model.key !== undefined && model.key === keyOf(name))
      const content = found && (await store.folder(id).model(name, models).catch(() => null))
      if (!found || !content) continue
      const hash = await folder.writeModel(name, content)
      taken.push({ ...found, hash, from: found.from ?? id })
      break
    }
  }
  return taken
}
