import type { BeatTable, Label, LabelEvent, LabelLayer } from '../contract/index.ts'
import { annotationCode } from '../formats/wfdb-annotations.ts'
import { allLanes, basisBeatId, basisBeatIndex, beatTable, isBeatCode, type BeatColumns } from './beat-columns.ts'

export type SetEvent = Extract<LabelEvent, { type: 'set' }>

const noBeats: BeatColumns = { rows: new Uint32Array(0), lanes: new Uint8Array(0), codes: new Uint8Array(0) }

/**
 * The current state of one layer: the fold of its events, in their order, over the beats that it started from. `set` adds a label and takes
 * the one that it supersedes away; `remove` takes one away; an event whose id was there before changes nothing.
 * @example set a, set b superseding a, remove b: nothing is left
 */
export class LayerFold {
  readonly annotator: string
  readonly events: LabelEvent[] = []
  readonly #laneIds: readonly string[]
  readonly #known = new Set<string>()
  readonly #beats = new Map<string, SetEvent>()
  readonly #others = new Map<string, SetEvent>()
  #basis: string | null = null
  #basisBeats: BeatColumns = noBeats
  /** Places in the basis of beats that were superseded or removed. */
  readonly #goneFromBasis = new Set<number>()
  #origin: LabelLayer['origin'] = 'person'
  #table: BeatTable | null = null

  constructor(annotator: string, laneIds: readonly string[]) {
    this.annotator = annotator
    this.#laneIds = laneIds
  }

  get basis(): string | null {
    return this.#basis
  }

  /** About how many small objects this holds. */
  get weight(): number {
    return this.events.length + this.#basisBeats.rows.length / 10
  }

  /** An event of this id was applied. */
  knows(id: string): boolean {
    return this.#known.has(id)
  }

  /** A label or a beat of the basis that now stands. */
  has(id: string): boolean {
    return this.#beats.has(id) || this.#others.has(id) || this.#standsInBasis(id) >= 0
  }

  #standsInBasis(id: string): number {
    if (this.#basis === null) return -1
    const at = basisBeatIndex(id, this.#basis, this.#basisBeats, this.#laneIds)
    return at >= 0 && !this.#goneFromBasis.has(at) ? at : -1
  }

  /** The `basis` event of a layer, with its beats. Only the first one of a layer counts. */
  start(event: Extract<LabelEvent, { type: 'basis' }>, beats: BeatColumns): void {
    if (this.#known.has(event.id)) return
    this.#remember(event)
    if (this.#basis !== null) return
    this.#basis = event.of
    this.#basisBeats = beats
  }

  apply(event: Exclude<LabelEvent, { type: 'basis' }>): void {
    if (this.#known.has(event.id)) return
    this.#remember(event)
    // What a person started from an imported layer holds copies of its labels, and is a person's all the same.
    if (event.origin === 'imported' && this.#basis === null) this.#origin = 'imported'
    if (event.supersedes !== null) this.#drop(event.supersedes)
    if (event.type === 'set') (event.kind === 'beat' ? this.#beats : this.#others).set(event.id, event)
  }

  #remember(event: LabelEvent): void {
    this.#known.add(event.id)
    this.events.push(event)
    this.#table = null
  }

  #drop(id: string): void {
    if (this.#beats.delete(id) || this.#others.delete(id)) return
    const at = this.#standsInBasis(id)
    if (at >= 0) this.#goneFromBasis.add(at)
  }

  layer(): LabelLayer {
    const beats = this.#basisBeats.rows.length - this.#goneFromBasis.size + this.#beats.size
    return { annotator: this.annotator, origin: this.#origin, basis: this.#basis, beats, labels: this.#others.size, updatedAt: this.events.at(-1)?.createdAt ?? null }
  }

  /** Labels other than beats that overlap rows `fromRow`..`toRow` (half open), by row. */
  labels(fromRow = 0, toRow = Number.MAX_SAFE_INTEGER): Label[] {
    const overlapping = [...this.#others.values()].filter((label) => label.row < toRow && (label.toRow ?? label.row + 1) > fromRow)
    return overlapping.map((event) => this.#label(event)).sort((a, b) => a.row - b.row || (a.id < b.id ? -1 : 1))
  }

  #label({ id, row, toRow, lane, kind, value, origin, createdAt }: SetEvent): Label {
    return { id, row, toRow, lane, kind, value, annotator: this.annotator, origin, createdAt }
  }

  /** A beat of a table as a label. Those of the basis carry its name as their origin. */
  beatLabel(table: BeatTable, rows: Uint32Array, i: number): Label {
    const own = this.#beats.get(table.ids[i])
    if (own) return this.#label(own)
    const lane = table.lanes[table.laneIndexes[i]]
    const basis = this.#basis ?? this.annotator
    const started = this.events.find((event) => event.type === 'basis')
    return {
      id: basisBeatId(basis, lane, rows[i]), row: rows[i], toRow: null, lane, kind: 'beat', value: table.symbols[table.codes[i]],
      annotator: this.annotator, origin: basis, createdAt: started?.createdAt ?? '',
    }
  }

  /** All beats, by row. Kept until the next event. */
  beats(): BeatTable {
    this.#table ??= this.#merge()
    return this.#table
  }

  /** The basis without what is gone, and the layer's own beats between. */
  #merge(): BeatTable {
    const own = [...this.#beats.values()]
      .map(({ id, row, lane, value }) => ({ id, row, lane: lane === null ? allLanes : this.#laneIds.indexOf(lane), code: annotationCode(value) ?? 0 }))
      .filter((beat) => beat.lane >= 0 && isBeatCode(beat.code))
      .sort((a, b) => a.row - b.row || a.lane - b.lane)
    const basis = this.#basisBeats
    const count = basis.rows.length - this.#goneFromBasis.size + own.length
    const columns = { rows: new Uint32Array(count), lanes: new Uint8Array(count), codes: new Uint8Array(count) }
    const ids = new Array<string>(count).fill('')
    let next = 0
    const take = (row: number, lane: number, code: number, id: string): void => {
      columns.rows[next] = row
      columns.lanes[next] = lane
      columns.codes[next] = code
      ids[next++] = id
    }
    let mine = 0
    const takeOwnBefore = (row: number): void => {
      for (; mine < own.length && own[mine].row < row; mine++) take(own[mine].row, own[mine].lane, own[mine].code, own[mine].id)
    }
    for (let at = 0; at < basis.rows.length; at++) {
      if (this.#goneFromBasis.has(at)) continue
      takeOwnBefore(basis.rows[at])
      take(basis.rows[at], basis.lanes[at], basis.codes[at], '')
    }
    takeOwnBefore(Number.POSITIVE_INFINITY)
    return beatTable(this.annotator, this.#basis, columns, ids, this.#laneIds)
  }

  /** Every event about `id`, oldest first: its own, those it goes back to, and those that came after. */
  history(id: string): LabelEvent[] {
    const byId = new Map(this.events.map((event) => [event.id, event]))
    const after = new Map<string, string[]>()
    for (const event of this.events) {
      if (event.type === 'basis' || event.supersedes === null) continue
      after.set(event.supersedes, [...(after.get(event.supersedes) ?? []), event.id])
    }
    const found = new Set<string>()
    const waiting = [id]
    for (let label = waiting.pop(); label !== undefined; label = waiting.pop()) {
      if (found.has(label)) continue
      found.add(label)
      const event = byId.get(label)
      if (event && event.type !== 'basis' && event.supersedes !== null) waiting.push(event.supersedes)
      waiting.push(...(after.get(label) ?? []))
    }
    return this.events.filter((event) => found.has(event.id))
  }
}
