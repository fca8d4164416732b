import { Worker } from 'node:worker_threads'
import { LabError, type RecordingId, type WireError } from '../contract/index.ts'
import { createDemoDataset } from './demo-dataset.ts'
import type { JobContext } from './jobs-service.ts'
import { verifyAt, verifyRecordingAt } from './tasks.ts'

/** Work that needs no lock of the open dataset, so that it can run in a thread of its own. Plain values: it crosses to the thread. */
export type WorkerTask =
  | { readonly kind: 'verify'; readonly path: string }
  | { readonly kind: 'verify-recording'; readonly path: string; readonly id: RecordingId }
  | { readonly kind: 'demo'; readonly path: string; readonly seed: number; readonly subjects: number }

export type WorkerMessage =
  | { readonly type: 'progress'; readonly done: number; readonly total: number | null }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly error: WireError }

/** Runs a task in this thread. */
export function runTask(task: WorkerTask, context: JobContext): Promise<unknown> {
  if (task.kind === 'verify') return verifyAt(task.path, context)
  if (task.kind === 'verify-recording') return verifyRecordingAt(task.path, task.id, context)
  return createDemoDataset(task.path, { seed: task.seed, subjects: task.subjects, ...context })
}

/** Runs a task in a thread of its own (entry: workers/jobs.ts), so that the live view and the journal never wait for it. */
export function runInWorker(entry: URL, task: WorkerTask, context: JobContext): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(entry, { workerData: task })
    const cancel = (): void => worker.postMessage('cancel')
    if (context.signal.aborted) cancel()
    context.signal.addEventListener('abort', cancel, { once: true })
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'progress') context.onProgress(message.done, message.total)
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
