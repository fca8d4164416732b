import { join } from 'node:path'
import type { Decision, ModelName, RunId, SubjectCode } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import type { Template } from '../dataset/template-files.ts'
import { decide, requireTemplates } from './decide.ts'
import { openEmbedder, type Embedder } from './embedding-models.ts'
import { readThresholds, type Thresholds } from './fixed-thresholds.ts'
import { openGallery, storedModel, templatesOf, type OpenGallery } from './gallery.ts'
import { LiveWindows, type LiveBlock, type LiveLane } from './live-windows.ts'
import type { TaskWorld } from './open-run.ts'
import { windowOptionsOf } from './window-options.ts'

export interface LiveRequest {
  readonly run: RunId
  readonly model: ModelName
  readonly claim: SubjectCode | null
  /** Windows that a decision rests on. */
  readonly beats: number
  readonly lane: LiveLane
}

export interface LiveProgress {
  /** Usable windows so far, at most as many as are needed. */
  readonly beats: number
  readonly decision: Decision | null
}

export type LiveWorld = Pick<TaskWorld, 'wallMs' | 'chooseEngine'>

/** One or two beats a second are new. */
const batchOfLive = 2
/** Without a usable beat for so long nobody knows who is on the electrodes now. */
const forgetMs = 5000

/** What has been opened. */
interface Parts {
  readonly gallery: OpenGallery
  readonly embedder: Embedder
  readonly thresholds: Thresholds | null
  readonly windows: LiveWindows
  readonly templates: readonly Template[]
  readonly stamp: string
}

interface LiveWindow {
  readonly embedding: Float32Array
  /** Beats that were refused since the one before. */
  readonly refused: number
}

/** Decides, again and again, whose signal comes in: the model stays compiled, each beat is embedded once, and people who are enrolled or removed meanwhile count at once. */
export class LiveIdentifier {
  readonly #dataset: Dataset
  readonly #request: LiveRequest
  readonly #world: LiveWorld
  readonly #gallery: OpenGallery
  readonly #embedder: Embedder
  readonly #thresholds: Thresholds | null
  readonly #windows: LiveWindows
  #claim: SubjectCode | null
  #templates: readonly Template[]
  #stamp: string
  #last: LiveWindow[] = []
  #refused = 0
  #usableAtMs: number
  #decision: Decision | null = null

  private constructor(dataset: Dataset, request: LiveRequest, world: LiveWorld, parts: Parts) {
    this.#dataset = dataset
    this.#request = request
    this.#world = world
    this.#gallery = parts.gallery
    this.#embedder = parts.embedder
    this.#thresholds = parts.thresholds
    this.#windows = parts.windows
    this.#templates = parts.templates
    this.#stamp = parts.stamp
    this.#claim = request.claim && dataset.subjects.resolve(request.claim)
    this.#usableAtMs = world.wallMs()
  }

  /** @throws LabError `template-not-found`, `model-not-found`, `model-mismatch`, and those of the engine. */
  static async open(dataset: Dataset, request: LiveRequest, world: LiveWorld): Promise<LiveIdentifier> {
    const { run, model, claim, lane } = request
    const gallery = await openGallery(dataset, run, model)
    const stamp = await stampOf(dataset, gallery)
    const templates = await templatesOf(dataset, gallery)
    requireTemplates(templates, claim && dataset.subjects.resolve(claim), { run, model })
    const thresholds = await readThresholds(dataset.files, gallery.folder, model, gallery.modelHash)
    const stored = await storedModel(gallery)
    const windows = new LiveWindows(windowOptionsOf(stored.use.windows), lane)
    const embedder = await openEmbedder(stored, () => world.chooseEngine(gallery.record), batchOfLive)
    return new LiveIdentifier(dataset, request, world, { gallery, embedder, thresholds, windows, templates, stamp })
  }

  push(block: LiveBlock): void {
    this.#windows.push(block)
  }

  /** Looks at what has come since, and decides; about once a second. @throws LabError `template-not-found` when nobody is left to be recognised, and those of reading and of the engine. */
  async step(): Promise<LiveProgress> {
    const reread = await this.#reread()
    const { samples, count, refused, beganAnew } = this.#windows.take()
    if (beganAnew) this.#forget()
    this.#refused += refused
    if (count > 0) {
      const { embeddings, dimensions } = await this.#embedder.embed(samples)
      for (let k = 0; k < count; k++) {
        this.#last.push({ embedding: embeddings.slice(k * dimensions, (k + 1) * dimensions), refused: this.#refused })
        this.#refused = 0
      }
      this.#last = this.#last.slice(-this.#request.beats)
      this.#usableAtMs = this.#world.wallMs()
    } else if (this.#world.wallMs() - this.#usableAtMs > forgetMs) this.#forget()
    if ((count > 0 || reread) && this.#last.length === this.#request.beats) this.#decision = this.#decide()
    return { beats: this.#last.length, decision: this.#decision }
  }

  #forget(): void {
    this.#last = []
    this.#refused = 0
    this.#decision = null
  }

  /** Somebody was enrolled, removed or erased, or withdrew consent. */
  async #reread(): Promise<boolean> {
    const stamp = await stampOf(this.#dataset, this.#gallery)
    if (stamp === this.#stamp) return false
    this.#stamp = stamp
    this.#templates = await templatesOf(this.#dataset, this.#gallery)
    const { run, model, claim } = this.#request
    this.#claim = claim && this.#dataset.subjects.resolve(claim)
    requireTemplates(this.#templates, this.#claim, { run, model })
    return true
  }

  #decide(): Decision {
    const { run, model, beats } = this.#request
    const dimensions = this.#last[0].embedding.length
    const embeddings = new Float32Array(this.#last.length * dimensions)
    this.#last.forEach(({ embedding }, k) => embeddings.set(embedding, k * dimensions))
    return decide({
      run, model, embeddings, templates: this.#templates, thresholds: this.#thresholds, asked: beats, claim: this.#claim, recording: null,
      refused: this.#last.reduce((sum, { refused }) => sum + refused, 0),
      at: new Date(this.#world.wallMs()).toISOString(),
    })
  }

  dispose(): void {
    this.#embedder.dispose()
  }
}

/** Differs whenever anything was written down about templates or people. */
async function stampOf({ files, path }: Dataset, gallery: OpenGallery): Promise<string> {
  const people = await files.stat(join(path, 'subjects.jsonl'))
  return `${people?.modifiedMs} ${people?.bytes}\n${await gallery.files.stamp()}`
}
