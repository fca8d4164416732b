import type { BeatTable } from '../../src-main/contract/schemas/label.ts'

/** Up to this many edits move the columns' tails one by one. */
const fewEdits = 64
/** How the id of a basis' beat names that it is on no lane in particular. */
const everyLane = '*'

export interface Beat {
  readonly id: string
  readonly row: number
  /** `null`: on all lanes. */
  readonly lane: string | null
  readonly symbol: string
}

/**
 * The beats of one layer in columns, sorted by row; a day is a hundred thousand. Edits move the tail of the columns, which costs well under
 * a millisecond at that size, so that every view may read the columns directly.
 * @example track.insert({ id: 'x', row: 370, lane: 'ecg', symbol: 'N' }); track.lowerBound(370) // its place
 */
export class BeatTrack {
  readonly annotator: string
  /** What ids of untouched beats begin with. */
  readonly basis: string
  readonly symbols: string[]
  readonly lanes: (string | null)[]
  rows: Uint32Array
  codes: Uint8Array
  laneIndexes: Uint8Array
  ids: string[]
  count: number
  /** Counts edits: what was computed from the columns is stale when it differs. */
  version = 0
  readonly #unusualCache = new Map<string, { version: number; indexes: Uint32Array }>()
  readonly #laneIndexCache = new Map<string, { version: number; indexes: Uint32Array }>()

  constructor(table: BeatTable) {
    this.annotator = table.annotator
    this.basis = table.basis ?? table.annotator
    this.symbols = [...table.symbols]
    this.lanes = [...table.lanes]
    this.count = table.count
    const bytes = table.rows.slice(0, 4 * table.count)
    this.rows = new Uint32Array(bytes.buffer, bytes.byteOffset, table.count)
    this.codes = table.codes.slice(0, table.count)
    this.laneIndexes = table.laneIndexes.slice(0, table.count)
    this.ids = [...table.ids]
  }

  /** The same beats as the beginning of a layer of one's own: their ids name `basis`. */
  startOf(annotator: string): BeatTrack {
    const table: BeatTable = {
      annotator,
      basis: this.annotator,
      count: this.count,
      rows: new Uint8Array(this.rows.slice(0, this.count).buffer),
      codes: this.codes.slice(0, this.count),
      laneIndexes: this.laneIndexes.slice(0, this.count),
      symbols: this.symbols,
      lanes: this.lanes,
      ids: new Array<string>(this.count).fill(''),
    }
    return new BeatTrack(table)
  }

  static empty(annotator: string, basis: string | null = null): BeatTrack {
    const none = new Uint8Array(0)
    return new BeatTrack({ annotator, basis, count: 0, rows: none, codes: none, laneIndexes: none, symbols: [], lanes: [], ids: [] })
  }

  at(index: number): Beat {
    return { id: this.id(index), row: this.rows[index], lane: this.lane(index), symbol: this.symbol(index) }
  }

  id(index: number): string {
    return this.ids[index] || `${this.basis}:${this.lane(index) ?? everyLane}:${this.rows[index]}`
  }

  lane(index: number): string | null {
    return this.lanes[this.laneIndexes[index]] ?? null
  }

  symbol(index: number): string {
    return this.symbols[this.codes[index]] ?? 'Q'
  }

  isOn(index: number, lane: string): boolean {
    const own = this.lane(index)
    return own === null || own === lane
  }

  /** Place of the first beat at or after `row`; `count` when there is none. */
  lowerBound(row: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.rows[middle] < row) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The beat of a lane nearest to `row`, at most `within` rows away; -1 when there is none. */
  nearest(row: number, lane: string, within: number): number {
    let best = -1
    for (let index = this.lowerBound(row - within); index < this.count && this.rows[index] <= row + within; index++) {
      if (this.isOn(index, lane) && (best < 0 || Math.abs(this.rows[index] - row) < Math.abs(this.rows[best] - row))) best = index
    }
    return best
  }

  /** The next (`1`) or previous (`-1`) beat of a lane beyond `row`; -1 when there is none. */
  beside(row: number, lane: string, direction: 1 | -1): number {
    let index = direction === 1 ? this.lowerBound(row + 1) : this.lowerBound(row) - 1
    while (index >= 0 && index < this.count && !this.isOn(index, lane)) index += direction
    return index < this.count ? index : -1
  }

  /** Place of a beat that says exactly this; -1 when there is none. */
  find(row: number, lane: string | null, symbol: string): number {
    for (let index = this.lowerBound(row); index < this.count && this.rows[index] === row; index++) {
      if (this.lane(index) === lane && this.symbol(index) === symbol) return index
    }
    return -1
  }

  /** Places of all beats of a lane, ascending. Kept until the next edit. */
  onLane(lane: string): Uint32Array {
    const known = this.#laneIndexCache.get(lane)
    if (known?.version === this.version) return known.indexes
    const on = this.lanes.map((own) => own === null || own === lane)
    const indexes = new Uint32Array(this.count)
    let found = 0
    for (let index = 0; index < this.count; index++) if (on[this.laneIndexes[index]] !== false) indexes[found++] = index
    const kept = indexes.slice(0, found)
    this.#laneIndexCache.set(lane, { version: this.version, indexes: kept })
    return kept
  }

  insert(beat: Beat): void {
    if (this.count === this.rows.length) this.#grow()
    let index = this.lowerBound(beat.row)
    while (index < this.count && this.rows[index] === beat.row) index++
    this.rows.copyWithin(index + 1, index, this.count)
    this.codes.copyWithin(index + 1, index, this.count)
    this.laneIndexes.copyWithin(index + 1, index, this.count)
    this.rows[index] = beat.row
    this.codes[index] = placeIn(this.symbols, beat.symbol)
    this.laneIndexes[index] = placeIn(this.lanes, beat.lane)
    this.ids.splice(index, 0, beat.id)
    this.count++
    this.version++
  }

  removeAt(index: number): void {
    this.rows.copyWithin(index, index + 1, this.count)
    this.codes.copyWithin(index, index + 1, this.count)
    this.laneIndexes.copyWithin(index, index + 1, this.count)
    this.ids.splice(index, 1)
    this.count--
    this.version++
  }

  /** Places of the beats of a lane that are not normal, ascending. Kept until the next edit. */
  unusual(lane: string): Uint32Array {
    const known = this.#unusualCache.get(lane)
    if (known?.version === this.version) return known.indexes
    const normal = this.symbols.indexOf('N')
    const indexes = this.onLane(lane).filter((index) => this.codes[index] !== normal)
    this.#unusualCache.set(lane, { version: this.version, indexes })
    return indexes
  }

  /** Takes the beats at these places out and others in: one by one when they are few, else in one pass over the columns. */
  change(gone: ReadonlySet<number>, added: readonly Beat[]): void {
    if (gone.size + added.length > fewEdits) {
      this.#merge(gone, [...added].sort((a, b) => a.row - b.row))
      return
    }
    for (const index of [...gone].sort((a, b) => b - a)) this.removeAt(index)
    for (const beat of added) this.insert(beat)
  }

  #merge(gone: ReadonlySet<number>, added: readonly Beat[]): void {
    const count = this.count - gone.size + added.length
    const rows = new Uint32Array(count)
    const codes = new Uint8Array(count)
    const laneIndexes = new Uint8Array(count)
    const ids = new Array<string>(count)
    let next = 0
    let mine = 0
    const takeBefore = (row: number) => {
      for (; mine < added.length && added[mine].row < row; mine++, next++) {
        rows[next] = added[mine].row
        codes[next] = placeIn(this.symbols, added[mine].symbol)
        laneIndexes[next] = placeIn(this.lanes, added[mine].lane)
        ids[next] = added[mine].id
      }
    }
    for (let index = 0; index < this.count; index++) {
      if (gone.has(index)) continue
      takeBefore(this.rows[index])
      rows[next] = this.rows[index]
      codes[next] = this.codes[index]
      laneIndexes[next] = this.laneIndexes[index]
      ids[next++] = this.ids[index]
    }
    takeBefore(Number.POSITIVE_INFINITY)
    Object.assign(this, { rows, codes, laneIndexes, ids, count })
    this.version++
  }

  #grow(): void {
    const capacity = Math.max(64, Math.ceil(this.count * 1.25))
    const rows = new Uint32Array(capacity)
    const codes = new Uint8Array(capacity)
    const laneIndexes = new Uint8Array(capacity)
    rows.set(this.rows)
    codes.set(this.codes)
    laneIndexes.set(this.laneIndexes)
    Object.assign(this, { rows, codes, laneIndexes })
  }
}

function placeIn<T>(list: T[], value: T): number {
  const known = list.indexOf(value)
  return known >= 0 ? known : list.push(value) - 1
}
