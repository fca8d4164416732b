import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { LabError, type RunEpoch, type RunProgress } from '../contract/index.ts'
import type { FromTrainer, ToTrainer } from './trainer-serving.ts'
import { trainerEnded, type TrainerResults, type TrainerTask } from './trainer-task.ts'

/** A process of the trainer's entry, as a host starts it. */
export interface TrainerChild {
  send(message: ToTrainer): void
  onMessage(listener: (message: FromTrainer) => void): void
  /** Once, also when it could not be started. */
  onExit(listener: (code: number | null, signal: string | null) => void): void
  kill(): void
}

export type StartTrainer = () => TrainerChild

/** As Node starts it; Electron gives its own (utilityProcess). `entry`: the built workers/trainer.ts. */
export function forkTrainer(entry: URL): TrainerChild {
  // Typed arrays cross as they are; nothing of the parent's own flags (inspect, loaders) belongs there.
  const child = fork(fileURLToPath(entry), [], { serialization: 'advanced', execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return {
    // A child that has just died takes no message; its exit says so.
    send: (message) => void child.send(message, () => undefined),
    onMessage: (listener) => void child.on('message', (message) => listener(message as FromTrainer)),
    onExit(listener) {
      child.once('exit', listener)
      child.once('error', () => listener(null, null))
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

export interface TrainerListener {
  onProgress?(progress: RunProgress): void
  onEpoch?(epoch: RunEpoch): void
  onDone?(done: number): void
}

/** A task under way in a process of its own. */
export interface TrainerJob<K extends TrainerTask['kind']> {
  readonly result: Promise<TrainerResults[K]>
  request(what: 'pause' | 'stop' | 'cancel'): void
  /** At once, whatever it does. */
  kill(): void
}

/** Starts a process, gives it one task, and ends it when that is done. */
export function startTrainerJob<T extends TrainerTask>(start: StartTrainer, task: T, listener: TrainerListener = {}, cores = availableParallelism()): TrainerJob<T['kind']> {
  const child = start()
  const result = new Promise<TrainerResults[T['kind']]>((resolve, reject) => {
    child.onExit((code, signal) => reject(trainerEnded(code, signal)))
    child.onMessage((message) => {
      if (message.type === 'progress') listener.onProgress?.(message.progress)
      else if (message.type === 'epoch') listener.onEpoch?.(message.epoch)
      else if (message.type === 'done') listener.onDone?.(message.done)
      else if (message.type === 'result' || message.type === 'error') {
        // The trainer's results are typed by the task's kind, which the wire does not know.
        if (message.type === 'result') resolve(message.result as TrainerResults[T['kind']])
        else reject(LabError.fromWire(message.error))
        child.kill()
      }
    })
    child.send({ type: 'task', id: 1, task, cores })
  })
  return { result, request: (request) => child.send({ type: 'request', id: 1, request }), kill: () => child.kill() }
}
