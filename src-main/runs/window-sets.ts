import { join } from 'node:path'
import { LabError, SplitRole, type DatasetSplit, type Recording } from '../contract/index.ts'
import { canonicalJson } from '../curation/canonical-json.ts'
import { joinSpans, rowsIn } from '../curation/spans.ts'
import { hasTrials } from '../curation/split-roles.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { sha256, sha256File } from '../dataset/hashes.ts'
import { windowCacheFolder } from '../dataset/window-cache-folder.ts'
import { exportLabels, requireLayer } from '../exchange/export-labels.ts'
import { planExport, type ExportEntry } from '../exchange/export-plan.ts'
import { beatsOn, requireWindows } from '../exchange/export-windows.ts'
import { windowSamples, type Anchor } from '../exchange/window-stretch.ts'
import type { WindowSet } from '../learning/data/window-set.ts'
import { recordingWindows, type RoleWindows, type WindowCounts } from './recording-windows.ts'
import { WindowCache, type WindowSetReport, type WindowSetWriter } from './window-cache.ts'
import { chosenLane } from './window-lane.ts'
import { cutOptions, hashedOptions, type WindowSetOptions } from './window-options.ts'

/** Changes whenever the same sources would give other windows. */
const pipelineVersion = 2
/** Of all window sets of a dataset together: fifty of a lab of a hundred people, or a few of long recordings. */
const usualBudgetBytes = 4 * 2 ** 30
/** Of one set, which is in memory as a whole, and its sides again: three million beats. */
const mostSetBytes = 2 ** 31

export interface WindowSetContext {
  readonly signal?: AbortSignal
  /** Recordings. */
  readonly onProgress?: (done: number, total: number) => void
  readonly budgetBytes?: number
}

export interface BuiltWindowSet {
  readonly set: WindowSet
  readonly report: WindowSetReport
  /** It was there already. */
  readonly cached: boolean
}

/**
 * Cuts the windows of a split, or takes them from the dataset's cache (`runs/.windows`) when nothing that they depend on has changed. Withdrawn and erased people are in none. One recording is
 * held at a time until all are written; the set itself is in memory as a whole.
 * @throws LabError `split-not-found`, `split-invalid`, `split-leaks`, `version-not-found`, `version-invalid`, `version-content-changed`, `request-invalid`, `label-not-found` (no recording has the
 *   layer), `training-impossible` (more than memory holds), `subject-erased` (while windows were cut), `state-conflict` (labels changed meanwhile), `cancelled`, and those of reading and writing.
 * @example const { set, report } = await buildWindowSet(dataset, await dataset.splits.get('by-day'), WindowOptions.parse({ lane: 'ecg', mode: 'beat' }))
 */
export async function buildWindowSet(dataset: Dataset, split: Pick<DatasetSplit, 'name' | 'version'>, options: WindowSetOptions, context: WindowSetContext = {}): Promise<BuiltWindowSet> {
  requireWindows(cutOptions(options))
  const plan = await planExport(dataset, { version: split.version, split: split.name, keepDates: true })
  if (plan.split === null) throw new LabError('split-not-found', `There is no split "${split.name}".`, { split: split.name })
  const entries = plan.entries.filter(({ roles }) => (roles?.length ?? 0) > 0)
  const sources: Source[] = []
  for (const item of entries) sources.push(await sourceOf(dataset, item, options, context.signal))
  requireLayer(options.annotator, sources.filter(({ hasLayer }) => hasLayer).length)
  const contentHash = sha256(canonicalJson({ pipelineVersion, split: plan.split.hash, options: { zScore: true, ...hashedOptions(options) }, sources: sources.map(({ facts }) => facts) }))
  requireRoom(entries, options, sources)
  const cache = new WindowCache(dataset.files, windowCacheFolder(dataset.path))
  const known = await cache.load(contentHash, context.signal)
  if (known !== null) {
    context.onProgress?.(entries.length, entries.length)
    return { ...known, cached: true }
  }
  const writer = await cache.begin(contentHash)
  try {
    await cutAll(dataset, { sources, writer, options, context, contentHash, acrossRoles: !hasTrials(plan.split) })
  } catch (thrown) {
    await writer.abandon()
    throw thrown
  }
  await refuseErased(dataset, entries, () => cache.remove(contentHash))
  await cache.prune(contentHash, context.budgetBytes ?? usualBudgetBytes)
  const made = await cache.load(contentHash, context.signal)
  if (made === null) throw new LabError('file-read-failed', `${cache.path(contentHash)} was written but does not give its checksum.`, { path: cache.path(contentHash) })
  return { ...made, cached: false }
}

/** One recording, and what its windows depend on besides the split and the options. */
interface Source {
  readonly item: ExportEntry
  readonly hasLayer: boolean
  /** How many; 0 where none are asked for. */
  readonly beats: number
  readonly facts: { readonly recording: string; readonly contentHash: string; readonly lane: string | null; readonly beats: string }
}

async function sourceOf(dataset: Dataset, item: ExportEntry, options: WindowSetOptions, signal?: AbortSignal): Promise<Source> {
  if (signal?.aborted) throw new LabError('cancelled', 'Cutting windows was cancelled.')
  const recording = await dataset.recordings.get(item.entry.recording)
  const { lane, beats, hasLayer } = await beatsFor(dataset, recording, item, options)
  return { item, hasLayer, beats: beats.length, facts: { recording: recording.id, contentHash: item.entry.contentHash, lane: lane?.lane.id ?? null, beats: beatsHash(beats) } }
}

/**
 * Before anything is cut: a stride of a thousandth of a second makes gigabytes of a few minutes, and a computer that runs out of memory says less of the reason.
 * @throws LabError `training-impossible` with the windows, their samples and bytes.
 */
function requireRoom(entries: readonly ExportEntry[], options: WindowSetOptions, sources: readonly Source[]): void {
  const { length } = windowSamples(cutOptions(options))
  const strides = (rows: number, rateHz: number): number => Math.max(0, (rows / rateHz - options.seconds) / options.strideSeconds)
  const windows = options.mode === 'window' ? entries.reduce((sum, { entry }) => sum + strides(rowsIn(joinSpans(entry.spans)), entry.rateHz), 0) : sources.reduce((sum, { beats }) => sum + beats, 0)
  const bytes = 4 * length * windows
  if (bytes <= mostSetBytes) return
  throw new LabError(
    'training-impossible',
    `This would make ${Math.round(windows)} windows of ${length} samples: ${(bytes / 2 ** 30).toFixed(1)} GiB, where ${mostSetBytes / 2 ** 30} are the most. Take ${options.mode === 'window' ? 'a longer stride, shorter windows or ' : ''}a lower rate or a smaller version.`,
    { windows: Math.round(windows), length, bytes, most: mostSetBytes },
  )
}

const beatsHash = (beats: readonly Anchor[]): string => sha256(canonicalJson(beats.map(({ row }) => row)))

/** The lane and its beats on kept rows; fixed windows ask for none. */
async function beatsFor(dataset: Dataset, recording: Recording, { entry }: ExportEntry, options: WindowSetOptions) {
  const lane = await chosenLane(dataset, recording, options)
  if (options.mode === 'window' || lane === null) return { lane, beats: [], hasLayer: true }
  const labels = await exportLabels(dataset, recording, options.annotator, joinSpans(entry.spans))
  return { lane, beats: beatsOn(labels, recording, lane), hasLayer: labels.from !== null }
}

interface Cutting {
  readonly sources: readonly Source[]
  readonly writer: WindowSetWriter
  readonly options: WindowSetOptions
  readonly context: WindowSetContext
  readonly contentHash: string
  readonly acrossRoles: boolean
}

async function cutAll(dataset: Dataset, { sources, writer, options, context, contentHash, acrossRoles }: Cutting): Promise<void> {
  const subjects = [...new Set(sources.map(({ item }) => item.entry.subject))]
  const counted: WindowSetReport['recordings'] = []
  for (const [index, source] of sources.entries()) {
    const { entry } = source.item
    for (const { role, rows, samples, counts, unmeasured } of await cutOne(dataset, source, { options, context, acrossRoles })) {
      counted.push({ ...counts, unmeasured, recording: entry.recording, subject: entry.subject, role, lane: source.facts.lane, beatless: options.mode !== 'window' && source.facts.lane !== null && source.beats === 0 })
      await writer.add({ rows, samples, subject: subjects.indexOf(entry.subject), recording: index, role: SplitRole.options.indexOf(role) })
    }
    context.onProgress?.(index + 1, sources.length)
  }
  await writer.finish({
    contentHash, subjects,
    rateHz: options.rateHz,
    length: windowSamples(cutOptions(options)).length,
    recordings: sources.map(({ item: { entry } }) => ({ id: entry.recording, session: entry.session, subject: subjects.indexOf(entry.subject), startedAt: entry.startedAt, rowRateHz: entry.rateHz })),
    roles: [...SplitRole.options],
    report: reportOf(counted),
  })
}

async function cutOne(dataset: Dataset, { item, facts }: Source, { options, context: { signal }, acrossRoles }: Pick<Cutting, 'options' | 'context' | 'acrossRoles'>): Promise<RoleWindows[]> {
  return dataset.signals.use(item.entry.recording, async (stored, recording) => {
    const path = join(dataset.recordings.folder(recording.id), 'signals.dat')
    const { sha256: found } = await sha256File(dataset.files, path, signal ? { signal } : {})
    if (found !== item.entry.signalHash) {
      throw new LabError('version-content-changed', `signals.dat of ${recording.id} is not what the version froze.`, { changed: [recording.id], missing: [], path })
    }
    const { lane, beats } = await beatsFor(dataset, recording, item, options)
    if (beatsHash(beats) !== facts.beats) throw new LabError('state-conflict', `The beats of ${recording.id} changed while windows were cut.`, { recording: recording.id })
    if (lane === null) return (item.roles ?? []).map(({ role }) => ({ role, rows: [], samples: new Float32Array(0), counts: noCounts(), unmeasured: 0 }))
    return recordingWindows({ item, recording, stored, lane, beats, options, acrossRoles, ...(signal && { signal }) })
  })
}

/** A person may withdraw while another program cuts: what was just written would outlive them. */
async function refuseErased(dataset: Dataset, entries: readonly ExportEntry[], remove: () => Promise<void>): Promise<void> {
  await dataset.subjects.refresh()
  const erased = entries.find(({ entry }) => dataset.subjects.isErased(entry.subject))
  if (!erased) return
  await remove()
  throw new LabError('subject-erased', `${erased.entry.subject} was erased while windows were cut.`, { code: erased.entry.subject })
}

const noCounts = (): WindowCounts => ({ wanted: 0, kept: 0, edge: 0, missing: 0, flat: 0, lowQuality: 0, moved: 0, outliers: 0, tooFew: 0 })

function reportOf(recordings: WindowSetReport['recordings']): WindowSetReport {
  const total = noCounts()
  for (const one of recordings) for (const name of Object.keys(total) as (keyof WindowCounts)[]) total[name] += one[name]
  const failedToAcquire = SplitRole.options.flatMap((role) => {
    const own = recordings.filter((one) => one.role === role)
    return own.length === 0 ? [] : [{ role, recordings: own.filter(({ kept }) => kept === 0).length, of: own.length }]
  })
  return { recordings, total, failedToAcquire }
}
