import { LabError } from '../contract/index.ts'
import type { RedisQueueOptions } from './ablation-redis.ts'

/** A cell as a queue carries it. */
export interface CellJob {
  readonly key: string
  readonly variant: string
  readonly seed: number
}

/** What became of a cell in this program. */
export type CellEnd = 'finished' | 'failed'

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

/** Cells of this program alone, in their order. */
export function localQueue(signal: AbortSignal): CellQueue {
  return {
    async work(jobs, run) {
      for (const job of jobs) {
        if (signal.aborted) throw stopped()
        await run(job)
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
