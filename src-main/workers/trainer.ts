import { LabError } from '../contract/index.ts'
import { serveTrainer } from '../services/trainer-serving.ts'

// A process of its own (child_process.fork, or Electron's utilityProcess): it may be killed, run out of memory or crash without harm to a recording going on.
// Ctrl-C in a terminal reaches every process of it: the program that asked hears it too, and has the run saved.
process.on('SIGINT', () => undefined)

const electron = (process as { parentPort?: { postMessage(message: unknown): void; on(event: 'message', listener: (message: { data: unknown }) => void): void } }).parentPort
if (electron) {
  serveTrainer({
    send: (message) => electron.postMessage(message),
    onMessage: (listener) => electron.on('message', ({ data }) => listener(data)),
  })
} else {
  if (!process.send) throw new LabError('usage-invalid', 'This program is started by Pulseprint, not by hand.')
  serveTrainer({ send: (message) => void process.send?.(message), onMessage: (listener) => void process.on('message', listener) })
  // The same when a service manager ends all processes of a group; this program is ended by the end of its parent, or by force.
  process.on('SIGTERM', () => undefined)
  // The program that asked is gone: nobody would hear the end. What is finished is on disk.
  process.on('disconnect', () => process.exit(0))
}
