import { appendFile, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { nodeFiles, type Files } from '../../src-main/dataset/files.ts'
import { aRecording, recordingId } from './a-recording.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folder = temporaryFolder()
const lab = (): string => join(folder.path, 'lab')
const catalogue = (): string => join(lab(), '.catalogue.jsonl')

/** Counts reads of recording.json. */
function counting(): { files: Files; read: () => number; stats: () => number } {
  let reads = 0
  let stats = 0
  const isOne = (path: string): boolean => path.endsWith('recording.json')
  const files: Files = {
    ...nodeFiles,
    readFile: (path) => (isOne(path) && reads++, nodeFiles.readFile(path)),
    stat: (path) => (isOne(path) && stats++, nodeFiles.stat(path)),
  }
  return { files, read: () => reads, stats: () => stats }
}

async function create(count = 12): Promise<Dataset> {
  const dataset = await Dataset.create(lab(), { name: 'Lab' })
  await dataset.subjects.add({ code: 'S001' })
  for (let n = 0; n < count; n++) await dataset.recordings.create(aRecording({ id: recordingId(n), notes: `number ${n}` }))
  return dataset
}

describe('the catalogue', () => {
  it('lists recordings without reading one of them, and summaries look at none', async () => {
    await (await create()).recordings.list()
    const made = await Dataset.open(lab(), { access: 'read' })
    const truth = await made.recordings.list()
    await rm(lab(), { recursive: true })
    const dataset = await create()
    await dataset.recordings.list()
    await dataset.close()
    const { files, read, stats } = counting()
    const opened = await Dataset.open(lab(), { access: 'write', files })
    expect(await opened.recordings.snapshot()).toEqual(truth)
    expect(await opened.recordings.list()).toEqual(truth)
    expect(read()).toBe(0)
    const before = stats()
    for (let i = 0; i < 5; i++) expect((await opened.summary()).recordings).toBe(12)
    expect((await opened.subjects.list())[0].recordings).toBe(12)
    expect(stats()).toBe(before)
    const reader = await Dataset.open(lab(), { access: 'read', files })
    expect(await reader.recordings.list()).toEqual(truth)
    expect(read()).toBe(0)
  })

  it('what was changed behind its back is found by the look behind the scenes, and told', async () => {
    const dataset = await create()
    await dataset.recordings.list()
    await dataset.close()
    const path = join(lab(), 'recordings', 'S001', recordingId(3), 'recording.json')
    await writeFile(path, JSON.stringify(aRecording({ id: recordingId(3), notes: 'by hand' })))
    await utimes(path, new Date(), new Date(Date.now() + 5000))
    await rm(join(lab(), 'recordings', 'S001', recordingId(5)), { recursive: true })
    const opened = await Dataset.open(lab(), { access: 'write' })
    const told = new Promise((resolve) => opened.recordings.onChange(resolve))
    expect((await opened.recordings.snapshot()).map((item) => item.id)).not.toContain(recordingId(5))
    expect(await told).toBeNull()
    expect((await opened.recordings.snapshot()).find((item) => item.id === recordingId(3))?.notes).toBe('by hand')
  })

  it('changes are in the next catalogue, with and without rewriting it', async () => {
    const dataset = await create()
    await dataset.recordings.list()
    await dataset.close()
    for (const notes of ['once', 'twice']) {
      const opened = await Dataset.open(lab(), { access: 'write' })
      await opened.recordings.write(aRecording({ id: recordingId(2), notes }))
      await opened.recordings.create(aRecording({ id: recordingId(notes === 'once' ? 50 : 51) }))
      await opened.close()
      const { files, read } = counting()
      const again = await Dataset.open(lab(), { access: 'read', files })
      expect((await again.recordings.list()).find((item) => item.id === recordingId(2))?.notes).toBe(notes)
      expect(read()).toBe(0)
    }
  })

  it('of another dataset, another shape, torn, damaged or gone it is not believed', async () => {
    const dataset = await create()
    const truth = await dataset.recordings.list()
    await dataset.close()
    const sound = await readFile(catalogue())
    const listed = async (): Promise<unknown> => (await Dataset.open(lab(), { access: 'read' })).recordings.list()
    await writeFile(catalogue(), sound.toString().replace('"catalogue":1', '"catalogue":2'))
    expect(await listed()).toEqual(truth)
    await rm(catalogue())
    expect(await listed()).toEqual(truth)
    await fc.assert(
      fc.asyncProperty(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, flip, cut) => {
        const damaged = Uint8Array.from(cut ? sound.subarray(0, at) : sound)
        if (!cut) damaged[at] ^= flip
        await writeFile(catalogue(), damaged)
        expect(await listed()).toEqual(truth)
      }),
      { numRuns: 60 },
    )
  })

  it('lines that somebody made up, checksum and all, end nothing, and a folder in its place is none', async () => {
    const dataset = await create()
    const truth = await dataset.recordings.list()
    await dataset.close()
    const [head, ...lines] = (await readFile(catalogue(), 'utf8')).trimEnd().split('\n')
    const lie = (change: (entry: { item: Record<string, unknown> }) => unknown): string[] => lines.filter((line) => line !== '').map((line) => {
      const text = JSON.stringify(change(JSON.parse(line.slice(9)) as { item: Record<string, unknown> }))
      return `${crc32(text).toString(16).padStart(8, '0')} ${text}`
    })
    const lies = [
      lie((entry) => ({ ...entry, item: { ...entry.item, subject: 'S077' } })), lie((entry) => ({ ...entry, item: {} })), lie((entry) => ({ ...entry, item: { ...entry.item, lanes: null } })),
      lie((entry) => ({ ...entry, item: { ...entry.item, id: recordingId(99) } })), lie(({ item, ...entry }) => ({ ...entry, was: item })), lie(() => null), ['3610a686 hello'],
    ]
    for (const made of lies) {
      await writeFile(catalogue(), [head, ...made, ''].join('\n'))
      expect(await (await Dataset.open(lab(), { access: 'read' })).recordings.list()).toEqual(truth)
    }
    await rm(catalogue())
    await mkdir(catalogue())
    expect(await (await Dataset.open(lab(), { access: 'read' })).recordings.list()).toEqual(truth)
  })

  it('a torn last line spoils no later one', async () => {
    const dataset = await create()
    await dataset.recordings.list()
    await dataset.close()
    await appendFile(catalogue(), '0123abcd {"id":"01ARZ3NDEK')
    const opened = await Dataset.open(lab(), { access: 'write' })
    await opened.recordings.write(aRecording({ id: recordingId(2), notes: 'after' }))
    await opened.close()
    const { files, read } = counting()
    const again = await Dataset.open(lab(), { access: 'read', files })
    expect((await again.recordings.list()).find((item) => item.id === recordingId(2))?.notes).toBe('after')
    expect(read()).toBe(0)
  })

  it('one that cannot be written hinders nothing', async () => {
    const files: Files = { ...nodeFiles, open: (path, mode) => (path.includes('.catalogue') && mode !== 'read' ? Promise.reject(new Error('EIO')) : nodeFiles.open(path, mode)) }
    const dataset = await Dataset.create(lab(), { name: 'Lab', files })
    await dataset.recordings.create(aRecording({ id: recordingId(1) }))
    expect(await dataset.recordings.list()).toHaveLength(1)
    await dataset.close()
    expect(await (await Dataset.open(lab(), { access: 'read' })).recordings.list()).toHaveLength(1)
  })

  it('is there after the first closing of a dataset that was filled here', async () => {
    await (await create()).close()
    const { files, read } = counting()
    expect(await (await Dataset.open(lab(), { access: 'read', files })).recordings.list()).toHaveLength(12)
    expect(read()).toBe(0)
  })

  it('a closed dataset writes nothing more, whatever was going on when it was closed', async () => {
    let closed = false
    const late: string[] = []
    const files: Files = {
      ...nodeFiles,
      open: (path, mode) => (closed && mode !== 'read' && late.push(path), nodeFiles.open(path, mode)),
    }
    const made = await Dataset.create(lab(), { name: 'Lab', files })
    const seen = made.recordings.snapshot()
    await made.close()
    closed = true
    await seen
    await new Promise((done) => setTimeout(done, 1300))
    expect(late).toEqual([])
  })

  it('the first snapshot of a dataset without a catalogue is whole', async () => {
    const dataset = await create()
    expect(await dataset.recordings.snapshot()).toHaveLength(12)
  })
})
