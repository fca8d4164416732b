import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import type { BeatTable, Label, LabelChangeInput, LabelLayer } from '../../src-main/contract/schemas/label.ts'
import { BeatTrack } from '../../src-renderer/state/beat-track.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { invert, LayerModel, type EditChange, type Said } from '../../src-renderer/state/label-edits.ts'
import { LabelOutbox } from '../../src-renderer/state/label-outbox.svelte.ts'
import { isPersonName, LabelsState, saidOf } from '../../src-renderer/state/labels.svelte.ts'
import { Preferences } from '../../src-renderer/state/preferences.svelte.ts'
import { MemoryStore } from '../../src-renderer/state/working-store.ts'
import { FakeLab } from './fake-lab.ts'
import { recording, recordingIds } from './samples.ts'

const [id] = recordingIds
const detector = 'pulseprint-beats@1'
const detected = [100, 300, 500, 700, 900]

function tableOf(annotator: string, basis: string | null, beats: readonly { row: number; lane: string | null; symbol: string; id: string }[]): BeatTable {
  const sorted = [...beats].sort((a, b) => a.row - b.row)
  const symbols = [...new Set(sorted.map(({ symbol }) => symbol))]
  const lanes = [...new Set(sorted.map(({ lane }) => lane))]
  return {
    annotator, basis, count: sorted.length, symbols, lanes,
    rows: new Uint8Array(Uint32Array.from(sorted, ({ row }) => row).buffer),
    codes: Uint8Array.from(sorted, ({ symbol }) => symbols.indexOf(symbol)),
    laneIndexes: Uint8Array.from(sorted, ({ lane }) => lanes.indexOf(lane)),
    ids: sorted.map((beat) => (beat.id.startsWith(`${basis ?? annotator}:`) ? '' : beat.id)),
  }
}

/** The lab's side of labels, written from the contract alone: a list of events, folded anew at every question. */
class NaiveLab {
  readonly events = new Map<string, LabelChangeInput[]>()
  readonly bases = new Map<string, string | null>()
  readonly seen = new Set<string>()
  fail: LabError | null = null
  fake = new FakeLab({
    'labels.layers': () => [this.#layer(detector), ...[...this.events.keys()].map((name) => this.#layer(name))],
    'labels.beats': ({ annotator }) => tableOf(annotator, this.bases.get(annotator) ?? null, [...this.state(annotator)].filter(([, said]) => said.kind === 'beat').map(([key, said]) => ({ id: key, row: said.row, lane: said.lane, symbol: said.value }))),
    'labels.list': ({ annotator }) => this.#labels(annotator),
    'labels.append': ({ annotator, basis, changes }) => {
      if (this.fail !== null) throw this.fail
      const events = this.events.get(annotator) ?? []
      if (events.length === 0) this.bases.set(annotator, basis ?? null)
      this.events.set(annotator, events)
      for (const change of changes) {
        if (this.seen.has(change.id)) continue
        const target = change.supersedes ?? null
        if (target !== null && !this.state(annotator).has(target)) throw new LabError('label-not-found', `${target} is not there`)
        this.seen.add(change.id)
        events.push(structuredClone(change))
      }
      return this.#layer(annotator)
    },
  })

  state(annotator: string): Map<string, Said> {
    const start = annotator === detector ? detector : this.bases.get(annotator)
    const state = new Map<string, Said>(start === detector ? detected.map((row) => [`${detector}:ch1:${row}`, beat(row)]) : [])
    for (const change of this.events.get(annotator) ?? []) {
      if (change.supersedes) state.delete(change.supersedes)
      if (change.type === 'set') state.set(change.id, { row: change.row, toRow: change.toRow ?? null, lane: change.lane ?? null, kind: change.kind, value: change.value })
    }
    return state
  }

  #labels(annotator: string): Label[] {
    return [...this.state(annotator)].filter(([, said]) => said.kind !== 'beat').map(([key, said]) => ({ id: key, ...said, annotator, origin: 'person', createdAt: '2026-01-01T00:00:00.000Z' }))
  }

  #layer(annotator: string): LabelLayer {
    const said = [...this.state(annotator).values()]
    const beats = said.filter(({ kind }) => kind === 'beat').length
    return { annotator, origin: annotator === detector ? 'detector' : 'person', basis: this.bases.get(annotator) ?? null, beats, labels: said.length - beats, updatedAt: `${this.events.get(annotator)?.length ?? 0}` }
  }
}

const beat = (row: number, value = 'N'): Said => ({ row, toRow: null, lane: 'ch1', kind: 'beat', value })
const span = (row: number, toRow: number, value = ''): Said => ({ row, toRow, lane: null, kind: 'exclude', value })
const keyOf = (said: Said) => JSON.stringify([said.kind, said.row, said.toRow, said.lane, said.value])
const sayings = (model: LayerModel | null): string[] => {
  if (model === null) return []
  const beats = Array.from({ length: model.beats.count }, (_, index) => model.beats.at(index)).map(({ row, lane, symbol }): Said => ({ row, toRow: null, lane, kind: 'beat', value: symbol }))
  return [...beats, ...model.sorted().map(saidOf)].map(keyOf).sort()
}
const sayingsOf = (state: Map<string, Said>) => [...state.values()].map(keyOf).sort()

async function setUp(lab: NaiveLab, store: MemoryStore, annotator = 'mk') {
  const connection = new Connection(() => Promise.resolve(lab.fake))
  await connection.start()
  const preferences = new Preferences(null, ['en'])
  preferences.annotator = annotator
  const outbox = new LabelOutbox(connection, store)
  const labels = new LabelsState(connection, store, preferences, outbox, () => 'dataset')
  await outbox.bind('dataset')
  await labels.open(recording(id))
  return { labels, outbox, connection }
}

/** Until every edit is stored and nothing more can be sent now. */
async function quiet(labels: LabelsState): Promise<void> {
  await labels.written()
  for (let turn = 0; turn < 30; turn++) await Promise.resolve()
  while (labels.outbox.sending) await new Promise((resolve) => setTimeout(resolve, 1))
}

describe('labels of a recording', () => {
  it('begin with the detector and become a layer of one’s own at the first change', async () => {
    const lab = new NaiveLab()
    const { labels } = await setUp(lab, new MemoryStore())
    expect(labels.shown).toBe(detector)
    expect(labels.edit([{ before: beat(300), after: beat(300, 'V') }])).toBeNull()
    expect([labels.shown, labels.beats?.symbol(1)]).toEqual(['mk', 'V'])
    await quiet(labels)
    expect(lab.bases.get('mk')).toBe(detector)
    expect(lab.events.get('mk')).toMatchObject([{ type: 'set', row: 300, value: 'V', supersedes: `${detector}:ch1:300` }])
    expect(labels.unsaved).toBe(0)
  })

  it('ask for a name once and then go on with the change that waited for it', async () => {
    const lab = new NaiveLab()
    const { labels } = await setUp(lab, new MemoryStore(), '')
    labels.edit([{ before: null, after: beat(400) }])
    expect(lab.fake.inputs('labels.append')).toEqual([])
    await labels.setAnnotator('ab')
    await quiet(labels)
    expect(sayingsOf(lab.state('ab'))).toEqual([...detected, 400].map((row) => keyOf(beat(row))).sort())
    expect([isPersonName('mk'), isPersonName('pulseprint-x'), isPersonName('a b'), isPersonName('qrs@1'), isPersonName('')]).toEqual([true, false, false, false, false])
  })

  it('of somebody else cannot be changed while one has a layer', async () => {
    const lab = new NaiveLab()
    const { labels } = await setUp(lab, new MemoryStore())
    labels.edit([{ before: null, after: beat(400) }])
    await quiet(labels)
    await labels.show(detector)
    expect(labels.editable).toBe(false)
    expect(labels.edit([{ before: beat(300), after: null }])).toBe('other-layer')
    await labels.show('mk')
    expect(labels.editable).toBe(true)
  })

  it('survive a killed window, a lost connection and being sent twice', async () => {
    const lab = new NaiveLab()
    const store = new MemoryStore()
    lab.fail = new LabError('connection-lost', 'gone')
    const { labels } = await setUp(lab, store)
    labels.edit([{ before: beat(100), after: null }])
    labels.add('exclude', 600, 800, null, 'cough')
    await quiet(labels)
    expect(labels.unsaved).toBe(2)
    const wanted = sayings(labels.model)

    // Another window over the same store; still no lab: the same picture.
    const second = await setUp(lab, store)
    expect([second.labels.shown, sayings(second.labels.model)]).toEqual(['mk', wanted])

    // The lab took the drafts, but the answer never came back.
    const [draft, other] = await store.labelDrafts('dataset')
    lab.fail = null
    await lab.fake.call('labels.append', { id, annotator: 'mk', basis: detector, changes: [...draft.changes, ...other.changes] })
    const third = await setUp(lab, store)
    await quiet(third.labels)
    expect([sayings(third.labels.model), sayingsOf(lab.state('mk'))]).toEqual([wanted, wanted])
    expect(await store.labelDrafts('dataset')).toEqual([])
  })

  it('keep a refused change with its reason until somebody tries again or drops it; others go on', async () => {
    const lab = new NaiveLab()
    const store = new MemoryStore()
    lab.fail = new LabError('label-invalid', 'no such row', { field: 'row' })
    const { labels, outbox } = await setUp(lab, store)
    labels.edit([{ before: null, after: beat(444) }])
    await quiet(labels)
    expect(outbox.refused.map(({ refusal }) => refusal?.code)).toEqual(['label-invalid'])
    expect((await store.labelDrafts('dataset'))[0].refusal?.data).toEqual({ field: 'row' })
    lab.fail = null
    labels.edit([{ before: beat(100), after: null }])
    await quiet(labels)
    // The second builds on the same layer: it waits behind the first.
    expect(labels.unsaved).toBe(2)
    await labels.dropRefused(outbox.refused[0])
    await quiet(labels)
    expect(labels.unsaved).toBe(0)
    expect(sayings(labels.model)).toEqual(sayingsOf(lab.state('mk')))
    expect(sayings(labels.model)).toEqual([300, 500, 700, 900].map((row) => keyOf(beat(row))).sort())
  })

  it('undo a change of all at once, over a reload, as new events', async () => {
    const lab = new NaiveLab()
    const store = new MemoryStore()
    const first = await setUp(lab, store)
    first.labels.edit(detected.map((row) => ({ before: beat(row), after: beat(row, 'V') })))
    await quiet(first.labels)
    const { labels } = await setUp(lab, store)
    expect([labels.history?.canUndo, labels.history?.canRedo]).toEqual([true, false])
    labels.undo()
    await quiet(labels)
    expect(sayingsOf(lab.state('mk'))).toEqual(detected.map((row) => keyOf(beat(row))).sort())
    expect(lab.events.get('mk')).toHaveLength(2 * detected.length)
    labels.redo()
    await quiet(labels)
    expect(sayingsOf(lab.state('mk'))).toEqual(detected.map((row) => keyOf(beat(row, 'V'))).sort())
  })

  it('are forgotten with their recording', async () => {
    const lab = new NaiveLab()
    const store = new MemoryStore()
    lab.fail = new LabError('connection-lost', 'gone')
    const { labels, outbox } = await setUp(lab, store)
    labels.edit([{ before: beat(100), after: null }])
    await quiet(labels)
    expect(await store.keptRecordings('dataset')).toEqual([id])
    outbox.forget([id])
    await store.forgetRecordings('dataset', [id])
    expect([outbox.drafts, await store.labelDrafts('dataset'), await store.keptRecordings('dataset')]).toEqual([[], [], []])
    expect((await store.history(`dataset/${id}/mk`)).steps).toEqual([])
  })
})

/** What a person may do; places are taken modulo what is there. */
const action = fc.oneof(
  fc.record({ do: fc.constant('add' as const), row: fc.integer({ min: 0, max: 2000 }), symbol: fc.constantFrom('N', 'V', 'S') }),
  fc.record({ do: fc.constant('span' as const), row: fc.integer({ min: 0, max: 2000 }), length: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ do: fc.constant('move' as const), place: fc.nat(), by: fc.integer({ min: -50, max: 50 }) }),
  fc.record({ do: fc.constant('remove' as const), place: fc.nat() }),
  fc.record({ do: fc.constant('all' as const), symbol: fc.constantFrom('N', 'V', 'S') }),
  fc.record({ do: fc.constantFrom('undo' as const, 'redo' as const) }),
)

describe('undo and redo', () => {
  it('give every state back that there was, at the window and at the lab', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
        const lab = new NaiveLab()
        const { labels } = await setUp(lab, new MemoryStore())
        // The naive model: whole states in a list, and a finger on the present one.
        const states = [detected.map((row) => beat(row))]
        let now = 0
        for (const one of actions) {
          const present = states[now]
          if (one.do === 'undo' || one.do === 'redo') {
            const next = now + (one.do === 'undo' ? -1 : 1)
            if (next >= 0 && next < states.length) now = next
            if (one.do === 'undo') labels.undo()
            else labels.redo()
          } else {
            const changes: EditChange[] = []
            if (one.do === 'add') changes.push({ before: null, after: beat(one.row, one.symbol) })
            if (one.do === 'span') changes.push({ before: null, after: span(one.row, one.row + one.length) })
            const target = present.length > 0 && 'place' in one ? present[one.place % present.length] : null
            if (one.do === 'remove' && target) changes.push({ before: target, after: null })
            if (one.do === 'move' && target) changes.push({ before: target, after: { ...target, row: Math.max(0, target.row + one.by), toRow: target.toRow === null ? null : Math.max(1, target.toRow + one.by + 400) } })
            if (one.do === 'all') for (const said of new Set(present.filter(({ kind, value }) => kind === 'beat' && value !== one.symbol))) changes.push({ before: said, after: { ...said, value: one.symbol } })
            if (changes.length === 0) continue
            expect(labels.edit(changes)).toBeNull()
            const rest = [...present]
            for (const { before } of changes) if (before) rest.splice(rest.findIndex((said) => keyOf(said) === keyOf(before)), 1)
            states.splice(now + 1, states.length, [...rest, ...changes.flatMap(({ after }) => after ?? [])])
            now++
          }
          expect(sayings(labels.model)).toEqual(states[now].map(keyOf).sort())
        }
        await quiet(labels)
        if (lab.events.has('mk')) expect(sayingsOf(lab.state('mk'))).toEqual(states[now].map(keyOf).sort())
        expect(labels.unsaved).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  it('turn a list of changes round exactly', () => {
    const changes: EditChange[] = [{ before: null, after: beat(1) }, { before: beat(2), after: beat(3) }, { before: beat(4), after: null }]
    expect(invert(invert(changes))).toEqual(changes)
  })
})

describe('beats in columns', () => {
  const rowsOf = (track: BeatTrack) => [...track.rows.slice(0, track.count)]

  it('find, insert and remove as a sorted list does, at any size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 90 }), fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 90 }), fc.array(fc.nat(), { maxLength: 90 }), fc.integer({ min: -5, max: 510 }), (start, added, removed, row) => {
        const list = [...start].sort((a, b) => a - b)
        const track = new BeatTrack(tableOf('x', null, list.map((at, index) => ({ row: at, lane: index % 3 === 0 ? null : 'ch1', symbol: 'N', id: `b${index}` }))))
        const gone = new Set(list.length === 0 ? [] : removed.map((place) => place % list.length))
        track.change(gone, added.map((at, index) => ({ row: at, lane: 'ch1', symbol: 'V', id: `n${index}` })))
        const expected = [...list.filter((_, index) => !gone.has(index)), ...added].sort((a, b) => a - b)
        expect(rowsOf(track)).toEqual(expected)
        const at = expected.findIndex((value) => value >= row)
        expect(track.lowerBound(row)).toBe(at < 0 ? expected.length : at)
        const nearest = expected.reduce((best, value) => Math.min(best, Math.abs(value - row)), Number.POSITIVE_INFINITY)
        const found = track.nearest(row, 'ch1', 40)
        expect(found < 0 ? Number.POSITIVE_INFINITY : Math.abs(track.rows[found] - row)).toBe(nearest <= 40 ? nearest : Number.POSITIVE_INFINITY)
        expect(track.onLane('ch2').length).toBe([...Array(track.count).keys()].filter((index) => track.lane(index) === null).length)
      }),
      { numRuns: 200 },
    )
  })

  it('go from beat to beat of one lane', () => {
    const track = new BeatTrack(tableOf('x', null, [{ row: 10, lane: 'a', symbol: 'N', id: '1' }, { row: 20, lane: 'b', symbol: 'N', id: '2' }, { row: 30, lane: null, symbol: 'V', id: '3' }]))
    expect([track.beside(10, 'a', 1), track.beside(20, 'b', 1), track.beside(30, 'a', -1), track.beside(30, 'a', 1), track.beside(10, 'a', -1)]).toEqual([2, 2, 0, -1, -1])
    expect([...track.unusual('a')]).toEqual([2])
  })
})
