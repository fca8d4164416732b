import type { RecordingListItem } from '../../src-main/contract/schemas/recording.ts'
import type { Connection } from './connection.svelte.ts'

export type FacetName = 'subject' | 'state' | 'profile' | 'protocol' | 'kind' | 'finding'
export type SortOrder = 'newest' | 'oldest' | 'longest' | 'subject'

/** What a recording is found by, beside its text. */
export type Finding = 'clean' | 'flagged' | 'lost-rows' | 'loss-unknown' | 'warnings' | 'poor-signal'

/** Less than this much of the time usable on the best lane is worth finding. */
const poorRatio = 0.5

export interface FacetValue {
  value: string
  count: number
}

/** Every finding that fits; `clean` only alone. */
export function findingsOf(item: RecordingListItem): Finding[] {
  const findings: Finding[] = []
  if (item.findings.length > 0) findings.push('flagged')
  if (item.lostRows > 0) findings.push('lost-rows')
  // No archive says whether its recorder lost anything; that is no news about one of its files.
  else if (item.lossCertainty === 'unknown' && item.state !== 'imported') findings.push('loss-unknown')
  if (item.warnings > 0) findings.push('warnings')
  if (item.usableRatio !== null && item.usableRatio < poorRatio) findings.push('poor-signal')
  return findings.length === 0 ? ['clean'] : findings
}

function facetValues(item: RecordingListItem, facet: FacetName): string[] {
  if (facet === 'subject') return [item.subject]
  if (facet === 'state') return [item.state]
  if (facet === 'profile') return [item.profile]
  if (facet === 'protocol') return item.state === 'imported' ? [] : [item.protocol?.name ?? '']
  if (facet === 'kind') return [...new Set(item.lanes.map(({ kind }) => kind))]
  return findingsOf(item)
}

/** What searching and sorting need of an item, made once: ten thousand of them are gone through at every key. */
interface Prepared {
  readonly item: RecordingListItem
  readonly text: string
  readonly startedMs: number
}

const natural = new Intl.Collator('en', { numeric: true })

function prepare(item: RecordingListItem): Prepared {
  const words = [item.subject, item.id, item.notes, item.profile, item.protocol?.name ?? '', item.startedAt, item.session, ...item.lanes.map((lane) => lane.label)]
  return { item, text: words.join(' ').toLowerCase(), startedMs: Date.parse(item.startedAt) }
}

const byTime = (a: Prepared, b: Prepared) => b.startedMs - a.startedMs
const comparisons: Record<SortOrder, (a: Prepared, b: Prepared) => number> = {
  newest: byTime,
  oldest: (a, b) => byTime(b, a),
  longest: (a, b) => b.item.seconds - a.item.seconds,
  subject: (a, b) => natural.compare(a.item.subject, b.item.subject) || byTime(a, b),
}

/** The recordings of the open dataset with text search and facets, all in memory: a list item is about one kilobyte. */
export class LibraryState {
  list = $state.raw<RecordingListItem[]>([])
  loaded = $state(false)
  search = $state('')
  order = $state<SortOrder>('newest')
  chosen = $state.raw<Partial<Record<FacetName, string>>>({})
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  readonly #prepared = $derived(this.list.map(prepare))
  readonly #sorted = $derived([...this.#prepared].sort(comparisons[this.order]))
  readonly #words = $derived(this.search.trim().toLowerCase().split(/\s+/).filter(Boolean))
  /** Found by the text alone: the facets count among these. */
  readonly #found = $derived(this.#words.length === 0 ? this.#sorted : this.#sorted.filter(({ text }) => this.#words.every((word) => text.includes(word))))

  readonly filtered = $derived(this.#found.filter(({ item }) => this.#chosen(item, null)).map(({ item }) => item))

  readonly #index = $derived(new Map<string, RecordingListItem>(this.list.map((item) => [item.id, item])))

  byId(id: string): RecordingListItem | undefined {
    return this.#index.get(id)
  }

  get filtering(): boolean {
    return this.search.trim() !== '' || Object.keys(this.chosen).length > 0
  }

  /** Values of a facet with the number of recordings that each would leave, all other filters applied. */
  facet(name: FacetName): FacetValue[] {
    const counts = new Map<string, number>()
    for (const { item } of this.#found) {
      if (!this.#chosen(item, name)) continue
      for (const value of facetValues(item, name)) counts.set(value, (counts.get(value) ?? 0) + 1)
    }
    const chosen = this.chosen[name]
    if (chosen !== undefined && !counts.has(chosen)) counts.set(chosen, 0)
    return [...counts]
      .map(([value, count]) => ({ value, count }))
      .sort((a, b) => natural.compare(a.value, b.value))
  }

  choose(name: FacetName, value: string | null): void {
    const next = { ...this.chosen }
    if (value === null || this.chosen[name] === value) delete next[name]
    else next[name] = value
    this.chosen = next
  }

  clearFilters(): void {
    this.chosen = {}
    this.search = ''
  }

  async refresh(): Promise<void> {
    this.list = await this.#connection.call('library.list', {})
    this.loaded = true
  }

  clear(): void {
    this.list = []
    this.loaded = false
    this.clearFilters()
  }

  #chosen(item: RecordingListItem, except: FacetName | null): boolean {
    for (const [name, value] of Object.entries(this.chosen) as [FacetName, string][]) {
      if (name !== except && !facetValues(item, name).includes(value)) return false
    }
    return true
  }
}
