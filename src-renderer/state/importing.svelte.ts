import { LabError } from '../../src-main/contract/errors.ts'
import { ImportReport, type ImportCandidate, type ImportLook, type ImportPreset, type ImportPreview, type ImportRules } from '../../src-main/contract/schemas/import.ts'
import type { JobStatus } from '../../src-main/contract/schemas/job.ts'
import type { Connection } from './connection.svelte.ts'
import type { Jobs } from './jobs.svelte.ts'
import { Latest } from './latest.ts'

export type CandidateFilter = 'all' | 'flagged' | 'refused'

/** An import while it is prepared: where from, by which rules, what that gives, and a close look at one of the files. */
export class ImportingState {
  from = $state('')
  rules = $state.raw<ImportRules | null>(null)
  presets = $state.raw<readonly { preset: ImportPreset; rules: ImportRules }[]>([])
  preview = $state.raw<ImportPreview | null>(null)
  error = $state.raw<LabError | null>(null)
  looking = $state(false)
  /** Leading files that a person left out. */
  leftOut = $state.raw<ReadonlySet<string>>(new Set())
  filter = $state<CandidateFilter>('all')
  chosen = $state<string | null>(null)
  look = $state.raw<ImportLook | null>(null)
  lookError = $state.raw<LabError | null>(null)
  report = $state.raw<ImportReport | null>(null)
  readonly #connection: Connection
  readonly #jobs: Jobs
  readonly #previews: Latest<{ from: string; rules: ImportRules | null }, ImportPreview>
  readonly #looks: Latest<{ from: string; file: string; rules: ImportRules }, ImportLook>

  constructor(connection: Connection, jobs: Jobs) {
    this.#connection = connection
    this.#jobs = jobs
    this.#previews = new Latest(
      (wish) => connection.call('import.preview', wish),
      (preview) => this.#take(preview),
      (thrown) => {
        this.error = LabError.from(thrown)
        this.preview = null
      },
    )
    this.#looks = new Latest(
      (wish) => connection.call('import.look', wish),
      (look, { file }) => {
        if (this.chosen !== file) return
        this.look = look
        this.lookError = null
      },
      (thrown) => {
        this.look = null
        this.lookError = LabError.from(thrown)
      },
    )
  }

  get job(): JobStatus | null {
    return this.#jobs.running('import')
  }

  readonly shown = $derived.by(() => {
    const candidates = this.preview?.candidates ?? []
    return this.filter === 'flagged' ? candidates.filter(({ findings }) => findings.length > 0) : candidates
  })

  readonly accepted = $derived((this.preview?.candidates ?? []).filter((candidate) => candidate.subject !== null && !this.leftOut.has(candidate.file)))

  get candidate(): ImportCandidate | null {
    return this.preview?.candidates.find(({ file }) => file === this.chosen) ?? null
  }

  async loadPresets(): Promise<void> {
    if (this.presets.length === 0) this.presets = await this.#connection.call('import.presets', {})
  }

  /** Looks at another place; the rules are chosen anew. */
  async open(from: string): Promise<void> {
    this.from = from
    this.rules = null
    this.leftOut = new Set()
    this.filter = 'all'
    this.chosen = null
    this.look = null
    this.report = null
    await this.#refresh()
  }

  async usePreset(preset: ImportPreset): Promise<void> {
    const rules = this.presets.find((known) => known.preset === preset)?.rules
    if (rules) await this.change({ ...rules, delimited: this.rules?.delimited ?? null })
  }

  async change(change: Partial<ImportRules>): Promise<void> {
    if (this.rules === null) return
    this.rules = { ...this.rules, preset: null, ...change }
    await this.#refresh()
    if (this.chosen !== null) await this.choose(this.chosen)
  }

  async choose(file: string): Promise<void> {
    this.chosen = file
    if (this.rules !== null) await this.#looks.request({ from: this.from, file, rules: this.rules })
  }

  leaveOut(file: string, out: boolean): void {
    const next = new Set(this.leftOut)
    if (out) next.add(file)
    else next.delete(file)
    this.leftOut = next
  }

  /** @throws LabError whatever the job ends with. */
  async start(): Promise<ImportReport> {
    if (this.rules === null) throw new LabError('state-conflict', 'There is nothing to import yet.')
    const files = this.leftOut.size === 0 ? null : this.accepted.map(({ file }) => file)
    const job = await this.#jobs.finished(await this.#connection.call('import.start', { from: this.from, rules: this.rules, files }))
    this.report = ImportReport.parse(job.result)
    return this.report
  }

  clear(): void {
    this.from = ''
    this.rules = null
    this.preview = null
    this.error = null
    this.chosen = null
    this.look = null
    this.report = null
    this.leftOut = new Set()
  }

  async #refresh(): Promise<void> {
    this.looking = true
    try {
      await this.#previews.request({ from: this.from, rules: this.rules })
    } finally {
      this.looking = false
    }
  }

  #take(preview: ImportPreview): void {
    this.preview = preview
    this.error = null
    this.rules ??= preview.rules
    if (this.chosen === null && preview.candidates.length > 0) void this.choose(preview.candidates[0].file)
  }
}
