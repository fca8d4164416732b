import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { build } from 'vite'
import type { RunId } from '../../src-main/contract/index.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { forkTrainer, startTrainerJob } from '../../src-main/services/trainer-process.ts'
import { random } from '../recording/planted-stream.ts'
import { begin, hashes, scratchRecipe, smallLab, smallRecipe } from '../runs/a-small-lab.ts'

const root = resolve(import.meta.dirname, '../..')

async function builtTrainer(): Promise<URL> {
  const outDir = join(root, 'out', 'crash')
  const output = { format: 'es', entryFileNames: 'trainer.js' } as const
  await build({ root, configFile: false, logLevel: 'error', build: { ssr: resolve(root, 'src-main/workers/trainer.ts'), outDir, emptyOutDir: false, target: 'node20', rollupOptions: { output } } })
  return pathToFileURL(join(outDir, 'trainer.js'))
}

test('a trainer killed at random moments, again and again, ends with the bits of one that never was: onnx, teacher to student, and cpu', async () => {
  const trainer = await builtTrainer()
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-train-crash-'))
  const dataset = await smallLab(folder)
  const store = new RunStore(dataset.files, dataset.path)
  const { path } = dataset
  await dataset.close()
  const next = random(2027)
  /** Trains in a process of its own, which is killed `ms` after its first progress. */
  const train = async (run: RunId, ms: number | null): Promise<'done' | 'killed'> => {
    let timer: NodeJS.Timeout | null = null
    const job = startTrainerJob(() => forkTrainer(trainer), { kind: 'train', path, run }, { onProgress: () => void (ms !== null && (timer ??= setTimeout(() => job.kill(), ms))) }, 1)
    try {
      await job.result
      return 'done'
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'trainer-ended', data: { signal: 'SIGKILL' } })
      return 'killed'
    } finally {
      if (timer) clearTimeout(timer)
    }
  }
  try {
    for (const [recipe, engine] of [[smallRecipe(), 'onnx'], [scratchRecipe({ averageDecay: 0.9 }), 'onnx'], [scratchRecipe(), 'cpu']] as const) {
      const straight = await begin(dataset, recipe, { engine })
      const began = performance.now()
      expect(await train(straight, null)).toBe('done')
      const whole = performance.now() - began
      const id = await begin(dataset, recipe, { engine })
      let kills = 0
      // Each time a little later, so that it comes to an end at all.
      while ((await train(id, kills >= 4 ? null : (0.15 + 0.2 * kills + 0.2 * next()) * whole)) === 'killed') {
        kills++
        expect((await store.folder(id).record()).state).toBe('interrupted')
      }
      expect(kills).toBeGreaterThanOrEqual(1)
      const [expected, found] = [await store.folder(straight).record(), await store.folder(id).record()]
      expect(found.state).toBe('finished')
      expect(hashes(found)).toEqual(hashes(expected))
      expect(found.ran?.engine).toBe(engine)
      const told = async (run: RunId) => (await store.folder(run).epochs()).map(({ phase, epoch, steps, terms, validation, best }) => ({ phase, epoch, steps, terms, validation, best }))
      expect(await told(id)).toEqual(await told(straight))
      console.log(`${recipe.recipe} on ${engine}: killed ${kills} times`)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 600_000)
