import { join } from 'node:path'
import { LabError } from '../../contract/index.ts'
import type { Dataset } from '../../dataset/dataset.ts'
import { acquireLock } from '../../dataset/lock.ts'

/** The right to train a model that other cells need too. */
export interface TrainingTurn {
  /** @param isMade whether the model is there now, in a run's record. */
  end(isMade: boolean): Promise<void>
}

/**
 * The turn to train a shared model in this folder: runs/.training/<key>/.lock. `null`: another program that still runs has it. Whoever was killed has none any more (dataset/lock.ts). Whoever gets it looks
 * once more whether the model is there before training.
 * @param key see model-key.ts
 * @throws LabError of reading and writing.
 */
export async function trainingTurn({ files, path }: Pick<Dataset, 'files' | 'path'>, key: string): Promise<TrainingTurn | null> {
  const folder = join(path, 'runs', '.training', key)
  try {
    await files.makeFolder(folder)
    const lock = await acquireLock(files, folder)
    return {
      async end(isMade) {
        await lock.release()
        // Whoever has taken the turn in this moment finds the model, and needs no lock; without a model the next one's may be in there already.
        if (isMade) await files.remove(folder)
      },
    }
  } catch (thrown) {
    // Taken by another, or removed under this one: the model is there.
    if (thrown instanceof LabError && (thrown.code === 'dataset-locked' || thrown.code === 'file-not-found')) return null
    throw thrown
  }
}
