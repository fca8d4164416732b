import { dirname, join } from 'node:path'
import { LabError, type ModelExport, type ModelName, type RunId, type RunReport } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { writeAtomically, type Files } from '../dataset/files.ts'
import type { Graph } from '../learning/engine/onnx/graph.ts'
import { writeModel } from '../learning/engine/onnx/onnx-writer.ts'
import { useConvolutions } from '../learning/engine/onnx/use-convolutions.ts'
import { quantiseGraph } from '../learning/engine/onnx/quantise-graph.ts'
import { samplesOf } from '../learning/data/window-rows.ts'
import { embeddingGraph } from './embedding-graph.ts'
import { makeEmbedder, unpackModel, type StoredModel } from './embedding-models.ts'
import { modelCard } from './model-card.ts'
import { ModelFile } from './model-file.ts'
import { modelMetadata, type ExportFacts } from './model-metadata.ts'
import { runWindows, type TaskWorld } from './open-run.ts'
import type { RunFolder } from './run-folder.ts'
import { RunStore } from './run-store.ts'
import { requireSingleSignal } from './single-signal.ts'
import { thinnedRows, type TrainingData } from './training-data.ts'
import { validator } from './validation.ts'

export interface ExportRequest {
  readonly run: RunId
  readonly model: ModelName
  /** The file; `.onnx` is added where it is missing. */
  readonly out: string
  /** A second file with 8-bit weights, where there are any to round and that holds. */
  readonly quantised: boolean
}

/** Of an element of two unit-length embeddings: float32 rounding of networks of millions of weights stays an order below it, a wrong weight does not. */
const tolerance = 1e-4
const verifiedBatches = [1, 3, 64] as const
const verifiedWindows = 64
/** A file of 8-bit weights is kept when it does not cost more than this: points of EER on validation, and mean cosine to the float embeddings. */
const mostEerLoss = 0.005
const leastCosine = 0.99

/**
 * Writes a model of a run as an ONNX file of windows -> unit-length embeddings, without the classifier, and a model card beside it. The file is opened by ONNX Runtime and compared with the trainer's
 * own engine on the run's windows before it gets its name.
 * @throws LabError `run-not-found`, `model-not-found` (also of `template`, which has no weights, and of those that see two signals at once), `export-folder-not-empty` (a file is there already, or `out` is a folder), `model-export-differs` (nothing stays),
 *   `run-not-finished`, `cancelled`, and those of windows, engine and disk.
 * @example await exportModel(dataset, { run, model: 'student', out: 'student.onnx', quantised: true }, world) // { largestDifference: 2.4e-7, ... }, and student.md, student.int8.onnx
 */
export async function exportModel(dataset: Dataset, { run, model, out, quantised }: ExportRequest, world: TaskWorld): Promise<ModelExport> {
  const { files } = dataset
  const base = out.replace(/\.onnx$/i, '')
  const paths = { float: `${base}.onnx`, quantised: `${base}.int8.onnx`, card: `${base}.md` }
  await requireNoFolder(files, out, model)
  for (const path of [paths.float, paths.card, ...(quantised ? [paths.quantised] : [])]) await requireFree(files, path)
  const folder = new RunStore(files, dataset.path).folder(run)
  const record = await folder.record()
  const stored = unpackModel(await folder.model(model, record.models))
  requireSingleSignal(model)
  const report = await reportOf(folder)
  const { graph, parameters, dimensions } = embeddingGraph(stored)
  const facts: ExportFacts = { record, stored, dimensions, program: world.program, precision: 'float32' }
  world.onDone(0.1)
  const { data } = await runWindows(dataset, record, world.signal)
  const samples = someWindows(data)
  const windows = samples.length / (stored.use.length * stored.use.channels)
  requireGoing(world)
  world.onDone(0.3)
  const expected = await trainerEmbeddings(stored, samples, record, world)
  await files.makeFolder(dirname(paths.float))
  const bytes = await writeVerified(files, paths.float, useConvolutions(graph), facts, async (path) => ({ largest: await largestDifference(path, { stored, samples, expected }) }))
  world.onDone(0.6)
  requireGoing(world)
  const small = quantised ? await writeQuantised(files, paths, graph, facts, { stored, data, samples, expected }) : null
  world.onDone(0.9)
  const made: ModelExport = { out: paths.float, card: paths.card, bytes: bytes.bytes, parameters, windows, largestDifference: bytes.result.largest, quantised: small }
  const card = modelCard({ record, report, model: stored.name, exported: made, synthetic: dataset.info.synthetic, program: world.program })
  await writeAtomically(files, paths.card, card)
  world.onDone(1)
  return made
}

/** Never overwrites: a card says how good the file beside it is. */
async function requireFree(files: Files, path: string): Promise<void> {
  if ((await files.stat(path)) !== null) throw new LabError('export-folder-not-empty', `${path} exists already: an export never overwrites. Choose another name.`, { path })
}

/** A file beside a folder of the same name is not what was meant. */
async function requireNoFolder(files: Files, out: string, model: ModelName): Promise<void> {
  if ((await files.stat(out))?.folder) throw new LabError('export-folder-not-empty', `${out} is a folder: name the file in it, such as ${join(out, `${model}.onnx`)}.`, { path: out })
}

function requireGoing({ signal }: TaskWorld): void {
  if (signal.aborted) throw new LabError('cancelled', 'The export was cancelled.')
}

async function reportOf(folder: RunFolder): Promise<RunReport | null> {
  try {
    return await folder.report()
  } catch (thrown) {
    if (thrown instanceof LabError && thrown.code === 'report-not-found') return null
    throw thrown
  }
}

/** Real windows of the run, those of the test first. */
function someWindows({ set, test, enrolment, training }: TrainingData): Float32Array {
  const rows = [test, enrolment, training].find(({ length }) => length > 0)
  if (!rows) throw new LabError('run-not-finished', 'The run has no windows to check an exported file with.', {})
  return samplesOf(set, thinnedRows(rows, verifiedWindows))
}

async function trainerEmbeddings(stored: StoredModel, samples: Float32Array, record: ExportFacts['record'], world: TaskWorld): Promise<Float32Array> {
  const { engine } = await world.chooseEngine(record)
  try {
    const embedder = await makeEmbedder(stored, engine)
    try {
      return (await embedder.embed(samples)).embeddings
    } finally {
      embedder.dispose()
    }
  } finally {
    engine.dispose()
  }
}

/** Writes beside the name, asks whether it is right, and only then gives it the name. */
async function writeVerified<T>(files: Files, path: string, graph: Graph, facts: ExportFacts, verify: (path: string) => Promise<T>): Promise<{ bytes: number; result: T }> {
  const unverified = `${path}.unverified`
  const { stored, program } = facts
  const bytes = writeModel(graph, { producerVersion: program, graphName: stored.name, description: `${stored.name}: windows to unit-length embeddings`, metadata: modelMetadata(facts) })
  try {
    await writeAtomically(files, unverified, bytes)
    const result = await verify(unverified)
    await files.rename(unverified, path)
    await files.syncFolder(dirname(path))
    return { bytes: bytes.length, result }
  } catch (thrown) {
    await files.remove(unverified)
    throw thrown
  }
}

export interface Verification {
  readonly stored: Pick<StoredModel, 'use' | 'name'>
  /** [windows, time, channels], and what the trainer's engine made of them: [windows, dimensions]. */
  readonly samples: Float32Array
  readonly expected: Float32Array
}

/**
 * Largest difference of an embedding's element between a file and the trainer, over several batch sizes.
 * @throws LabError `model-export-differs` when it is above 1e-4, or the file does not run.
 */
export async function largestDifference(path: string, { stored, samples, expected }: Verification): Promise<number> {
  const file = await ModelFile.open(path, stored.use)
  try {
    let largest = 0
    for (const batch of verifiedBatches) {
      const whole = batch * stored.use.length * stored.use.channels
      // Fewer windows than a batch: they are repeated, so that the batch is as large as it says.
      const times = Math.max(1, Math.ceil(whole / samples.length))
      const found = await file.embed(repeated(samples, times), batch)
      largest = Math.max(largest, distance(found, repeated(expected, times)))
      if (!(largest <= tolerance)) {
        throw new LabError('model-export-differs', `The file's embeddings of the model "${stored.name}" differ from the trainer's by ${largest.toPrecision(3)} in batches of ${batch} (allowed: ${tolerance}).`, {
          model: stored.name, batch, difference: Number.isFinite(largest) ? largest : null, tolerance,
        })
      }
    }
    return largest
  } finally {
    await file.close()
  }
}

/** NaN and another length are infinitely far. */
function distance(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Infinity
  let largest = 0
  for (let i = 0; i < found.length; i++) {
    const difference = Math.abs(found[i] - expected[i])
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference
  }
  return largest
}

function repeated(values: Float32Array, times: number): Float32Array {
  if (times === 1) return values
  const all = new Float32Array(values.length * times)
  for (let time = 0; time < times; time++) all.set(values, time * values.length)
  return all
}

async function writeQuantised(
  files: Files, paths: { readonly float: string; readonly quantised: string }, graph: Graph, facts: ExportFacts, { stored, data, samples, expected }: Verification & { readonly data: TrainingData },
): Promise<ModelExport['quantised']> {
  const { graph: rounded, products } = quantiseGraph(graph)
  // All its matrices are so small that they stay as they are: a second file would be the first.
  if (products === 0) return null
  const validate = validator(data)
  const eerOf = async (file: ModelFile): Promise<number | null> => (await validate((windows) => file.embed(windows, verifiedWindows))).eer
  const judge = async (path: string): Promise<{ meanCosine: number; eerBefore: number | null; eerAfter: number | null }> => {
    const before = await withFile(paths.float, stored, eerOf)
    return withFile(path, stored, async (file) => ({ meanCosine: meanCosine(await file.embed(samples, verifiedWindows), expected, facts.dimensions), eerBefore: before, eerAfter: await eerOf(file) }))
  }
  const { bytes, result } = await writeVerified(files, paths.quantised, rounded, { ...facts, precision: 'uint8' }, judge)
  const worse = result.eerBefore !== null && result.eerAfter !== null && result.eerAfter - result.eerBefore > mostEerLoss
  const kept = !worse && result.meanCosine >= leastCosine
  if (!kept) await files.remove(paths.quantised)
  return { out: paths.quantised, bytes, ...result, kept }
}

async function withFile<T>(path: string, { use }: Pick<StoredModel, 'use'>, work: (file: ModelFile) => Promise<T>): Promise<T> {
  const file = await ModelFile.open(path, use)
  try {
    return await work(file)
  } finally {
    await file.close()
  }
}

/** Of rows of two matrices of unit-length rows. */
export function meanCosine(one: Float32Array, other: Float32Array, dimensions: number): number {
  let sum = 0
  for (let i = 0; i < one.length; i++) sum += one[i] * other[i]
  return (sum * dimensions) / one.length
}
