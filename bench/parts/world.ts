import { availableParallelism, cpus } from 'node:os'
import type { RunRecord } from '../../src-main/contract/index.ts'
import { chooseEngine } from '../../src-main/learning/engine/choose-engine.ts'

/** What a run asks of its surroundings, where it is done in this process and nobody looks on. */
export const world = () => ({
  program: 'bench', environment: { program: 'bench', node: process.versions.node, platform: process.platform, processor: cpus()[0]?.model ?? '', memoryBytes: 0 }, signal: new AbortController().signal,
  chooseEngine: (record: Pick<RunRecord, 'engine'>) => chooseEngine(record.engine, { cores: availableParallelism() }), request: () => 'go' as const, now: () => performance.now(), wallMs: () => Date.now(),
  memoryBytes: () => process.memoryUsage().rss, onProgress: () => undefined, onEpoch: () => undefined,
})
