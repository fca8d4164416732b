import { LabError } from '../../src-main/contract/errors.ts'
import { decisionUnit, type DecisionUnit } from '../../src-main/contract/schemas/decision-unit.ts'
import type { JobStatus } from '../../src-main/contract/schemas/job.ts'
import { ModelName, type RunId, type RunRecord } from '../../src-main/contract/schemas/learning.ts'
import type { ProbeEvaluation, RunReport } from '../../src-main/contract/schemas/report.ts'
import type { Connection } from './connection.svelte.ts'
import type { Jobs } from './jobs.svelte.ts'

/** Order of columns and lines: what was taught first, what it is measured against after it. */
export const modelOrder: readonly ModelName[] = ['student', 'teacher', 'fusion', 'encoder', 'scratch', 'lda', 'template', 'alignment', 'matcher']

export interface ShownModel {
  readonly name: ModelName
  readonly system: NonNullable<RunReport['systems'][ModelName]>
  /** At the chosen number of beats. */
  readonly probes: ProbeEvaluation
}

/** The report of one run, and what of it is looked at: one number of beats for all models, one model for the plots of one. */
export class ReportState {
  run = $state<RunId | null>(null)
  record = $state.raw<RunRecord | null>(null)
  report = $state.raw<RunReport | null>(null)
  error = $state.raw<LabError | null>(null)
  loading = $state(false)
  /** Counts how often everything was forgotten: a view that sees it change reads again. */
  generation = $state(0)
  /** Beats per decision; `null`: the headline's. */
  #beats = $state<number | null>(null)
  #model = $state<ModelName | null>(null)
  #job = $state<string | null>(null)
  readonly #connection: Connection
  readonly #jobs: Jobs

  constructor(connection: Connection, jobs: Jobs) {
    this.#connection = connection
    this.#jobs = jobs
    connection.on('runs.changed', ({ id }) => {
      if (this.run !== null && !this.loading && (id === null || id === this.run)) void this.#read(this.run)
    })
  }

  /** Beats that every model was evaluated with, the headline first. */
  readonly beatChoices = $derived.by<readonly number[]>(() => {
    const [first, ...rest] = Object.values(this.report?.systems ?? {}).map(({ evaluation }) => evaluation.byBeats.map(({ beats }) => beats))
    return first === undefined ? [] : first.filter((beats) => rest.every((list) => list.includes(beats)))
  })

  /** What decisions are counted in. */
  get unit(): DecisionUnit {
    return this.record === null ? 'beat' : decisionUnit(this.record.recipe)
  }

  get beats(): number {
    return this.#beats !== null && this.beatChoices.includes(this.#beats) ? this.#beats : (this.beatChoices[0] ?? 0)
  }

  readonly models = $derived.by<readonly ShownModel[]>(() =>
    modelOrder.flatMap((name) => {
      const system = this.report?.systems[name]
      const probes = system?.evaluation.byBeats.find(({ beats }) => beats === this.beats)
      return system === undefined || probes === undefined ? [] : [{ name, system, probes }]
    }),
  )

  get chosen(): ShownModel | null {
    return this.models.find(({ name }) => name === this.#model) ?? this.models[0] ?? null
  }

  get job(): JobStatus | null {
    const job = this.#jobs.get(this.#job)
    return job?.state === 'running' ? job : null
  }

  chooseBeats(beats: number): void {
    this.#beats = beats
  }

  chooseModel(model: ModelName): void {
    this.#model = model
  }

  /** Another run's choices do not carry over; the same run's stay. */
  async open(id: RunId): Promise<void> {
    if (this.run !== id) this.#forget()
    this.run = id
    await this.#read(id)
  }

  clear(): void {
    this.#forget()
    this.generation++
  }

  #forget(): void {
    this.run = null
    this.record = null
    this.report = null
    this.error = null
    this.loading = false
    this.#beats = null
    this.#model = null
    this.#job = null
  }

  /** @throws LabError whatever the job ends with. */
  async evaluate(): Promise<void> {
    const id = this.run
    if (id === null) return
    const started = await this.#connection.call('runs.evaluate', { id })
    this.#job = started.id
    await this.#jobs.finished(started)
    if (this.run === id) await this.#read(id)
  }

  /** The report as one HTML file. */
  async page(): Promise<string> {
    if (this.run === null) throw new LabError('report-not-found', 'No run is open.')
    return (await this.#connection.call('runs.reportPage', { id: this.run })).html
  }

  async #read(id: RunId): Promise<void> {
    this.loading = true
    try {
      const { record } = await this.#connection.call('runs.get', { id })
      if (this.run !== id) return
      this.record = record
      const report = await this.#connection.call('runs.report', { id })
      if (this.run !== id) return
      this.report = report
      this.error = null
    } catch (thrown) {
      if (this.run !== id) return
      this.report = null
      this.error = LabError.from(thrown)
    } finally {
      if (this.run === id) this.loading = false
    }
  }
}
