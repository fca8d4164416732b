import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'vite'
import { SubjectCode, type RecordingId } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { readWfdbRecord } from '../../src-main/formats/wfdb-record.ts'
import { recoverDataset, recoverRecording } from '../../src-main/recording/recover.ts'
import { verifyDataset } from '../../src-main/recording/verify.ts'

/** What one killed program left. */
export interface CrashOutcome {
  /** Samples that it had reported durable when it was killed, and that are there after recovery. */
  readonly durable: number
  readonly found: number
  /** Found samples that are not what was sent, at their place. */
  readonly wrong: number
  readonly finished: boolean
  readonly lossy: boolean
  readonly idempotent: boolean
  /** Findings of `verify` after recovery. */
  readonly findings: number
}

/** Builds test/crash/recorder-child.ts for plain Node and returns the file to run. */
export async function buildChild(root: string): Promise<string> {
  const outDir = join(root, 'out', 'crash')
  const entry = resolve(root, 'test/crash/recorder-child.ts')
  const output = { format: 'es', entryFileNames: 'recorder-child.js' } as const
  await build({ root, configFile: false, logLevel: 'error', build: { ssr: entry, outDir, emptyOutDir: false, target: 'node20', rollupOptions: { output } } })
  return join(outDir, 'recorder-child.js')
}

/** Records in a child process, kills it `killAfterMs` after it said that it records, recovers and compares. */
export async function crash(child: string, samples: number, killAfterMs: number): Promise<CrashOutcome> {
  const root = await mkdtemp(join(tmpdir(), 'pulseprint-crash-'))
  const path = join(root, 'lab')
  const created = await Dataset.create(path, { name: 'Crash' })
  await created.subjects.add({ code: SubjectCode.parse('S001'), consent: 'granted' })
  await created.close()
  const said = await runAndKill(child, [path, String(samples)], killAfterMs)
  const dataset = await Dataset.open(path, { access: 'write' })
  try {
    const report = await recoverDataset(dataset)
    if (report.failures.length > 0) throw new Error(`recover: ${report.failures[0].message}`)
    const ids = await dataset.recordings.ids()
    if (ids.length === 0) return { ...said, found: 0, wrong: 0, lossy: false, idempotent: true, findings: 0 }
    const folder = dataset.recordings.folder(ids[0])
    const { found, wrong } = await compareSamples(folder)
    const once = await snapshot(folder)
    await recoverRecording(dataset, ids[0] as RecordingId)
    const { findings } = await verifyDataset(dataset)
    const lossy = report.recordings.some((recording) => recording.lossy)
    return { ...said, found, wrong, lossy, idempotent: (await snapshot(folder)) === once, findings: findings.length }
  } finally {
    await dataset.close()
    await rm(root, { recursive: true, force: true })
  }
}

function runAndKill(child: string, args: string[], killAfterMs: number): Promise<{ durable: number; finished: boolean }> {
  return new Promise((done, failed) => {
    const process = spawn(globalThis.process.execPath, [child, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    process.stdout.on('data', (chunk: Buffer) => {
      if (output === '') setTimeout(() => process.kill('SIGKILL'), killAfterMs)
      output += chunk.toString()
    })
    process.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    process.on('close', (code) => {
      if (code !== null && code !== 0) failed(new Error(errors))
      const durable = [...output.matchAll(/durable (\d+)\n/g)].map((match) => Number(match[1]))
      done({ durable: durable.at(-1) ?? 0, finished: output.includes('finished\n') })
    })
  })
}

/** Channel c of sample k was sent as k * 8 + c, and sample k is row k. */
async function compareSamples(folder: string): Promise<{ found: number; wrong: number }> {
  const record = await readWfdbRecord((name) => readFile(join(folder, name)), 'signals')
  let wrong = 0
  for (let row = 0; row < record.frames; row += 1) {
    for (let channel = 0; channel < 8; channel += 1) if (record.signals[channel][row] !== row * 8 + channel) wrong += 1
  }
  return { found: record.frames, wrong }
}

async function snapshot(folder: string): Promise<string> {
  const names = (await readdir(folder)).sort()
  return JSON.stringify(await Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).toString('base64')])))
}
