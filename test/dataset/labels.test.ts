import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabelChange, type BeatTable, type LabelChangeInput, type LabelEvent } from '../../src-main/contract/index.ts'
import { tableRows } from '../../src-main/dataset/beat-columns.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { listFindings } from '../../src-main/dataset/list-findings.ts'
import { LayerFold } from '../../src-main/dataset/label-fold.ts'
import { annotationCode, readAnnotations, writeAnnotations } from '../../src-main/formats/wfdb-annotations.ts'
import { aRecording, recordingId } from './a-recording.ts'
import { FaultyFiles } from './faulty-files.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folder = temporaryFolder()
const lab = (): string => join(folder.path, 'lab')
const id = recordingId(1)
const place = (name: string): string => join(lab(), 'recordings', 'S001', id, name)

async function create(faulty?: FaultyFiles): Promise<Dataset> {
  const dataset = await Dataset.create(lab(), { name: 'Lab', files: faulty?.files })
  await dataset.subjects.add({ code: 'S001', consent: 'granted' })
  await dataset.recordings.create(aRecording({ id, rows: 10_000, seconds: 40 }))
  return dataset
}

const open = (): Promise<Dataset> => Dataset.open(lab(), { access: 'write' })
const set = (name: string, row: number, more: Partial<Extract<LabelChangeInput, { type: 'set' }>> = {}): LabelChange => LabelChange.parse({ type: 'set', id: name, row, kind: 'beat', value: 'N', ...more })
const remove = (name: string, supersedes: string): LabelChange => LabelChange.parse({ type: 'remove', id: name, supersedes })
const beatsIn = (table: BeatTable): string[] => Array.from(tableRows(table), (row, i) => `${table.symbols[table.codes[i]]}@${row} ${table.lanes[table.laneIndexes[i]]}${table.ids[i] === '' ? '' : ` ${table.ids[i]}`}`)

/** beats.qrs as the recorder writes it: a note with the detector's name, then its beats. */
async function writeDetector(rows: readonly number[]): Promise<void> {
  const common = { subtype: 0, number: 0, channel: 0 }
  const note = { ...common, sample: 0, code: annotationCode('"') ?? 0, text: 'pulseprint-beats@1' }
  await writeFile(place('beats.qrs'), writeAnnotations([note, ...rows.map((sample) => ({ ...common, sample, code: 1, text: '' }))]))
}

describe('a layer of labels', () => {
  it('keeps every event and shows the state after them', async () => {
    const { labels } = await create()
    expect(await labels.append(id, 'anna', { changes: [set('a', 100), set('b', 300, { value: 'V' }), set('r', 0, { kind: 'rhythm', value: '(AFIB', toRow: 500 })] })).toMatchObject({
      annotator: 'anna', origin: 'person', basis: null, beats: 2, labels: 1,
    })
    await labels.append(id, 'anna', { changes: [set('c', 302, { supersedes: 'b' }), remove('d', 'a')] })
    expect(beatsIn(await labels.beats(id, 'anna'))).toEqual(['N@302 null c'])
    expect(await labels.list(id, 'anna')).toMatchObject([{ id: 'r', row: 0, toRow: 500, kind: 'rhythm', value: '(AFIB', annotator: 'anna', origin: 'person' }])
    expect((await labels.history(id, 'anna', 'c')).map((event) => event.id)).toEqual(['b', 'c'])
    expect((await labels.history(id, 'anna', 'a')).map((event) => event.id)).toEqual(['a', 'd'])
    expect((await readFile(place('labels.anna.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(5)
  })

  it('two annotators are two layers, and both survive opening again', async () => {
    const dataset = await create()
    await dataset.labels.append(id, 'anna', { changes: [set('a', 100)] })
    await dataset.labels.append(id, 'ben', { changes: [set('a', 120), set('b', 220)] })
    await dataset.close()
    const { labels } = await open()
    expect((await labels.layers(id)).map(({ annotator, beats }) => [annotator, beats])).toEqual([['anna', 1], ['ben', 2]])
    expect(beatsIn(await labels.beats(id, 'anna'))).toEqual(['N@100 null a'])
  })

  it('labels overlap the rows asked for: half open, a point is one row', async () => {
    const { labels } = await create()
    const span = (name: string, row: number, toRow: number | null): LabelChange => set(name, row, { kind: 'exclude', value: 'motion', toRow })
    await labels.append(id, 'anna', { changes: [span('late', 500, 600), span('early', 100, 200), span('point', 200, null)] })
    const ids = async (from?: number, to?: number): Promise<string[]> => (await labels.list(id, 'anna', from, to)).map((label) => label.id)
    expect(await ids()).toEqual(['early', 'point', 'late'])
    expect(await ids(200, 500)).toEqual(['point'])
    expect(await ids(199, 200)).toEqual(['early'])
    expect(await ids(201)).toEqual(['late'])
  })

  it('sending the same changes again changes nothing, also after closing and in part', async () => {
    const dataset = await create()
    const changes = [set('a', 100), set('b', 200, { supersedes: 'a' }), remove('c', 'b'), set('d', 400)]
    await dataset.labels.append(id, 'anna', { changes: changes.slice(0, 2) })
    await dataset.labels.append(id, 'anna', { changes })
    const before = await readFile(place('labels.anna.jsonl'), 'utf8')
    await dataset.close()
    const { labels } = await open()
    expect(await labels.append(id, 'anna', { changes })).toMatchObject({ beats: 1 })
    expect(await readFile(place('labels.anna.jsonl'), 'utf8')).toBe(before)
    expect(beatsIn(await labels.beats(id, 'anna'))).toEqual(['N@400 null d'])
  })

  it.each([
    ['ends before it begins', { kind: 'exclude', value: 'x', toRow: 100 }, 'toRow'],
    ['ends behind the recording', { kind: 'exclude', value: 'x', toRow: 10_001 }, 'toRow'],
    ['an unknown lane', { lane: 'eeg' }, 'lane'],
    ['a beat that is a span', { toRow: 120 }, 'toRow'],
    ['a beat that is no beat', { value: '+' }, 'value'],
    ['a beat of no mnemonic', { value: 'normal' }, 'value'],
    ['a quality without a name', { kind: 'quality', value: 'excellent' }, 'value'],
    ['a rhythm of no form', { kind: 'rhythm', value: 'AFIB' }, 'value'],
    ['outside the recording', { row: 10_000 }, 'row'],
    ['of a value that no reader would take', { kind: 'note', value: 'x'.repeat(401) }, 'value'],
    ['at half a row', { row: 0.5 }, 'row'],
  ] as const)('%s is refused, with everything that was sent with it', async (_, wrong, field) => {
    const { labels } = await create()
    await expect(labels.append(id, 'anna', { changes: [set('good', 5), { ...set('bad', 100), ...wrong } as LabelChange] })).rejects.toMatchObject({ code: 'label-invalid', data: { index: 1, field, id: 'bad' } })
    expect(await labels.layers(id)).toEqual([])
  })

  it('the target of a correction has to be there, also among the changes themselves', async () => {
    const { labels } = await create()
    await expect(labels.append(id, 'anna', { changes: [remove('x', 'nothing')] })).rejects.toMatchObject({ code: 'label-not-found', data: { label: 'nothing' } })
    await labels.append(id, 'anna', { changes: [set('a', 10), remove('x', 'a')] })
    await expect(labels.append(id, 'anna', { changes: [set('b', 10, { supersedes: 'a' })] })).rejects.toMatchObject({ code: 'label-not-found' })
    await expect(labels.append(id, 'anna', { changes: [set('c', 10), remove('y', 'c'), remove('z', 'c')] })).rejects.toMatchObject({ code: 'label-not-found', data: { index: 2 } })
    for (const work of [() => labels.beats(id, 'ben'), () => labels.list(id, 'ben'), () => labels.history(id, 'anna', 'q')]) await expect(work()).rejects.toMatchObject({ code: 'label-not-found' })
  })

  it.each(['', 'a b', '../x', 'pulseprint-qrs@1', 'Pulseprint-mine', 'con', 'nul.x', 'anna.'])('%j cannot be a layer', async (name) => {
    const { labels } = await create()
    await expect(labels.append(id, name, { changes: [set('a', 1)] })).rejects.toMatchObject({ code: 'annotator-invalid' })
  })

  it('a name that differs only in case from another is refused', async () => {
    const { labels } = await create()
    await labels.append(id, 'anna', { changes: [set('a', 1)] })
    await expect(labels.append(id, 'Anna', { changes: [set('a', 1)] })).rejects.toMatchObject({ code: 'annotator-invalid', data: { annotator: 'Anna' } })
  })

  it('saving is in the audit trail, without what was said', async () => {
    const { labels, audit } = await create()
    await labels.append(id, 'anna', { changes: [set('a', 1), set('n', 5, { kind: 'note', value: 'coughs' }), remove('x', 'a')] })
    expect((await audit.entries()).at(-1)).toMatchObject({ what: 'labels.appended', data: { recording: id, annotator: 'anna', set: 2, removed: 1 } })
    expect(await readFile(join(lab(), 'audit.jsonl'), 'utf8')).not.toContain('coughs')
  })

  it('a recording that runs, one that is not there and a reader are refused', async () => {
    const dataset = await create()
    await dataset.recordings.create(aRecording({ id: recordingId(2), state: 'recording' }))
    await expect(dataset.labels.append(recordingId(2), 'anna', { changes: [set('a', 1)] })).rejects.toMatchObject({ code: 'recording-in-progress' })
    await expect(dataset.labels.append(recordingId(3), 'anna', { changes: [set('a', 1)] })).rejects.toMatchObject({ code: 'recording-not-found' })
    const reader = await Dataset.open(lab(), { access: 'read' })
    expect(() => reader.labels.append(id, 'anna', { changes: [] })).toThrow(expect.objectContaining({ code: 'dataset-not-writable' }))
  })

  it('a reader sees what a writer saves meanwhile', async () => {
    const { labels } = await create()
    const reader = await Dataset.open(lab(), { access: 'read' })
    await labels.append(id, 'anna', { changes: [set('a', 1)] })
    expect((await reader.labels.beats(id, 'anna')).count).toBe(1)
    await labels.append(id, 'anna', { changes: [set('b', 2)] })
    expect((await reader.labels.beats(id, 'anna')).count).toBe(2)
  })
})

describe('a layer on a basis', () => {
  it("starts from a detector's beats, corrects them by their ids, and keeps them when the detector finds others", async () => {
    const dataset = await create()
    await writeDetector([100, 200, 300])
    const { labels } = dataset
    expect(await labels.layers(id)).toMatchObject([{ annotator: 'pulseprint-beats@1', origin: 'detector', beats: 3 }])
    expect(beatsIn(await labels.beats(id, 'pulseprint-beats@1'))).toEqual(['N@100 ecg', 'N@200 ecg', 'N@300 ecg'])
    const changes = [set('v', 205, { lane: 'ecg', value: 'V', supersedes: 'pulseprint-beats@1:ecg:200' }), remove('x', 'pulseprint-beats@1:ecg:300'), set('n', 150)]
    expect(await labels.append(id, 'anna', { basis: 'pulseprint-beats@1', changes })).toMatchObject({ basis: 'pulseprint-beats@1', beats: 3 })
    await writeDetector([7])
    await dataset.close()
    const again = await open()
    expect(beatsIn(await again.labels.beats(id, 'anna'))).toEqual(['N@100 ecg', 'N@150 null n', 'V@205 ecg v'])
    await expect(again.labels.append(id, 'anna', { changes: [remove('y', 'pulseprint-beats@1:ecg:300')] })).rejects.toMatchObject({ code: 'label-not-found' })
    await expect(again.labels.append(id, 'anna', { changes: [set('pulseprint-beats@1:ecg:1', 1)] })).rejects.toMatchObject({ code: 'label-invalid', data: { field: 'id' } })
    expect(await again.labels.append(id, 'anna', { basis: 'ben', changes: [remove('z', 'pulseprint-beats@1:ecg:100')] })).toMatchObject({ basis: 'pulseprint-beats@1', beats: 2 })
    expect((await again.labels.history(id, 'anna', 'pulseprint-beats@1:ecg:200')).map((event) => event.id)).toEqual(['v'])
  })

  it("starts from another annotator's state of that moment, spans too", async () => {
    const { labels } = await create()
    await labels.append(id, 'anna', { changes: [set('a', 100, { lane: 'ppg', value: 'V' }), set('b', 200), set('s', 0, { kind: 'quality', value: 'bad', toRow: 50 })] })
    await labels.append(id, 'ben', { basis: 'anna', changes: [] })
    await labels.append(id, 'anna', { changes: [remove('x', 'a'), remove('y', 's')] })
    expect(beatsIn(await labels.beats(id, 'ben'))).toEqual(['V@100 ppg', 'N@200 null'])
    expect(await labels.list(id, 'ben')).toMatchObject([{ kind: 'quality', value: 'bad', annotator: 'ben' }])
    await labels.append(id, 'ben', { changes: [remove('z', 'anna:*:200'), remove('w', 'anna/s')] })
    expect(await labels.layers(id)).toMatchObject([{ annotator: 'anna', beats: 1, labels: 0 }, { annotator: 'ben', beats: 1, labels: 0 }])
    await expect(labels.append(id, 'carl', { basis: 'nobody', changes: [] })).rejects.toMatchObject({ code: 'label-not-found' })
  })

  it('a layer that came with a file stays as it came; one that was started from it is a person\'s', async () => {
    const { labels } = await create()
    await labels.append(id, 'atr', { changes: [set('a', 100), set('r', 0, { kind: 'rhythm', value: '(N', toRow: 900 })], origin: 'imported' })
    await expect(labels.append(id, 'atr', { changes: [set('b', 200)] })).rejects.toMatchObject({ code: 'annotator-invalid', data: { annotator: 'atr' } })
    await labels.append(id, 'atr', { changes: [set('b', 200)], origin: 'imported' })
    expect(await labels.append(id, 'anna', { basis: 'atr', changes: [set('c', 300)] })).toMatchObject({ origin: 'person', basis: 'atr', beats: 3, labels: 1 })
    expect(await labels.append(id, 'anna', { changes: [set('d', 400)] })).toMatchObject({ origin: 'person', beats: 4 })
    expect(await labels.layers(id)).toMatchObject([{ annotator: 'anna', origin: 'person' }, { annotator: 'atr', origin: 'imported', beats: 2 }])
  })

  it('whose beats are lost is said, not guessed', async () => {
    const dataset = await create()
    await writeDetector([100])
    await dataset.labels.append(id, 'anna', { basis: 'pulseprint-beats@1', changes: [] })
    await dataset.close()
    const whole = await readFile(place('labels.anna.basis'))
    for (const lost of [new Uint8Array(0), whole.subarray(0, -2), whole.subarray(0, -1), null]) {
      await (lost ? writeFile(place('labels.anna.basis'), lost) : rm(place('labels.anna.basis')))
      const dataset = await open()
      for (const work of [() => dataset.labels.beats(id, 'anna'), () => dataset.labels.all(id, 'anna'), () => dataset.labels.append(id, 'anna', { changes: [set('z', 9)] })]) {
        await expect(work()).rejects.toMatchObject({ code: 'dataset-invalid', data: { annotator: 'anna' } })
      }
      // Ben's layer is his own, and other tools are shown his.
      await dataset.labels.append(id, 'ben', { changes: [set(`b${lost?.length}`, 77)] })
      expect((await dataset.labels.layers(id)).map(({ annotator }) => annotator)).toEqual(['pulseprint-beats@1', 'anna', 'ben'])
      expect((await listFindings(dataset)).map(({ file, code }) => `${file} ${code}`)).toEqual(['labels.anna.basis dataset-invalid'])
      await dataset.close()
      expect(readAnnotations(await readFile(place('labels.atr')))[0].text).toBe('layer ben')
    }
    await writeFile(place('labels.anna.basis'), whole)
    const mended = await open()
    expect((await mended.labels.beats(id, 'anna')).count).toBeGreaterThan(0)
    expect(await listFindings(mended)).toEqual([])
  })
})

describe('crashes and full disks', () => {
  it('cut anywhere in the last save: all of it is there or none, and it can be sent again', async () => {
    const dataset = await create()
    const second = [set('c', 300), set('d', 310, { supersedes: 'a' }), remove('e', 'b')]
    await dataset.labels.append(id, 'anna', { changes: [set('a', 100), set('b', 200)] })
    const first = (await readFile(place('labels.anna.jsonl'))).length
    await dataset.labels.append(id, 'anna', { changes: second })
    const whole = await readFile(place('labels.anna.jsonl'))
    await dataset.close()
    for (let cut = first; cut < whole.length - 1; cut += 9) {
      await writeFile(place('labels.anna.jsonl'), whole)
      await truncate(place('labels.anna.jsonl'), cut)
      const opened = await open()
      expect(beatsIn(await opened.labels.beats(id, 'anna')), `cut at ${cut}`).toEqual(['N@100 null a', 'N@200 null b'])
      await opened.labels.append(id, 'anna', { changes: second })
      await opened.close()
      const again = await open()
      expect(beatsIn(await again.labels.beats(id, 'anna'))).toEqual(['N@300 null c', 'N@310 null d'])
      await again.close()
    }
  })

  it('lines from elsewhere are set aside', async () => {
    const dataset = await create()
    await dataset.labels.append(id, 'anna', { changes: [set('a', 100)] })
    await dataset.close()
    await appendFile(place('labels.anna.jsonl'), '{"type":"set"}\n\0\0\0')
    const { labels } = await open()
    await labels.append(id, 'anna', { changes: [set('b', 200)] })
    expect((await labels.beats(id, 'anna')).count).toBe(2)
    expect(await labels.damage(id)).toEqual([{ annotator: 'anna', lines: 2, unfinished: 0, basis: null }])
  })

  it('a full disk saves nothing and forgets nothing', async () => {
    const faulty = new FaultyFiles()
    const { labels } = await create(faulty)
    await labels.append(id, 'anna', { changes: [set('a', 100)] })
    faulty.set({ verb: 'write', errno: 'ENOSPC', path: 'labels.anna', from: 1, short: 40 })
    await expect(labels.append(id, 'anna', { changes: [set('b', 200), set('c', 300)] })).rejects.toMatchObject({ code: 'dataset-full' })
    expect((await labels.beats(id, 'anna')).count).toBe(1)
    faulty.set(null)
    await labels.append(id, 'anna', { changes: [set('b', 200), set('c', 300)] })
    expect((await labels.beats(id, 'anna')).count).toBe(3)
  })
})

describe('labels.atr', () => {
  it('shows other tools the newest layer after closing, and the adjudicated one where there is one', async () => {
    const dataset = await create()
    await dataset.labels.append(id, 'anna', { changes: [set('a', 100, { value: 'V', lane: 'ppg' }), set('s', 40, { kind: 'exclude', value: 'motion', toRow: 90 }), set('r', 120, { kind: 'rhythm', value: '(AFIB' })] })
    await dataset.close()
    const read = async () => readAnnotations(await readFile(place('labels.atr'))).map(({ sample, code, channel, text }) => [sample, code, channel, text])
    // Codes of ecgcodes.h: NOTE 22, PVC 5, RHYTHM 28.
    expect(await read()).toEqual([[0, 22, 0, 'layer anna'], [40, 22, 0, 'exclude 40..90 motion'], [100, 5, 1, ''], [120, 28, 0, '(AFIB']])
    const again = await open()
    await again.labels.append(id, 'adjudicated', { changes: [set('z', 7)] })
    await again.labels.append(id, 'anna', { changes: [set('b', 300)] })
    await again.close()
    expect(await read()).toEqual([[0, 22, 0, 'layer adjudicated'], [7, 1, 0, '']])
  })
})

describe('the fold of random events', () => {
  const basis = { rows: Uint32Array.of(10, 20, 20, 30), lanes: Uint8Array.of(0, 0, 1, 0), codes: Uint8Array.of(1, 5, 1, 1) }
  const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'of:ecg:10', 'of:ecg:20', 'of:ppg:20', 'of:ecg:30', 'of:ppg:30', 'of:ecg', 'of::10')
  const events = fc.array(
    fc.record({ type: fc.constantFrom('set', 'remove'), id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), target: fc.option(names), row: fc.nat(40), lane: fc.constantFrom(null, 'ecg', 'ppg'), kind: fc.constantFrom('beat', 'note') }),
    { maxLength: 25 },
  )

  it('equals a naive list that is searched from the start each time', () => {
    fc.assert(
      fc.property(events, (drawn) => {
        const common = { annotator: 'anna', origin: 'person', createdAt: '2026-03-01T00:00:00Z' }
        const log = drawn.flatMap(({ type, id: name, target, row, lane, kind }): LabelEvent[] => {
          if (type === 'remove') return target === null ? [] : [{ type: 'remove', id: name, supersedes: target, ...common }]
          return [{ type: 'set', id: name, row, toRow: null, lane, kind: kind as 'beat' | 'note', value: 'N', supersedes: target, ...common }]
        })
        const fold = new LayerFold('anna', ['ecg', 'ppg'])
        fold.start({ type: 'basis', id: 'start', of: 'of', annotator: 'anna', createdAt: common.createdAt }, basis)
        for (const event of log) if (event.type !== 'basis') fold.apply(event)
        const naive = naiveState(log)
        expect([...beatsIn(fold.beats()), ...fold.labels().map((label) => `note@${label.row} ${label.id}`)].sort()).toEqual(naive)
        expect(fold.layer()).toMatchObject({ beats: naive.filter((one) => !one.startsWith('note')).length, labels: naive.filter((one) => one.startsWith('note')).length })
      }),
      { numRuns: 400 },
    )
  })

  function naiveState(log: readonly LabelEvent[]): string[] {
    let standing = [['of:ecg:10', 'N@10 ecg'], ['of:ecg:20', 'V@20 ecg'], ['of:ppg:20', 'N@20 ppg'], ['of:ecg:30', 'N@30 ecg']]
    log.forEach((event, i) => {
      if (event.type === 'basis' || log.slice(0, i).some((before) => before.id === event.id)) return
      standing = standing.filter(([name]) => name !== event.supersedes)
      if (event.type === 'set') standing.push([event.id, event.kind === 'beat' ? `N@${event.row} ${event.lane} ${event.id}` : `note@${event.row} ${event.id}`])
    })
    return standing.map(([, text]) => text).sort()
  }

  it('appending piece by piece, with the dataset opened in between, gives what one append gives', async () => {
    const dataset = await create()
    await writeDetector([100, 200])
    const changes = Array.from({ length: 30 }, (_, i) => (i % 4 === 3 ? remove(`e${i}`, `e${i - 1}`) : set(`e${i}`, i * 7, { supersedes: i % 4 === 1 ? `e${i - 1}` : null })))
    await dataset.labels.append(id, 'whole', { basis: 'pulseprint-beats@1', changes })
    for (const change of changes) await dataset.labels.append(id, 'pieces', { basis: 'pulseprint-beats@1', changes: [change] })
    await dataset.close()
    const { labels } = await open()
    expect(beatsIn(await labels.beats(id, 'pieces'))).toEqual(beatsIn(await labels.beats(id, 'whole')))
  })
})
