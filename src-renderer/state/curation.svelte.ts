import { LabError } from '../../src-main/contract/errors.ts'
import type { RecordingId } from '../../src-main/contract/ids.ts'
import type { CurationDecision, CurationOverride, CurationResult, CurationRule, DatasetVersion, RowSpan, VersionDiff, VersionSummary } from '../../src-main/contract/schemas/curation.ts'
import type { Connection } from './connection.svelte.ts'
import { Latest } from './latest.ts'
import type { WorkingStore } from './working-store.ts'

export type DecisionFilter = 'all' | 'kept' | 'trimmed' | 'excluded' | 'overridden'

interface Plan {
  rules: CurationRule[]
  overrides: CurationOverride[]
}

/** The curation that is being made: rules, a person's words against them, and what both give. Survives a reload until a version is frozen. */
export class CurationState {
  rules = $state.raw<readonly CurationRule[]>([])
  overrides = $state.raw<readonly CurationOverride[]>([])
  result = $state.raw<CurationResult | null>(null)
  error = $state.raw<LabError | null>(null)
  versions = $state.raw<readonly VersionSummary[]>([])
  evaluating = $state(false)
  filter = $state<DecisionFilter>('all')
  search = $state('')
  readonly #connection: Connection
  readonly #store: WorkingStore
  readonly #evaluation: Latest<Plan, CurationResult>
  readonly #rowsOf: (recording: RecordingId) => number | undefined
  #datasetId = ''

  /** `rowsOf`: length of a recording, to tell what was cut from what is whole. */
  constructor(connection: Connection, store: WorkingStore, rowsOf: (recording: RecordingId) => number | undefined = () => undefined) {
    this.#connection = connection
    this.#rowsOf = rowsOf
    this.#store = store
    this.#evaluation = new Latest(
      (plan) => connection.call('curation.evaluate', plan),
      (result) => {
        this.result = result
        this.error = null
      },
      (thrown) => {
        this.error = LabError.from(thrown)
      },
    )
    connection.on('versions.changed', () => void this.refreshVersions().catch(() => undefined))
  }

  readonly shown = $derived.by(() => {
    const words = this.search.trim().toLowerCase()
    return (this.result?.decisions ?? []).filter((decision) => this.#fits(decision, this.filter) && (words === '' || `${decision.subject} ${decision.session} ${decision.recording}`.toLowerCase().includes(words)))
  })

  counts(filter: DecisionFilter): number {
    return (this.result?.decisions ?? []).filter((decision) => this.#fits(decision, filter)).length
  }

  #fits(decision: CurationDecision, filter: DecisionFilter): boolean {
    const { included, overridden, recording, spans } = decision
    if (filter === 'kept') return included
    if (filter === 'excluded') return !included
    if (filter === 'overridden') return overridden
    return filter === 'all' || (included && !isWhole(spans, this.#rowsOf(recording)))
  }

  /** Brings back the plan of this dataset, else begins with the lab's usual rules. */
  async bind(datasetId: string): Promise<void> {
    if (datasetId === this.#datasetId) {
      await this.evaluate()
      return this.refreshVersions()
    }
    this.#datasetId = datasetId
    this.result = null
    this.filter = 'all'
    this.search = ''
    if (datasetId === '') {
      this.versions = []
      return
    }
    const draft = await this.#store.draft(this.#key)
    const plan = draft === null ? { rules: await this.#connection.call('curation.defaults', {}), overrides: [] } : (JSON.parse(draft.value) as Plan)
    this.rules = plan.rules
    this.overrides = plan.overrides
    await this.evaluate()
    await this.refreshVersions()
  }

  async evaluate(): Promise<void> {
    this.evaluating = true
    try {
      await this.#evaluation.request({ rules: [...this.rules], overrides: [...this.overrides] })
    } finally {
      this.evaluating = false
    }
  }

  add(rule: CurationRule): void {
    this.#change([...this.rules, rule], this.overrides)
  }

  replace(index: number, rule: CurationRule): void {
    this.#change(this.rules.map((known, at) => (at === index ? rule : known)), this.overrides)
  }

  remove(index: number): void {
    this.#change(this.rules.filter((_, at) => at !== index), this.overrides)
  }

  /** Keeps or excludes one recording whatever the rules say; `null` gives it back to the rules. */
  override(recording: RecordingId, word: { include: boolean; reason: string } | null): void {
    const others = this.overrides.filter((known) => known.recording !== recording)
    this.#change(this.rules, word === null ? others : [...others, { recording, ...word }])
  }

  async startOver(): Promise<void> {
    this.#change(await this.#connection.call('curation.defaults', {}), [])
  }

  async freeze(name: string, note: string): Promise<DatasetVersion> {
    const made = await this.#connection.call('versions.create', { name, note, rules: [...this.rules], overrides: [...this.overrides] })
    await this.refreshVersions()
    return made
  }

  async refreshVersions(): Promise<void> {
    this.versions = await this.#connection.call('versions.list', {})
  }

  diff(a: string, b: string): Promise<VersionDiff> {
    return this.#connection.call('versions.diff', { a, b })
  }

  /** The first free name after the newest: v1, v2 ... */
  get suggestedName(): string {
    const taken = new Set(this.versions.map(({ name }) => name))
    for (let next = this.versions.length + 1; ; next++) if (!taken.has(`v${next}`)) return `v${next}`
  }

  #change(rules: readonly CurationRule[], overrides: readonly CurationOverride[]): void {
    this.rules = rules
    this.overrides = overrides
    const value = JSON.stringify({ rules, overrides })
    void this.#store.saveDraft({ key: this.#key, kind: 'curation', datasetId: this.#datasetId, recordingId: '', value, updatedAt: Date.now() })
    void this.evaluate()
  }

  get #key(): string {
    return `${this.#datasetId}//curation`
  }
}

/** One span from the first row to the last. */
export function isWhole(spans: readonly RowSpan[], rows: number | undefined): boolean {
  return spans.length === 1 && spans[0].from === 0 && (rows === undefined || spans[0].to >= rows)
}
