import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'vite'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { nodeFiles, type Files } from '../../src-main/dataset/files.ts'
import { acquireLock, lockHolder, type DatasetLock } from '../../src-main/dataset/lock.ts'
import { thisProcess, type ProcessIdentity } from '../../src-main/dataset/process-identity.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folder = temporaryFolder()
const lockFiles = async (): Promise<string[]> => (await readdir(folder.path)).filter((name) => name.startsWith('.lock'))
/** A process id above Linux's largest (2^22) and macOS's (99998): nobody has it. */
const deadIdentity = (): ProcessIdentity => ({ ...thisProcess(), pid: 4_300_000, startTicks: 1 })

async function leaveDeadLock(): Promise<void> {
  await acquireLock(nodeFiles, folder.path, { identity: deadIdentity() })
}

/** What `attempts` came to: the locks won; every other one must have been refused with `dataset-locked`. */
async function winners(attempts: Promise<DatasetLock>[]): Promise<DatasetLock[]> {
  const results = await Promise.allSettled(attempts)
  for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'dataset-locked' })
  return results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
}

describe('the lock, within one process', () => {
  it('lets one in, says who it is, and the next after its release', async () => {
    const lock = await acquireLock(nodeFiles, folder.path, { now: () => Date.UTC(2026, 2, 1) })
    expect(JSON.parse(await readFile(join(folder.path, '.lock'), 'utf8'))).toMatchObject({ pid: process.pid, since: '2026-03-01T00:00:00.000Z' })
    await expect(acquireLock(nodeFiles, folder.path)).rejects.toMatchObject({ code: 'dataset-locked', data: { pid: process.pid, since: '2026-03-01T00:00:00.000Z' } })
    expect(await lockHolder(nodeFiles, folder.path)).toMatchObject({ pid: process.pid })
    await lock.release()
    await lock.release()
    expect(await lockHolder(nodeFiles, folder.path)).toBeNull()
    const next = await acquireLock(nodeFiles, folder.path)
    await lock.release()
    expect(await lockHolder(nodeFiles, folder.path)).not.toBeNull()
    await next.release()
    expect(await lockFiles()).toEqual([])
  })

  it('takes over from a process that is gone, from before a reboot, and from a reused process id; not from another host', async () => {
    const here = thisProcess()
    const gone: ProcessIdentity[] = [deadIdentity(), { ...here, bootId: 'another-boot' }, { ...here, uptimeSeconds: here.uptimeSeconds + 100 }]
    if (process.platform === 'linux') gone.push({ ...here, startTicks: 1 })
    for (const identity of gone) {
      await rm(join(folder.path, '.lock'), { force: true })
      await writeFile(join(folder.path, '.lock'), JSON.stringify({ ...identity, token: '0'.repeat(32), since: '2026-03-01T00:00:00.000Z' }))
      const lock = await acquireLock(nodeFiles, folder.path)
      expect(lock.takenOver).toBe(true)
      expect(await lockFiles()).toEqual(['.lock'])
      await lock.release()
    }
    await writeFile(join(folder.path, '.lock'), JSON.stringify({ ...deadIdentity(), host: 'another', token: '0'.repeat(32), since: '2026-03-01T00:00:00.000Z' }))
    await expect(acquireLock(nodeFiles, folder.path)).rejects.toMatchObject({ code: 'dataset-locked', data: { host: 'another' } })
  })

  it('takes over a lock whose writer died before writing it, but not at once', async () => {
    await writeFile(join(folder.path, '.lock'), '{"pid":')
    const past = new Date(Date.now() - 60_000)
    await utimes(join(folder.path, '.lock'), past, past)
    await (await acquireLock(nodeFiles, folder.path)).release()

    // A young torn lock is one that is being written now.
    await writeFile(join(folder.path, '.lock'), '')
    setTimeout(() => void writeFile(join(folder.path, '.lock'), JSON.stringify({ ...thisProcess(), token: '0'.repeat(32), since: '2026-03-01T00:00:00.000Z' })), 200)
    await expect(acquireLock(nodeFiles, folder.path)).rejects.toMatchObject({ code: 'dataset-locked' })
  })

  it('whatever the order of twelve takers\' steps, exactly one gets a free, and exactly one a dead lock', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      if (seed % 2 === 0) await leaveDeadLock()
      const files = shuffled(seed)
      const won = await winners(Array.from({ length: 12 }, () => acquireLock(files, folder.path)))
      expect(won, `seed ${seed}`).toHaveLength(1)
      expect(await lockFiles()).toEqual(['.lock'])
      await won[0].release()
    }
  })

  it('a taker that dies at any of its steps is taken over in turn, by exactly one', async () => {
    for (let step = 1; step < 40; step++) {
      await leaveDeadLock()
      const { files, hung } = hangsAt(step)
      const dying = acquireLock(files, folder.path, { identity: deadIdentity() })
      if ((await Promise.race([dying.then(() => 'finished'), hung])) === 'finished') {
        expect(step).toBeGreaterThan(8)
        return
      }
      // What it left torn is waited for; here that time has passed.
      const past = new Date(Date.now() - 60_000)
      for (const name of await lockFiles()) await utimes(join(folder.path, name), past, past)
      const won = await winners(Array.from({ length: 4 }, () => acquireLock(shuffled(step), folder.path)))
      expect(won, `step ${step}`).toHaveLength(1)
      // What the dead one left is gone, unless it had finished but for the tidying.
      expect(await lockFiles(), `step ${step}`).toEqual(['.lock'])
      await won[0].release()
      await rm(folder.path, { recursive: true })
      await nodeFiles.makeFolder(folder.path)
    }
    throw new Error('it never finished')
  })
})

/** The real files, each verb after a pseudo-random number of turns of the event loop. */
function shuffled(seed: number): Files {
  let state = seed
  const turn = async (): Promise<void> => {
    // Park and Miller's minimal standard generator.
    state = (state * 48271) % 2147483647
    for (let i = state % 5; i > 0; i--) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    ...nodeFiles,
    open: async (path, mode) => (await turn(), nodeFiles.open(path, mode)),
    readFile: async (path) => (await turn(), nodeFiles.readFile(path)),
    stat: async (path) => (await turn(), nodeFiles.stat(path)),
    rename: async (from, to) => (await turn(), nodeFiles.rename(from, to)),
    remove: async (path) => (await turn(), nodeFiles.remove(path)),
  }
}

/** The real files until call `step`, which never happens: what a process killed there leaves behind. */
function hangsAt(step: number): { files: Files; hung: Promise<'hung'> } {
  let calls = 0
  let tell: (value: 'hung') => void = () => undefined
  const hung = new Promise<'hung'>((resolve) => {
    tell = resolve
  })
  const count = async (before: () => Promise<void> = () => Promise.resolve()): Promise<void> => {
    if (++calls < step) return
    await before()
    tell('hung')
    await new Promise(() => undefined)
  }
  const files: Files = {
    ...nodeFiles,
    open: async (path, mode) => {
      await count()
      const file = await nodeFiles.open(path, mode)
      return { ...file, write: async (bytes, position) => (await count(() => file.close()), file.write(bytes, position)) }
    },
    stat: async (path) => (await count(), nodeFiles.stat(path)),
    rename: async (from, to) => (await count(), nodeFiles.rename(from, to)),
    remove: async (path) => (await count(), nodeFiles.remove(path)),
  }
  return { files, hung }
}

describe('the lock, between processes', () => {
  let program = ''
  const children: ChildProcessWithoutNullStreams[] = []

  beforeAll(async () => {
    program = await mkdtemp(join(tmpdir(), 'pulseprint-child-'))
    await build({
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: { ssr: join(import.meta.dirname, 'lock-child.ts'), outDir: program, rollupOptions: { output: { entryFileNames: 'lock-child.mjs' } } },
    })
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })
  afterAll(() => rm(program, { recursive: true, force: true }))

  function start(): { child: ChildProcessWithoutNullStreams; ask: (command: string) => Promise<string>; killed: () => Promise<void> } {
    const child = spawn(process.execPath, [join(program, 'lock-child.mjs'), folder.path])
    children.push(child)
    const answers: string[] = []
    const waiting: ((line: string) => void)[] = []
    createInterface({ input: child.stdout }).on('line', (line) => {
      const next = waiting.shift()
      if (next) next(line)
      else answers.push(line)
    })
    const ask = (command: string): Promise<string> => {
      child.stdin.write(`${command}\n`)
      const ready = answers.shift()
      return ready === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(ready)
    }
    const killed = (): Promise<void> =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.kill('SIGKILL')
      })
    return { child, ask, killed }
  }

  it('a second program is refused and told who holds it; after kill -9 of the first it gets in', async () => {
    const first = start()
    expect(await first.ask('take')).toBe('taken')
    await expect(acquireLock(nodeFiles, folder.path)).rejects.toMatchObject({ code: 'dataset-locked', data: { pid: first.child.pid } })
    await first.killed()
    const lock = await acquireLock(nodeFiles, folder.path)
    expect(lock.takenOver).toBe(true)
    await lock.release()
    expect(await lockFiles()).toEqual([])
  })

  it('of eight programs that race for a dead lock exactly one wins, again and again', async () => {
    const takers = Array.from({ length: 8 }, start)
    for (let round = 0; round < 12; round++) {
      await leaveDeadLock()
      const answers = await Promise.all(takers.map((taker) => taker.ask('take')))
      expect(answers.filter((answer) => answer === 'taken'), answers.join()).toHaveLength(1)
      expect(answers.filter((answer) => answer === 'dataset-locked')).toHaveLength(7)
      await takers[answers.indexOf('taken')].ask('release')
      expect(await lockFiles()).toEqual([])
    }
  })

  it('a program killed in the middle of a take-over does not block the next', async () => {
    await leaveDeadLock()
    const dying = start()
    dying.child.stdin.write('hang rename\n')
    expect(await dying.ask('take')).toBe('hanging')
    await expect(acquireLock(nodeFiles, folder.path)).rejects.toMatchObject({ code: 'dataset-locked', data: { pid: dying.child.pid } })
    await dying.killed()
    await (await acquireLock(nodeFiles, folder.path)).release()
    expect(await lockFiles()).toEqual([])
  })
})
