import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ImportRules, type ImportReport, type RecordingId } from '../../src-main/contract/index.ts'
import { readAnalysis, readAnalysisBeats } from '../../src-main/dataset/analysis.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { eraseSubject } from '../../src-main/dataset/erasure.ts'
import { nodeFiles, type Files } from '../../src-main/dataset/files.ts'
import { importChunk } from '../../src-main/exchange/import-chunk.ts'
import { planImport } from '../../src-main/exchange/import-plan.ts'
import { runImport, type ImportOptions } from '../../src-main/exchange/importer.ts'
import { presetRules } from '../../src-main/exchange/presets.ts'
import { recoverDataset } from '../../src-main/recording/recover.ts'
import { redecodeRecording } from '../../src-main/recording/redecode.ts'
import { verifyDataset, verifyRecording } from '../../src-main/recording/verify.ts'
import { FaultyFiles } from '../dataset/faulty-files.ts'
import { handMade, int16, lists } from '../formats/edf-bytes.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { readWfdb } from '../pty/wfdb-reader.ts'
import { publicData, readPublicRecord } from '../signal/physionet.ts'
import { smallEcg, writeSmallAnnotations, writeSmallRecord } from './small-record.ts'

const folder = temporaryFolder()
const perFolder = presetRules('folder-per-subject')

async function withDataset<T>(work: (dataset: Dataset) => Promise<T>): Promise<T> {
  const path = join(folder.path, 'dataset')
  const there = (await nodeFiles.stat(join(path, 'dataset.json'))) !== null
  const dataset = there ? await Dataset.open(path, { access: 'write' }) : await Dataset.create(path, { name: 'test' })
  try {
    return await work(dataset)
  } finally {
    await dataset.close()
  }
}

async function importFrom(dataset: Dataset, from: string, rules: ImportRules | null, options: Partial<ImportOptions> = {}): Promise<ImportReport> {
  return runImport(dataset, await planImport(nodeFiles, from, { rules }), { files: null, now: () => Date.now(), ...options })
}

/** Three people with two records each, one of them annotated. */
function plantArchive(): string {
  const root = join(folder.path, 'archive')
  for (const [s, subject] of ['ann', 'bob', 'cleo'].entries()) {
    for (const day of [1, 2]) {
      writeSmallRecord(join(root, subject), `r${day}`, [{ label: 'II', counts: smallEcg(2500, 250, s * 10 + day) }], { comments: [`ECG date: 0${day}.03.2020`] })
    }
  }
  writeSmallAnnotations(join(root, 'ann', 'r1.atr'), [20, 270, 520])
  return root
}

const treeOf = (root: string): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort()
const hashes = (root: string): Map<string, string> => new Map(treeOf(root).map((path) => [path, createHash('sha256').update(readFileSync(path)).digest('hex')]))

describe('an import', () => {
  it('makes a recording of every record, with its originals, labels and analysis, and verify agrees', async () => {
    const root = plantArchive()
    await withDataset(async (dataset) => {
      const report = await importFrom(dataset, root, perFolder)
      expect(report).toMatchObject({ subjects: 3, recordings: 6, flagged: [], refused: [], duplicates: [] })
      const items = await dataset.recordings.list()
      expect(items.map(({ subject, session, startedAt }) => [subject, session, startedAt])).toEqual([
        ['ann', '2020-03-01', '2020-03-01T00:00:00.000+00:00'], ['bob', '2020-03-01', '2020-03-01T00:00:00.000+00:00'], ['cleo', '2020-03-01', '2020-03-01T00:00:00.000+00:00'],
        ['ann', '2020-03-02', '2020-03-02T00:00:00.000+00:00'], ['bob', '2020-03-02', '2020-03-02T00:00:00.000+00:00'], ['cleo', '2020-03-02', '2020-03-02T00:00:00.000+00:00'],
      ])
      expect((await dataset.subjects.list()).map(({ code, recordings, sessions, tags }) => [code, recordings, sessions, tags])).toEqual([
        ['ann', 2, 2, ['folder-per-subject']], ['bob', 2, 2, ['folder-per-subject']], ['cleo', 2, 2, ['folder-per-subject']],
      ])
      const [first] = items
      const at = dataset.recordings.folder(first.id)
      for (const name of ['r1.hea', 'r1.dat', 'r1.atr']) expect(readFileSync(join(at, 'source', name)).equals(readFileSync(join(root, 'ann', name)))).toBe(true)
      expect((await readWfdb(join(at, 'signals.hea'))).signals[0].samples).toEqual(smallEcg(2500, 250, 1))
      const events = readFileSync(join(at, 'labels.atr.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
      expect(events.map(({ kind, value, row, origin, annotator }) => [kind, value, row, origin, annotator])).toEqual([20, 270, 520].map((row) => ['beat', 'N', row, 'imported', 'atr']))
      expect((await dataset.labels.layers(first.id)).map(({ annotator, beats, origin }) => [annotator, origin, beats])).toContainEqual(['atr', 'imported', 3])
      const analysis = await readAnalysis(dataset.files, at, first.contentHash)
      expect(analysis?.lanes[0]).toMatchObject({ lane: 'ii', beats: (await readAnalysisBeats(dataset.files, at)).get(0)?.length })
      expect(await verifyDataset(dataset)).toMatchObject({ recordings: 6, findings: [] })
    })
  })

  it('of the same folder a second time changes nothing but the audit trail', async () => {
    const root = plantArchive()
    await withDataset((dataset) => importFrom(dataset, root, perFolder))
    const before = hashes(join(folder.path, 'dataset', 'recordings'))
    const again = await withDataset((dataset) => importFrom(dataset, root, perFolder))
    expect(again).toMatchObject({ subjects: 0, recordings: 0 })
    expect(again.duplicates).toHaveLength(6)
    expect(hashes(join(folder.path, 'dataset', 'recordings'))).toEqual(before)
  })

  it('adds what is missing to what is there', async () => {
    const root = plantArchive()
    await withDataset((dataset) => importFrom(dataset, root, perFolder, { files: ['ann/r1.hea', 'bob/r2.hea'] }))
    const rest = await withDataset((dataset) => importFrom(dataset, root, perFolder))
    expect([rest.recordings, rest.duplicates.map(({ file }) => file)]).toEqual([4, ['ann/r1.hea', 'bob/r2.hea']])
  })

  it('keeps one of two records with the same content, the first one, however the work is shared', async () => {
    const root = plantArchive()
    writeSmallRecord(join(root, 'zoe'), 'copy', [{ label: 'II', counts: smallEcg(2500, 250, 1) }], { comments: ['ECG date: 09.09.2021'] })
    const report = await withDataset((dataset) => importFrom(dataset, root, perFolder, { workers: 3, runChunk: (chunk, context) => importChunk(chunk, context) }))
    expect(report.duplicates).toEqual([{ file: 'zoe/copy.hea', sameAs: 'ann/r1.hea' }])
    expect([report.recordings, report.subjects]).toEqual([6, 3])
  })

  it('goes on past damaged files and flags what can be kept', async () => {
    const root = plantArchive()
    await truncate(join(root, 'bob', 'r1.dat'), 3000)
    writeSmallRecord(join(root, 'cleo'), 'r3', [{ label: 'II', counts: smallEcg(2500, 250, 99), checksum: 1 }])
    writeFileSync(join(root, 'cleo', 'r4.hea'), 'r4 one two\n')
    writeSmallAnnotations(join(root, 'ann', 'r2.atr'), [20, 1000, 2000, 2600])
    const report = await withDataset((dataset) => importFrom(dataset, root, perFolder))
    expect(report.recordings).toBe(7)
    expect(Object.fromEntries(report.flagged.map(({ file, code }) => [file, code]))).toEqual({
      'ann/r2.hea': 'import-annotation-outside', 'bob/r1.hea': 'import-truncated', 'cleo/r3.hea': 'import-checksum-mismatch',
    })
    expect(report.refused.map(({ file, code }) => [file, code])).toEqual([['cleo/r4.hea', 'wfdb-header-invalid']])
    await withDataset(async (dataset) => {
      const cut = (await dataset.recordings.list()).find(({ findings }) => findings.includes('import-truncated'))
      const recording = await dataset.recordings.get(cut?.id ?? '')
      expect(recording.warnings.map(({ code }) => code)).toContain('import-truncated')
      expect(recording.gaps).toEqual([{ from: 1500, to: 2500, certainty: 'certain', cause: 'unknown' }])
      expect((await verifyDataset(dataset)).findings).toEqual([])
    })
  })

  it('takes nothing for people who refused, were erased, or whom no rule names', async () => {
    const root = plantArchive()
    writeSmallRecord(root, 'nobody', [{ label: 'II', counts: smallEcg(500, 250, 50) }])
    await withDataset(async (dataset) => {
      await dataset.subjects.add({ code: 'ann', consent: 'withdrawn' })
      const report = await importFrom(dataset, root, perFolder)
      expect(report.recordings).toBe(4)
      expect(report.refused.map(({ file, code }) => [file, code])).toEqual([
        ['ann/r1.hea', 'subject-consent-missing'], ['ann/r2.hea', 'subject-consent-missing'], ['nobody.hea', 'import-subject-unknown'],
      ])
    })
  })

  it('of nothing is an error that says where it looked', async () => {
    await mkdir(join(folder.path, 'empty'))
    await withDataset((dataset) => expect(importFrom(dataset, join(folder.path, 'empty'), null)).rejects.toMatchObject({ code: 'import-nothing-found' }))
  })

  it('that is cancelled keeps what was taken in, leaves nothing half done, and can go on', async () => {
    const root = plantArchive()
    await withDataset(async (dataset) => {
      const stop = new AbortController()
      dataset.recordings.onChange(() => stop.abort())
      let clock = 0
      const runChunk: ImportOptions['runChunk'] = async (chunk, context) => {
        for (const task of chunk.tasks) {
          await importChunk({ ...chunk, tasks: [task] }, context)
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }
      await expect(importFrom(dataset, root, perFolder, { signal: stop.signal, runChunk, now: () => (clock += 1000) })).rejects.toMatchObject({ code: 'cancelled' })
      const kept = (await dataset.recordings.list()).length
      expect(kept).toBeGreaterThan(0)
      expect(kept).toBeLessThan(6)
      expect(readdirSync(dataset.path).filter((name) => name.startsWith('.import-'))).toEqual([])
      expect((await verifyDataset(dataset)).findings).toEqual([])
      expect((await importFrom(dataset, root, perFolder)).recordings).toBe(6 - kept)
    })
  })

  it('stops when the disk is full and keeps what was there', async () => {
    const root = plantArchive()
    await withDataset(async (dataset) => {
      const faulty = new FaultyFiles()
      faulty.set({ verb: 'write', errno: 'ENOSPC', path: 'signals.dat', from: 4 })
      const files: Files = faulty.files
      await expect(importFrom(dataset, root, perFolder, { runChunk: (chunk, context) => importChunk(chunk, context, files) })).rejects.toMatchObject({ code: 'dataset-full' })
      expect(readdirSync(dataset.path).filter((name) => name.startsWith('.import-'))).toEqual([])
      expect((await verifyDataset(dataset)).findings).toEqual([])
    })
  })

  it('refuses a record that claims more than the disk holds, and takes the others', async () => {
    const root = plantArchive()
    writeFileSync(join(root, 'bob', 'r1.hea'), 'r1 1 250 200000000\nr1.dat 16 200/mV\n')
    await withDataset(async (dataset) => {
      const files: Files = { ...nodeFiles, freeBytes: () => Promise.resolve(1e6) }
      const report = await importFrom(dataset, root, perFolder, { runChunk: (chunk, context) => importChunk(chunk, context, files) })
      expect(report).toMatchObject({ recordings: 5, refused: [{ file: 'bob/r1.hea', code: 'dataset-full', message: expect.stringMatching(/600 MB; 1 MB are free/) }] })
      expect((await verifyDataset(dataset)).findings).toEqual([])
    })
  })

  it('notes sex and year of birth of new subjects as their headers agree, and names of nobody', async () => {
    const root = join(folder.path, 'people')
    const record = (subject: string, name: string, seed: number, comments: readonly string[]): void => writeSmallRecord(join(root, subject), name, [{ label: 'II', counts: smallEcg(500, 250, seed) }], { comments })
    record('ann', 'r1', 1, ['Age: 25', 'Sex: female', 'ECG date: 07.12.2004'])
    record('ann', 'r2', 2, ['Age: 26', 'Sex: female', 'ECG date: 03.01.2005'])
    record('bob', 'r1', 3, ['Age: 25', 'Sex: male', 'ECG date: 07.12.2004'])
    record('bob', 'r2', 4, ['Age: 61', 'Sex: female', 'ECG date: 07.12.2005'])
    record('cleo', 'r1', 5, ['<age>: 64 <sex>: F <data segment>: 2577-07-30-13-04'])
    const edf = (name: string): Uint8Array =>
      handMade({ reserved: 'EDF+C', patient: `X M 02-MAY-1951 ${name}`, recording: `Startdate 02-MAR-2024 X ${name} X`, signals: [{ label: 'ECG', samplesPerRecord: '250' }, { label: 'EDF Annotations', samplesPerRecord: '20' }], records: '2', data: Buffer.concat([0, 1].flatMap((n) => [int16(...smallEcg(250, 250, 9 + n)), lists(40, `+${n}||`)])) })
    await mkdir(join(root, 'dan'))
    writeFileSync(join(root, 'dan', 'r.edf'), edf('Haagse_Harry'))
    await withDataset(async (dataset) => {
      await dataset.subjects.add({ code: 'old', consent: 'granted' })
      record('old', 'r1', 6, ['Age: 25', 'Sex: male', 'ECG date: 07.12.2004'])
      expect((await importFrom(dataset, root, perFolder)).recordings).toBe(7)
      expect((await dataset.subjects.list()).map(({ code, sex, birthYear }) => [code, sex, birthYear])).toEqual([
        ['ann', 'female', 1979], ['bob', 'unknown', null], ['cleo', 'female', null], ['dan', 'male', 1951], ['old', 'unknown', null],
      ])
      const written = treeOf(dataset.path).filter((path) => !path.includes('source'))
      for (const path of written) expect(readFileSync(path).includes('Haagse'), path).toBe(false)
    })
  })

  it('takes a code that was merged into another for that person, and nothing for an erased one; the others go on', async () => {
    const root = plantArchive()
    await withDataset(async (dataset) => {
      for (const code of ['ann', 'bob', 'robert']) await dataset.subjects.add({ code, consent: 'granted' })
      await dataset.subjects.merge('bob', 'robert')
      await eraseSubject(dataset, 'ann')
      const report = await importFrom(dataset, root, perFolder)
      expect(report.refused.map(({ file, code }) => [file, code])).toEqual([['ann/r1.hea', 'subject-erased'], ['ann/r2.hea', 'subject-erased']])
      expect((await dataset.recordings.list()).map(({ subject }) => subject).sort()).toEqual(['cleo', 'cleo', 'robert', 'robert'])
    })
  })

  it('that died leaves a staging folder, which the next opening removes', async () => {
    await withDataset(() => Promise.resolve())
    await mkdir(join(folder.path, 'dataset', '.import-0123456789ab', 'half'), { recursive: true })
    await withDataset(() => Promise.resolve())
    expect(readdirSync(join(folder.path, 'dataset')).filter((name) => name.startsWith('.import-'))).toEqual([])
  })

  it('tells its listeners of batches, not of every recording', async () => {
    const root = plantArchive()
    await withDataset(async (dataset) => {
      const told: (RecordingId | null)[] = []
      dataset.recordings.onChange((id) => told.push(id))
      await importFrom(dataset, root, perFolder, { now: () => 0 })
      expect(told).toEqual([null])
      const audited = (await dataset.audit.entries()).filter(({ what }) => what === 'recordings.imported')
      expect(audited.map(({ data }) => (data.recordings as unknown[]).length)).toEqual([6])
    })
  })
})

describe('an imported recording', () => {
  async function oneImport(work: (dataset: Dataset, id: RecordingId, at: string) => Promise<void>): Promise<void> {
    const root = plantArchive()
    await withDataset(async (dataset) => {
      await importFrom(dataset, root, perFolder, { files: ['ann/r1.hea'] })
      const [{ id }] = await dataset.recordings.list()
      await work(dataset, id, dataset.recordings.folder(id))
    })
  }

  it.each(['source/r1.dat', 'source/r1.atr', 'signals.dat', 'overview.bin'])('whose %s was changed is reported', (name) =>
    oneImport(async (dataset, id, at) => {
      const bytes = readFileSync(join(at, name))
      bytes[bytes.length - 1] ^= 1
      writeFileSync(join(at, name), bytes)
      await expect(verifyRecording(dataset, id)).rejects.toMatchObject({ code: 'recording-checksum-mismatch', data: expect.objectContaining({ file: name }) })
    }))

  it.each(['source/r1.hea', 'signals.hea'])('whose %s is gone is reported', (name) =>
    oneImport(async (dataset, id, at) => {
      rmSync(join(at, name))
      await expect(verifyRecording(dataset, id)).rejects.toMatchObject({ code: 'recording-incomplete', data: expect.objectContaining({ file: name }) })
    }))

  it('is derived again: a signal that its originals do not give is found although its hash is listed', () =>
    oneImport(async (dataset, id) => {
      const recording = await dataset.recordings.get(id)
      await dataset.recordings.write({ ...recording, rows: 2499, seconds: 2499 / 250 })
      const { findings } = await verifyDataset(dataset)
      expect(findings.length).toBeGreaterThan(0)
    }))

  it('is made again from its originals, byte for byte; layers of people stay', () =>
    oneImport(async (dataset, _id, at) => {
      const before = hashes(at)
      writeFileSync(join(at, 'labels.me.jsonl'), '')
      for (const name of ['signals.dat', 'signals.hea', 'overview.bin', 'labels.atr.jsonl']) rmSync(join(at, name))
      expect((await recoverDataset(dataset)).recordings).toHaveLength(1)
      rmSync(join(at, 'labels.me.jsonl'))
      expect(hashes(at)).toEqual(before)
      expect((await verifyDataset(dataset)).findings).toEqual([])
    }))

  it('whose imported labels are gone is reported, and gets the same ones again', () =>
    oneImport(async (dataset, id, at) => {
      const before = hashes(at)
      rmSync(join(at, 'labels.atr.jsonl'))
      await expect(verifyRecording(dataset, id)).rejects.toMatchObject({ code: 'recording-incomplete', data: expect.objectContaining({ file: 'labels.atr.jsonl' }) })
      expect((await recoverDataset(dataset)).recordings).toHaveLength(1)
      expect(hashes(at)).toEqual(before)
      expect((await recoverDataset(dataset)).recordings).toEqual([])
    }))

  it('without recording.json is not made up: recover says where its originals are', () =>
    oneImport(async (dataset, id, at) => {
      rmSync(join(at, 'recording.json'))
      expect((await recoverDataset(dataset)).failures).toEqual([{ id, code: 'recording-incomplete', message: expect.stringMatching(/originals are in source/) }])
      expect(readdirSync(join(at, 'source')).sort()).toEqual(['r1.atr', 'r1.dat', 'r1.hea'])
    }))

  it('of a hundred and twenty signals at rates that share no grid, with labels that collide, are empty or Chinese, has every sample in its place', async () => {
    const perRecord = [100, 33, 7, 1]
    const labels = ['II', 'ii', '', '心电', '心电', 'II 2', 'µV/°']
    const signals = Array.from({ length: 120 }, (_, i) => ({ label: labels[i % labels.length], samplesPerRecord: String(perRecord[i % perRecord.length]) }))
    const sampleOf = (signal: number, k: number): number => ((k * 37 + signal * 11) % 1999) - 999
    const data = Buffer.concat([0, 1, 2].flatMap((record) => signals.map((_, i) => int16(...Array.from({ length: perRecord[i % 4] }, (_value, k) => sampleOf(i, record * perRecord[i % 4] + k))))))
    const file = Buffer.from(handMade({ duration: '3', records: '3', signals, data }))
    signals.forEach(({ label }, i) => Buffer.from(label, 'utf8').copy(file.fill(' ', 256 + i * 16, 272 + i * 16), 256 + i * 16))
    await mkdir(join(folder.path, 'odd'))
    writeFileSync(join(folder.path, 'odd', 'ann.edf'), file)
    await withDataset(async (dataset) => {
      const report = await importFrom(dataset, join(folder.path, 'odd'), presetRules('file-per-subject'))
      expect(report).toMatchObject({ recordings: 1, refused: [] })
      const [{ id }] = await dataset.recordings.list()
      const recording = await dataset.recordings.get(id)
      expect([recording.rows, recording.declaredRateHz.toFixed(9), new Set(recording.lanes.map((lane) => lane.id)).size]).toEqual([300, (100 / 3).toFixed(9), 120])
      expect(recording.lanes.slice(0, 5).map(({ label }) => label)).toEqual(['II', 'ii', 'Signal 3', '心电', '心电'])
      const stored = await readWfdb(join(dataset.recordings.folder(id), 'signals.hea'))
      stored.signals.forEach(({ samples }, i) => {
        const wanted = new Array<number | null>(300).fill(null)
        // Sample k of n per 100 rows stands on the row nearest to k * 100 / n.
        for (let k = 0; k < 3 * perRecord[i % 4]; k++) wanted[Math.floor(k / perRecord[i % 4]) * 100 + Math.round(((k % perRecord[i % 4]) * 100) / perRecord[i % 4])] = sampleOf(i, k)
        expect(samples, `signal ${i}`).toEqual(wanted)
      })
      expect((await verifyDataset(dataset)).findings).toEqual([])
    })
  })

  it('is not made again from originals that are not what was imported', () =>
    oneImport(async (dataset, id, at) => {
      const before = readFileSync(join(at, 'signals.dat'))
      writeFileSync(join(at, 'source', 'r1.dat'), Buffer.alloc(5000))
      await expect(redecodeRecording(dataset, id)).rejects.toMatchObject({ code: 'recording-checksum-mismatch' })
      expect(readFileSync(join(at, 'signals.dat')).equals(before)).toBe(true)
    }))

  it('decoded again says that nothing changed', () => oneImport(async (dataset, id) => expect((await redecodeRecording(dataset, id)).changes).toEqual([])))
})

describe('public archives', () => {
  it('ECG-ID: 310 recordings of 90 people; exactly the eleven damaged ones are flagged', async () => {
    const root = publicData('ecgiddb')
    if (root === null) return
    await withDataset(async (dataset) => {
      const report = await importFrom(dataset, root, null)
      expect([report.subjects, report.recordings, report.refused, report.duplicates]).toEqual([90, 310, [], []])
      const damaged = ['13/rec_2', '15/rec_1', '24/rec_5', '25/rec_4', '26/rec_3', '27/rec_3', '28/rec_4', '32/rec_6', '44/rec_1', '72/rec_3', '83/rec_1']
      expect(report.flagged.map(({ file }) => file)).toEqual(damaged.map((name) => `Person_${name}.hea`))
      expect((await dataset.subjects.list()).filter(({ sessions }) => sessions > 1)).toHaveLength(20)
      for (const item of (await dataset.recordings.list()).filter(({ findings }) => findings.length > 0)) {
        expect(item.findings).toEqual(['import-leading-block', 'import-checksum-mismatch'])
      }
      // Every sample of every record against a reader of the tests' own.
      for (const { id } of await dataset.recordings.list()) {
        const { origin } = await dataset.recordings.get(id)
        const file = origin?.file ?? ''
        const wanted = readPublicRecord(join(root, file.split('/')[0]), file.split('/')[1].replace('.hea', ''))
        const { signals } = await readWfdb(join(dataset.recordings.folder(id), 'signals.hea'))
        signals.forEach(({ samples }, i) => expect(Buffer.from(Int32Array.from(samples, (count) => count ?? -(2 ** 31)).buffer).equals(Buffer.from(wanted.counts(i).buffer)), file).toBe(true))
      }
    })
  }, 120_000)

  it('MIT-BIH: reference beats are the layer atr', async () => {
    const root = publicData('mitdb')
    if (root === null) return
    await withDataset(async (dataset) => {
      const report = await importFrom(dataset, root, presetRules('mit-bih'), { files: ['100.hea', '208.hea'] })
      expect([report.recordings, report.flagged]).toEqual([2, []])
      const beats = new Map<string, number | undefined>()
      for (const { id, subject } of await dataset.recordings.list()) {
        beats.set(subject, (await dataset.labels.layers(id)).find(({ annotator }) => annotator === 'atr')?.beats)
      }
      expect(beats).toEqual(new Map([['100', 2273], ['208', 2955]]))
    })
  }, 60_000)
})
