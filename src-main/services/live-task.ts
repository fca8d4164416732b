import { LabError } from '../contract/index.ts'
import { Dataset } from '../dataset/dataset.ts'
import { chooseEngine } from '../learning/engine/choose-engine.ts'
import { LiveIdentifier, type LiveProgress, type LiveRequest } from '../runs/live-identifier.ts'
import type { LiveBlock } from '../runs/live-windows.ts'

/** Listening in the trainer's process until it is told to stop. Plain values: they cross to it. */
export interface LiveTask extends LiveRequest {
  readonly path: string
}

/** How often it looks for new beats, ms: one a second comes. */
const stepMs = 1000

export interface LiveWork {
  push(block: LiveBlock): void
  /** `ended` follows. */
  stop(): void
  /** When it was stopped; rejects with what ended it before. */
  readonly ended: Promise<void>
}

/** Begins to listen in this process. `onProgress`: first when the model is ready, then about once a second. */
export function startLiveWork(task: LiveTask, cores: number, onProgress: (progress: LiveProgress) => void): LiveWork {
  let identifier: LiveIdentifier | null = null
  let waiting: LiveBlock[] = []
  let stop: () => void = () => undefined
  const stopped = new Promise<void>((resolve) => (stop = resolve))
  const work = async (): Promise<void> => {
    const dataset = await Dataset.open(task.path, { access: 'read' })
    try {
      const opened = await LiveIdentifier.open(dataset, task, { wallMs: () => Date.now(), chooseEngine: ({ engine }) => chooseEngine({ ...engine, threads: cores }, { cores }) })
      identifier = opened
      for (const block of waiting) opened.push(block)
      waiting = []
      onProgress({ beats: 0, decision: null })
      await steps(opened, stopped, onProgress)
    } finally {
      identifier?.dispose()
      await dataset.close()
    }
  }
  return { push: (block) => (identifier ? identifier.push(block) : void waiting.push(block)), stop: () => stop(), ended: work() }
}

/** One step after the other, a second apart, until `stopped`. @throws whatever a step throws. */
function steps(identifier: LiveIdentifier, stopped: Promise<void>, onProgress: (progress: LiveProgress) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let going: Promise<void> | null = null
    const end = (how: () => void): void => {
      clearInterval(timer)
      // Nothing is disposed of under a step.
      void (going ?? Promise.resolve()).catch(() => undefined).then(how)
    }
    const timer = setInterval(() => {
      going ??= identifier
        .step()
        .then(onProgress)
        .finally(() => (going = null))
      going.catch((thrown: unknown) => end(() => reject(LabError.from(thrown))))
    }, stepMs)
    void stopped.then(() => end(resolve))
  })
}
