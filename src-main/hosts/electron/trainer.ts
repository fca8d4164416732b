import type { UtilityProcess } from 'electron'
import type { TrainerChild } from '../../services/trainer-process.ts'

/** What of Electron's utilityProcess is needed. */
export interface UtilityForker {
  fork(path: string, args: string[], options: { serviceName: string }): Pick<UtilityProcess, 'postMessage' | 'on' | 'once' | 'kill'>
}

/** The trainer as Electron starts it: a utility process, which needs no Node of its own and is ended with the app. `path`: the built workers/trainer.ts. */
export function utilityTrainer(utilityProcess: UtilityForker, path: string): TrainerChild {
  const child = utilityProcess.fork(path, [], { serviceName: 'Pulseprint trainer' })
  return {
    send: (message) => child.postMessage(message),
    onMessage: (listener) => void child.on('message', listener),
    // Electron gives no signal: what ended it is in the code.
    onExit: (listener) => void child.once('exit', (code) => listener(code, null)),
    kill: () => void child.kill(),
  }
}
