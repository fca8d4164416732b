import { parentPort, workerData } from 'node:worker_threads'
import { LabError } from '../contract/index.ts'
import { runTask, type WorkerMessage, type WorkerTask } from '../services/worker-task.ts'

// One task per thread: progress and the result go to the parent, any message from it means cancel.
const port = parentPort
if (!port) throw new LabError('usage-invalid', 'This program is started by Pulseprint, not by hand.')
const tell = (message: WorkerMessage): void => port.postMessage(message)
const controller = new AbortController()
port.on('message', () => controller.abort())
try {
  const result = await runTask(workerData as WorkerTask, {
    signal: controller.signal,
    onProgress: (done, total) => tell({ type: 'progress', done, total }),
    onItem: (item) => tell({ type: 'item', item }),
  })
  tell({ type: 'result', result })
} catch (thrown) {
  tell({ type: 'error', error: LabError.from(thrown).toWire() })
}
port.close()
