import { LabError } from '../contract/index.ts'
import { nodeFiles, type Files } from '../dataset/files.ts'
import { importRecord, type ImportOutcome, type ImportTask } from './import-record.ts'
import { Turn } from './turn.ts'

/** The share of an import that one worker does. Plain values: it crosses to a thread. */
export interface ImportChunk {
  readonly staging: string
  readonly tasks: readonly ImportTask[]
  /** Content that the dataset has already -> the recording. */
  readonly known: readonly (readonly [string, string])[]
}

export interface ChunkContext {
  readonly signal: AbortSignal
  onOutcome(outcome: ImportOutcome): void
}

/** While one record waits for the disk, others are worked on. */
const together = 4

/** Makes the recordings of a chunk in the staging folder. The first failure ends them all; nothing runs on after it. @throws LabError as `importRecord`. */
export async function importChunk(chunk: ImportChunk, context: ChunkContext, files: Files = nodeFiles): Promise<void> {
  const known = new Map(chunk.known)
  const failed = new AbortController()
  const signal = AbortSignal.any([context.signal, failed.signal])
  const turn = new Turn()
  let next = 0
  const runner = async (): Promise<void> => {
    try {
      while (next < chunk.tasks.length) {
        if (signal.aborted) throw new LabError('cancelled', 'Importing was cancelled.')
        context.onOutcome(await importRecord(files, chunk.tasks[next++], chunk.staging, known, { signal, turn }))
      }
    } catch (thrown) {
      failed.abort()
      throw thrown
    }
  }
  const results = await Promise.allSettled(Array.from({ length: Math.min(together, chunk.tasks.length) }, runner))
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [LabError.from(result.reason)] : []))
  // The others were only told to stop.
  const reason = errors.find(({ code }) => code !== 'cancelled') ?? errors.at(0)
  if (reason) throw reason
}
