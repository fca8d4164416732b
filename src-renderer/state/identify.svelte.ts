import { LabError, errorCodes } from '../../src-main/contract/errors.ts'
import type { RecordingId, SubjectCode } from '../../src-main/contract/ids.ts'
import { decisionUnit, type DecisionUnit } from '../../src-main/contract/schemas/decision-unit.ts'
import { Decision, Gallery, type LiveIdentification, type TemplateInfo } from '../../src-main/contract/schemas/identity.ts'
import type { JobStatus } from '../../src-main/contract/schemas/job.ts'
import { joinedModels, type ModelName, type RunId, type RunModel, type RunRecord } from '../../src-main/contract/schemas/learning.ts'
import type { Connection } from './connection.svelte.ts'
import type { Jobs } from './jobs.svelte.ts'
import { modelOrder } from './report.svelte.ts'

export type IdentifyMode = 'identify' | 'verify'
export type IdentifySource = 'live' | 'recording'
type Rule = NonNullable<Gallery['thresholds']>[number]['rule']

/** Beats of a decision where the run has no thresholds to say for which numbers it has one. */
const usualBeats = [1, 5, 0] as const
/** What `identify.live` begins with. */
const usualLiveBeats = 5
const keptDecisions = 6

/** Who is it, or is it who they say: the run and model that decide, the people it knows, and what it decided. */
export class IdentifyState {
  runs = $state.raw<readonly RunRecord[]>([])
  loaded = $state(false)
  /** Counts how often everything was forgotten: a view that sees it change begins again. */
  generation = $state(0)
  run = $state<RunId | null>(null)
  model = $state<ModelName | null>(null)
  gallery = $state.raw<Gallery | null>(null)
  error = $state.raw<LabError | null>(null)
  mode = $state<IdentifyMode>('identify')
  source = $state<IdentifySource>('live')
  claim = $state<SubjectCode | null>(null)
  recording = $state<RecordingId | null>(null)
  live = $state.raw<LiveIdentification | null>(null)
  /** From recordings, newest first. */
  decisions = $state.raw<readonly Decision[]>([])
  #recordingBeats = $state<number | null>(null)
  #liveBeats = $state<number | null>(null)
  #enrolJob = $state<string | null>(null)
  #identifyJob = $state<string | null>(null)
  readonly #connection: Connection
  readonly #jobs: Jobs

  constructor(connection: Connection, jobs: Jobs) {
    this.#connection = connection
    this.#jobs = jobs
    connection.on('identity.live', (live) => {
      this.live = live
    })
    connection.on('runs.changed', () => {
      if (this.loaded) void this.begin().catch(() => undefined)
    })
    connection.on('subjects.erased', ({ code, recordings }) => {
      this.decisions = this.decisions.filter(({ recording, subject, claim }) => subject !== code && claim !== code && (recording === null || !recordings.includes(recording)))
      if (this.claim === code) this.claim = null
      if (this.recording !== null && recordings.includes(this.recording)) this.recording = null
      if (this.gallery !== null) void this.#readGallery()
    })
  }

  get chosenRun(): RunRecord | null {
    return this.runs.find(({ id }) => id === this.run) ?? null
  }

  /** What decisions are counted in. */
  get unit(): DecisionUnit {
    return this.chosenRun === null ? 'beat' : decisionUnit(this.chosenRun.recipe)
  }

  /** In the order in which they are offered: the student first. */
  get models(): readonly RunModel[] {
    const models = this.chosenRun?.models ?? []
    return modelOrder.filter((name) => !joinedModels.includes(name)).flatMap((name) => models.filter((model) => model.name === name))
  }

  get templates(): readonly TemplateInfo[] {
    return this.gallery?.templates ?? []
  }

  get listening(): boolean {
    return this.live?.state === 'starting' || this.live?.state === 'listening'
  }

  get enrolling(): JobStatus | null {
    return this.#running(this.#enrolJob)
  }

  get identifying(): JobStatus | null {
    return this.#running(this.#identifyJob)
  }

  /** Numbers of beats that a decision may rest on: those with a threshold. */
  readonly beatChoices = $derived.by<readonly number[]>(() => {
    const known = this.gallery?.thresholds?.map(({ beats }) => beats) ?? []
    return known.length === 0 ? usualBeats : [...new Set(known)].sort((a, b) => (a || Infinity) - (b || Infinity))
  })

  get recordingBeats(): number {
    return this.#recordingBeats !== null && this.beatChoices.includes(this.#recordingBeats) ? this.#recordingBeats : (this.beatChoices.at(-1) ?? 0)
  }

  /** A live decision cannot wait for all beats. */
  get liveBeatChoices(): readonly number[] {
    const some = this.beatChoices.filter((beats) => beats > 0 && beats <= 60)
    return some.length === 0 ? [usualLiveBeats] : some
  }

  get liveBeats(): number {
    const choices = this.liveBeatChoices
    if (this.#liveBeats !== null && choices.includes(this.#liveBeats)) return this.#liveBeats
    return choices.includes(usualLiveBeats) ? usualLiveBeats : (choices.at(-1) ?? usualLiveBeats)
  }

  /** Why the live identification ended by itself. */
  get liveError(): LabError | null {
    const error = this.live?.error
    if (!error) return null
    return new LabError(errorCodes.find((code) => code === error.code) ?? 'internal-error', error.message)
  }

  get ready(): boolean {
    return this.gallery !== null && this.templates.length > 0 && (this.mode === 'identify' || this.claim !== null)
  }

  ruleOf(decision: Decision): Rule | null {
    return this.gallery?.thresholds?.find(({ threshold }) => threshold === decision.threshold)?.rule ?? null
  }

  /** Reads the runs, and takes the newest finished one unless one is chosen already or is listening. */
  async begin(): Promise<void> {
    const { generation } = this
    const [runs, live] = await Promise.all([this.#connection.call('runs.list', {}), this.#connection.call('identify.liveState', {})])
    if (this.generation !== generation) return
    this.runs = runs.filter(({ state, models }) => state === 'finished' && models.length > 0).sort((a, b) => (b.endedAt ?? b.createdAt).localeCompare(a.endedAt ?? a.createdAt))
    this.live = live
    this.loaded = true
    const { run, model, claim } = live
    if (this.listening && run !== null && this.run === null) {
      this.run = run
      this.model = model
      this.claim = claim
      this.mode = claim === null ? 'identify' : 'verify'
    }
    if (this.chosenRun === null) this.run = this.runs[0]?.id ?? null
    if (!this.models.some(({ name }) => name === this.model)) this.model = this.models[0]?.name ?? null
    await this.#readGallery()
  }

  async chooseRun(run: RunId): Promise<void> {
    this.run = run
    this.model = this.models.some(({ name }) => name === this.model) ? this.model : (this.models[0]?.name ?? null)
    await this.#changed()
  }

  async chooseModel(model: ModelName): Promise<void> {
    this.model = model
    await this.#changed()
  }

  chooseBeats(beats: number): void {
    if (this.source === 'live') this.#liveBeats = beats
    else this.#recordingBeats = beats
  }

  /** Somebody who is enrolled, or nobody. */
  chooseClaim(code: string): void {
    this.claim = this.templates.find(({ subject }) => subject === code)?.subject ?? null
  }

  /** @throws LabError whatever the job ends with. @returns who is enrolled anew or with more. */
  async enrol(recordings: RecordingId[]): Promise<Gallery> {
    const started = await this.#connection.call('identify.enrol', { ...this.#who(), recordings })
    this.#enrolJob = started.id
    const job = await this.#jobs.finished(started)
    const gallery = Gallery.parse(job.result)
    this.#take(gallery)
    return gallery
  }

  async remove(subject: SubjectCode): Promise<void> {
    this.#take(await this.#connection.call('identify.remove', { ...this.#who(), subject }))
    if (this.claim === subject) this.claim = null
  }

  /** @throws LabError whatever the job ends with. */
  async decide(): Promise<Decision> {
    if (this.recording === null) throw new LabError('recording-not-found', 'No recording is chosen.')
    const started = await this.#connection.call('identify.recording', { ...this.#who(), recording: this.recording, claim: this.#claimed(), beats: this.recordingBeats })
    this.#identifyJob = started.id
    const decision = Decision.parse((await this.#jobs.finished(started)).result)
    this.decisions = [decision, ...this.decisions].slice(0, keptDecisions)
    return decision
  }

  async listen(): Promise<void> {
    this.live = await this.#connection.call('identify.live', { ...this.#who(), claim: this.#claimed(), beats: this.liveBeats })
  }

  async stop(): Promise<void> {
    this.live = await this.#connection.call('identify.stopLive', {})
  }

  clear(): void {
    this.generation++
    this.runs = []
    this.loaded = false
    this.run = null
    this.model = null
    this.gallery = null
    this.error = null
    this.claim = null
    this.recording = null
    this.live = null
    this.decisions = []
  }

  #claimed(): SubjectCode | null {
    return this.mode === 'verify' ? this.claim : null
  }

  #who(): { run: RunId; model: ModelName } {
    if (this.run === null || this.model === null) throw new LabError('model-not-found', 'No model is chosen.')
    return { run: this.run, model: this.model }
  }

  #running(id: string | null): JobStatus | null {
    const job = this.#jobs.get(id)
    return job?.state === 'running' ? job : null
  }

  /** Scores of another model mean something else: nothing of the last one stays on screen. */
  async #changed(): Promise<void> {
    this.decisions = []
    this.gallery = null
    if (this.listening) await this.stop()
    await this.#readGallery()
  }

  #take(gallery: Gallery): void {
    if (gallery.run === this.run && gallery.model === this.model) this.gallery = gallery
  }

  async #readGallery(): Promise<void> {
    if (this.run === null || this.model === null) {
      this.gallery = null
      return
    }
    const [run, model] = [this.run, this.model]
    try {
      this.#take(await this.#connection.call('identify.gallery', { run, model }))
      this.error = null
    } catch (thrown) {
      if (this.run !== run || this.model !== model) return
      this.gallery = null
      this.error = LabError.from(thrown)
    }
    if (this.claim !== null && !this.templates.some(({ subject }) => subject === this.claim)) this.claim = null
  }
}
