import { Worker } from 'node:worker_threads'
import { LabError, type ExportOptions, type PairedDemo, type RecordingId, type WireError } from '../contract/index.ts'
import { importChunk, type ImportChunk } from '../exchange/import-chunk.ts'
import type { MergeOptions } from '../exchange/merge-plan.ts'
import { analyseAt } from './analyse.ts'
import { createDemoDataset } from './demo-dataset.ts'
import { exportAt, mergeAt } from './export-tasks.ts'
import type { JobContext } from './jobs-service.ts'
import { verifyAt, verifyRecordingAt } from './tasks.ts'

/** Work that needs no lock of the open dataset, so that it can run in a thread of its own. Plain values: it crosses to the thread. */
export type WorkerTask =
  | { readonly kind: 'verify'; readonly path: string }
  | { readonly kind: 'verify-recording'; readonly path: string; readonly id: RecordingId }
  | { readonly kind: 'demo'; readonly path: string; readonly seed: number; readonly subjects: number; readonly paired: PairedDemo | null }
  /** Items: `ImportOutcome`. */
  | { readonly kind: 'import-chunk'; readonly chunk: ImportChunk }
  /** Items: ids of analysed recordings. */
  | { readonly kind: 'analyse'; readonly path: string; readonly ids: readonly RecordingId[] }
  | { readonly kind: 'export'; readonly path: string; readonly options: ExportOptions }
  /** Opens `path` for writing: nobody else may have it open so. */
  | { readonly kind: 'merge'; readonly path: string; readonly from: string; readonly options: MergeOptions }

export interface WorkerContext extends JobContext {
  /** Takes what is ready before the whole task is. */
  readonly onItem?: (item: unknown) => void
}

export type WorkerMessage =
  | { readonly type: 'progress'; readonly done: number; readonly total: number | null }
  | { readonly type: 'item'; readonly item: unknown }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly error: WireError }

type TaskOf<K extends WorkerTask['kind']> = Extract<WorkerTask, { kind: K }>

const tasks: { readonly [K in WorkerTask['kind']]: (task: TaskOf<K>, context: WorkerContext) => Promise<unknown> } = {
  verify: ({ path }, context) => verifyAt(path, context),
  'verify-recording': ({ path, id }, context) => verifyRecordingAt(path, id, context),
  demo: ({ path, seed, subjects, paired }, context) => createDemoDataset(path, { seed, subjects, paired, ...context }),
  'import-chunk': ({ chunk }, { signal, onItem }) => importChunk(chunk, { signal, onOutcome: (outcome) => onItem?.(outcome) }),
  analyse: ({ path, ids }, context) => analyseAt(path, ids, context),
  export: ({ path, options }, context) => exportAt(path, options, context),
  merge: ({ path, from, options }, context) => mergeAt(path, from, options, context),
}

/** Runs a task in this thread. */
export function runTask(task: WorkerTask, context: WorkerContext): Promise<unknown> {
  // The table's key and the task's kind are one and the same, which the type of an indexed access does not know.
  const run = tasks[task.kind] as (task: WorkerTask, context: WorkerContext) => Promise<unknown>
  return run(task, context)
}

/** Runs a task in a thread of its own (entry: workers/jobs.ts), so that the live view and the journal never wait for it. */
export function runInWorker(entry: URL, task: WorkerTask, context: WorkerContext): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(entry, { workerData: task })
    const cancel = (): void => worker.postMessage('cancel')
    if (context.signal.aborted) cancel()
    context.signal.addEventListener('abort', cancel, { once: true })
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'progress') context.onProgress(message.done, message.total)
      else if (message.type === 'item') context.onItem?.(message.item)
      else if (message.type === 'result') resolve(message.result)
      else reject(LabError.fromWire(message.error))
    })
    worker.on('error', reject)
    worker.on('exit', (code) => {
      context.signal.removeEventListener('abort', cancel)
      reject(new LabError('internal-error', `The worker of "${task.kind}" ended with code ${code} before its work was done.`, { code }))
    })
  })
}

/** In a worker where there is one, else in this thread. */
export function runWhere(entry: URL | null, task: WorkerTask, context: WorkerContext): Promise<unknown> {
  return entry ? runInWorker(entry, task, context) : runTask(task, context)
}
