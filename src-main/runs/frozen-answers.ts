import { LabError, type ModelName } from '../contract/index.ts'
import { samplesOf } from '../learning/data/window-rows.ts'
import type { WindowSet } from '../learning/data/window-set.ts'
import type { Engine } from '../learning/engine/engine.ts'
import type { FittedModel } from '../learning/recipes/answers.ts'
import type { Answers } from '../learning/training/answering.ts'
import { makeEmbedder, type Embedder, type StoredModel } from './embedding-models.ts'
import type { Pace } from './pace.ts'

/** Windows that are copied out of a set, and computed, before anybody is heard. A multiple of what a network computes at once: where a chunk ends changes nothing. */
const chunk = 256

/** What a network says of these windows of a set, in their order. @throws LabError of the engine, and what `pace` throws. */
export async function answersTo(embedder: Pick<Embedder, 'embed'>, set: WindowSet, rows: Int32Array, pace: Pace): Promise<Answers> {
  let all: Answers = { dimensions: 1, embeddings: new Float32Array(0), cosines: new Float32Array(0) }
  for (let from = 0; from < Math.max(1, rows.length); from += chunk) {
    const part = rows.subarray(from, from + chunk)
    const { dimensions, embeddings, cosines } = await embedder.embed(samplesOf(set, part))
    if (from === 0) all = { dimensions, embeddings: new Float32Array(rows.length * dimensions), cosines: new Float32Array(part.length === 0 ? 0 : (rows.length * cosines.length) / part.length) }
    all.embeddings.set(embeddings, from * dimensions)
    if (part.length > 0) all.cosines.set(cosines, (from * cosines.length) / part.length)
    await pace(Math.min(1, (from + chunk) / Math.max(1, rows.length)))
  }
  return all
}

/** Unit-length embeddings, [windows, dimensions], in a set's order. */
export interface FrozenEmbeddings {
  readonly dimensions: number
  readonly values: Float32Array
}

/** What a run's finished networks say of all windows of its sets: every one is asked once, whichever models are made from its answers. */
export class FrozenAnswers {
  readonly #engine: Engine
  readonly #known = new WeakMap<StoredModel, WeakMap<WindowSet, FrozenEmbeddings>>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** @throws LabError of the engine, and what `pace` throws; then nothing is kept. */
  async embeddingsOf(stored: StoredModel, set: WindowSet, pace: Pace): Promise<FrozenEmbeddings> {
    const known = this.#known.get(stored) ?? new WeakMap<WindowSet, FrozenEmbeddings>()
    this.#known.set(stored, known)
    const found = known.get(set)
    if (found) return found
    const embedder = await makeEmbedder(stored, this.#engine)
    try {
      const { dimensions, embeddings } = await answersTo(embedder, set, Int32Array.from(set.subject.keys()), pace)
      const made = { dimensions, values: embeddings }
      known.set(set, made)
      return made
    } finally {
      embedder.dispose()
    }
  }
}

/** A network among the models that are there already. @throws LabError `run-not-finished` when it is not. */
export function fittedAmong(models: readonly StoredModel[], name: ModelName): StoredModel & { readonly kind: 'network'; readonly model: FittedModel } {
  const found = models.find((model) => model.name === name)
  if (found?.kind === 'network') return found
  throw new LabError('run-not-finished', `The model "${name}", which others are made from, is not there.`, { model: name })
}
