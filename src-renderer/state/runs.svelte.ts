import { LabError } from '../../src-main/contract/errors.ts'
import type { MethodOutput } from '../../src-main/contract/lab-api.ts'
import { ModelExport, type ModelName, type RunEpoch, type RunProgress, type RunRecord, type RunState } from '../../src-main/contract/schemas/learning.ts'
import type { RunComparison, RunReport } from '../../src-main/contract/schemas/report.ts'
import type { Connection } from './connection.svelte.ts'
import type { Jobs } from './jobs.svelte.ts'
import { Latest } from './latest.ts'
import { mergeEpoch, mergeEpochs } from './run-curves.ts'
import { arrangeRuns, type RunFilter, type RunSort } from './run-list.ts'

/** Where a run was said to be, and when that was heard. */
interface Heard {
  readonly progress: RunProgress
  readonly atMs: number
}

export type DamagedRun = MethodOutput<'runs.damaged'>[number]

/** States in which nothing more comes by itself. */
export const endedStates: readonly RunState[] = ['stopped', 'failed', 'finished']

/** As the contract's `runs.compare`. */
export const mostCompared = 40

/** All runs of the dataset, what is told of those under way, and the comparison of some of them. */
export class RunsState {
  list = $state.raw<readonly RunRecord[]>([])
  loaded = $state(false)
  /** Not in the list, because they cannot be read; `null` until somebody looks. */
  damaged = $state.raw<readonly DamagedRun[] | null>(null)
  filter = $state.raw<RunFilter>({ text: '', state: 'all', recipe: '', split: '' })
  sort = $state<RunSort>('created')
  descending = $state(true)
  chosen = $state.raw<ReadonlySet<string>>(new Set())
  comparison = $state.raw<RunComparison | null>(null)
  comparisonError = $state.raw<LabError | null>(null)
  comparing = $state(false)
  beats = $state(1)
  /** Rises when all of it was forgotten for another dataset: views read it and load again. */
  generation = $state(0)
  #heard = $state.raw<ReadonlyMap<string, Heard>>(new Map())
  #epochs = $state.raw<ReadonlyMap<string, readonly RunEpoch[]>>(new Map())
  /** `null`: there is none. */
  #reports = $state.raw<ReadonlyMap<string, RunReport | null>>(new Map())
  readonly #asked = new Set<string>()
  /** Runs whose curves somebody looks at: read again after a reconnection. */
  readonly #followed = new Map<string, number>()
  readonly #connection: Connection
  readonly #jobs: Jobs
  readonly #now: () => number
  readonly #lists: Latest<null, RunRecord[]>
  readonly shown = $derived(arrangeRuns(this.list, this.#reports, this.filter, this.sort, this.descending))
  readonly current = $derived(this.list.find(({ state }) => state === 'running') ?? null)
  /** Waiting, the next one first. */
  readonly queue = $derived(this.list.filter(({ state }) => state === 'queued').sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.id < b.id ? -1 : 1)))
  /** Can go on. */
  readonly halted = $derived(this.list.filter(({ state }) => state === 'paused' || state === 'interrupted').sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1)))

  constructor(connection: Connection, jobs: Jobs, now: () => number = Date.now) {
    this.#connection = connection
    this.#jobs = jobs
    this.#now = now
    this.#lists = new Latest<null, RunRecord[]>(
      () => connection.call('runs.list', {}),
      (list) => this.#take(list),
      (thrown) => {
        throw thrown
      },
    )
    connection.on('runs.changed', ({ id }) => {
      this.#forgetReport(id)
      void this.refresh().catch((thrown: unknown) => console.warn('Pulseprint: the list of runs could not be read', LabError.from(thrown).message))
    })
    connection.on('run.progress', (progress) => this.#hear(progress))
    connection.on('run.epoch', ({ id, epoch }) => this.#setEpochs(id, mergeEpoch(this.#epochs.get(id) ?? [], epoch)))
    connection.onReady(() => {
      for (const id of this.#followed.keys()) void this.#readEpochs(id)
    })
  }

  refresh(): Promise<void> {
    return this.#lists.request(null)
  }

  async readDamaged(): Promise<void> {
    const { generation } = this
    const damaged = await this.#connection.call('runs.damaged', {})
    if (generation === this.generation) this.damaged = damaged
  }

  clear(): void {
    this.generation++
    this.list = []
    this.damaged = null
    this.loaded = false
    this.chosen = new Set()
    this.comparison = null
    this.comparisonError = null
    this.#heard = new Map()
    this.#epochs = new Map()
    this.#reports = new Map()
    this.#asked.clear()
    this.filter = { text: '', state: 'all', recipe: '', split: '' }
  }

  byId(id: string): RunRecord | null {
    return this.list.find((run) => run.id === id) ?? null
  }

  progressOf(id: string): RunProgress | null {
    return this.#heard.get(id)?.progress ?? null
  }

  epochsOf(id: string): readonly RunEpoch[] {
    return this.#epochs.get(id) ?? []
  }

  /** The newest word of an epoch: what the event said, or the end of the curve after a reload. */
  latestOf(id: string): RunEpoch | null {
    return this.#heard.get(id)?.progress.latest ?? this.epochsOf(id).at(-1) ?? null
  }

  /** Seconds that are left, counted down since they were told; `null` while nobody can say. */
  etaOf(id: string, nowMs: number): number | null {
    const heard = this.#heard.get(id)
    if (heard?.progress.etaSeconds == null) return null
    return Math.max(0, heard.progress.etaSeconds - Math.max(0, nowMs - heard.atMs) / 1000)
  }

  /** Reads the curves so far and keeps them up to date; returns the function that ends it. */
  follow(id: string): () => void {
    this.#followed.set(id, (this.#followed.get(id) ?? 0) + 1)
    void this.#readEpochs(id)
    return () => {
      const left = (this.#followed.get(id) ?? 1) - 1
      if (left > 0) this.#followed.set(id, left)
      else this.#followed.delete(id)
    }
  }

  reportOf(id: string): RunReport | null | undefined {
    return this.#reports.get(id)
  }

  /** Fetches a report once; rows ask when they come into view. */
  async needReport(run: RunRecord): Promise<void> {
    if (this.#asked.has(run.id) || (run.state !== 'finished' && run.state !== 'stopped')) return
    this.#asked.add(run.id)
    let report: RunReport | null = null
    try {
      report = await this.#connection.call('runs.report', { id: run.id })
    } catch (thrown) {
      const { code, message } = LabError.from(thrown)
      // A lost wire is no answer: the row asks again when it is drawn again.
      if (code === 'connection-lost') this.#asked.delete(run.id)
      else if (code !== 'report-not-found' && code !== 'run-not-finished') console.warn(`Pulseprint: the report of run ${run.id} could not be read`, message)
    }
    if (!this.#asked.has(run.id)) return
    this.#reports = new Map(this.#reports).set(run.id, report)
  }

  sortBy(sort: RunSort): void {
    if (this.sort === sort) this.descending = !this.descending
    else {
      this.sort = sort
      this.descending = sort === 'created' || sort === 'rank1' || sort === 'duration'
    }
  }

  find(change: Partial<RunFilter>): void {
    this.filter = { ...this.filter, ...change }
  }

  choose(id: string, chosen: boolean): void {
    const next = new Set(this.chosen)
    if (chosen) next.add(id)
    else next.delete(id)
    this.chosen = next
  }

  chooseNone(): void {
    this.chosen = new Set()
  }

  pause(id: RunRecord['id']): Promise<void> {
    return this.#act(this.#connection.call('runs.pause', { id }))
  }

  resume(id: RunRecord['id']): Promise<void> {
    return this.#act(this.#connection.call('runs.resume', { id }))
  }

  stop(id: RunRecord['id']): Promise<void> {
    return this.#act(this.#connection.call('runs.stop', { id }))
  }

  rename(id: RunRecord['id'], name: string): Promise<void> {
    return this.#act(this.#connection.call('runs.rename', { id, name: name.trim() }))
  }

  async remove(id: RunRecord['id'], confirm: string): Promise<void> {
    await this.#connection.call('runs.remove', { id, confirm })
    this.list = this.list.filter((run) => run.id !== id)
    this.damaged = this.damaged?.filter((run) => run.id !== id) ?? null
    this.choose(id, false)
    this.#forgetReport(id)
  }

  /** The same split, recipe and engine with another seed. */
  async again(run: RunRecord, seed: number): Promise<RunRecord> {
    const made = await this.#connection.call('runs.start', { split: run.split.name, recipe: run.recipe, preset: run.preset, seed, name: run.name, engine: run.engine })
    this.#put(made)
    return made
  }

  /** A seed that no run of this split and recipe has had. */
  freshSeed(run: RunRecord): number {
    const recipe = JSON.stringify(run.recipe)
    const used = new Set(this.list.filter((other) => other.split.name === run.split.name && JSON.stringify(other.recipe) === recipe).map(({ seed }) => seed))
    let seed = 1
    while (used.has(seed)) seed++
    return seed
  }

  /** @throws LabError whatever the job ends with. */
  async evaluate(id: RunRecord['id']): Promise<void> {
    await this.#jobs.finished(await this.#connection.call('runs.evaluate', { id }))
    this.#forgetReport(id)
    await this.refresh()
  }

  /** @throws LabError whatever the job ends with. */
  async exportModel(id: RunRecord['id'], model: ModelName, out: string, quantised: boolean): Promise<ModelExport> {
    const job = await this.#jobs.finished(await this.#connection.call('runs.exportModel', { id, model, out, quantised }))
    return ModelExport.parse(job.result)
  }

  async compare(ids: readonly string[], beats: number): Promise<void> {
    this.beats = beats
    this.comparing = true
    this.comparisonError = null
    try {
      this.comparison = await this.#connection.call('runs.compare', { ids: [...ids] as RunRecord['id'][], beats })
    } catch (thrown) {
      this.comparison = null
      this.comparisonError = LabError.from(thrown)
    } finally {
      this.comparing = false
    }
  }

  #take(list: readonly RunRecord[]): void {
    this.list = list
    this.loaded = true
    const there = new Set<string>(list.map(({ id }) => id))
    if ([...this.chosen].some((id) => !there.has(id))) this.chosen = new Set([...this.chosen].filter((id) => there.has(id)))
  }

  async #act(answer: Promise<RunRecord>): Promise<void> {
    this.#put(await answer)
  }

  #put(record: RunRecord): void {
    this.list = this.list.some(({ id }) => id === record.id) ? this.list.map((run) => (run.id === record.id ? record : run)) : [...this.list, record]
    if (record.state !== 'running') this.#forgetProgress(record.id)
  }

  #hear(progress: RunProgress): void {
    this.#heard = new Map(this.#heard).set(progress.id, { progress, atMs: this.#now() })
    if (progress.latest !== null) this.#setEpochs(progress.id, mergeEpoch(this.epochsOf(progress.id), progress.latest))
    const known = this.byId(progress.id)
    // The list itself comes with `runs.changed`; the state is shown at once.
    if (known !== null && known.state !== progress.state) this.list = this.list.map((run) => (run.id === progress.id ? { ...run, state: progress.state } : run))
    if (endedStates.includes(progress.state)) this.#forgetReport(progress.id)
  }

  #setEpochs(id: string, epochs: readonly RunEpoch[]): void {
    this.#epochs = new Map(this.#epochs).set(id, epochs)
  }

  async #readEpochs(id: string): Promise<void> {
    try {
      const { record, epochs } = await this.#connection.call('runs.get', { id: id as RunRecord['id'] })
      this.#setEpochs(id, mergeEpochs(epochs, this.epochsOf(id)))
      if (this.byId(id) === null) this.list = [...this.list, record]
    } catch (thrown) {
      console.warn(`Pulseprint: the curves of run ${id} could not be read`, LabError.from(thrown).message)
    }
  }

  #forgetProgress(id: string): void {
    if (!this.#heard.has(id)) return
    const next = new Map(this.#heard)
    next.delete(id)
    this.#heard = next
  }

  /** `null`: of all. */
  #forgetReport(id: string | null): void {
    if (id === null) {
      this.#asked.clear()
      this.#reports = new Map()
    } else if (this.#asked.delete(id)) {
      const next = new Map(this.#reports)
      next.delete(id)
      this.#reports = next
    }
  }
}
