import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetMetadata } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { ExportOptions, type CurationRule, type ExportFormat } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { exportVersion } from '../../src-main/exchange/export-version.ts'
import { recordingId } from '../dataset/a-recording.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { addRecording, divide, freeze, spikeRows, spikes } from './a-lab.ts'
import { checkCroissant } from './croissant-rules.ts'
import { readCsv, readTree } from './export-files.ts'

const folder = temporaryFolder()
const place = (name: string): string => join(folder.path, name)
const rules: CurationRule[] = [{ kind: 'usable-seconds', lane: 'ecg', atLeast: 5 }, { kind: 'skip-start', seconds: 1 }]

/** Six people with two recordings on two days; S006's first is too short for the rules. */
async function exported(format: ExportFormat): Promise<ReadonlyMap<string, Buffer>> {
  const dataset = await Dataset.create(place('lab'), { name: 'Heart lab' })
  await dataset.updateInfo({ licence: 'CC-BY-4.0', ethics: 'Board 17' })
  for (let id = 1; id <= 12; id++) {
    const rows = id === 11 ? 1000 : 2500
    await addRecording(dataset, { id: recordingId(id), subject: `S00${Math.ceil(id / 2)}`, startedAt: `2026-03-${String(id).padStart(2, '0')}T10:00:00.000Z`, counts: [spikes(rows, 250, id)], beats: spikeRows(rows, 250) })
  }
  await freeze(dataset, 'v1', rules)
  await divide(dataset, { strategy: 'leave-last-recording-out', validation: 0 })
  await exportVersion(dataset, ExportOptions.parse({ version: 'v1', split: 's1', format, out: place('out') }), { now: () => 0 })
  await dataset.close()
  return readTree(place('out'))
}

const hashes = (files: ReadonlyMap<string, Buffer>) => new Map([...files].map(([name, bytes]) => [name, { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }]))
const textOf = (files: ReadonlyMap<string, Buffer>, name: string): string => files.get(name)?.toString('utf8') ?? ''

describe('the manifest', () => {
  it('has the hash of every other file, as sha256sum reads it', async () => {
    const files = await exported('wfdb')
    const lines = textOf(files, 'MANIFEST.sha256').trimEnd().split('\n')
    const wanted = [...hashes(files)].filter(([name]) => name !== 'MANIFEST.sha256').map(([name, { sha256 }]) => `${sha256}  ${name}`)
    expect([...lines].sort()).toEqual(wanted.sort())
    if (process.platform === 'linux') expect(() => execFileSync('sha256sum', ['-c', '--quiet', 'MANIFEST.sha256'], { cwd: place('out') })).not.toThrow()
  })
})

describe('croissant.json', () => {
  it.each(['wfdb', 'csv', 'npz', 'parquet'] as const)('of an export as %s keeps the rules of Croissant 1.1', async (format) => {
    const files = await exported(format)
    const json = JSON.parse(textOf(files, 'croissant.json'))
    expect(checkCroissant(json, hashes(files))).toEqual([])
    expect(json).toMatchObject({ name: 'Heart lab v1', license: 'CC-BY-4.0', isLiveDataset: false })
    // Every column that it names is one of the file's.
    for (const set of json.recordSet) {
      const [file] = new Set<string>(set.field.map((field: { source: { fileObject: { '@id': string } } }) => field.source.fileObject['@id']))
      const named = set.field.map((field: { source: { extract: { column: string } } }) => field.source.extract.column)
      const bytes = files.get(file) ?? Buffer.alloc(0)
      const columns = file.endsWith('.csv') ? bytes.toString('utf8').split('\r\n')[0].split(',') : parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer).schema.slice(1).map(({ name }) => name).filter((name) => name !== 'list' && name !== 'element')
      expect(named).toEqual(columns)
    }
  })

  it('is found wrong by these rules when it is', async () => {
    const files = await exported('csv')
    const broken = (change: (json: Record<string, never>) => void): string[] => {
      const json = JSON.parse(textOf(files, 'croissant.json'))
      change(json)
      return checkCroissant(json, hashes(files))
    }
    expect(broken((json) => delete (json as Record<string, unknown>).license)).toEqual(['license is missing'])
    expect(broken((json) => Object.assign(json.distribution[0], { sha256: '0' }))).toHaveLength(1)
    expect(broken((json) => Object.assign((json.recordSet as never[])[1], { '@id': 'subjects' })).length).toBeGreaterThan(0)
    expect(broken((json) => Object.assign(json, { 'rai:nonsense': 'x' }))).toEqual(['rai:nonsense is no term of RAI 1.0'])
  })
})

describe('datasheet.md', () => {
  it('has Gebru\'s sections, filled with what was exported', async () => {
    const files = await exported('npz')
    const text = textOf(files, 'datasheet.md')
    for (const section of ['Motivation', 'Composition', 'Collection process', 'Preprocessing, cleaning, labelling', 'Uses', 'Distribution', 'Maintenance']) expect(text).toContain(`\n## ${section}\n\n- `)
    const kept = readCsv(files.get('recordings.csv') ?? Buffer.alloc(0))
    expect(kept).toHaveLength(11)
    for (const words of [
      '6 subjects, 11 recordings', `${(kept.reduce((sum, row) => sum + Number(row.kept_seconds), 0) / 60).toFixed(1)} min of kept signal`, 'test-board (11)', '250 Hz (11)', 'granted (6)', 'Licence: CC-BY-4.0', 'Ethics: Board 17',
      '(1) At least 5 s of the best ecg lane are usable. (2) The first 1 s are left out.', 'Excluded: 1 recording;', 'leave-last-recording-out, seed 1', 'NOT normalised', 'pulseprint-qrs@1', '150 samples at 250 Hz',
    ]) expect(text).toContain(words)
  })
})

describe('what was frozen', () => {
  it('goes along under the names of the export, with the hashes of the dataset', async () => {
    const files = await exported('edf')
    const version = JSON.parse(textOf(files, 'version.json'))
    const split = JSON.parse(textOf(files, 'split.json'))
    const dataset = await Dataset.open(place('lab'), { access: 'read' })
    const [frozen, divided] = [await dataset.versions.get('v1'), await dataset.splits.get('s1')]
    expect(version).toMatchObject({ name: 'v1', hash: frozen.hash, excluded: 1, missing: 0 })
    expect(version.entries.map((entry: { contentHash: string }) => entry.contentHash)).toEqual(frozen.entries.map(({ contentHash }) => contentHash))
    expect(version.rules.map(({ words, excluded }: { words: string; excluded: number }) => [words, excluded])).toEqual([['At least 5 s of the best ecg lane are usable.', 1], ['The first 1 s are left out.', 0]])
    expect(split).toMatchObject({ hash: divided.hash, versionHash: frozen.hash })
    expect(split.assignments).toHaveLength(divided.assignments.length)
    // Trials: every test recording against every enrolled one, right where the subjects are one.
    const role = (wanted: string): string[] => split.assignments.filter((one: { role: string }) => one.role === wanted).map((one: { subject: string; recording: string }) => `${one.subject}/${one.recording}`)
    const wanted = role('test').flatMap((probe) => role('enrol').map((enrol) => `${probe.slice(0, 4) === enrol.slice(0, 4) ? 1 : 0} ${enrol} ${probe}`))
    expect(textOf(files, 'trials.txt').trimEnd().split('\n').sort()).toEqual(wanted.sort())
    await dataset.close()
  })

  it('is the subject\'s and recording\'s in two tables', async () => {
    const files = await exported('wfdb')
    const subjects = readCsv(files.get('subjects.csv') ?? Buffer.alloc(0))
    expect(subjects.map(({ subject, recordings, sessions }) => [subject, recordings, sessions])).toEqual([1, 2, 3, 4, 5, 6].map((i) => [`S00${i}`, i === 6 ? '1' : '2', i === 6 ? '1' : '2']))
    for (const row of readCsv(files.get('recordings.csv') ?? Buffer.alloc(0))) expect(files.has(`${row.path}.hea`)).toBe(true)
    expect(await readFile(place('out/S001/r001/signals.hea'), 'utf8')).toContain('# subject: S001\n# session: s1\n# recording: r001\n')
  })
})
