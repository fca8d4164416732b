import type { RecordingListItem } from '../../src-main/contract/schemas/recording.ts'
import type { Connection } from './connection.svelte.ts'
import { usableRatio } from './recording-measures.ts'

export type FacetName = 'subject' | 'state' | 'profile' | 'protocol' | 'finding'
export type SortOrder = 'newest' | 'oldest' | 'longest' | 'subject'

/** What a recording is found by, beside its text. */
export type Finding = 'clean' | 'lost-rows' | 'loss-unknown' | 'warnings' | 'poor-signal'

/** Less than this much of the time usable on the best lane is worth finding. */
const poorRatio = 0.5

export interface FacetValue {
  value: string
  count: number
}

/** Every finding that fits; `clean` only alone. */
export function findingsOf(item: RecordingListItem): Finding[] {
  const findings: Finding[] = []
  if (item.lostRows > 0) findings.push('lost-rows')
  else if (item.lossCertainty === 'unknown') findings.push('loss-unknown')
  if (item.warnings.length > 0) findings.push('warnings')
  const ratio = usableRatio(item)
  if (ratio !== null && ratio < poorRatio) findings.push('poor-signal')
  return findings.length === 0 ? ['clean'] : findings
}

function facetValues(item: RecordingListItem, facet: FacetName): string[] {
  if (facet === 'subject') return [item.subject]
  if (facet === 'state') return [item.state]
  if (facet === 'profile') return [item.profile]
  if (facet === 'protocol') return [item.protocol?.name ?? '']
  return findingsOf(item)
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

  readonly filtered = $derived.by(() => this.#sorted(this.list.filter((item) => this.#matches(item, null))))

  get filtering(): boolean {
    return this.search.trim() !== '' || Object.keys(this.chosen).length > 0
  }

  /** Values of a facet with the number of recordings that each would leave, all other filters applied. */
  facet(name: FacetName): FacetValue[] {
    const counts = new Map<string, number>()
    for (const item of this.list) {
      if (!this.#matches(item, name)) continue
      for (const value of facetValues(item, name)) counts.set(value, (counts.get(value) ?? 0) + 1)
    }
    const chosen = this.chosen[name]
    if (chosen !== undefined && !counts.has(chosen)) counts.set(chosen, 0)
    return [...counts]
      .map(([value, count]) => ({ value, count }))
      .sort((a, b) => a.value.localeCompare(b.value, 'en', { numeric: true }))
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

  #matches(item: RecordingListItem, except: FacetName | null): boolean {
    for (const [name, value] of Object.entries(this.chosen) as [FacetName, string][]) {
      if (name !== except && !facetValues(item, name).includes(value)) return false
    }
    const words = this.search.trim().toLowerCase().split(/\s+/).filter(Boolean)
    if (words.length === 0) return true
    const text = [item.subject, item.id, item.notes, item.profile, item.protocol?.name ?? '', item.startedAt, ...item.lanes.map((lane) => lane.label)]
      .join(' ')
      .toLowerCase()
    return words.every((word) => text.includes(word))
  }

  #sorted(items: RecordingListItem[]): RecordingListItem[] {
    const byTime = (a: RecordingListItem, b: RecordingListItem) => Date.parse(b.startedAt) - Date.parse(a.startedAt)
    const compare: Record<SortOrder, (a: RecordingListItem, b: RecordingListItem) => number> = {
      newest: byTime,
      oldest: (a, b) => byTime(b, a),
      longest: (a, b) => b.seconds - a.seconds,
      subject: (a, b) => a.subject.localeCompare(b.subject, 'en', { numeric: true }) || byTime(a, b),
    }
    return items.sort(compare[this.order])
  }
}
