import type { ModelFigures } from '../contract/index.ts'
import type { Engine } from '../learning/engine/engine.ts'
import { makeEmbedder, type StoredModel } from './embedding-models.ts'

const warmUps = 20
const runs = 200
/** A slow engine must not hold up a report. */
const mostMilliseconds = 3000

/** How long one window takes, from samples to embedding. `now`: ms, monotonic. @throws LabError of the engine. */
export async function measureLatency(stored: StoredModel, engine: Engine, now: () => number): Promise<ModelFigures['latencyMs']> {
  const embedder = await makeEmbedder(stored, engine, 1)
  try {
    const window = new Float32Array(stored.use.length * stored.use.channels).map((_, i) => Math.sin(i / 7))
    const began = now()
    const taken: number[] = []
    for (let run = 0; run < warmUps + runs && now() - began < mostMilliseconds; run++) {
      const from = now()
      await embedder.embed(window)
      if (run >= warmUps) taken.push(now() - from)
    }
    taken.sort((a, b) => a - b)
    const at = (part: number): number => taken[Math.min(taken.length - 1, Math.floor(part * taken.length))]
    return taken.length === 0 ? null : { p50: at(0.5), p95: at(0.95), runs: taken.length }
  } finally {
    embedder.dispose()
  }
}
