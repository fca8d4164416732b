import type { Disagreement, Label, LabelKind } from '../../src-main/contract/schemas/label.ts'
import { findBeats, snapToExtremum, type BeatSearch } from './beat-search.ts'
import type { EditChange, Said } from './label-edits.ts'
import { saidOf, type EditProblem, type LabelsState } from './labels.svelte.ts'
import type { Notices } from './notices.svelte.ts'
import type { Reviewer } from './reviewer.svelte.ts'
import { LabError } from '../../src-main/contract/errors.ts'

/** What a press on the trace does. */
export type ReviewTool = 'move' | 'select' | 'beat' | 'label'

/** Types that have a key of their own: normal, ventricular, supraventricular, fusion, not classifiable, paced, bundle branch blocks, atrial, nodal. */
export const beatSymbols = ['N', 'V', 'S', 'F', 'Q', '/', 'L', 'R', 'A', 'a', 'J', 'j', 'E', 'e', 'f', 'n', 'B', 'r', '?'] as const
export const symbolKeys: Readonly<Record<string, string>> = { n: 'N', v: 'V', s: 'S', f: 'F', q: 'Q', '/': '/' }
/** WFDB rhythms that are met most (annot(5)); any other may be typed. */
export const rhythms = ['(N', '(AFIB', '(AFL', '(B', '(T', '(SVTA', '(VT', '(VFL', '(SBR', '(PREX', '(P', '(BII', '(NOD', '(IVR', '(AB'] as const
export const qualities = ['bad', 'fair', 'good'] as const
export const spanKinds = ['rhythm', 'quality', 'activity', 'posture', 'exclude', 'note', 'marker'] as const satisfies readonly LabelKind[]
export type SpanKind = (typeof spanKinds)[number]

/** A new beat is moved to the extremum within this time. */
const snapSeconds = 0.1
/** Kinds that say something of a moment as well as of a span. */
const pointKinds: ReadonlySet<LabelKind> = new Set(['note', 'marker'])

export const beatOf = (row: number, lane: string | null, value: string): Said => ({ row, toRow: null, lane, kind: 'beat', value })

/** What the reader of one recording does with it: tools, what is picked and found, and the edits that keys and panels make. */
export class ReviewSession {
  tool = $state<ReviewTool>('move')
  kind = $state<SpanKind>('rhythm')
  /** What a new label of each kind says. */
  values = $state.raw<Readonly<Record<SpanKind, string>>>({ rhythm: '(AFIB', quality: 'bad', activity: '', posture: '', exclude: '', note: '', marker: '' })
  newBeat = $state<string>('N')
  /** Beats that are picked, by what they say. */
  picked = $state.raw<readonly Said[]>([])
  /** The label that is picked, by its id in the layer shown. */
  pickedLabel = $state<string | null>(null)
  found = $state.raw<readonly Said[]>([])
  foundAt = $state(-1)
  /** A search was made, whatever it found. */
  searched = $state(false)
  readonly reviewer: Reviewer
  readonly labels: LabelsState
  readonly #notices: Notices
  /** What people read when an edit was not made. */
  readonly #words: (problem: EditProblem) => string

  constructor(reviewer: Reviewer, labels: LabelsState, notices: Notices, words: (problem: EditProblem) => string) {
    this.reviewer = reviewer
    this.labels = labels
    this.#notices = notices
    this.#words = words
  }

  /** The picked beats that still stand. */
  get standing(): Said[] {
    const { beats } = this.labels
    return beats === null ? [] : this.picked.filter(({ row, lane, value }) => beats.find(row, lane, value) >= 0)
  }

  pick(beats: readonly Said[]): void {
    this.picked = beats
    this.pickedLabel = null
  }

  pickLabel(label: Label | null): void {
    this.picked = []
    this.pickedLabel = label?.id ?? null
    if (label !== null) this.reviewer.reveal(label.row, label.toRow)
  }

  pickAt(index: number): void {
    const { beats } = this.labels
    if (beats === null || index < 0) return
    const { row, lane, symbol } = beats.at(index)
    this.pick([beatOf(row, lane, symbol)])
    this.reviewer.cursorRow = row
  }

  /** Jumps to a beat and picks it. */
  goTo(said: Said): void {
    this.pick([said])
    this.reviewer.reveal(said.row)
  }

  /** The next or previous beat of the active lane. */
  step(direction: 1 | -1): void {
    const { beats } = this.labels
    const { activeLane } = this.reviewer
    if (beats === null || activeLane === null) return
    const from = this.standing.at(direction === 1 ? -1 : 0)?.row ?? this.reviewer.cursorRow ?? (direction === 1 ? this.reviewer.fromRow - 1 : this.reviewer.toRow)
    const index = beats.beside(from, activeLane, direction)
    if (index < 0) return
    this.pickAt(index)
    this.reviewer.reveal(beats.rows[index])
  }

  clear(): void {
    this.picked = []
    this.pickedLabel = null
    this.found = []
    this.foundAt = -1
    this.searched = false
    this.reviewer.selection = null
  }

  /** Adds a beat of `newBeat`'s type at the extremum near a row of the active lane. */
  async addBeat(row: number): Promise<void> {
    const { activeLane, rateHz, recording } = this.reviewer
    if (activeLane === null || recording === null) return
    const within = Math.round(snapSeconds * rateHz)
    const pieces = await this.reviewer.everyRow(activeLane, Math.round(row) - within, Math.round(row) + within + 1)
    if (this.reviewer.recording !== recording) return
    const snapped = Math.max(0, Math.min(recording.rows - 1, snapToExtremum(pieces, row, within)))
    this.reviewer.cursorRow = snapped
    const { beats } = this.labels
    if (beats !== null && beats.find(snapped, activeLane, this.newBeat) >= 0) return
    const said = beatOf(snapped, activeLane, this.newBeat)
    if (this.#edit([{ before: null, after: said }])) this.pick([said])
  }

  moveBeat(beat: Said, row: number): void {
    const rows = this.reviewer.recording?.rows ?? 0
    const after = { ...beat, row: Math.max(0, Math.min(rows - 1, Math.round(row))) }
    if (after.row === beat.row) return
    if (this.#edit([{ before: beat, after }])) this.pick([after])
  }

  retype(beats: readonly Said[], symbol: string): void {
    const changes = beats.filter(({ value }) => value !== symbol).map((before): EditChange => ({ before, after: { ...before, value: symbol } }))
    if (!this.#edit(changes)) return
    const renamed = (said: Said): Said => (beats.includes(said) ? { ...said, value: symbol } : said)
    this.found = this.found.map(renamed)
    this.pick(this.picked.map(renamed))
  }

  remove(beats: readonly Said[]): void {
    if (!this.#edit(beats.map((before) => ({ before, after: null })))) return
    this.found = this.found.filter((said) => !beats.includes(said))
    this.pick([])
  }

  /** Deletes what is picked: beats, or the label. */
  removePicked(): void {
    const label = this.labels.model?.labels.get(this.pickedLabel ?? '')
    if (label !== undefined) {
      if (this.#edit([{ before: saidOf(label), after: null }])) this.pickedLabel = null
    } else if (this.standing.length > 0) this.remove(this.standing)
  }

  /** Labels a stretch, or a moment of the kinds that have one. */
  addLabel(kind: SpanKind, fromRow: number, toRow: number | null, value: string, lane: string | null = null): void {
    const rows = this.reviewer.recording?.rows ?? 0
    const from = Math.max(0, Math.min(rows - 1, Math.round(fromRow)))
    const to = toRow === null ? null : Math.max(from + 1, Math.min(rows, Math.round(toRow)))
    if (to === null && !pointKinds.has(kind)) return
    const said: Said = { row: from, toRow: to, lane, kind, value }
    if (this.#edit([{ before: null, after: said }])) this.#pickSaid(said)
  }

  changeLabel(label: Label, change: Partial<Said>): void {
    const before = saidOf(label)
    const after = { ...before, ...change }
    if (JSON.stringify(before) === JSON.stringify(after)) return
    if (this.#edit([{ before, after }])) this.#pickSaid(after)
  }

  excludeSelection(): void {
    const { selection } = this.reviewer
    if (selection === null) return
    this.addLabel('exclude', selection.fromRow, selection.toRow, this.values.exclude)
    this.reviewer.selection = null
  }

  /** Beats of the active lane within the selection. */
  pickSelection(): void {
    const { selection, activeLane } = this.reviewer
    const { beats } = this.labels
    if (selection === null || beats === null || activeLane === null) return
    const inside: Said[] = []
    for (let index = beats.lowerBound(selection.fromRow); index < beats.count && beats.rows[index] < selection.toRow; index++) {
      if (beats.isOn(index, activeLane)) inside.push(beatOf(beats.rows[index], beats.lane(index), beats.symbol(index)))
    }
    this.pick(inside)
  }

  search(wanted: BeatSearch): void {
    const { beats } = this.labels
    const { activeLane, rateHz } = this.reviewer
    if (beats === null || activeLane === null) return
    this.found = findBeats(beats, activeLane, wanted, rateHz).map((index) => beatOf(beats.rows[index], beats.lane(index), beats.symbol(index)))
    this.foundAt = -1
    this.searched = true
    if (this.found.length > 0) this.stepFound(1)
  }

  stepFound(direction: 1 | -1): void {
    if (this.found.length === 0) return
    this.foundAt = (this.foundAt + direction + this.found.length) % this.found.length
    this.goTo(this.found[this.foundAt])
  }

  undo(): void {
    this.#tell(this.labels.undo())
  }

  redo(): void {
    this.#tell(this.labels.redo())
  }

  /** Writes a decision on a disagreement into one's own layer, which is the one that adjudicates. */
  settle(disagreement: Disagreement, choice: 'first' | 'second' | 'neither'): boolean {
    const chosen = choice === 'first' ? disagreement.first : choice === 'second' ? disagreement.second : null
    if (chosen === null) return true
    const said = saidOf(chosen)
    return (this.labels.model?.find(said) ?? null) !== null || this.#edit([{ before: null, after: said }])
  }

  #pickSaid(said: Said): void {
    this.picked = []
    this.pickedLabel = this.labels.model?.find(said) ?? null
  }

  /** True when the edit was made. */
  #edit(changes: readonly EditChange[]): boolean {
    if (changes.length === 0) return false
    const waiting = this.labels.own === null
    const problem = this.labels.edit(changes)
    this.#tell(problem)
    return problem === null && !waiting
  }

  #tell(problem: EditProblem | null): void {
    if (problem !== null) this.#notices.fail(new LabError('state-conflict', this.#words(problem)))
  }
}
