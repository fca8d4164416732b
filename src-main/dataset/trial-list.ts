import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import type { DatasetSplit } from '../contract/index.ts'
import { hasTrials } from '../curation/split-roles.ts'
import { trialLines } from '../curation/trials.ts'
import type { Files } from './files.ts'
import { sha256File } from './hashes.ts'

/** Trial lines gathered before they are written or hashed: a list of a million is never held. */
const linesTogether = 4096

function* blocks(split: DatasetSplit): Generator<Uint8Array> {
  const encoder = new TextEncoder()
  let waiting: string[] = []
  for (const line of trialLines(split)) {
    waiting.push(`${line}\n`)
    if (waiting.length < linesTogether) continue
    yield encoder.encode(waiting.join(''))
    waiting = []
  }
  yield encoder.encode(waiting.join(''))
}

/** splits/<name>.trials.txt as a whole or not at all; nothing for a split that has no trials. @throws LabError of writing. */
export async function writeTrialList(files: Files, path: string, split: DatasetSplit): Promise<void> {
  if (!hasTrials(split)) return
  const temporary = `${path}.part`
  await files.remove(temporary)
  const file = await files.open(temporary, 'create')
  try {
    for (const block of blocks(split)) await file.write(block)
    await file.sync()
  } finally {
    await file.close()
  }
  await files.rename(temporary, path)
  await files.syncFolder(dirname(path))
}

/** The file is what the split gives, byte for byte; of a split without trials there is none. @throws LabError of reading, `cancelled`. */
export async function isTrialListSound(files: Files, path: string, split: DatasetSplit, signal?: AbortSignal): Promise<boolean> {
  const there = (await files.stat(path)) !== null
  if (there !== hasTrials(split)) return false
  if (!there) return true
  const wanted = createHash('sha256')
  for (const block of blocks(split)) wanted.update(block)
  return wanted.digest('hex') === (await sha256File(files, path, { ...(signal && { signal }) })).sha256
}
