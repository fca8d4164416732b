import { LabError, type RunEpoch, type RunProgress, type WireError } from '../contract/index.ts'
import type { LiveProgress } from '../runs/live-identifier.ts'
import type { LiveBlock } from '../runs/live-windows.ts'
import { startLiveWork, type LiveTask, type LiveWork } from './live-task.ts'
import { runTrainerTask, type TrainerTask } from './trainer-task.ts'

/** To the trainer's process. */
export type ToTrainer =
  | { readonly type: 'task'; readonly id: number; readonly task: TrainerTask; readonly cores: number }
  | { readonly type: 'request'; readonly id: number; readonly request: 'pause' | 'stop' | 'cancel' }
  /** Listens until a request of any kind; the result is `null`. */
  | { readonly type: 'live'; readonly id: number; readonly task: LiveTask; readonly cores: number }
  | { readonly type: 'samples'; readonly id: number; readonly block: LiveBlock }

/** From it. */
export type FromTrainer =
  | { readonly type: 'progress'; readonly id: number; readonly progress: RunProgress }
  | { readonly type: 'epoch'; readonly id: number; readonly epoch: RunEpoch }
  | { readonly type: 'done'; readonly id: number; readonly done: number }
  | { readonly type: 'live'; readonly id: number; readonly progress: LiveProgress }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: WireError }

export interface TrainerEnds {
  send(message: FromTrainer): void
  onMessage(listener: (message: unknown) => void): void
}

interface Going {
  readonly controller: AbortController
  request: 'go' | 'pause' | 'stop'
}

/** The trainer's side: does what it is asked for, one task after the other, and says how far it is. */
export function serveTrainer({ send, onMessage }: TrainerEnds): void {
  const going = new Map<number, Going>()
  const listening = new Map<number, LiveWork>()
  const ends = (id: number, work: Promise<unknown>): Promise<void> =>
    work.then(
      (result) => send({ type: 'result', id, result }),
      (thrown: unknown) => send({ type: 'error', id, error: LabError.from(thrown).toWire() }),
    )
  onMessage((raw) => {
    // Only the program that forked this process can send here.
    const message = raw as ToTrainer
    if (message.type === 'samples') return listening.get(message.id)?.push(message.block)
    if (message.type === 'live') {
      const { id, task, cores } = message
      const work = startLiveWork(task, cores, (progress) => send({ type: 'live', id, progress }))
      listening.set(id, work)
      void ends(id, work.ended.then(() => null)).finally(() => listening.delete(id))
      return
    }
    if (message.type === 'request') {
      listening.get(message.id)?.stop()
      const task = going.get(message.id)
      if (task && message.request !== 'cancel') task.request = message.request
      if (message.request === 'cancel') task?.controller.abort()
      return
    }
    const { id, task, cores } = message
    const own: Going = { controller: new AbortController(), request: 'go' }
    going.set(id, own)
    const work = runTrainerTask(task, {
      cores,
      signal: own.controller.signal,
      request: () => (own.controller.signal.aborted ? 'pause' : own.request),
      onProgress: (progress) => send({ type: 'progress', id, progress }),
      onEpoch: (epoch) => send({ type: 'epoch', id, epoch }),
      onDone: (done) => send({ type: 'done', id, done }),
    })
    void ends(id, work).finally(() => going.delete(id))
  })
}
