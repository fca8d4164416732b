import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Annotator, LabError, type BeatTable, type Label, type LabelChange, type LabelEvent, type LabelLayer, type Recording } from '../contract/index.ts'
import { beatColumns, beatTable, columnsOf, decodeBeats, encodeBeats, tableRows, type BeatColumns } from './beat-columns.ts'
import { detectorLabels, readDetectorLayers, type DetectorLayer } from './detector-layers.ts'
import { writeAtomically, type Files } from './files.ts'
import { JsonLinesAppender } from './json-lines.ts'
import { labelAnnotations } from './label-annotations.ts'
import { checkAnnotator, checkChanges } from './label-checks.ts'
import { LayerFold } from './label-fold.ts'
import { annotatorOf, basisFile, labelLines, layerFile, readLabelLines, type LabelLine } from './label-lines.ts'
import { LayerCache } from './layer-cache.ts'
import type { RecordingStore } from './recordings.ts'
import type { SubjectStore } from './subjects.ts'
import type { WriteContext } from './write-context.ts'

export interface AppendLabels {
  /** What a new layer starts from; of no meaning to one that is there. */
  readonly basis?: string | null
  readonly changes: readonly LabelChange[]
  /** `person`, or `imported` for what came with a file. */
  readonly origin?: string
}

/** A layer that people write, as last read. */
interface OpenLayer {
  readonly fold: LayerFold
  readonly appender: JsonLinesAppender<LabelLine>
  readonly stamp: string
  /** Why the beats that it started from cannot be read: what the layer says is then not known, but other layers are. */
  readonly problem: LabError | null
}

type FileStat = { bytes: number; modifiedMs: number } | null
const stampOf = (found: FileStat): string => (found ? `${found.bytes} ${found.modifiedMs}` : '')

/** labels.atr is written when nobody has saved a label for so long, and at closing. */
const idleMs = 2000

/**
 * The labels of a dataset: one layer per annotator and recording, append-only events in labels.<annotator>.jsonl of the recording's folder; the detectors' layers
 * come from beats.qrs and analysis.qrs and cannot be written. What a layer started from lies in labels.<annotator>.basis (WFDB annotations, channel 255 = all lanes), so that
 * neither a later detector nor another annotator changes it. labels.atr shows other tools the layer `adjudicated`, or else the newest one; it is derived, written when nobody
 * has saved for two seconds and at closing.
 */
export class LabelStore {
  readonly #files: Files
  readonly #context: WriteContext
  readonly #recordings: RecordingStore
  readonly #subjects: SubjectStore
  readonly #cache = new LayerCache<OpenLayer>()
  readonly #detectors = new LayerCache<{ layers: DetectorLayer[]; stamp: string }>()
  readonly #listeners = new Set<(change: { id: string; annotator: string }) => void>()
  /** Recordings whose labels.atr is older than their layers. */
  readonly #stale = new Set<string>()
  #timer: NodeJS.Timeout | null = null
  #last: Promise<unknown> = Promise.resolve()

  constructor(files: Files, context: WriteContext, recordings: RecordingStore, subjects: SubjectStore) {
    this.#files = files
    this.#context = context
    this.#recordings = recordings
    this.#subjects = subjects
  }

  /** Called after every append that changed a layer. */
  onChange(listener: (change: { id: string; annotator: string }) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** All layers of a recording: detectors first, then people's by name. @throws LabError `recording-not-found`, `subject-erased`, and those of reading. */
  async layers(id: string): Promise<LabelLayer[]> {
    const recording = await this.#recording(id)
    const people = await Promise.all((await this.#names(id)).map(async (name) => (await this.#open(recording, name)).fold.layer()))
    return [...(await this.#detectorLayers(recording)).map(summaryOf), ...people]
  }

  /** Names of the layers that people or imports wrote, sorted; cheap. */
  async #names(id: string): Promise<string[]> {
    return (await this.#files.list(this.#recordings.folder(id))).flatMap(({ name }) => annotatorOf(name) ?? []).sort()
  }

  /** Labels other than beats that overlap the rows (half open), by row. @throws LabError `label-not-found` when there is no such layer. */
  async list(id: string, annotator: string, fromRow = 0, toRow = Number.MAX_SAFE_INTEGER): Promise<Label[]> {
    const recording = await this.#recording(id)
    if (await this.#detector(recording, annotator)) return []
    return (await this.#existing(recording, annotator)).fold.labels(fromRow, toRow)
  }

  /** The layer's beats by row. @throws LabError `label-not-found` when there is no such layer. */
  async beats(id: string, annotator: string): Promise<BeatTable> {
    const recording = await this.#recording(id)
    const detector = await this.#detector(recording, annotator)
    if (!detector) return (await this.#existing(recording, annotator)).fold.beats()
    return beatTable(annotator, null, detector.beats, new Array<string>(detector.beats.rows.length).fill(''), laneIdsOf(recording))
  }

  /** Everything in the layer, beats too, by row. @throws LabError `label-not-found` when there is no such layer. */
  async all(id: string, annotator: string): Promise<Label[]> {
    const recording = await this.#recording(id)
    const detector = await this.#detector(recording, annotator)
    if (detector) return detectorLabels(detector, laneIdsOf(recording))
    const { fold } = await this.#existing(recording, annotator)
    const table = fold.beats()
    const rows = tableRows(table)
    const beats = Array.from(rows, (_, i) => fold.beatLabel(table, rows, i))
    return [...beats, ...fold.labels()].sort((a, b) => a.row - b.row)
  }

  /** Every event about a label, oldest first. @throws LabError `label-not-found` for a layer or label that never was. */
  async history(id: string, annotator: string, label: string): Promise<LabelEvent[]> {
    const recording = await this.#recording(id)
    const { fold } = await this.#existing(recording, annotator)
    const events = fold.history(label)
    if (events.length === 0 && !fold.has(label)) throw new LabError('label-not-found', `The layer ${annotator} never had the label ${label}.`, { recording: id, annotator, label })
    return events
  }

  /**
   * Saves changes, all or none, durably; those whose id the layer has already are skipped, so that a window may send its drafts again.
   * @throws LabError `annotator-invalid`, `label-invalid`, `label-not-found`, `recording-not-found`, `recording-in-progress`, `subject-erased`, and the errors of writing.
   */
  append(id: string, annotator: string, { basis = null, changes, origin = 'person' }: AppendLabels): Promise<LabelLayer> {
    this.#context.requireWritable()
    const work = this.#last.then(() => this.#append(id, annotator, basis, changes, origin))
    this.#last = work.catch(() => undefined)
    return work
  }

  async #append(id: string, name: string, basis: string | null, changes: readonly LabelChange[], origin: string): Promise<LabelLayer> {
    const recording = await this.#recording(id)
    if (recording.state === 'recording') throw new LabError('recording-in-progress', `The recording ${id} is still being written.`, { recording: id })
    const annotator = checkAnnotator(name, await this.#names(id))
    const layer = await this.#open(recording, annotator)
    if (layer.problem) throw layer.problem
    if (layer.fold.layer().origin === 'imported' && origin !== 'imported') {
      const reason = 'it came with a file and stays as it came; start a layer of your own from it'
      throw new LabError('annotator-invalid', `The layer "${annotator}" of ${id} cannot be changed: ${reason}.`, { recording: id, annotator, reason })
    }
    const createdAt = this.#context.stamp().at
    const events: LabelEvent[] = []
    // The new layer's state is tried on a fold of its own: a refusal must leave nothing behind.
    const start = basis !== null && layer.fold.events.length === 0 ? await this.#basis(recording, annotator, basis, createdAt) : null
    const fold = start?.fold ?? layer.fold
    events.push(...(start?.events ?? []))
    for (const change of checkChanges(changes, fold, recording)) events.push({ ...change, annotator, origin, createdAt })
    if (events.length === 0) return layer.fold.layer()
    if (start) await writeAtomically(this.#files, this.#basisPath(id, annotator), encodeBeats(start.beats))
    await layer.appender.appendAll(labelLines(events))
    if (start) layer.fold.start(start.event, start.beats)
    for (const event of events) if (event.type !== 'basis') layer.fold.apply(event)
    const stamp = stampOf(await this.#files.stat(this.#path(id, annotator)))
    this.#cache.set(`${id}/${annotator}`, { ...layer, stamp }, layer.fold.weight)
    await this.#context.audit('labels.appended', {
      recording: id,
      annotator,
      set: events.filter((event) => event.type === 'set').length,
      removed: events.filter((event) => event.type === 'remove').length,
      ...(start && { basis }),
    })
    this.#writeSoon(id)
    for (const listener of this.#listeners) listener({ id, annotator })
    return layer.fold.layer()
  }

  /** How a layer begins that starts from another one: its beats as they now are, and copies of its other labels. */
  async #basis(recording: Recording, annotator: Annotator, of: string, createdAt: string) {
    const detector = await this.#detector(recording, of)
    const source = detector ? null : (await this.#existing(recording, of)).fold
    const beats = detector?.beats ?? (source ? columnsOf(source.beats(), laneIdsOf(recording)) : beatColumns([]))
    const event: Extract<LabelEvent, { type: 'basis' }> = { type: 'basis', id: randomUUID(), of, annotator, createdAt }
    const copies = (source?.labels() ?? []).map((label): LabelEvent => ({ type: 'set', ...label, id: `${of}/${label.id}`, supersedes: null, annotator, createdAt }))
    const fold = new LayerFold(annotator, laneIdsOf(recording))
    fold.start(event, beats)
    for (const copy of copies) if (copy.type === 'set') fold.apply(copy)
    return { event, beats, fold, events: [event, ...copies] }
  }

  #path(id: string, annotator: string): string {
    return join(this.#recordings.folder(id), layerFile(annotator))
  }

  #basisPath(id: string, annotator: string): string {
    return join(this.#recordings.folder(id), basisFile(annotator))
  }

  /** @throws LabError `subject-erased` for a recording of a subject that was erased, `recording-not-found`. */
  async #recording(id: string): Promise<Recording> {
    try {
      const recording = await this.#recordings.get(id)
      if (this.#subjects.isErased(recording.subject)) throw erased(id, recording.subject)
      return recording
    } catch (thrown) {
      if (LabError.from(thrown).code !== 'recording-not-found') throw thrown
      const subject = await this.#context.subjectOf(id)
      throw subject !== null && this.#subjects.isErased(subject) ? erased(id, subject) : thrown
    }
  }

  async #existing(recording: Recording, annotator: string): Promise<OpenLayer> {
    const layer = Annotator.safeParse(annotator).success ? await this.#open(recording, annotator) : null
    if (layer?.problem) throw layer.problem
    if (layer && layer.fold.events.length > 0) return layer
    throw new LabError('label-not-found', `The recording ${recording.id} has no layer "${annotator}".`, { recording: recording.id, annotator })
  }

  /** A layer from its file, or as it was when the file has not changed since. A missing file is an empty layer. */
  async #open(recording: Recording, annotator: string): Promise<OpenLayer> {
    const path = this.#path(recording.id, annotator)
    const stamp = stampOf(await this.#files.stat(path))
    const key = `${recording.id}/${annotator}`
    const known = this.#cache.get(key)
    if (known?.stamp === stamp) return known
    const { events, read } = await readLabelLines(this.#files, path)
    const fold = new LayerFold(annotator, laneIdsOf(recording))
    const basis = events.some((event) => event.type === 'basis') ? await this.#readBasis(recording.id, annotator) : beatColumns([])
    const problem = basis instanceof LabError ? basis : null
    for (const event of events) {
      if (event.type === 'basis') fold.start(event, basis instanceof LabError ? beatColumns([]) : basis)
      else fold.apply(event)
    }
    const layer = { fold, appender: new JsonLinesAppender<LabelLine>(this.#files, path, read), stamp, problem }
    // One that is mended by putting its file back must not be remembered as broken.
    if (!problem) this.#cache.set(key, layer, fold.weight)
    return layer
  }

  /** The beats, or why they are not there. */
  async #readBasis(id: string, annotator: string): Promise<BeatColumns | LabError> {
    const path = this.#basisPath(id, annotator)
    const refuse = (reason: string, cause?: unknown): LabError =>
      new LabError('dataset-invalid', `The beats that the layer ${annotator} of ${id} started from ${reason}.`, { recording: id, annotator, path }, { cause })
    try {
      if ((await this.#files.stat(path)) === null) return refuse('are missing')
      const bytes = await this.#files.readFile(path)
      // Two zero bytes end every annotation file.
      return bytes.length >= 2 && bytes.at(-1) === 0 && bytes.at(-2) === 0 ? decodeBeats(bytes) : refuse('are cut off')
    } catch (thrown) {
      return refuse(`cannot be read: ${LabError.from(thrown).message}`, thrown)
    }
  }

  async #detectorLayers(recording: Recording): Promise<readonly DetectorLayer[]> {
    const folder = this.#recordings.folder(recording.id)
    const stats = await Promise.all(['beats.qrs', 'analysis.qrs', 'analysis.json'].map((name) => this.#files.stat(join(folder, name))))
    const stamp = `${recording.contentHash} ${stats.map(stampOf).join(' ')}`
    const known = this.#detectors.get(recording.id)
    if (known?.stamp === stamp) return known.layers
    const layers = await readDetectorLayers(this.#files, folder, recording)
    this.#detectors.set(recording.id, { layers, stamp }, layers.reduce((sum, layer) => sum + layer.beats.rows.length / 10, 1))
    return layers
  }

  async #detector(recording: Recording, annotator: string): Promise<DetectorLayer | null> {
    return (await this.#detectorLayers(recording)).find((layer) => layer.annotator === annotator) ?? null
  }

  /** Lines that cannot be read, appends that a crash cut off, and what is wrong with the beats that it started from, per layer of a recording. @throws LabError `recording-not-found`. */
  async damage(id: string): Promise<{ annotator: string; lines: number; unfinished: number; basis: string | null }[]> {
    const looks = (await this.#names(id)).map(async (annotator) => {
      const { events, damaged, unfinished } = await readLabelLines(this.#files, this.#path(id, annotator))
      const basis = events.some((event) => event.type === 'basis') ? await this.#readBasis(id, annotator) : null
      return { annotator, lines: damaged.filter((line) => !line.torn).length, unfinished, basis: basis instanceof LabError ? basis.message : null }
    })
    return (await Promise.all(looks)).filter(({ lines, unfinished, basis }) => lines > 0 || unfinished > 0 || basis !== null)
  }

  #writeSoon(id: string): void {
    this.#stale.add(id)
    if (this.#timer) clearTimeout(this.#timer)
    // A failure costs nothing: the layers are the truth, and the next save or closing tries again.
    this.#timer = setTimeout(() => void this.writeAnnotations().catch(() => undefined), idleMs)
    this.#timer.unref()
  }

  /** Writes labels.atr of every recording that needs it, now. */
  async writeAnnotations(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const work = this.#last.then(async () => {
      for (const id of [...this.#stale]) {
        const bytes = await this.annotations(id)
        if (bytes) await writeAtomically(this.#files, join(this.#recordings.folder(id), 'labels.atr'), bytes)
        this.#stale.delete(id)
      }
    })
    this.#last = work.catch(() => undefined)
    await work
  }

  /** What labels.atr of a recording holds, or of the layer that is named; `null` when nobody labelled it. @throws LabError `label-not-found`. */
  async annotations(id: string, annotator: string | null = null): Promise<Uint8Array | null> {
    const recording = await this.#recording(id)
    const chosen = annotator ?? (await this.#shown(recording))
    return chosen === null ? null : labelAnnotations(chosen, await this.all(id, chosen), laneIdsOf(recording))
  }

  /** `adjudicated`, or the layer with the newest event, people's before imported ones. */
  async #shown(recording: Recording): Promise<string | null> {
    const layers = await Promise.all((await this.#names(recording.id)).map((name) => this.#open(recording, name)))
    const byImportance = layers
      .flatMap(({ fold, problem }) => (problem ? [] : fold.layer()))
      .filter((layer) => layer.updatedAt !== null)
      .sort((a, b) => rank(a) - rank(b) || (b.updatedAt ?? '').localeCompare(a.updatedAt ?? '') || (a.annotator < b.annotator ? -1 : 1))
    return byImportance[0]?.annotator ?? null
  }

  /** The recording is gone for good. */
  forget(id: string): void {
    this.#stale.delete(id)
    this.#detectors.delete(id)
    this.#cache.deleteWhere((key) => key.startsWith(`${id}/`))
  }

  /** Writes what is still to be written. */
  async close(): Promise<void> {
    if (this.#context.writable) await this.writeAnnotations()
    await this.#last
  }
}

const rank = (layer: LabelLayer): number => (layer.annotator === 'adjudicated' ? 0 : layer.origin === 'person' ? 1 : 2)
const laneIdsOf = (recording: Pick<Recording, 'lanes'>): string[] => recording.lanes.map((lane) => lane.id)

function erased(id: string, subject: string): LabError {
  return new LabError('subject-erased', `The subject of the recording ${id} was erased.`, { recording: id, code: subject })
}

function summaryOf({ annotator, beats, updatedAt }: DetectorLayer): LabelLayer {
  return { annotator, origin: 'detector', basis: null, beats: beats.rows.length, labels: 0, updatedAt }
}
