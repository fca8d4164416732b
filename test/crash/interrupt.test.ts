import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { build } from 'vite'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { startTrainerJob, type TrainerChild } from '../../src-main/services/trainer-process.ts'
import type { FromTrainer } from '../../src-main/services/trainer-serving.ts'
import { begin, scratchRecipe, smallLab } from '../runs/a-small-lab.ts'

const root = resolve(import.meta.dirname, '../..')

// A terminal sends SIGINT to every process of it, a service manager SIGTERM to all of a group: the trainer hears both, beside the program that asked.
test.skipIf(process.platform === 'win32').each(['SIGINT', 'SIGTERM'] as const)('%s that reaches the trainer too ends in a saved run, not in a lost trainer', async (signal) => {
  const outDir = join(root, 'out', `interrupt-${signal}`)
  await build({ root, configFile: false, logLevel: 'error', build: { ssr: resolve(root, 'src-main/workers/trainer.ts'), outDir, emptyOutDir: false, target: 'node20', rollupOptions: { output: { format: 'es', entryFileNames: 'trainer.js' } } } })
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-interrupt-'))
  const dataset = await smallLab(folder)
  try {
    const id = await begin(dataset, scratchRecipe({ epochs: 500 }))
    const child = fork(join(outDir, 'trainer.js'), [], { serialization: 'advanced', execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const asChild: TrainerChild = {
      send: (message) => void child.send(message, () => undefined), onMessage: (listener) => void child.on('message', (message) => listener(message as FromTrainer)),
      onExit: (listener) => void child.once('exit', listener), kill: () => void child.kill('SIGKILL'),
    }
    let asked = false
    const job = startTrainerJob(() => asChild, { kind: 'train', path: dataset.path, run: id }, {
      onEpoch() {
        if (asked) return
        asked = true
        child.kill(signal)
        // The program that asked takes a moment to hear it itself.
        setTimeout(() => job.request('cancel'), 50)
      },
    }, 1)
    await expect(job.result).rejects.toMatchObject({ code: 'cancelled' })
    const run = new RunStore(dataset.files, dataset.path).folder(id)
    expect(await run.record()).toMatchObject({ state: 'paused', error: null })
    expect((await run.checkpoint()).content).not.toBeNull()
  } finally {
    await dataset.close()
    await rm(folder, { recursive: true, force: true })
    await rm(outDir, { recursive: true, force: true })
  }
}, 120_000)
