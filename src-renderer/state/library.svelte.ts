import type { RecordingListItem } from '../../src-main/contract/schemas/recording.ts'
import type { Connection } from './connection.svelte.ts'
import { countFacet, prepare, sorted, withFacets, withText, type ChosenFacets, type FacetName, type FacetValue, type SortOrder } from './library-search.ts'

export type { FacetName, SortOrder } from './library-search.ts'

/** The recordings of the open dataset with text search and facets, all in memory: a list item is about one kilobyte. */
export class LibraryState {
  list = $state.raw<RecordingListItem[]>([])
  loaded = $state(false)
  search = $state('')
  order = $state<SortOrder>('newest')
  chosen = $state.raw<ChosenFacets>({})
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  readonly #prepared = $derived(this.list.map(prepare))
  readonly #sorted = $derived(sorted(this.#prepared, this.order))
  /** Found by the text alone: the facets count among these. */
  readonly #found = $derived(withText(this.#sorted, this.search))

  readonly filtered = $derived(withFacets(this.#found, this.chosen))

  readonly #index = $derived(new Map<string, RecordingListItem>(this.list.map((item) => [item.id, item])))

  byId(id: string): RecordingListItem | undefined {
    return this.#index.get(id)
  }

  get filtering(): boolean {
    return this.search.trim() !== '' || Object.keys(this.chosen).length > 0
  }

  /** Values of a facet with the number of recordings that each would leave, all other filters applied. */
  facet(name: FacetName): FacetValue[] {
    return countFacet(this.#found, this.chosen, name)
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
}
