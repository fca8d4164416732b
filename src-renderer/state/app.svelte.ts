import { createContext } from 'svelte'
import type { LabClient } from '../../src-main/contract/lab-client.ts'
import { language } from '../strings/language.svelte.ts'
import { AblationBuilder } from './ablation-builder.svelte.ts'
import { AblationsState } from './ablation.svelte.ts'
import { AcquisitionState } from './acquisition.svelte.ts'
import { AlarmSound } from './alarm-sound.ts'
import { Connection } from './connection.svelte.ts'
import { CurationState } from './curation.svelte.ts'
import { DatasetState } from './dataset.svelte.ts'
import { ExportsState } from './exports.svelte.ts'
import { IdentifyState } from './identify.svelte.ts'
import { ImportingState } from './importing.svelte.ts'
import { Jobs } from './jobs.svelte.ts'
import { LabelOutbox } from './label-outbox.svelte.ts'
import { LabelsState } from './labels.svelte.ts'
import { LibraryState } from './library.svelte.ts'
import { LiveView } from './live-view.svelte.ts'
import { Notices } from './notices.svelte.ts'
import type { Locale, Preferences, Theme } from './preferences.svelte.ts'
import { Recorder } from './recorder.svelte.ts'
import { ReportState } from './report.svelte.ts'
import { ReviewMeasures } from './review-measures.svelte.ts'
import { Reviewer } from './reviewer.svelte.ts'
import { Router } from './router.svelte.ts'
import { RunsState } from './runs.svelte.ts'
import { SplitsState } from './splits.svelte.ts'
import { SubjectsState } from './subjects.svelte.ts'
import { Thumbnails } from './thumbnails.ts'
import { TrainingState } from './training.svelte.ts'
import type { WorkingStore } from './working-store.ts'

/** Everything a window knows, one object per section. Views read it; only its methods change it. */
export class App {
  /** The dataset whose protocols are read; `undefined` before the first time. */
  #protocolsOf: string | null | undefined
  readonly notices = new Notices()
  readonly router = new Router()
  readonly preferences: Preferences
  readonly store: WorkingStore
  readonly connection: Connection
  readonly jobs: Jobs
  readonly dataset: DatasetState
  readonly subjects: SubjectsState
  readonly acquisition: AcquisitionState
  readonly recorder: Recorder
  readonly live: LiveView
  readonly library: LibraryState
  readonly reviewer: Reviewer
  readonly outbox: LabelOutbox
  readonly labels: LabelsState
  readonly measures: ReviewMeasures
  readonly thumbnails: Thumbnails
  readonly importing: ImportingState
  readonly curation: CurationState
  readonly splits: SplitsState
  readonly exports: ExportsState
  readonly training: TrainingState
  readonly runs: RunsState
  readonly ablations: AblationsState
  readonly ablationBuilder: AblationBuilder
  readonly report: ReportState
  readonly identify: IdentifyState
  readonly sound = new AlarmSound()
  /** The host wants to close while a recording runs. */
  closeRequested = $state(false)
  helpOpen = $state(false)

  constructor(connect: () => Promise<LabClient>, store: WorkingStore, preferences: Preferences) {
    this.preferences = preferences
    this.store = store
    this.connection = new Connection(connect)
    this.jobs = new Jobs(this.connection)
    this.dataset = new DatasetState(this.connection, this.jobs)
    this.subjects = new SubjectsState(this.connection)
    this.acquisition = new AcquisitionState(this.connection)
    this.recorder = new Recorder(this.connection, this.acquisition, store)
    this.live = new LiveView(this.connection, store)
    this.library = new LibraryState(this.connection)
    this.reviewer = new Reviewer(this.connection, store, () => this.dataset.id)
    this.outbox = new LabelOutbox(this.connection, store)
    this.labels = new LabelsState(this.connection, store, preferences, this.outbox, () => this.dataset.id)
    this.measures = new ReviewMeasures(this.connection, this.jobs)
    this.thumbnails = new Thumbnails(this.connection, store)
    this.importing = new ImportingState(this.connection, this.jobs)
    this.curation = new CurationState(this.connection, store, (recording) => this.library.byId(recording)?.rows)
    this.splits = new SplitsState(this.connection)
    this.exports = new ExportsState(this.connection, this.jobs)
    this.training = new TrainingState(this.connection)
    this.runs = new RunsState(this.connection, this.jobs)
    this.ablations = new AblationsState(this.connection)
    this.ablationBuilder = new AblationBuilder(this.connection)
    this.report = new ReportState(this.connection, this.jobs)
    this.identify = new IdentifyState(this.connection, this.jobs)
    this.#listen()
  }

  async start(): Promise<void> {
    this.applyTheme()
    this.applyLocale()
    await this.connection.start()
  }

  /** Reads everything again: after the first connection, and after every later one. */
  async refresh(): Promise<void> {
    await this.notices.attempt(async () => {
      await this.dataset.refresh()
      await this.acquisition.refresh()
      await this.#datasetChanged()
    })
  }

  setTheme(theme: Theme): void {
    this.preferences.set({ theme })
    this.applyTheme()
  }

  setLocale(locale: Locale): void {
    this.preferences.set({ locale })
    this.applyLocale()
  }

  applyTheme(): void {
    if (typeof document === 'undefined') return
    const { theme } = this.preferences
    if (theme === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
  }

  applyLocale(): void {
    language.locale = this.preferences.locale
    if (typeof document !== 'undefined') document.documentElement.lang = this.preferences.locale
  }

  #listen(): void {
    const { connection } = this
    connection.onReady(() => void this.refresh())
    connection.on('dataset.changed', () => void this.notices.attempt(() => this.#datasetChanged()))
    connection.on('subjects.changed', () => void this.notices.attempt(() => this.#readSubjects()))
    connection.on('library.changed', ({ id }) => {
      if (id !== null) this.thumbnails.forget(id)
      void this.notices.attempt(() => this.#readLibrary())
    })
    connection.on('subjects.erased', ({ recordings }) => void this.notices.attempt(() => this.#forget(recordings)))
    connection.on('lab.closeRequested', () => {
      this.closeRequested = true
    })
    connection.on('acquisition.status', (status) => {
      this.live.follow(status)
      this.recorder.follow(status)
      this.sound.follow(this.preferences.alarmSound ? status.alarms : [])
    })
  }

  async #datasetChanged(): Promise<void> {
    const { id } = this.dataset
    if (this.#protocolsOf !== id) {
      for (const problem of await this.acquisition.refreshProtocols()) this.notices.fail(problem)
      this.#protocolsOf = id
      this.importing.clear()
      this.splits.clear()
      this.exports.clear()
      this.training.clear()
      this.runs.clear()
      this.ablations.clear()
      this.ablationBuilder.clear()
      this.report.clear()
      this.identify.clear()
    }
    await this.recorder.bind(id)
    this.thumbnails.bind(id)
    await this.#readSubjects()
    await this.#readLibrary()
    await this.outbox.bind(id)
    await this.#forgetMissing(id)
    const { status } = this.acquisition
    if (status === null) return
    this.live.follow(status)
    this.recorder.follow(status)
  }

  /** Nothing of what was erased stays in this window. */
  async #forget(recordings: readonly string[]): Promise<void> {
    this.outbox.forget(recordings)
    await this.store.forgetRecordings(this.dataset.id, recordings)
    if (this.reviewer.recording !== null && recordings.includes(this.reviewer.recording.id)) {
      this.reviewer.close()
      this.labels.close()
    }
  }

  /** Recordings that were erased or removed while this window was away. */
  async #forgetMissing(datasetId: string): Promise<void> {
    if (datasetId === '' || !this.library.loaded) return
    const there = new Set<string>(this.library.list.map(({ id }) => id))
    const missing = (await this.store.keptRecordings(datasetId)).filter((id) => !there.has(id))
    if (missing.length > 0) await this.#forget(missing)
  }

  async #readSubjects(): Promise<void> {
    if (this.dataset.current === null) this.subjects.clear()
    else await this.subjects.refresh()
  }

  async #readLibrary(): Promise<void> {
    if (this.dataset.current === null) this.library.clear()
    else await this.library.refresh()
  }
}

export const [useApp, provideApp] = createContext<App>()
