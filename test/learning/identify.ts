import { SplitOptions, type DatasetSplit, type SplitOptionsInput } from '../../src-main/contract/index.ts'
import { sideOf } from '../../src-main/curation/split-roles.ts'
import { defaultRules } from '../../src-main/curation/default-rules.ts'
import { groupBy } from '../../src-main/curation/order.ts'
import { inOrder } from '../../src-main/curation/visits.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { PcaLda, type PcaLdaOptions } from '../../src-main/learning/baselines/pca-lda.ts'
import { correlationEmbeddings } from '../../src-main/learning/baselines/template-cosine.ts'
import { classesOf, samplesOf, windowsOf } from '../../src-main/learning/data/window-rows.ts'
import type { WindowSet } from '../../src-main/learning/data/window-set.ts'
import { normaliseRows, type EmbeddingSet } from '../../src-main/learning/evaluation/embedding-set.ts'
import { equalErrorRate } from '../../src-main/learning/evaluation/equal-error-rate.ts'
import { errorCurve } from '../../src-main/learning/evaluation/error-rates.ts'
import { closedSet, rankProbes } from '../../src-main/learning/evaluation/identification.ts'
import { makeProbes } from '../../src-main/learning/evaluation/probes.ts'
import { cosineScores, scoreLists } from '../../src-main/learning/evaluation/scores.ts'
import { makeTemplates } from '../../src-main/learning/evaluation/templates.ts'
import { importAt, readImportRules } from '../../src-main/services/import-tasks.ts'

/** ECG-ID as the program imports it, with a version of all of it and one of everybody's first two recordings: `all` and `two`. */
export async function ecgIdDataset(path: string, from: string, workerUrl: URL | null = null): Promise<Dataset> {
  await importAt(path, from, await readImportRules('ecg-id', null), { signal: new AbortController().signal, onProgress: () => undefined, workerUrl, now: () => Date.now() })
  return versionsOf(await Dataset.open(path, { access: 'write' }))
}

export async function versionsOf(dataset: Dataset): Promise<Dataset> {
  const candidates = await dataset.candidates.collect()
  const { entries } = await dataset.versions.create({ name: 'all', note: '', rules: defaultRules, overrides: [], candidates })
  const bySubject = groupBy(entries, ({ subject }) => subject)
  const later = [...bySubject.values()].flatMap((own) => inOrder(own).slice(2))
  const overrides = later.map(({ recording }) => ({ recording, include: false, reason: 'neither the first nor the second recording' }))
  await dataset.versions.create({ name: 'two', note: '', rules: defaultRules, overrides, candidates })
  return dataset
}

/** The protocols of the table of recognition.md B3. Nobody validates there. */
export const protocols: readonly { name: string; version: string; split: string; options: SplitOptionsInput }[] = [
  { name: 'random beats 80/20, LEAKY', version: 'all', split: 'diagnostic-leaky', options: { strategy: 'diagnostic-leaky', validation: 0, test: 0.2 } },
  { name: 'record 1 -> record 2', version: 'two', split: 'first-second', options: { strategy: 'leave-last-recording-out', validation: 0 } },
  { name: 'leave last record out', version: 'all', split: 'last-recording', options: { strategy: 'leave-last-recording-out', validation: 0 } },
  ...[1, 2, 3, 4, 5].map((seed) => ({
    name: `subject-disjoint rec1 -> rec2 (seed ${seed})`, version: 'two', split: `disjoint-${seed}`, options: { strategy: 'leave-last-recording-out', subjectDisjoint: true, validation: 0, test: 0.5, seed } as const,
  })),
  { name: 'before last day -> last day', version: 'all', split: 'last-day', options: { strategy: 'leave-last-day-out', validation: 0 } },
]

export async function divide(dataset: Dataset, { version, split, options }: (typeof protocols)[number]): Promise<DatasetSplit> {
  return (await dataset.splits.create(version, split, SplitOptions.parse(options))).split
}

export interface Identified {
  readonly people: number
  readonly probes: number
  readonly rank1: number
  readonly eer: number
}

/** Linear discriminants fitted to the training side, `null` for the plain correlation with the mean beat; enrolled, probed with `beats` at a time. */
export function identify(set: WindowSet, split: DatasetSplit, lda: PcaLdaOptions | null, beats: readonly number[]): Identified[] {
  const training = windowsOf(set, set.roles.filter((role) => sideOf(role, split.options) === 'train'))
  const { classOf } = classesOf(set, training)
  const fitted = lda && PcaLda.fit({ values: samplesOf(set, training), length: set.length, labels: Int32Array.from(training, (row) => classOf[set.subject[row]]) }, lda)
  const embed = (role: 'enrol' | 'test'): EmbeddingSet => {
    const rows = windowsOf(set, [role])
    const values = samplesOf(set, rows)
    const dimension = fitted?.dimension ?? set.length
    const vectors = fitted ? normaliseRows(fitted.transform(values), dimension) : correlationEmbeddings(values, dimension)
    return { dimension, vectors, role, subject: Int32Array.from(rows, (row) => set.subject[row]), recording: Int32Array.from(rows, (row) => set.recording[row]) }
  }
  const templates = makeTemplates(embed('enrol'), (recording) => set.recordings[recording].session)
  const test = embed('test')
  return beats.map((count) => {
    const { probes } = makeProbes(test, count)
    const scores = cosineScores(probes, templates)
    const curve = errorCurve(scoreLists(scores))
    const ranks = rankProbes(scores)
    const rank1 = ranks && closedSet(ranks.rank, templates.subject.length).rank1
    return { people: templates.subject.length, probes: probes.subject.length, rank1: rank1 ?? Number.NaN, eer: curve ? equalErrorRate(curve).eer : Number.NaN }
  })
}
