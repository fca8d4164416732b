import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { DelayedError, Queue, WaitingError, Worker, type Job } from 'bullmq'
import { Redis } from 'ioredis'
import { LabError, type Ablation } from '../contract/index.ts'
import { canonicalJson } from '../curation/canonical-json.ts'
import { sha256 } from '../dataset/hashes.ts'
import { laterMs, stopped, type CellEnd, type CellJob, type CellQueue } from './ablation-queue.ts'

export interface RedisQueueOptions {
  readonly url: string
  readonly ablation: Ablation
  /** Id of the dataset, and its folder here. */
  readonly dataset: string
  readonly path: string
  readonly signal: AbortSignal
  onNote(text: string): void
  /** A server that is away for longer is lost. */
  readonly patienceMs?: number
  /** A program that was not heard of for so long has lost its cell. */
  readonly lockMs?: number
}

/** What a finished job leaves behind: whoever comes later need not do it again. */
interface JobEnd {
  readonly end: Exclude<CellEnd, 'later'>
  readonly host: string
  readonly path: string
}

const connectMs = 5000
const pollMs = 500
/** Of what all programs of a grid agree on: kept alive by those that work on it. */
const agreementMs = 30_000
const keptSeconds = 30 * 24 * 3600

/**
 * Cells that several programs share through BullMQ on a Redis server, on one dataset folder or on copies of it. A cell's key is its job's id: none is queued twice. A program that was killed loses its cell
 * to another, which goes on from the run's last checkpoint where it sees the same folder.
 * @throws LabError `queue-unreachable`, `worker-mismatch` when another version, or another dataset, works on this grid, `usage-invalid` for what is no address
 */
export async function redisQueue(options: RedisQueueOptions): Promise<CellQueue> {
  const { ablation, dataset } = options
  const { server, where } = await connect(options.url, Math.min(connectMs, options.patienceMs ?? connectMs))
  try {
    const { program, split, name, variants, model, also, seeds, engine: { engine, provider }, baseline, beats } = ablation
    const grid = { name, variants, model, also, seeds, engine, provider, baseline, beats }
    const agreed = { program, dataset, split: split.hash }
    const key = `pulseprint:grid:${sha256(canonicalJson(grid)).slice(0, 24)}`
    await agree(server, key, agreed)
    return new SharedQueue(options, { server, where, key, agreed: JSON.stringify(agreed), name: `pulseprint-${sha256(canonicalJson({ grid, ...agreed })).slice(0, 24)}` })
  } catch (thrown) {
    server.disconnect()
    throw thrown instanceof LabError ? thrown : unreachable(where, thrown)
  }
}

function unreachable(where: string, thrown: unknown): LabError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return new LabError('queue-unreachable', `The Redis server ${where} does not answer: ${reason}`, { server: where, reason }, { cause: thrown })
}

/** A connection that is there, or none. The address may hold a password: it is never repeated. */
async function connect(url: string, waitMs: number): Promise<{ server: Redis; where: string }> {
  const address = URL.canParse(url) ? new URL(url) : null
  if (address === null || !/^rediss?:$/.test(address.protocol) || address.hostname === '') throw new LabError('usage-invalid', 'The address of a Redis server is like redis://host:6379.', { option: 'redis' })
  const where = `${address.hostname}:${address.port || '6379'}`
  let isReady = false
  const server = new Redis(url, { lazyConnect: true, connectTimeout: waitMs, maxRetriesPerRequest: null, retryStrategy: (times) => (isReady ? Math.min(250 * times, 2000) : null) })
  let reason: unknown = null
  // Without a listener a lost connection would end the program; what it means is decided by how long it lasts.
  server.on('error', (thrown: unknown) => (reason = thrown))
  // Something else may listen there, and never say a word: the client itself would wait for ever.
  const silence = setTimeout(() => {
    reason ??= `it said nothing in ${waitMs / 1000} s`
    server.disconnect()
  }, waitMs)
  try {
    await server.connect()
    await server.ping()
    isReady = true
    return { server, where }
  } catch (thrown) {
    server.disconnect()
    throw unreachable(where, reason ?? thrown)
  } finally {
    clearTimeout(silence)
  }
}

/** Whoever comes first says what the grid is of; all others must be of the same. */
async function agree(server: Redis, key: string, agreed: { readonly program: string; readonly dataset: string; readonly split: string }): Promise<void> {
  if ((await server.set(key, JSON.stringify(agreed), 'PX', agreementMs, 'NX')) === 'OK') return
  const found = await server.get(key)
  if (found === null) return agree(server, key, agreed)
  const other = JSON.parse(found) as typeof agreed
  const field = (['program', 'dataset', 'split'] as const).find((name) => other[name] !== agreed[name])
  if (field === undefined) return
  const words = { program: `version ${other.program} of the program works on this grid; this is ${agreed.program}`, dataset: 'another dataset is worked on under this grid', split: 'another split of this name is worked on under this grid' }
  throw new LabError('worker-mismatch', `On this Redis server ${words[field]}.`, { field, found: other[field], expected: agreed[field] })
}

interface Shared {
  readonly server: Redis
  readonly where: string
  /** What all programs of the grid agree on, and where that stands. */
  readonly key: string
  readonly agreed: string
  readonly name: string
}

class SharedQueue implements CellQueue {
  readonly #options: RedisQueueOptions
  readonly #shared: Shared
  readonly #queue: Queue<CellJob, JobEnd>
  readonly #heartbeat: NodeJS.Timeout
  readonly #lost: Promise<LabError>
  #lose: (error: LabError) => void = () => undefined
  #isLost = false
  readonly #told = new Set<string>()
  #awaySince: number | null = null
  /** The cell that is being done here. */
  #current: Promise<unknown> = Promise.resolve()

  constructor(options: RedisQueueOptions, shared: Shared) {
    this.#options = options
    this.#shared = shared
    this.#lost = new Promise((resolve) => (this.#lose = resolve))
    this.#queue = new Queue(shared.name, { connection: shared.server })
    this.#queue.on('error', (thrown) => this.#complaint(thrown))
    this.#heartbeat = setInterval(() => void this.#beat(), 1000)
  }

  /** What the queue itself complains of is told once; while the server is away, that is what is told. */
  #complaint({ message }: Error): void {
    if (this.#shared.server.status !== 'ready' || this.#told.has(message)) return
    this.#told.add(message)
    this.#options.onNote(`The queue: ${message}`)
  }

  async #beat(): Promise<void> {
    const { server, key, agreed, where } = this.#shared
    const { patienceMs = 15_000, onNote } = this.#options
    if (server.status === 'ready') {
      if (this.#awaySince !== null) onNote(`The Redis server ${where} is back.`)
      this.#awaySince = null
      // Also on a server that has come back empty.
      await server.set(key, agreed, 'PX', agreementMs).catch(() => undefined)
      return
    }
    if (this.#awaySince === null) onNote(`The connection to the Redis server ${where} is lost; trying again.`)
    this.#awaySince ??= performance.now()
    if (this.#isLost || performance.now() - this.#awaySince < patienceMs) return
    this.#isLost = true
    onNote('The Redis server stays away: the cell under way is finished, then this ends.')
    this.#lose(new LabError('queue-unreachable', `The Redis server ${where} was lost in the middle of the grid. What is finished stays.`, { server: where, reason: 'lost' }))
  }

  /** What the server says, or that it is gone. */
  async #ask<T>(question: Promise<T>): Promise<T> {
    question.catch(() => undefined)
    const answer = await Promise.race([question.then((value) => ({ value })), this.#lost])
    if (answer instanceof LabError) {
      await this.#current.catch(() => undefined)
      throw answer
    }
    return answer.value
  }

  async work(jobs: readonly CellJob[], run: (job: CellJob) => Promise<CellEnd>): Promise<void> {
    const { signal } = this.#options
    let elsewhere = 0
    for (const job of jobs) elsewhere += (await this.#ask(this.#offer(job))) ? 0 : 1
    if (elsewhere > 0) this.#options.onNote(`${elsewhere} ${elsewhere === 1 ? 'cell was' : 'cells were'} done in other folders: their runs are there.`)
    let failure: unknown = null
    const connection = this.#shared.server.duplicate()
    const done = new Set<string>()
    const worker = this.#startWorker(connection, run, { onDone: (key) => done.add(key), onFailure: (thrown) => (failure = thrown) })
    try {
      for (;;) {
        const counts = await this.#ask(this.#queue.getJobCounts('wait', 'active', 'delayed'))
        if (signal.aborted) throw stopped()
        if (failure !== null) throw failure
        if (Object.values(counts).every((count) => count === 0)) {
          const vanished = await this.#ask(this.#vanished(jobs.filter(({ key }) => !done.has(key))))
          if (vanished.length === 0) return
          for (const job of vanished) await this.#ask(this.#offer(job))
        }
        await Promise.race([sleep(pollMs), this.#lost])
      }
    } finally {
      // One that is lost cannot say goodbye.
      await worker.close(this.#isLost).catch(() => undefined)
      connection.disconnect()
    }
  }

  /** `false`: another folder has it already. */
  async #offer(job: CellJob): Promise<boolean> {
    const found = await this.#queue.getJob(job.key)
    if (found && (await found.getState()) === 'completed') {
      // Whatever else stands there: it is done again.
      const left = found.returnvalue as JobEnd | null
      if (left?.end === 'finished' && (left.host !== hostname() || left.path !== this.#options.path)) return false
      // It was done here and is not there any more, or it failed: once more.
      await found.remove()
    }
    await this.#queue.add('cell', job, { jobId: job.key, removeOnComplete: { age: keptSeconds }, removeOnFail: true })
    return true
  }

  /** Of cells that nobody waits for any more those that nobody did: the server was away and came back empty. */
  async #vanished(jobs: readonly CellJob[]): Promise<CellJob[]> {
    const vanished: CellJob[] = []
    for (const job of jobs) if (!(await this.#queue.getJob(job.key))) vanished.push(job)
    return vanished
  }

  #startWorker(connection: Redis, run: (job: CellJob) => Promise<CellEnd>, { onDone, onFailure }: { onDone(key: string): void; onFailure(thrown: unknown): void }): Worker<CellJob, JobEnd> {
    const { path, lockMs = 10_000, signal } = this.#options
    const worker: Worker<CellJob, JobEnd> = new Worker<CellJob, JobEnd>(
      this.#shared.name,
      async (job: Job<CellJob, JobEnd>, token) => {
        const doing = run(job.data)
        this.#current = doing
        let end: CellEnd
        try {
          end = await doing
        } catch (thrown) {
          // Back to where it was, for another program; this one takes nothing more.
          await worker.pause(true)
          if (!signal.aborted) onFailure(thrown)
          await job.moveToWait(token)
          throw new WaitingError()
        }
        if (end === 'later') {
          await job.moveToDelayed(Date.now() + laterMs, token)
          throw new DelayedError()
        }
        onDone(job.data.key)
        return { end, host: hostname(), path }
      },
      // How often a program may be killed on one cell before it is given up: never, it is the programs' fault.
      { connection, concurrency: 1, lockDuration: lockMs, stalledInterval: Math.round(lockMs / 3), maxStalledCount: 1_000_000 },
    )
    worker.on('error', (thrown) => this.#complaint(thrown))
    return worker
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat)
    if (!this.#isLost) await this.#queue.close().catch(() => undefined)
    this.#shared.server.disconnect()
  }
}
