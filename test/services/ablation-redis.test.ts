import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { LabError, Recipe, type Ablation, type DatasetSplit } from '../../src-main/contract/index.ts'
import { cellsOf } from '../../src-main/runs/ablation/cells.ts'
import { parseGrid, planAblation } from '../../src-main/runs/ablation/grid.ts'
import { stopped, type CellJob, type CellQueue } from '../../src-main/services/ablation-queue.ts'
import { redisQueue, type RedisQueueOptions } from '../../src-main/services/ablation-redis.ts'
import { hasRedis, redisServer, type RedisServer } from './a-redis-server.ts'

const split = { name: 's1', hash: 'a'.repeat(64), options: { strategy: 'leave-last-recording-out' }, assignments: [] } as unknown as DatasetSplit
const recipe = JSON.parse(JSON.stringify(Recipe.parse({ recipe: 'lda' }))) as object
/** A grid of six cells that no other test has. */
const planned = (name: string, program = '1'): Ablation =>
  planAblation(parseGrid({ name, recipe, variants: { two: { components: 2 }, three: { components: 3 } }, seeds: [1, 2, 3], baseline: 'two' }), { split, program, wallMs: 0 })

let server: RedisServer
const open: CellQueue[] = []
async function queue(ablation: Ablation, change: Partial<RedisQueueOptions> = {}): Promise<CellQueue & { notes: string[] }> {
  const notes: string[] = []
  const made = await redisQueue({ url: server.url, ablation, dataset: 'd1', path: '/lab', signal: new AbortController().signal, onNote: (note) => notes.push(note), lockMs: 1500, patienceMs: 1500, ...change })
  open.push(made)
  return Object.assign(made, { notes })
}

it('without a server, or with an address that is none, nothing begins', async () => {
  const ablation = planned('none')
  const asked = (url: string) => redisQueue({ url, ablation, dataset: 'd1', path: '/lab', signal: new AbortController().signal, onNote: () => undefined })
  // Port 1 of this computer: nobody listens there.
  await expect(asked('redis://user:secret@127.0.0.1:1')).rejects.toMatchObject({ code: 'queue-unreachable', data: { server: '127.0.0.1:1' } })
  await asked('redis://user:secret@127.0.0.1:1').catch((thrown: unknown) => expect(JSON.stringify([LabError.from(thrown).message, LabError.from(thrown).data])).not.toContain('secret'))
  for (const url of ['', 'localhost', 'http://127.0.0.1', 'redis:']) await expect(asked(url)).rejects.toMatchObject({ code: 'usage-invalid' })
})

it('whoever listens there and never answers is no Redis server', async () => {
  const silent = createServer((socket) => void socket.on('error', () => undefined))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  try {
    await expect(redisQueue({ url: `redis://127.0.0.1:${port}`, ablation: planned('silent'), dataset: 'd1', path: '/lab', signal: new AbortController().signal, onNote: () => undefined, patienceMs: 300 })).rejects.toMatchObject({
      code: 'queue-unreachable', data: { server: `127.0.0.1:${port}`, reason: 'it said nothing in 0.3 s' },
    })
  } finally {
    silent.close()
  }
})

describe.runIf(hasRedis())('cells on a Redis server', () => {
  beforeAll(async () => {
    server = await redisServer()
  })
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close()
  })
  afterAll(() => server.stop())

  it('are each done by one of the programs that share them, and all wait until the last is done', async () => {
    const ablation = planned('shared')
    const done: [string, string][] = []
    const works = (name: string) => async (job: CellJob) => {
      await sleep(60)
      done.push([name, job.key])
      return 'finished' as const
    }
    const [a, b] = [await queue(ablation), await queue(ablation)]
    await Promise.all([a.work(cellsOf(ablation), works('a')), b.work(cellsOf(ablation), works('b'))])
    expect(done.map(([, key]) => key).sort()).toEqual(cellsOf(ablation).map(({ key }) => key).sort())
    expect(new Set(done.map(([name]) => name))).toEqual(new Set(['a', 'b']))
  })

  it('one that is better done later is offered again behind the others, and nothing ends before it is done', async () => {
    const ablation = planned('later')
    const [first, second, third] = cellsOf(ablation)
    const asked: string[] = []
    await (await queue(ablation)).work([first, second, third], (job) => {
      const isFirst = job.key === first.key && !asked.includes(job.key)
      asked.push(job.key)
      return Promise.resolve(isFirst ? 'later' : 'finished')
    })
    expect(asked).toEqual([first.key, second.key, third.key, first.key])
  })

  it('that were done on a copy of the dataset are not done again; those that are gone from this folder, or failed, are', async () => {
    const ablation = planned('copies')
    const cells = cellsOf(ablation)
    const [first, second, third] = cells
    await (await queue(ablation, { path: '/copy' })).work([first, second], (job) => Promise.resolve(job.key === second.key ? 'failed' : 'finished'))
    const own: string[] = []
    const here = await queue(ablation)
    const run = (job: CellJob) => {
      own.push(job.key)
      return Promise.resolve('finished' as const)
    }
    await here.work([first, second, third], run)
    expect(own.sort()).toEqual([second.key, third.key].sort())
    expect(here.notes).toEqual(['1 cell was done in other folders: their runs are there.'])
    await here.work([third], run)
    expect(own.filter((key) => key === third.key)).toHaveLength(2)
  })

  it('of another version, another dataset or another split are refused before anything is done', async () => {
    await queue(planned('versions'))
    await expect(queue(planned('versions', '2'))).rejects.toMatchObject({ code: 'worker-mismatch', data: { field: 'program', found: '1', expected: '2' } })
    await expect(queue(planned('versions'), { dataset: 'd2' })).rejects.toMatchObject({ code: 'worker-mismatch', data: { field: 'dataset' } })
    const other = planned('versions')
    await expect(queue({ ...other, split: { ...other.split, hash: 'b'.repeat(64) } })).rejects.toMatchObject({ code: 'worker-mismatch', data: { field: 'split' } })
    await expect(queue(planned('versions'))).resolves.toBeDefined()
  })

  it('one that is interrupted goes to another program', async () => {
    const ablation = planned('interrupted')
    const [cell] = cellsOf(ablation)
    const controller = new AbortController()
    const leaving = await queue(ablation, { signal: controller.signal })
    const left = leaving.work([cell], async () => {
      controller.abort()
      await sleep(10)
      throw stopped()
    })
    await expect(left).rejects.toMatchObject({ code: 'cancelled' })
    const taken: string[] = []
    await (await queue(ablation)).work([cell], (job) => {
      taken.push(job.key)
      return Promise.resolve('finished')
    })
    expect(taken).toEqual([cell.key])
  })

  it('what a cell cannot get over ends the work here, and the cell waits for whoever can', async () => {
    const ablation = planned('full')
    const cells = cellsOf(ablation)
    const tried: string[] = []
    const full = (job: CellJob): Promise<'finished'> => {
      tried.push(job.key)
      return Promise.reject(new LabError('dataset-full', 'The disk is full.'))
    }
    await expect((await queue(ablation)).work(cells, full)).rejects.toMatchObject({ code: 'dataset-full' })
    expect(tried).toHaveLength(1)
    const done: string[] = []
    await (await queue(ablation)).work(cells, (job) => {
      done.push(job.key)
      return Promise.resolve('finished')
    })
    expect(done).toHaveLength(6)
  })

  it('a server that comes back in time is no loss; one that stays away ends the work after the cell under way', { timeout: 60_000 }, async () => {
    const own = await redisServer()
    const ablation = planned('lost')
    const one = await queue(ablation, { url: own.url, patienceMs: 20_000 })
    const runs: string[] = []
    await one.work(cellsOf(ablation), async ({ key }) => {
      runs.push(key)
      if (runs.length === 2) {
        await own.stop()
        await sleep(1200)
        await own.start()
      }
      return 'finished'
    })
    // The server came back empty: it knew neither what was done nor what was left.
    expect(runs.sort()).toEqual(cellsOf(ablation).map(({ key }) => key).sort())
    const other = await queue(ablation, { url: own.url })
    let finished = false
    const lost = other.work(cellsOf(ablation), async () => {
      await own.stop()
      await sleep(4000)
      finished = true
      return 'finished'
    })
    await expect(lost).rejects.toMatchObject({ code: 'queue-unreachable', data: { reason: 'lost' } })
    expect(finished).toBe(true)
    expect(other.notes[0]).toMatch(/^The connection to the Redis server .+ is lost/)
  })
})
