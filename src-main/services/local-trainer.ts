import { serveTrainer, type FromTrainer, type ToTrainer } from './trainer-serving.ts'
import type { TrainerChild } from './trainer-process.ts'

/** The trainer in this process, for tests and for programs that have nothing else to do: it blocks while it computes. */
export function localTrainer(): TrainerChild {
  let toTrainer: (message: unknown) => void = () => undefined
  let fromTrainer: (message: FromTrainer) => void = () => undefined
  let ended: (code: number | null, signal: string | null) => void = () => undefined
  serveTrainer({ send: (message) => fromTrainer(message), onMessage: (listener) => (toTrainer = listener) })
  return {
    send: (message: ToTrainer) => toTrainer(message),
    onMessage: (listener) => (fromTrainer = listener),
    onExit: (listener) => (ended = listener),
    kill: () => ended(0, null),
  }
}
