import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')
/** The built program; another build of it can be named. */
const program = process.env.PULSEPRINT_PROGRAM ?? join(root, 'bin/pulseprint.js')

export const dataFolder = process.env.PULSEPRINT_DATA ?? resolve(root, '../shared/data')

/** Why these tests cannot run here, or `null`. */
export function missingTool(): string | null {
  try {
    execFileSync('socat', ['-V'], { stdio: 'ignore' })
  } catch {
    return 'socat is not installed'
  }
  return process.env.PULSEPRINT_PROGRAM !== undefined || existsSync(join(root, 'out/main/cli.js')) ? null : 'the program is not built (npm run build)'
}

export interface Ran {
  readonly code: number
  /** The one JSON object on stdout. */
  readonly json: Record<string, unknown> & { error?: { code: string; message: string; data: Record<string, unknown> } }
  readonly stderr: string
}

/** Runs the built program to its end. */
export function pulseprint(...args: string[]): Promise<Ran> {
  return new Promise((done) => {
    execFile(process.execPath, [program, ...args, '--json'], { cwd: root, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0
      const last = stdout.trim().split('\n').at(-1) ?? ''
      done({ code, json: last.startsWith('{') ? (JSON.parse(last) as Ran['json']) : {}, stderr })
    })
  })
}

/** A new dataset with the consenting subject S001, in a folder of its own. */
export async function newDataset(): Promise<{ folder: string; dataset: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-pty-'))
  const dataset = join(folder, 'lab')
  await pulseprint('create', '--dataset', dataset, '--name', 'pty')
  await pulseprint('subject', 'add', '--dataset', dataset, '--code', 'S001', '--consent', 'granted')
  return { folder, dataset }
}

export interface SimulatedPort {
  readonly path: string
  readonly truthPath: string
  /** Pulls the plug and waits until the truth is written. */
  stop(): Promise<void>
}

/** The child and all that it started have ended: they share its stderr, which closes with the last of them. */
const ended = (child: ChildProcess): Promise<void> => new Promise((done) => child.once('close', () => done()))

async function appears(path: string): Promise<void> {
  for (let waited = 0; !existsSync(path); waited += 20) {
    if (waited > 15_000) throw new Error(`${path} did not appear`)
    await new Promise((done) => setTimeout(done, 20))
  }
}

/** A board on a pseudo-terminal at `path`: socat in front of `pulseprint simulate`, which is told apart by nothing but its bytes. */
export async function simulatedPort(path: string, truthPath: string, args: string[]): Promise<SimulatedPort> {
  const quoted = [process.execPath, program, 'simulate', ...args, '--truth', truthPath, '--out', '-'].map((part) => part.replace(/([:,!\\"'])/g, '\\$1')).join(' ')
  const socat = spawn('socat', [`PTY,link=${path},raw,echo=0`, `EXEC:${quoted}`], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
  socat.stderr.pipe(process.stderr, { end: false })
  const over = ended(socat)
  await appears(path)
  return {
    path,
    truthPath,
    async stop() {
      socat.kill('SIGTERM')
      await over
    },
  }
}

/** A pseudo-terminal with any other program behind it. */
export async function otherPort(path: string, command: string): Promise<{ stop(): Promise<void> }> {
  const socat = spawn('socat', [`PTY,link=${path},raw,echo=0`, command], { stdio: 'ignore' })
  const over = ended(socat)
  await appears(path)
  return {
    async stop() {
      socat.kill('SIGTERM')
      await over
    },
  }
}
