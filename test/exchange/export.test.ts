import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ExportOptions, LabelChange, type ExportOptionsInput, type ExportReport } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { exportVersion } from '../../src-main/exchange/export-version.ts'
import { planImport } from '../../src-main/exchange/import-plan.ts'
import { runImport } from '../../src-main/exchange/importer.ts'
import { recordingId } from '../dataset/a-recording.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { checkEdf } from '../formats/edf-checker.ts'
import { readWfdb } from '../pty/wfdb-reader.ts'
import { addRecording, divide, freeze, spikeRows, spikes } from './a-lab.ts'
import { readCsv, readMit, readTree } from './export-files.ts'

const folder = temporaryFolder()
const missing = -(2 ** 31)
const place = (name: string): string => join(folder.path, name)
const formats = ['wfdb', 'edf', 'bdf', 'csv', 'npz', 'parquet'] as const
const dates = { startedAt: '2026-03-01T14:05:09.123+01:00' }

const create = (): Promise<Dataset> => Dataset.create(place('lab'), { name: 'Lab' })
let clock = 0
const run = (dataset: Dataset, options: Omit<ExportOptionsInput, 'version'> & { version?: string }, signal?: AbortSignal): Promise<ExportReport> =>
  exportVersion(dataset, ExportOptions.parse({ version: 'v1', ...options }), { now: () => (clock += 1234), ...(signal && { signal }) })

/** Two subjects; S001 has two days and a gap, and its first second is left out. */
async function twoPeople(): Promise<Dataset> {
  const dataset = await create()
  const gap = { gaps: [{ from: 700, to: 710, certainty: 'certain', cause: 'lost' }], lostRows: 10 }
  const withGap = spikes(2500, 250, 1).map((count, row) => (row >= 700 && row < 710 ? missing : count))
  const beats = spikeRows(2500, 250)
  await addRecording(dataset, { id: recordingId(1), subject: 'S001', ...dates, counts: [withGap, spikes(2500, 250, 2)], beats, more: gap })
  await addRecording(dataset, { id: recordingId(2), subject: 'S001', startedAt: '2026-03-04T09:00:00.000+01:00', counts: [spikes(2500, 250, 3)], beats })
  await addRecording(dataset, { id: recordingId(3), subject: 'S001', startedAt: '2026-03-04T08:00:00.000+01:00', counts: [spikes(2500, 250, 4)], beats })
  await addRecording(dataset, { id: recordingId(4), subject: 'S002', startedAt: '2026-04-01T08:00:00.000+02:00', counts: [spikes(2500, 250, 5)], beats })
  await addRecording(dataset, { id: recordingId(5), subject: 'S002', startedAt: '2026-04-11T08:00:00.000+02:00', counts: [spikes(2500, 250, 6)], beats })
  await freeze(dataset, 'v1', [{ kind: 'skip-start', seconds: 1 }])
  return dataset
}

describe('an export as WFDB', () => {
  it('gives every kept count back to another reader, and nothing on rows that were left out or lost', async () => {
    const dataset = await twoPeople()
    const report = await run(dataset, { format: 'wfdb', out: place('out') })
    expect(report).toMatchObject({ recordings: 5, windows: null, changed: [], missing: [] })
    const { signals, rateHz } = await readWfdb(place('out/S001/r001/signals.hea'))
    expect(rateHz).toBe(250)
    const kept = (seed: number, lost: boolean) => spikes(2500, 250, seed).map((count, row) => (row < 250 || (lost && row >= 700 && row < 710) ? null : count))
    expect(signals.map(({ samples }) => samples)).toEqual([kept(1, true), kept(2, false)])
    expect(signals[0]).toMatchObject({ label: 'ECG', gain: 200, baseline: 0, unit: 'mV', adcResolution: 12 })
    // The beat of the first second lies on rows that were left out.
    expect(readMit(await readFile(place('out/S001/r001/signals.qrs')))).toEqual(spikeRows(2500, 250).slice(1).map((sample) => ({ sample, code: 1 })))
    await dataset.close()
  })

  it('keeps the order and the distance of days, and says neither date nor time', async () => {
    const dataset = await twoPeople()
    await run(dataset, { format: 'wfdb', out: place('out') })
    const first = async (path: string): Promise<string[]> => (await readFile(place(`out/${path}/signals.hea`), 'utf8')).split('\n')[0].split(' ').slice(4)
    expect(await Promise.all(['S001/r001', 'S001/r002', 'S001/r003', 'S002/r001'].map(first))).toEqual([
      ['00:00:00.000', '01/01/1985'], ['00:00:00.000', '04/01/1985'], ['00:01:00.000', '04/01/1985'], ['00:00:00.000', '01/01/1985'],
    ])
    // r002 was made at eight, r003 at nine of the same day, whatever their ids say.
    const table = readCsv(await readFile(place('out/recordings.csv')))
    expect(table.map(({ subject, recording, session, day, order }) => [subject, recording, session, day, order])).toEqual([
      ['S001', 'r001', 's1', '0', '0'], ['S001', 'r002', 's2', '3', '0'], ['S001', 'r003', 's2', '3', '1'], ['S002', 'r001', 's1', '0', '0'], ['S002', 'r002', 's2', '10', '0'],
    ])
    const nine = await readWfdb(place('out/S001/r003/signals.hea'))
    expect(nine.signals[0].samples[2000]).toBe(spikes(2500, 250, 3)[2000])
    await dataset.close()
  })
})

describe('an export as EDF+ or BDF+', () => {
  it.each(['edf', 'bdf'] as const)('is a valid %s file with every count, and all beats', async (format) => {
    const dataset = await twoPeople()
    const report = await run(dataset, { format, out: place('out') })
    expect(report.changed).toEqual([])
    const bytes = await readFile(place(`out/S001/r001.${format}`))
    const { violations, samples, annotations, labels } = checkEdf(bytes)
    expect(violations).toEqual([])
    expect(labels).toEqual(['ECG', 'Lane 1'])
    // The digital value for missing samples is said in the signal's reserved field: 216 + 32 bytes of each behind the fixed header.
    const code = Number(/NA=(-?\d+) ADC=/.exec(bytes.toString('latin1', 0, 256 * 4))?.[1])
    const want = spikes(2500, 250, 1).map((count, row) => (row < 250 || (row >= 700 && row < 710) ? code : count))
    expect(samples[0].slice(0, 2500)).toEqual(want)
    expect(samples[1].slice(250, 2500)).toEqual(spikes(2500, 250, 2).slice(250))
    expect(annotations.filter(({ text }) => text === 'N@@ECG').map(({ onset }) => Math.round(onset * 250))).toEqual(spikeRows(2500, 250).slice(1))
    expect(annotations.filter(({ text }) => text === 'Missing').map(({ onset, duration }) => [onset, duration])).toEqual([[0, 1], [2.8, 0.04]])
    await dataset.close()
  })

  it('says by how much values are off that do not fit 16 bits, and is exact in 24', async () => {
    const dataset = await create()
    const wide = Array.from({ length: 1000 }, (_, i) => Math.round(4_000_000 * Math.sin(i / 40)) + (i % 7))
    const lane = { bits: 24, minimum: -8388607, maximum: 8388607, gainCountsPerUnit: 22_369.62, baseline: 0 }
    const shifted = wide.map((_, i) => 100_000 + ((i * 37) % 5000))
    await addRecording(dataset, { id: recordingId(1), subject: 'S001', ...dates, counts: [wide, shifted], lanes: [lane, lane] })
    await freeze(dataset)
    const edf = await run(dataset, { format: 'edf', out: place('edf') })
    const bdf = await run(dataset, { format: 'bdf', out: place('bdf') })
    expect(checkEdf(await readFile(place('bdf/S001/r001.bdf'))).samples.map((lane24) => lane24.slice(0, 1000))).toEqual([wide, shifted])
    expect(bdf.changed.filter(({ message }) => /steps|counts do not fit/.test(message))).toEqual([])
    const bytes = await readFile(place('edf/S001/r001.edf'))
    const { violations, samples } = checkEdf(bytes)
    expect(violations).toEqual([])
    const bound = Number(/off by up to ([\d.e-]+) mV/.exec(edf.changed[0].message)?.[1])
    expect(edf.changed[0].code).toBe('export-value-changed')
    expect(edf.changed.some(({ message }) => /physical values stay exact/.test(message))).toBe(true)
    // Physical values as any reader computes them from the four limits of the header.
    const signals = Number(bytes.toString('latin1', 252, 256))
    const column = (at: number, i: number): number => Number(bytes.toString('latin1', 256 + at * signals + i * 8, 256 + at * signals + i * 8 + 8))
    for (const [i, counts] of [wide, shifted].entries()) {
      const [low, high, digitalLow, digitalHigh] = [104, 112, 120, 128].map((at) => column(at, i))
      const physical = samples[i].map((value) => low + ((value - digitalLow) * (high - low)) / (digitalHigh - digitalLow))
      const worst = Math.max(...counts.map((count, k) => Math.abs(count / 22_369.62 - physical[k])))
      // What 8 characters per limit cannot say of the gain comes on top of the steps.
      expect(worst).toBeLessThan((i === 0 ? bound : 0) * 1.001 + 400 * 1e-6)
    }
    await dataset.close()
  })
})

describe('an export as CSV', () => {
  it('has time and physical values of kept rows only, empty where a sample is missing', async () => {
    const dataset = await twoPeople()
    await run(dataset, { format: 'csv', out: place('out') })
    const rows = readCsv(await readFile(place('out/S001/r001.csv')))
    const counts = spikes(2500, 250, 1)
    expect(rows.map((row) => row.time_s)).toEqual(Array.from({ length: 2250 }, (_, i) => String((i + 250) / 250)))
    expect(rows.map((row) => row.ECG_mV)).toEqual(Array.from({ length: 2250 }, (_, i) => (i + 250 >= 700 && i + 250 < 710 ? '' : Object.is(counts[i + 250], -0) ? '0' : String(counts[i + 250] / 200))))
    const beats = readCsv(await readFile(place('out/beats.csv')))
    expect(beats.filter(({ subject, recording }) => subject === 'S001' && recording === 'r001').map(({ row }) => Number(row))).toEqual(spikeRows(2500, 250).slice(1))
    await dataset.close()
  })
})

describe('what identifies people', () => {
  const planted = {
    operator: 'Anna Operator', station: 'Basement-7', notes: 'patient is Mr Miller', source: '/dev/serial/by-id/usb-SERIAL4711', identity: 'serial SERIAL4711', timeZone: 'Europe/Berlin',
    override: { reason: 'Doctor Smith insisted', failed: ['rate'] },
    markers: [{ row: 500, toRow: null, code: 'secret-code', text: 'Mr Miller coughs', origin: 'technician', at: '2026-03-01T13:05:11.123Z' }],
  }
  const words = [
    'Operator', 'Basement', 'Miller', 'SERIAL4711', '/dev/', 'Berlin', 'Smith', 'secret', 'reviewer-jane', '2026-03-01', '01/03/2026', '01-MAR', '01.03.26', '14:05', '13:05', '14.05.09', recordingId(1), 'tag-of-jane', 'birth-notes',
  ]

  async function lab(): Promise<Dataset> {
    const dataset = await create()
    await dataset.subjects.add({ code: 'S001', consent: 'granted', notes: 'birth-notes', tags: ['tag-of-jane'], birthYear: 1971 })
    await addRecording(dataset, { id: recordingId(1), subject: 'S001', ...dates, counts: [spikes(2500, 250, 1)], beats: spikeRows(2500, 250), more: planted })
    await addRecording(dataset, { id: recordingId(2), subject: 'S001', startedAt: '2026-03-01T15:00:00.000+01:00', counts: [spikes(2500, 250, 2)], beats: spikeRows(2500, 250), more: planted })
    await dataset.subjects.add({ code: 'S002', consent: 'granted', tags: ['tag-of-jane'] })
    for (const id of [3, 4]) await addRecording(dataset, { id: recordingId(id), subject: 'S002', startedAt: `2026-03-1${id}T14:05:00.000+01:00`, counts: [spikes(2500, 250, id)], beats: spikeRows(2500, 250), more: planted })
    const set = (id: string, kind: string, value: string): LabelChange => LabelChange.parse({ type: 'set', id, row: 100, toRow: kind === 'beat' ? null : 300, kind, value })
    const changes = [set('a', 'beat', 'V'), set('b', 'note', 'ask Mr Miller'), set('c', 'exclude', 'Miller moved'), set('d', 'quality', 'bad')]
    for (const id of [1, 2]) await dataset.labels.append(recordingId(id), 'reviewer-jane', { changes })
    const rules = [{ kind: 'dates', from: '2026-03-01', to: null }, { kind: 'subject-tag', tag: 'tag-of-jane', keep: true }, { kind: 'exclude-labels', annotators: ['reviewer-jane'] }] as const
    await dataset.versions.create({
      name: 'v1', note: 'Anna Operator', rules: rules.map((rule) => ({ ...rule, ...(rule.kind === 'exclude-labels' && { annotators: [...rule.annotators] }) })) as never,
      overrides: [{ recording: recordingId(1) as never, include: true, reason: 'Miller says so' }], candidates: await dataset.candidates.collect(),
    })
    await divide(dataset, { strategy: 'leave-last-recording-out', validation: 0 })
    return dataset
  }

  it.each(formats)('is in no byte of an export as %s', async (format) => {
    const dataset = await lab()
    await run(dataset, { format, out: place('out'), split: 's1', annotator: 'reviewer-jane' })
    const account = (await dataset.versions.get('v1')).by
    for (const [name, bytes] of readTree(place('out'))) {
      // NPZ holds text as UTF-32.
      const text = `${name}\n${bytes.toString('latin1')}\n${Buffer.from(bytes.filter((byte) => byte !== 0)).toString('latin1')}`
      for (const word of [...words, account]) expect(text.toLowerCase().includes(word.toLowerCase()), `${word} in ${name}`).toBe(false)
    }
    await dataset.close()
  })

  it('is there as far as dates go, when dates are wanted', async () => {
    const dataset = await lab()
    await run(dataset, { format: 'wfdb', out: place('out'), keepDates: true })
    expect(await readFile(place(`out/S001/${recordingId(1)}/signals.hea`), 'utf8')).toContain('14:05:09.123 01/03/2026')
    expect(JSON.parse(await readFile(place('out/version.json'), 'utf8')).entries[0].startedAt).toBe(dates.startedAt)
    await dataset.close()
  })

  it('stays behind while a layer\'s beats and labels go along', async () => {
    const dataset = await lab()
    await run(dataset, { format: 'csv', out: place('out'), annotator: 'reviewer-jane' })
    expect(readCsv(await readFile(place('out/beats.csv'))).map(({ row, symbol }) => [row, symbol])).toEqual([])
    // Rows 100 to 300 were excluded by the label "exclude".
    expect(readCsv(await readFile(place('out/labels.csv')))).toEqual([])
    await freeze(dataset, 'v2')
    await run(dataset, { version: 'v2', format: 'csv', out: place('all'), annotator: 'reviewer-jane' })
    expect(readCsv(await readFile(place('all/beats.csv'))).map(({ row, symbol }) => [row, symbol])).toEqual([['100', 'V'], ['100', 'V']])
    expect(readCsv(await readFile(place('all/labels.csv'))).map(({ kind, value, to_row: to }) => [kind, value, to])).toEqual([['exclude', '', '300'], ['quality', 'bad', '300'], ['exclude', '', '300'], ['quality', 'bad', '300']])
    await dataset.close()
  })
})

describe('every export', () => {
  it.each(formats)('as %s gives the same bytes again, at another time and place', async (format) => {
    const dataset = await twoPeople()
    await divide(dataset, { strategy: 'leave-last-recording-out', validation: 0 })
    const window = { mode: 'beat' as const }
    await run(dataset, { format, out: place('one'), split: 's1', window })
    await dataset.close()
    const again = await Dataset.open(place('lab'), { access: 'read' })
    await run(again, { format, out: place('elsewhere/two'), split: 's1', window })
    const [one, two] = [readTree(place('one')), readTree(place('elsewhere/two'))]
    expect([...two.keys()]).toEqual([...one.keys()])
    for (const [name, bytes] of one) expect(two.get(name)?.equals(bytes), name).toBe(true)
    await again.close()
  })

  it('comes back through an import with the counts that went out', async () => {
    const dataset = await twoPeople()
    const out: Record<string, string> = {}
    for (const format of ['wfdb', 'edf', 'bdf'] as const) {
      await run(dataset, { format, out: place(format) })
      const back = await Dataset.create(place(`back-${format}`), { name: 'back' })
      const plan = await planImport(nodeFiles, place(format), { rules: null })
      const report = await runImport(back, plan, { files: null, now: () => Date.UTC(2026, 3, 1) })
      expect(report.recordings).toBe(5)
      await freeze(back)
      await run(back, { format: 'wfdb', out: place(`again-${format}`) })
      const again = readTree(place(`again-${format}`))
      out[format] = [...again].filter(([name]) => name.endsWith('.dat')).map(([, bytes]) => bytes.toString('hex')).sort().join('\n')
      await back.close()
    }
    const original = [...readTree(place('wfdb'))].filter(([name]) => name.endsWith('.dat')).map(([, bytes]) => bytes.toString('hex')).sort().join('\n')
    expect(out.wfdb === original).toBe(true)
    expect(out.edf === original).toBe(true)
    expect(out.bdf.length).toBeGreaterThan(0)
    await dataset.close()
  })

  it('goes to an empty folder only, and never into the dataset', async () => {
    const dataset = await twoPeople()
    mkdirSync(place('full'))
    writeFileSync(place('full/mine.txt'), 'mine')
    await expect(run(dataset, { format: 'wfdb', out: place('full') })).rejects.toMatchObject({ code: 'export-folder-not-empty' })
    expect(readdirSync(place('full'))).toEqual(['mine.txt'])
    await expect(run(dataset, { format: 'wfdb', out: place('full/mine.txt') })).rejects.toMatchObject({ code: 'export-folder-not-empty' })
    await expect(run(dataset, { format: 'wfdb', out: place('lab/exports') })).rejects.toMatchObject({ code: 'request-invalid' })
    await dataset.close()
  })

  it('is refused for a version that was changed or whose recordings were', async () => {
    const dataset = await twoPeople()
    await expect(run(dataset, { format: 'wfdb', out: place('out'), version: 'v9' })).rejects.toMatchObject({ code: 'version-not-found' })
    await appendFile(join(dataset.recordings.folder(recordingId(4)), 'signals.dat'), 'x')
    await expect(run(dataset, { format: 'wfdb', out: place('out') })).rejects.toMatchObject({ code: 'version-content-changed', data: { changed: [recordingId(4)] } })
    expect(existsSync(place('out'))).toBe(false)
    await dataset.recordings.write({ ...(await dataset.recordings.get(recordingId(4))), contentHash: 'another' })
    await expect(run(dataset, { format: 'wfdb', out: place('out') })).rejects.toMatchObject({ code: 'version-content-changed' })
    const path = place('lab/versions/v1.json')
    await writeFile(path, (await readFile(path, 'utf8')).replace('"beats": 10', '"beats": 11'))
    await expect(run(dataset, { format: 'wfdb', out: place('out') })).rejects.toMatchObject({ code: 'version-invalid' })
    await dataset.close()
  })

  it('leaves out what is gone and who withdrew, and says so; the others keep their names', async () => {
    const dataset = await twoPeople()
    await rm(dataset.recordings.folder(recordingId(1)), { recursive: true })
    await dataset.subjects.setConsent('S002', 'withdrawn')
    await dataset.close()
    const reader = await Dataset.open(place('lab'), { access: 'read' })
    const report = await run(reader, { format: 'wfdb', out: place('out') })
    expect(report).toMatchObject({ recordings: 2, missing: [recordingId(1), recordingId(4), recordingId(5)] })
    expect(readCsv(await readFile(place('out/recordings.csv'))).map(({ subject, recording, day }) => [subject, recording, day])).toEqual([['S001', 'r002', '3'], ['S001', 'r003', '3']])
    await reader.close()
  })

  it('is refused for a layer that nobody has, and for a split of another version', async () => {
    const dataset = await twoPeople()
    await expect(run(dataset, { format: 'csv', out: place('out'), annotator: 'nobody' })).rejects.toMatchObject({ code: 'label-not-found' })
    await freeze(dataset, 'v2')
    await divide(dataset, { strategy: 'leave-last-recording-out', validation: 0 }, 'v2', 's2')
    await expect(run(dataset, { format: 'csv', out: place('out'), split: 's2' })).rejects.toMatchObject({ code: 'split-invalid' })
    expect(existsSync(place('out'))).toBe(false)
    await dataset.close()
  })

  it.each(formats)('as %s that is cancelled takes back what it wrote', async (format) => {
    const dataset = await twoPeople()
    mkdirSync(place('there'))
    for (const out of ['there', 'new']) {
      const controller = new AbortController()
      const options = ExportOptions.parse({ version: 'v1', format, out: place(out) })
      await expect(exportVersion(dataset, options, { now: () => 0, signal: controller.signal, onProgress: (done) => { if (done === 2) controller.abort() } })).rejects.toMatchObject({ code: 'cancelled' })
    }
    expect(readdirSync(place('there'))).toEqual([])
    expect(existsSync(place('new'))).toBe(false)
    await dataset.close()
  })
})
