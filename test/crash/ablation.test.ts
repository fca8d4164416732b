import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { build } from 'vite'
import type { AblationResult, AblationStatus, RunRecord } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { execute, hashes, begin, scratchRecipe, smallLab } from '../runs/a-small-lab.ts'
import { hasRedis, redisServer } from '../services/a-redis-server.ts'

const root = resolve(import.meta.dirname, '../..')

/** The command line and its trainer, for plain Node. */
async function builtProgram(): Promise<string> {
  const outDir = join(root, 'out', 'crash', 'ablation')
  const input = { cli: resolve(root, 'src-main/hosts/cli/main.ts'), trainer: resolve(root, 'src-main/workers/trainer.ts') }
  const output = { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' } as const
  await build({ root, configFile: false, logLevel: 'error', build: { ssr: true, outDir, emptyOutDir: true, target: 'node20', rollupOptions: { input, output } } })
  return join(outDir, 'cli.js')
}

interface Program {
  readonly process: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
}

function start(cli: string, ...args: string[]): Program {
  const process = spawn(globalThis.process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  process.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  process.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return { process, ended: new Promise((done) => process.once('close', (code) => done({ code, stdout, stderr }))) }
}

test.runIf(hasRedis())('two programs share a grid through Redis, one is killed in the middle of a cell: no cell is lost, and none is run twice', async () => {
  const cli = await builtProgram()
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-ablation-crash-'))
  const server = await redisServer()
  const dataset = await smallLab(folder)
  const { path, files } = dataset
  await dataset.close()
  const store = new RunStore(files, path)
  const started: Program[] = []
  try {
    const recipe = JSON.parse(JSON.stringify(scratchRecipe({ minimumSteps: 250 }))) as object
    const grid = join(folder, 'grid.json')
    await writeFile(grid, JSON.stringify({ name: 'rates', recipe, variants: { slow: {}, fast: { 'student.fit.rate': 0.004 } }, seeds: [7, 8], baseline: 'slow', engine: { engine: 'onnx', threads: 1 } }))
    const work = (): Program => {
      const program = start(cli, 'ablate', '--dataset', path, '--grid', grid, '--split', 's1', '--redis', server.url, '--json')
      started.push(program)
      return program
    }
    const [first, second] = [work(), work()]
    // Until both are within a cell, each in one of its own, and have a checkpoint.
    let running: RunRecord[] = []
    while (running.length < 2) {
      await sleep(50)
      const { records } = await store.list()
      running = []
      for (const record of records) if (record.state === 'running' && (await store.folder(record.id).epochs()).length >= 2) running.push(record)
      expect(records.filter(({ state }) => state === 'finished').length).toBeLessThan(4)
      for (const { process } of started) expect(process.exitCode).toBeNull()
    }
    const before = (await store.list()).records
    first.process.kill('SIGKILL')
    expect((await first.ended).code).toBeNull()

    const { code, stdout, stderr } = await second.ended
    expect([code, stderr]).toEqual([0, expect.any(String)])
    const result = JSON.parse(stdout) as AblationStatus & { result: AblationResult }
    expect(result).toMatchObject({ state: 'finished', finished: 4, failed: 0, result: { missing: [] } })
    expect(result.result.tables[0].rows.map(({ name, runs }) => [name, runs.length])).toEqual([['slow', 2], ['fast', 2]])

    const { records } = await store.list()
    expect(records.map(({ name, state }) => `${name} ${state}`).sort()).toEqual(['rates/fast/7 finished', 'rates/fast/8 finished', 'rates/slow/7 finished', 'rates/slow/8 finished'])
    // Runs that were under way went on instead of being begun anew.
    expect(before.every(({ id }) => records.some((record) => record.id === id))).toBe(true)
    const opened = await Dataset.open(path, { access: 'read' })
    const created = (await opened.audit.entries()).filter(({ what }) => what === 'run.created')
    expect(created.map(({ data }) => data.run).sort()).toEqual(records.map(({ id }) => id).sort())
    // And the one that was killed has the weights of one that never was.
    const straight = await execute(opened, await begin(opened, scratchRecipe({ minimumSteps: 250 })))
    expect(hashes(records.find(({ name }) => name === 'rates/slow/7') ?? straight)).toEqual(hashes(straight))
    await opened.close()
  } finally {
    for (const { process } of started) process.kill('SIGKILL')
    await Promise.all(started.map(({ ended }) => ended))
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}, 240_000)
