import { LabError } from '../../src-main/contract/errors.ts'
import type { AblationGrid, AblationId, AblationProgress, AblationResult, AblationStatus, AblationSummary, TableFormat } from '../../src-main/contract/schemas/ablation.ts'
import type { Connection } from './connection.svelte.ts'
import { Latest } from './latest.ts'

interface Seen {
  readonly status: AblationStatus
  /** `null`: no cell is finished yet. */
  readonly result: AblationResult | null
}

/** The ablations of the dataset, and the one that is looked at: its cells and what the finished ones show. */
export class AblationsState {
  list = $state.raw<readonly AblationSummary[]>([])
  loaded = $state(false)
  /** Those that come with the program. */
  grids = $state.raw<readonly AblationGrid[]>([])
  status = $state.raw<AblationStatus | null>(null)
  result = $state.raw<AblationResult | null>(null)
  error = $state.raw<LabError | null>(null)
  /** Of the one that is looked at; `null` until something is told. */
  progress = $state.raw<AblationProgress | null>(null)
  /** Which of the tables, by its beats per decision; `null`: the first. */
  beats = $state<number | null>(null)
  measure = $state<'eer' | 'rank1'>('eer')
  /** Rises when all of it was forgotten for another dataset: views read it and load again. */
  generation = $state(0)
  #opened: string | null = null
  readonly #connection: Connection
  readonly #looks: Latest<string, Seen>
  readonly table = $derived(this.result?.tables.find(({ beats }) => beats === this.beats) ?? this.result?.tables[0] ?? null)

  constructor(connection: Connection) {
    this.#connection = connection
    this.#looks = new Latest(
      (id) => this.#look(id),
      ({ status, result }, id) => {
        if (id !== this.#opened) return
        this.#put(status)
        this.result = result
        this.error = null
      },
      (thrown, id) => {
        if (id === this.#opened) this.error = LabError.from(thrown)
      },
    )
    connection.on('ablation.progress', (progress) => {
      if (progress.id === this.#opened) {
        this.progress = progress
        void this.#looks.request(progress.id)
      }
      if (this.loaded) void this.refresh().catch((thrown: unknown) => console.warn('Pulseprint: the list of ablations could not be read', LabError.from(thrown).message))
    })
    // A cell that is paused, resumed or stopped by its run's own page.
    connection.on('runs.changed', () => {
      if (this.#opened !== null) void this.#looks.request(this.#opened)
    })
    connection.onReady(() => {
      if (this.#opened !== null) void this.#looks.request(this.#opened)
    })
  }

  async refresh(): Promise<void> {
    const { generation } = this
    const list = await this.#connection.call('ablations.list', {})
    if (generation !== this.generation) return
    this.list = [...list].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
    this.loaded = true
  }

  async readGrids(): Promise<void> {
    if (this.grids.length === 0) this.grids = await this.#connection.call('ablations.grids', {})
  }

  clear(): void {
    this.generation++
    this.list = []
    this.loaded = false
    this.close()
  }

  /** Reads it, and keeps it up to date until another is opened. */
  async open(id: string): Promise<void> {
    if (this.#opened !== id) {
      this.close()
      this.#opened = id
    }
    await this.#looks.request(id)
  }

  close(): void {
    this.#opened = null
    this.status = null
    this.result = null
    this.error = null
    this.progress = null
    this.beats = null
  }

  /** @throws LabError `grid-invalid`, `state-conflict` while another is worked on. */
  async start(grid: unknown): Promise<AblationStatus> {
    const status = await this.#connection.call('ablations.start', { grid })
    await this.refresh()
    return status
  }

  async resume(id: AblationId): Promise<void> {
    this.#put(await this.#connection.call('ablations.resume', { id }))
  }

  async stop(id: AblationId): Promise<void> {
    this.#put(await this.#connection.call('ablations.stop', { id }))
  }

  /** All tables of the one that is looked at, as text. */
  async text(id: AblationId, format: TableFormat): Promise<string> {
    const { text } = await this.#connection.call('ablations.table', { id, format })
    return text
  }

  #put(status: AblationStatus): void {
    if (status.id === this.#opened) this.status = status
  }

  async #look(id: string): Promise<Seen> {
    const status = await this.#connection.call('ablations.get', { id: id as AblationId })
    return { status, result: status.finished > 0 ? await this.#connection.call('ablations.result', { id: id as AblationId }) : null }
  }
}
