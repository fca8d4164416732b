import { LabError, type ModelName } from '../contract/index.ts'
import { samplesOf } from '../learning/data/window-rows.ts'
import type { WindowSet } from '../learning/data/window-set.ts'
import type { Engine } from '../learning/engine/engine.ts'
import type { FittedModel } from '../learning/recipes/answers.ts'
import { makeEmbedder, type StoredModel } from './embedding-models.ts'

/** Windows that are copied out of a set at once. */
const chunk = 4096

/** What a finished network says of every window of a set: unit-length embeddings, [windows, dimensions], in the set's order. @throws LabError of the engine, `cancelled`. */
export async function embeddingsOf(stored: StoredModel, set: WindowSet, engine: Engine, signal?: AbortSignal): Promise<{ readonly dimensions: number; readonly values: Float32Array }> {
  const windows = set.subject.length
  const embedder = await makeEmbedder(stored, engine)
  try {
    let values = new Float32Array(0)
    let dimensions = 1
    for (let from = 0; from < windows; from += chunk) {
      if (signal?.aborted) throw new LabError('cancelled', 'Embedding windows was cancelled.')
      const rows = Int32Array.from({ length: Math.min(chunk, windows - from) }, (_, i) => from + i)
      const answers = await embedder.embed(samplesOf(set, rows))
      if (from === 0) values = new Float32Array(windows * (dimensions = answers.dimensions))
      values.set(answers.embeddings, from * dimensions)
    }
    return { dimensions, values }
  } finally {
    embedder.dispose()
  }
}

/** A network among the models that are there already. @throws LabError `run-not-finished` when it is not. */
export function fittedAmong(models: readonly StoredModel[], name: ModelName): StoredModel & { readonly kind: 'network'; readonly model: FittedModel } {
  const found = models.find((model) => model.name === name)
  if (found?.kind === 'network') return found
  throw new LabError('run-not-finished', `The model "${name}", which others are made from, is not there.`, { model: name })
}
