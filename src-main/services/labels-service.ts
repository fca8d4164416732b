import { randomUUID } from 'node:crypto'
import { LabError, type AgreementReport, type Annotator, type LabEmitter, type LabHandlers, type LabelKind, type LabelLayer, type Disagreement, type RecordingId } from '../contract/index.ts'
import { adjudicate, Agreement, type LabelledTwice } from '../curation/agreement.ts'
import type { Dataset } from '../dataset/dataset.ts'
import type { DatasetHolder } from './dataset-holder.ts'

/** `labels.*`: layers of labels on the open dataset's recordings. */
export class LabelsService {
  readonly #holder: DatasetHolder

  constructor({ holder, emitter }: { holder: DatasetHolder; emitter: LabEmitter }) {
    this.#holder = holder
    holder.onChange((dataset) => dataset?.labels.onChange((change) => emitter.emit('labels.changed', change)))
  }

  handlers(): Pick<LabHandlers, `labels.${'layers' | 'list' | 'beats' | 'append' | 'history' | 'agreement' | 'adjudicate'}`> {
    const dataset = (): Dataset => this.#holder.current()
    return {
      'labels.layers': ({ id }) => dataset().labels.layers(id),
      'labels.list': ({ id, annotator, fromRow, toRow }) => dataset().labels.list(id, annotator, fromRow, toRow),
      'labels.beats': ({ id, annotator }) => dataset().labels.beats(id, annotator),
      'labels.append': ({ id, annotator, basis, changes }) => dataset().labels.append(id, annotator, { basis, changes }),
      'labels.history': ({ id, annotator, label }) => dataset().labels.history(id, annotator, label),
      'labels.agreement': ({ ids, annotators, kinds }, { signal }) => agreementOf(dataset(), ids, annotators, kinds, signal),
      'labels.adjudicate': ({ id, annotators, into }) => adjudicateInto(dataset(), id, annotators, into),
    }
  }
}

/**
 * How far two annotators agree on these recordings (`null`: all that have both layers).
 * @throws LabError `annotator-invalid` for one layer twice; `label-not-found` when one of `ids` lacks a layer, or no recording has both; `recording-not-found`, `cancelled`.
 */
export async function agreementOf(
  dataset: Dataset,
  ids: readonly RecordingId[] | null,
  annotators: readonly [string, string],
  kinds: readonly LabelKind[],
  signal?: AbortSignal,
): Promise<AgreementReport> {
  if (annotators[0] === annotators[1]) throw new LabError('annotator-invalid', `"${annotators[0]}" agrees with itself: name two layers.`, { annotator: annotators[0], reason: 'compared' })
  const agreement = new Agreement(kinds)
  for (const id of ids ?? (await dataset.recordings.ids())) {
    if (signal?.aborted) throw new LabError('cancelled', 'Comparing the layers was cancelled.')
    const twice = await labelledTwice(dataset, id, annotators, ids !== null)
    if (twice) agreement.add(twice)
  }
  const report = agreement.report(annotators)
  if (report.recordings === 0) {
    throw new LabError('label-not-found', `No recording has both a layer "${annotators[0]}" and a layer "${annotators[1]}".`, { annotators: [...annotators] })
  }
  return report
}

async function labelledTwice(dataset: Dataset, id: RecordingId, annotators: readonly [string, string], required: boolean): Promise<LabelledTwice | null> {
  try {
    const [first, second] = [await dataset.labels.all(id, annotators[0]), await dataset.labels.all(id, annotators[1])]
    const { rows, measuredRateHz, declaredRateHz } = await dataset.recordings.get(id)
    return { recording: id, rows, rateHz: measuredRateHz ?? declaredRateHz, first, second }
  } catch (thrown) {
    const { code } = LabError.from(thrown)
    // Of all recordings, those count that can be compared.
    if (!required && (code === 'label-not-found' || code === 'recording-incomplete' || code === 'dataset-invalid' || code === 'subject-erased')) return null
    throw thrown
  }
}

/**
 * Copies what both annotators say into the layer `into`, where that has not said it yet, and lists where they differ. Running it again adds nothing that is there.
 * @throws LabError as `LabelStore.append`; `annotator-invalid` when `into` is one of the two.
 */
export async function adjudicateInto(
  dataset: Dataset,
  id: RecordingId,
  annotators: readonly [Annotator, Annotator],
  into: Annotator,
): Promise<{ layer: LabelLayer; disagreements: Disagreement[] }> {
  if (annotators.includes(into)) throw new LabError('annotator-invalid', `"${into}" is one of the two layers that are compared; decisions go into a third one.`, { annotator: into, reason: 'compared' })
  const twice = await labelledTwice(dataset, id, annotators, true)
  const { agreed, disagreements } = twice ? adjudicate(twice) : { agreed: [], disagreements: [] }
  const keyOf = ({ row, toRow, lane, kind, value }: (typeof agreed)[number]): string => JSON.stringify([row, toRow, lane, kind, value])
  const there = new Set(await presentKeys(dataset, id, into, keyOf))
  const changes = agreed.filter((said) => !there.has(keyOf(said))).map((said) => ({ type: 'set' as const, id: randomUUID(), ...said, supersedes: null }))
  return { layer: await dataset.labels.append(id, into, { changes }), disagreements }
}

async function presentKeys(dataset: Dataset, id: RecordingId, into: string, keyOf: (label: Awaited<ReturnType<Dataset['labels']['all']>>[number]) => string): Promise<string[]> {
  const layers = await dataset.labels.layers(id)
  return layers.some((layer) => layer.annotator === into) ? (await dataset.labels.all(id, into)).map(keyOf) : []
}
