import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError, SplitOptions, type CurationRule, type RecordingId } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { listFindings } from '../../src-main/dataset/list-findings.ts'
import { sha256 } from '../../src-main/dataset/hashes.ts'
import { aRecording, recordingId } from './a-recording.ts'
import { temporaryFolder } from './temporary-folder.ts'

const temporary = temporaryFolder()
const rules: CurationRule[] = [{ kind: 'duration', atLeast: 10 }]

/** Three people with two days each of 20 s, and a recording of 2 s. */
async function lab(): Promise<Dataset> {
  const dataset = await Dataset.create(join(temporary.path, 'lab'), { name: 'lab' })
  let n = 0
  for (const subject of ['S001', 'S002', 'S003']) {
    await dataset.subjects.add({ code: subject, consent: 'granted' })
    for (const day of ['2026-03-01', '2026-03-02']) await record(dataset, ++n, { subject, startedAt: `${day}T10:00:00+01:00` })
  }
  await record(dataset, ++n, { subject: 'S001', rows: 500, seconds: 2 })
  return dataset
}

async function record(dataset: Dataset, n: number, more: Record<string, unknown>): Promise<void> {
  const files = [{ name: 'signals.dat', bytes: 1, sha256: sha256(`signal ${n}`) }, { name: 'source/rec.dat', bytes: 1, sha256: sha256(`source ${n}`) }, { name: 'source/rec.hea', bytes: 1, sha256: sha256('same header') }]
  await dataset.recordings.create(aRecording({ id: recordingId(n), rows: 5000, seconds: 20, contentHash: sha256(`content ${n}`), files, ...more }))
}

const freeze = async (dataset: Dataset, name: string, more: Partial<Parameters<Dataset['versions']['create']>[0]> = {}) =>
  dataset.versions.create({ name, note: '', rules, overrides: [], candidates: await dataset.candidates.collect(), ...more })

const code = async (work: Promise<unknown>): Promise<string> => work.then(() => 'none', (thrown: unknown) => LabError.from(thrown).code)
const file = (dataset: Dataset, name: string): string => join(dataset.path, name)

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const before = await readFile(path, 'utf8')
  const after = change(before)
  expect(after).not.toBe(before)
  await writeFile(path, after)
}

describe('versions', () => {
  it('freeze what the rules keep, by content, with reasons for the rest', async () => {
    const dataset = await lab()
    const version = await freeze(dataset, 'v1', { note: 'first' })
    expect(version.entries.map(({ subject, day, spans, signalHash, sourceHashes }) => [subject, day, spans, signalHash, sourceHashes])[0]).toEqual([
      'S001', '2026-03-01', [{ from: 0, to: 5000 }], sha256('signal 1'), [sha256('source 1')],
    ])
    expect(version.excluded).toMatchObject([{ recording: recordingId(7), subject: 'S001', reasons: [{ text: '2.0 s are left; at least 10.0 s are wanted.' }] }])
    expect(await dataset.versions.list()).toMatchObject([{ name: 'v1', note: 'first', recordings: 6, subjects: 3, sessions: 6, seconds: 120, excluded: 1, missing: 0, changed: 0, problem: null }])
    expect((await dataset.audit.entries()).at(-1)).toMatchObject({ what: 'version.created', data: { version: 'v1', hash: version.hash, recordings: 6 } })
    expect(await listFindings(dataset)).toEqual([])
  })

  it('have one hash per content, whatever their name and time', async () => {
    const dataset = await lab()
    const [a, b] = [await freeze(dataset, 'a'), await freeze(dataset, 'b')]
    expect(b.hash).toBe(a.hash)
    expect((await freeze(dataset, 'c', { rules: [] })).hash).not.toBe(a.hash)
    // A second implementation of canonical JSON: sorted by a replacer.
    const { rules: r, overrides, entries, excluded } = JSON.parse(await readFile(file(dataset, 'versions/a.json'), 'utf8')) as Record<string, unknown>
    const sorted = JSON.stringify({ rules: r, overrides, entries, excluded }, (_, value: unknown) =>
      value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1))) : value)
    expect(a.hash).toBe(sha256(sorted))
  })

  it('are refused by code: name taken in any case, nothing left, impossible names and rules', async () => {
    const dataset = await lab()
    await freeze(dataset, 'v1')
    expect(await code(freeze(dataset, 'v1'))).toBe('version-exists')
    expect(await code(freeze(dataset, 'V1'))).toBe('version-exists')
    expect(await code(freeze(dataset, 'con'))).toBe('request-invalid')
    expect(await code(freeze(dataset, '../v2'))).toBe('request-invalid')
    expect(await code(freeze(dataset, 'v2', { rules: [{ kind: 'duration', atLeast: 1000 }] }))).toBe('version-empty')
    expect(await code(freeze(dataset, 'v2', { rules: [{ kind: 'states', states: ['done'] }] }))).toBe('rules-invalid')
    expect(await code(dataset.versions.get('v2'))).toBe('version-not-found')
    expect(await code(dataset.versions.get('../dataset'))).toBe('version-not-found')
  })

  it('that were edited or damaged are found wherever they are read', async () => {
    const dataset = await lab()
    await freeze(dataset, 'v1')
    for (const change of [(text: string) => text.replace('"to": 5000', '"to": 4999'), (text: string) => text.slice(0, -20), (text: string) => text.replace(/"hash": "./, '"hash": "x')]) {
      const path = file(dataset, 'versions/v1.json')
      const before = await readFile(path, 'utf8')
      await edit(path, change)
      expect(await code(dataset.versions.get('v1'))).toBe('version-invalid')
      expect((await dataset.versions.list())[0].problem).toContain('v1')
      expect(await listFindings(dataset)).toMatchObject([{ file: 'versions/v1.json', code: 'version-invalid' }])
      await writeFile(path, before)
    }
    expect(await listFindings(dataset)).toEqual([])
  })

  it('never pass a damaged list off as the frozen one, whichever byte was hit', async () => {
    const dataset = await lab()
    const frozen = await freeze(dataset, 'v1')
    const path = file(dataset, 'versions/v1.json')
    const whole = await readFile(path)
    await fc.assert(fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(7), fc.boolean(), async (at, bit, cutOff) => {
      const damaged = Uint8Array.from(whole)
      damaged[at] ^= 1 << bit
      await writeFile(path, cutOff ? damaged.subarray(0, at) : damaged)
      try {
        // Name, note, time and author are no part of the hash.
        expect((await dataset.versions.get('v1')).entries).toEqual(frozen.entries)
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'version-invalid' })
      }
    }), { numRuns: 150 })
  })

  it('say when a recording is no longer what was frozen, and no split is made of them then', async () => {
    const dataset = await lab()
    await freeze(dataset, 'v1')
    const recording = await dataset.recordings.get(recordingId(1))
    await dataset.recordings.write({ ...recording, contentHash: sha256('other') })
    expect(await dataset.versions.list()).toMatchObject([{ changed: 1, missing: 0 }])
    expect(await code(dataset.splits.create('v1', 's1', SplitOptions.parse({ strategy: 'leave-last-day-out' })))).toBe('version-content-changed')
    expect((await listFindings(dataset)).map((finding) => finding.code)).toEqual(['version-content-changed'])
  })

  it('differ in what was added, removed, cut and renamed', async () => {
    const dataset = await lab()
    await freeze(dataset, 'a')
    await record(dataset, 8, { subject: 'S002', startedAt: '2026-03-03T10:00:00+01:00' })
    await dataset.subjects.merge('S003', 'S002')
    const recording = await dataset.recordings.get(recordingId(2))
    await dataset.recordings.write({ ...recording, contentHash: sha256('other') })
    await freeze(dataset, 'b', { rules: [...rules, { kind: 'dates', from: '2026-03-02', to: null }, { kind: 'skip-start', seconds: 2 }] })
    const diff = await dataset.versions.diff('a', 'b')
    expect(diff).toMatchObject({ a: 'a', b: 'b', added: [recordingId(8)], contentChanged: [recordingId(2)], rulesChanged: true })
    expect(diff.removed.map((one) => one.recording)).toEqual([recordingId(1), recordingId(3), recordingId(5)])
    expect(diff.removed[0].reasons.map(({ kind }) => kind)).toEqual(['dates'])
    expect(diff.subjectChanged).toEqual([{ recording: recordingId(6), before: 'S003', after: 'S002' }])
    expect(diff.spansChanged.map((one) => [one.recording, one.after])).toContainEqual([recordingId(2), [{ from: 500, to: 5000 }]])
  })

  it('forget an erased person: the hash before is kept, the new one holds', async () => {
    const dataset = await lab()
    const before = await freeze(dataset, 'v1', { overrides: [{ recording: recordingId(7) as RecordingId, include: true, reason: 'S001 again' }] })
    const gone = new Set([recordingId(1), recordingId(2), recordingId(7)] as RecordingId[])
    expect(await dataset.versions.erase(gone)).toEqual(['v1'])
    const after = await dataset.versions.get('v1')
    expect(after.erasures).toMatchObject([{ recordings: 3, hashBefore: before.hash }])
    expect(await readFile(file(dataset, 'versions/v1.json'), 'utf8')).not.toMatch(/S001|FFQ6000001|again/)
    expect(await dataset.versions.erase(gone)).toEqual([])
  })

  it('that are damaged and name an erased person go as a whole', async () => {
    const dataset = await lab()
    await freeze(dataset, 'v1')
    await edit(file(dataset, 'versions/v1.json'), (text) => text.slice(0, -20))
    expect(await dataset.versions.erase(new Set([recordingId(9) as RecordingId]))).toEqual([])
    expect(await dataset.versions.erase(new Set([recordingId(1) as RecordingId]))).toEqual(['v1'])
    expect(await dataset.versions.list()).toEqual([])
  })
})

describe('what rules see of a recording', () => {
  it('follows the disk: labels, analysis, consent and merges, each as it now is', async () => {
    const dataset = await lab()
    const of = async (n: number) => (await dataset.candidates.collect()).find(({ id }) => id === recordingId(n))
    expect(await of(1)).toMatchObject({ subject: 'S001', consent: 'granted', session: '2026-03-01', day: '2026-03-01', rateHz: 250, rows: 5000, analysis: null, labels: [], leadingBlockRows: 0 })
    await dataset.labels.append(recordingId(1), 'ann', { changes: [{ type: 'set', id: 'x', row: 10, toRow: 600, lane: null, kind: 'exclude', value: 'moved', supersedes: null }, { type: 'set', id: 'y', row: 700, toRow: null, lane: 'ecg', kind: 'beat', value: 'V', supersedes: null }] })
    await dataset.subjects.setConsent((await dataset.subjects.get('S001')).code, 'withdrawn')
    await dataset.subjects.merge('S003', 'S002')
    expect(await of(1)).toMatchObject({ consent: 'withdrawn', labels: [{ annotator: 'ann', kind: 'exclude', row: 10, toRow: 600 }], beatSymbols: ['V'] })
    expect(await of(5)).toMatchObject({ subject: 'S002', codes: ['s002', 's003'] })
    const lane = { lane: 'ecg', detector: 'pulseprint-qrs@1', beats: 20, polarity: 1, meanRateBpm: 60, usableSeconds: 20, saturatedRatio: 0, flatRatio: 0, missingRatio: 0, mainsRatio: 0, templateCorrelation: 1, kurtosis: 1, skewness: 1, quality: '333' }
    const analysis = { formatVersion: 1, detectors: ['pulseprint-qrs@1'], contentHash: sha256('content 1'), lanes: [lane] }
    const path = join(dataset.recordings.folder(recordingId(1)), 'analysis.json')
    await writeFile(path, JSON.stringify(analysis))
    expect((await of(1))?.analysis?.lanes[0].beats).toBe(20)
    // Of another signal, or damaged: none.
    await writeFile(path, JSON.stringify({ ...analysis, contentHash: 'other' }))
    await utimes(path, 1, 1)
    expect((await of(1))?.analysis).toBeNull()
    await writeFile(path, '{')
    expect((await of(1))?.analysis).toBeNull()
  })

  it('has the exact length of a leading block, and no date where the import knows none', async () => {
    const dataset = await lab()
    const origin = {
      format: 'wfdb', file: 'Person_13/rec_2.hea', session: 'visit 1', dateUnknown: true, licence: '', importedAt: '2026-03-01T00:00:00Z', annotators: [], findings: [{ file: 'rec_2.hea', code: 'import-leading-block', message: '' }],
      rules: { subject: { from: 'path', pattern: '(.*)' }, session: { kind: 'single' } },
    }
    await record(dataset, 9, { subject: 'S002', state: 'imported', origin })
    const folder = dataset.recordings.folder(recordingId(9))
    await mkdir(folder, { recursive: true })
    const rows = new Int16Array(2 * 5000).map((_, i) => (i < 2 * 1024 ? -1 : (i % 200) - 100))
    await writeFile(join(folder, 'signals.dat'), new Uint8Array(rows.buffer))
    await writeFile(join(folder, 'signals.hea'), 'signals 2 250 5000\nsignals.dat 16 200 12 0 -1 0 0 ECG\nsignals.dat 16 200 12 0 -1 0 0 PPG\n')
    expect((await dataset.candidates.collect()).find(({ id }) => id === recordingId(9))).toMatchObject({ session: 'visit 1', day: null, leadingBlockRows: 1024, findings: ['import-leading-block'] })
  })
})
