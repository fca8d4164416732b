import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Files } from './files.ts'

/*
 * Where recordings are made before they are taken in: a folder of the dataset itself, so that taking one in is a rename. Only the holder of the
 * dataset's lock makes and removes such folders, so that one that is there at opening is what a dead program left.
 */
const prefix = '.import-'

/** Makes a folder of its own and returns its path. @throws LabError `dataset-full`, `dataset-not-writable`, `file-write-failed`. */
export async function makeStaging(files: Files, dataset: string): Promise<string> {
  const folder = join(dataset, `${prefix}${randomBytes(6).toString('hex')}`)
  await files.makeFolder(folder)
  return folder
}

/** Removes what dead programs left. Only under the dataset's lock, before anything else is staged. */
export async function removeStaging(files: Files, dataset: string): Promise<void> {
  for (const { name, folder } of await files.list(dataset)) {
    if (folder && name.startsWith(prefix)) await files.remove(join(dataset, name))
  }
}
