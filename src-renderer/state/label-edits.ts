import type { BeatTable, Label, LabelChangeInput, LabelKind } from '../../src-main/contract/schemas/label.ts'
import { BeatTrack, type Beat } from './beat-track.ts'

/** What is said, without who and when. */
export interface Said {
  readonly row: number
  readonly toRow: number | null
  readonly lane: string | null
  readonly kind: LabelKind
  readonly value: string
}

/** One thing that an edit changes: `before` null is new, `after` null is gone. */
export interface EditChange {
  readonly before: Said | null
  readonly after: Said | null
}

export function invert(changes: readonly EditChange[]): EditChange[] {
  return changes.map(({ before, after }) => ({ before: after, after: before })).reverse()
}

const same = (a: Said, b: Said) => a.row === b.row && a.toRow === b.toRow && a.lane === b.lane && a.kind === b.kind && a.value === b.value

/**
 * One layer as this window sees it: what the lab has said, and the edits on top. Edits name labels by what they say, not by id: two labels
 * that say the same are one as good as the other, and an undo finds its target whatever happened to ids in between.
 */
export class LayerModel {
  readonly beats: BeatTrack
  readonly labels: Map<string, Label>
  readonly annotator: string

  constructor(table: BeatTable | BeatTrack, labels: readonly Label[]) {
    this.beats = table instanceof BeatTrack ? table : new BeatTrack(table)
    this.labels = new Map(labels.map((label) => [label.id, label]))
    this.annotator = this.beats.annotator
  }

  /** A layer of one's own that begins with the state of this one; ids are those that the lab will give. */
  startOf(annotator: string): LayerModel {
    const copies = [...this.labels.values()].map((label) => ({ ...label, id: `${this.annotator}/${label.id}`, annotator }))
    return new LayerModel(this.beats.startOf(annotator), copies)
  }

  /** The id of a label that says this; `null` when there is none. */
  find(said: Said): string | null {
    if (said.kind === 'beat') {
      const index = this.beats.find(said.row, said.lane, said.value)
      return index < 0 ? null : this.beats.id(index)
    }
    for (const label of this.labels.values()) if (same(label, said)) return label.id
    return null
  }

  /**
   * Applies an edit and gives what has to be sent for it; `null`, with nothing changed, when a label that it starts from is not there any more.
   * The changes of one edit do not build on each other. `nextId` makes ids, `at` is the moment as ISO text.
   */
  edit(changes: readonly EditChange[], nextId: () => string, at: string): LabelChangeInput[] | null {
    if (changes.some(({ before }) => before !== null && this.find(before) === null)) return null
    const sent: LabelChangeInput[] = []
    const gone = new Set<number>()
    const added: Beat[] = []
    for (const { before, after } of changes) {
      const supersedes = before === null ? null : this.find(before)
      const place = before?.kind === 'beat' ? this.beats.find(before.row, before.lane, before.value) : -1
      if ((before !== null && supersedes === null) || gone.has(place)) continue
      const id = nextId()
      if (after !== null) sent.push({ type: 'set', id, ...after, supersedes })
      else if (supersedes !== null) sent.push({ type: 'remove', id, supersedes })
      if (place >= 0) gone.add(place)
      else if (supersedes !== null) this.labels.delete(supersedes)
      if (after?.kind === 'beat') added.push({ id, row: after.row, lane: after.lane, symbol: after.value })
      else if (after !== null) this.#put(id, after, at)
    }
    this.beats.change(gone, added)
    return sent
  }

  /** Applies what was sent before, in its order; applying it twice, or after the lab has it, changes nothing. */
  replay(changes: readonly LabelChangeInput[], at: string): void {
    const places = new Map<string, number>()
    for (let index = 0; index < this.beats.count; index++) places.set(this.beats.id(index), index)
    const gone = new Set<number>()
    const added = new Map<string, Beat>()
    for (const change of changes) {
      const target = change.supersedes ?? null
      if (target !== null && !added.delete(target) && !this.labels.delete(target)) {
        const place = places.get(target)
        if (place !== undefined) gone.add(place)
      }
      if (change.type === 'remove') continue
      const { id, row, kind, value } = change
      const lane = change.lane ?? null
      if (kind !== 'beat') this.#put(id, { row, toRow: change.toRow ?? null, lane, kind, value }, at)
      else if (!places.has(id)) added.set(id, { id, row, lane, symbol: value })
    }
    this.beats.change(gone, [...added.values()])
  }

  #put(id: string, said: Said, at: string): void {
    if (!this.labels.has(id)) this.labels.set(id, { id, ...said, annotator: this.annotator, origin: 'person', createdAt: at })
  }

  /** Labels other than beats, by row. */
  sorted(): Label[] {
    return [...this.labels.values()].sort((a, b) => a.row - b.row || (a.id < b.id ? -1 : 1))
  }
}
