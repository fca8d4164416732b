import { LabError } from '../../src-main/contract/errors.ts'
import { SplitOptions, SplitStrategy, type SplitOptionsInput, type SplitReport, type SplitSummary } from '../../src-main/contract/schemas/split.ts'
import type { Connection } from './connection.svelte.ts'
import { Latest } from './latest.ts'

/** The one that proves nothing comes last. */
export const strategies = SplitStrategy.options

const ofStrategy: Record<SplitStrategy, readonly (keyof SplitOptions)[]> = {
  'single-shot-same-day': ['validation', 'subjectDisjoint'],
  'leave-last-recording-out': ['validation', 'subjectDisjoint'],
  'single-shot-long-term': ['validation', 'subjectDisjoint'],
  'leave-last-day-out': ['validation', 'subjectDisjoint'],
  'cross-session': ['validation', 'subjectDisjoint'],
  'closed-set-by-recording': ['validation', 'test', 'folds'],
  'closed-set-by-session': ['validation', 'test', 'folds'],
  'subject-disjoint': ['validation', 'test', 'folds'],
  'open-set': ['validation', 'test', 'unknown', 'folds'],
  chronological: ['validation', 'test', 'guardSeconds', 'folds', 'subjectDisjoint'],
  'diagnostic-leaky': ['validation', 'test'],
}

/** Options that a split looks at, beside the seed. People who are tested must be drawn where others train: how many is then a matter of its own. */
export function optionsOf({ strategy, subjectDisjoint }: Pick<SplitOptions, 'strategy' | 'subjectDisjoint'>): ReadonlySet<keyof SplitOptions> {
  return new Set([...ofStrategy[strategy], ...(subjectDisjoint ? (['test', 'folds'] as const) : [])])
}

interface Wish {
  version: string
  options: SplitOptionsInput
}

/** With the generation in which it was asked for: an answer about another dataset comes too late. */
interface Asked extends Wish {
  generation: number
}

/** The split that is being made, seen before it is written, and those that there are. */
export class SplitsState {
  list = $state.raw<readonly SplitSummary[]>([])
  version = $state('')
  options = $state.raw<SplitOptions>(SplitOptions.parse({ strategy: 'leave-last-day-out' }))
  preview = $state.raw<SplitReport | null>(null)
  /** A split of the list that is looked at instead of the one being made. */
  opened = $state.raw<SplitReport | null>(null)
  error = $state.raw<LabError | null>(null)
  busy = $state(false)
  /** Rises when all of it was forgotten for another dataset: views read it and load again. */
  generation = $state(0)
  readonly #connection: Connection
  readonly #previews: Latest<Asked, SplitReport>

  constructor(connection: Connection) {
    this.#connection = connection
    this.#previews = new Latest(
      ({ version, options }) => connection.call('splits.preview', { version, options }),
      (report, { generation }) => {
        if (generation !== this.generation) return
        this.preview = report
        this.error = null
      },
      (thrown, { generation }) => {
        if (generation !== this.generation) return
        this.preview = null
        this.error = LabError.from(thrown)
      },
    )
    connection.on('splits.changed', () => void this.refresh().catch(() => undefined))
  }

  get shown(): SplitReport | null {
    return this.opened ?? this.preview
  }

  get blocked(): boolean {
    return this.preview === null || this.preview.findings.some(({ severity }) => severity === 'block')
  }

  async refresh(): Promise<void> {
    const { generation } = this
    const list = await this.#connection.call('splits.list', {})
    if (generation === this.generation) this.list = list
  }

  clear(): void {
    this.generation++
    this.list = []
    this.version = ''
    this.preview = null
    this.opened = null
    this.error = null
  }

  /** Takes the newest version unless one is chosen already. */
  async begin(versions: readonly { name: string }[]): Promise<void> {
    const { generation } = this
    await this.refresh()
    if (generation !== this.generation) return
    if (!versions.some(({ name }) => name === this.version)) this.version = versions.at(-1)?.name ?? ''
    await this.look()
  }

  choose(change: Partial<SplitOptions>): void {
    const options = { ...this.options, ...change }
    // What no field shows must not be asked for.
    this.options = optionsOf(options).has('folds') ? options : { ...options, folds: null, fold: 0 }
    void this.look()
  }

  chooseVersion(name: string): void {
    this.version = name
    void this.look()
  }

  async look(): Promise<void> {
    this.opened = null
    if (this.version === '') return
    this.busy = true
    try {
      await this.#previews.request({ version: this.version, options: this.options, generation: this.generation })
    } finally {
      this.busy = false
    }
  }

  async open(name: string): Promise<void> {
    this.opened = await this.#connection.call('splits.get', { name })
  }

  async create(name: string): Promise<SplitReport> {
    const made = await this.#connection.call('splits.create', { version: this.version, name, options: this.options })
    await this.refresh()
    return made
  }

  trials(name: string): Promise<{ text: string; genuine: number; impostor: number }> {
    return this.#connection.call('splits.trials', { name })
  }

  /** `diagnostic-leaky` may only be made under its own name. */
  get suggestedName(): string {
    if (this.options.strategy === 'diagnostic-leaky') return 'diagnostic-leaky'
    const taken = new Set(this.list.map(({ name }) => name))
    for (let next = this.list.length + 1; ; next++) if (!taken.has(`s${next}`)) return `s${next}`
  }
}
