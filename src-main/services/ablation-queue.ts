import { setTimeout as sleep } from 'node:timers/promises'
import { LabError } from '../contract/index.ts'
import type { RedisQueueOptions } from './ablation-redis.ts'

/** A cell as a queue carries it. */
export interface CellJob {
  readonly key: string
  readonly variant: string
  readonly seed: number
}

/** What became of a cell in this program; `later`: it would only wait for another program, while other cells need not. */
export type CellEnd = 'finished' | 'failed' | 'later'

/** So long after `later` a cell is offered again. */
export const laterMs = 1000

/** Where cells wait. Who does them is the queue's matter, how they are done is not: `run` is the same for every kind. */
export interface CellQueue {
  /**
   * Offers cells, does those that come to this program, one after the other, and returns when none is left, also none that another program does.
   * @param run what does a cell here; it throws `cancelled` when it was interrupted: the cell is then offered again
   * @throws LabError `cancelled`, `queue-unreachable`, and what `run` throws
   */
  work(jobs: readonly CellJob[], run: (job: CellJob) => Promise<CellEnd>): Promise<void>
  close(): Promise<void>
}

/** Cells of this program alone, in their order; what is for later goes behind the rest. */
export function localQueue(signal: AbortSignal): CellQueue {
  return {
    async work(jobs, run) {
      const left = [...jobs]
      for (let job = left.shift(), deferred = 0; job; job = left.shift()) {
        if (signal.aborted) throw stopped()
        const isLater = (await run(job)) === 'later'
        if (isLater) left.push(job)
        deferred = isLater ? deferred + 1 : 0
        // All that are left were asked, and none can begin.
        if (deferred >= left.length && isLater) await sleep(laterMs)
      }
    },
    close: () => Promise.resolve(),
  }
}

/** Cells that several programs share. Redis' client is loaded by whoever asks for it. @throws LabError as `redisQueue` */
export async function sharedQueue(options: RedisQueueOptions): Promise<CellQueue> {
  const { redisQueue } = await import('./ablation-redis.ts')
  return redisQueue(options)
}

export const stopped = (): LabError => new LabError('cancelled', 'The ablation was stopped. Finished cells stay; the same command goes on from here.', {})
