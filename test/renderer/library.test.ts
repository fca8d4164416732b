import { describe, expect, it } from 'vitest'
import type { RecordingId, SubjectCode } from '../../src-main/contract/ids.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { LibraryState } from '../../src-renderer/state/library.svelte.ts'
import { Thumbnails } from '../../src-renderer/state/thumbnails.ts'
import { MemoryStore } from '../../src-renderer/state/working-store.ts'
import { FakeLab } from './fake-lab.ts'
import { listItem, recordingIds } from './samples.ts'

const [first, second, third] = recordingIds

const items = [
  listItem(first),
  listItem(second, { subject: 'S002' as SubjectCode, lostRows: 12, startedAt: '2026-02-04T09:15:00.000+01:00', notes: 'after stairs' }),
  listItem(third, { state: 'recovered', profile: 'healthypi5', seconds: 600, startedAt: '2026-02-01T09:15:00.000+01:00', usableRatio: null }),
]

async function setUp(list = items) {
  const lab = new FakeLab({
    'library.list': () => list,
    'library.envelope': ({ fromRow, toRow, columns }) => ({ fromRow, toRow, columns, bytes: new Uint8Array(new Float32Array(columns * 2).fill(1).buffer), filtered: false }),
  })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  const library = new LibraryState(connection)
  await library.refresh()
  return { lab, connection, library }
}

const ids = (library: LibraryState) => library.filtered.map((item) => item.id)

describe('the library', () => {
  it('sorts', async () => {
    const { library } = await setUp()
    expect(ids(library)).toEqual([second, first, third])
    library.order = 'oldest'
    expect(ids(library)).toEqual([third, first, second])
    library.order = 'longest'
    expect(ids(library)[0]).toBe(third)
    library.order = 'subject'
    expect(ids(library)).toEqual([first, third, second])
  })

  it('searches every word in notes, codes and boards', async () => {
    const { library } = await setUp()
    library.search = 'STAIRS s002'
    expect(ids(library)).toEqual([second])
    library.search = 'stairs s001'
    expect(ids(library)).toEqual([])
  })

  it('counts what each facet would leave with the other filters applied', async () => {
    const { library } = await setUp()
    library.choose('subject', 'S001')
    expect(ids(library)).toEqual([first, third])
    expect(library.facet('subject')).toEqual([{ value: 'S001', count: 2 }, { value: 'S002', count: 1 }])
    expect(library.facet('profile')).toEqual([{ value: 'cyton', count: 1 }, { value: 'healthypi5', count: 1 }])
    expect(library.facet('finding')).toEqual([{ value: 'clean', count: 2 }])
    library.choose('subject', 'S001')
    expect(library.filtering).toBe(false)
  })

  it('filters five thousand recordings', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => listItem(`01J8Z3K4M5N6P7Q8R9S0T1${String(index).padStart(4, '0')}` as RecordingId, { subject: `S${index % 50}` as SubjectCode }))
    const { library } = await setUp(many)
    library.choose('subject', 'S7')
    expect(library.filtered).toHaveLength(100)
  })
})

describe('thumbnails', () => {
  it('come from the lab once and from the cache after that, until the recording changes', async () => {
    const { lab, connection } = await setUp()
    const store = new MemoryStore()
    const thumbnails = new Thumbnails(connection, store)
    thumbnails.bind('dataset-a')
    const wish = () => thumbnails.get(items[0], new AbortController().signal)
    expect(await wish()).toHaveLength(480)
    expect(await wish()).toHaveLength(480)
    expect(lab.inputs('library.envelope')).toEqual([{ id: first, lanes: ['ch1'], fromRow: 0, toRow: 2500, columns: 240 }])
    thumbnails.forget(first)
    await wish()
    expect(lab.inputs('library.envelope')).toHaveLength(2)
  })

  it('of rows that scrolled away are not asked for', async () => {
    const { lab, connection } = await setUp()
    const thumbnails = new Thumbnails(connection, new MemoryStore())
    const gone = new AbortController()
    gone.abort()
    expect(await thumbnails.get(items[0], gone.signal)).toBeNull()
    expect(lab.inputs('library.envelope')).toEqual([])
  })
})
