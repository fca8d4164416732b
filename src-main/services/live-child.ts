import { LabError } from '../contract/index.ts'
import type { LiveProgress } from '../runs/live-identifier.ts'
import type { LiveBlock } from '../runs/live-windows.ts'
import type { LiveTask } from './live-task.ts'
import type { StartTrainer } from './trainer-process.ts'
import { trainerEnded } from './trainer-task.ts'

export interface LiveChild {
  push(block: LiveBlock): void
  /** Ends the process at once; nothing is told afterwards. */
  stop(): void
}

export interface LiveListener {
  /** First when the model is ready. */
  onProgress(progress: LiveProgress): void
  /** It ended by itself; `trainer-ended` when its process did. */
  onFailed(error: LabError): void
}

/** Starts a process that listens. `cores`: of those it may use. */
export function startLiveChild(start: StartTrainer, task: LiveTask, listener: LiveListener, cores: number): LiveChild {
  const child = start()
  let over = false
  const end = (error: LabError | null): void => {
    if (over) return
    over = true
    // One in this very process is not ended by a signal.
    child.send({ type: 'request', id: 1, request: 'cancel' })
    child.kill()
    if (error) listener.onFailed(error)
  }
  child.onExit((code, signal) => end(trainerEnded(code, signal)))
  child.onMessage((message) => {
    if (over) return
    if (message.type === 'live') listener.onProgress(message.progress)
    else if (message.type === 'error') end(LabError.fromWire(message.error))
    else if (message.type === 'result') end(trainerEnded(0, null))
  })
  child.send({ type: 'live', id: 1, task, cores })
  return { push: (block) => child.send({ type: 'samples', id: 1, block }), stop: () => end(null) }
}
