import type { ModelName, RunModel, RunRecord } from '../../contract/index.ts'
import type { Dataset } from '../../dataset/dataset.ts'
import type { RunFolder } from '../run-folder.ts'
import { RunStore } from '../run-store.ts'

/**
 * A model of another cell that was made from exactly what this cell would make it from: copied, and known from then on as if it had been trained here. `null`: there is none, or none that can be read. For
 * whoever holds the run's lock.
 * @param key see model-key.ts
 * @throws LabError of reading the list and of writing
 */
export async function takeOver(dataset: Dataset, folder: RunFolder, record: RunRecord, name: ModelName, key: string): Promise<RunModel | null> {
  const store = new RunStore(dataset.files, dataset.path)
  for (const { id, cell, models } of (await store.list()).records) {
    if (cell === undefined || id === record.id) continue
    const found = models.find((model) => model.name === name && model.key === key)
    const content = found && (await store.folder(id).model(name, models).catch(() => null))
    if (!found || !content) continue
    const hash = await folder.writeModel(name, content)
    return { ...found, hash, from: found.from ?? id }
  }
  return null
}
