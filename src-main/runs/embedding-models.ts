import { LabError, WindowOptions, type ModelName } from '../contract/index.ts'
import { PcaLda } from '../learning/baselines/pca-lda.ts'
import { correlationEmbeddings } from '../learning/baselines/template-cosine.ts'
import type { ChosenEngine } from '../learning/engine/choose-engine.ts'
import type { Engine } from '../learning/engine/engine.ts'
import { normaliseRows } from '../learning/evaluation/embedding-set.ts'
import { answerLayout, type FittedModel, type ModelShape } from '../learning/recipes/answers.ts'
import { Answering, type Answers } from '../learning/training/answering.ts'
import type { ArrayFile } from '../dataset/array-file.ts'

/** What a model was made for: windows of another kind it cannot judge. */
export interface ModelUse {
  readonly windows: WindowOptions
  readonly rateHz: number
  readonly length: number
  readonly channels: number
  /** Codes of the people that it was trained with, in the order of its classes. */
  readonly people: readonly string[]
  /** What its cosines are multiplied with before a softmax. */
  readonly scale: number
}

/** A model of a run, whatever its kind, as it is stored: weights and all that is needed to use them. */
export type StoredModel =
  | { readonly kind: 'network'; readonly name: ModelName; readonly use: ModelUse; readonly model: FittedModel }
  | { readonly kind: 'lda'; readonly name: 'lda'; readonly use: ModelUse; readonly model: PcaLda }
  | { readonly kind: 'template'; readonly name: 'template'; readonly use: ModelUse }

/** Windows to unit-length embeddings. */
export interface Embedder {
  /** `samples`: [windows, time, channels]. */
  embed(samples: Float32Array): Promise<Answers>
  dispose(): void
}

/** Windows that a network computes at once. */
const batchOfEvaluation = 64

/** @throws LabError of the engine; the classical models need none. */
export async function makeEmbedder(stored: StoredModel, engine: Engine, batch = batchOfEvaluation): Promise<Embedder> {
  if (stored.kind === 'network') {
    const answering = await Answering.compile(engine, stored.model.shape, batch)
    return { embed: (samples) => answering.answer(samples, stored.model.state), dispose: () => answering.dispose() }
  }
  return classicalEmbedder(stored)
}

/** The same with an engine of its own, which goes with it; a classical model starts none. @throws LabError of `choose` and the engine. */
export async function openEmbedder(stored: StoredModel, choose: () => Promise<ChosenEngine>, batch = batchOfEvaluation): Promise<Embedder> {
  if (stored.kind !== 'network') return classicalEmbedder(stored)
  const { engine } = await choose()
  try {
    const embedder = await makeEmbedder(stored, engine, batch)
    return {
      embed: (samples) => embedder.embed(samples),
      dispose() {
        embedder.dispose()
        engine.dispose()
      },
    }
  } catch (thrown) {
    engine.dispose()
    throw thrown
  }
}

function classicalEmbedder(stored: Exclude<StoredModel, { kind: 'network' }>): Embedder {
  const each = stored.use.length * stored.use.channels
  const vectors = (samples: Float32Array): Float32Array => (stored.kind === 'lda' ? normaliseRows(stored.model.transform(samples), stored.model.dimension) : correlationEmbeddings(samples, each))
  const dimensions = stored.kind === 'lda' ? stored.model.dimension : each
  return { embed: (samples) => Promise.resolve({ dimensions, embeddings: vectors(samples), cosines: new Float32Array(0) }), dispose: () => undefined }
}

/** As a file of arrays. */
export function packModel(stored: StoredModel): ArrayFile {
  const { kind, name, use } = stored
  if (kind === 'network') return { meta: { kind, name, use, shape: stored.model.shape }, arrays: { weights: stored.model.state.weights, statistics: stored.model.state.statistics } }
  return { meta: { kind, name, use }, arrays: kind === 'lda' ? { ...stored.model.arrays() } : {} }
}

/** @throws LabError `run-invalid` when weights and network do not fit. */
export function unpackModel({ meta, arrays }: ArrayFile): StoredModel {
  // The file's checksum was verified: what is in it, this program wrote.
  const { kind, name, use: stored, shape } = meta as { kind: StoredModel['kind']; name: ModelName; use: ModelUse; shape: ModelShape }
  // An earlier version of it had fewer window options.
  const use = { ...stored, windows: WindowOptions.parse(stored.windows) }
  if (kind === 'template') return { kind, name: 'template', use }
  if (kind === 'lda') return { kind, name: 'lda', use, model: PcaLda.from({ mean: arrays.mean, projection: arrays.projection }) }
  const layout = answerLayout(shape)
  const { weights, statistics } = arrays
  if (weights.length !== layout.weightCount || statistics.length !== layout.statisticCount) {
    throw new LabError('run-invalid', `The model "${name}" has ${weights.length} weights; its network has ${layout.weightCount}.`, { model: name, weights: weights.length, expected: layout.weightCount })
  }
  return { kind, name, use, model: { shape, layout, state: { weights, statistics } } }
}
