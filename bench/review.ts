import { open, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { labApi, LabelChange, Recording, RecordingId, SubjectCode, type Caller, type LabHandlers, type MethodInput, type MethodName, type MethodOutput } from '../src-main/contract/index.ts'
import { Dataset } from '../src-main/dataset/dataset.ts'
import { OverviewBuilder, overviewBaseStride } from '../src-main/dataset/overview.ts'
import { recordingHeader } from '../src-main/formats/recording-header.ts'
import { formatHeader } from '../src-main/formats/wfdb-header.ts'
import { SignalEncoder } from '../src-main/formats/wfdb-signal.ts'
import { DatasetHolder } from '../src-main/services/dataset-holder.ts'
import { LabelsService } from '../src-main/services/labels-service.ts'
import { LibraryService } from '../src-main/services/library-service.ts'

const lanes = 8
const rateHz = 1000
const columns = 1600
const moves = 400
const id = RecordingId.parse('01ARZ3NDEKTSV4RRFFQ6000001')
const caller: Caller = { id: 1, emit: () => undefined, bufferedBytes: () => 0, onClose: () => undefined }
const filters = { baseline: true, lowPassHz: 40, notchHz: 50 } as const

/** A linear congruential generator (Park and Miller 1988): the same moves every time. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}

function description(rows: number): Recording {
  const lane = { kind: 'ecg', unit: 'mV', gainCountsPerUnit: 200, baseline: 0, bits: 16, minimum: -32767, maximum: 32767 }
  const all = Array.from({ length: lanes }, (_, i) => ({ ...lane, id: `ecg-${i + 1}`, label: `ECG ${i + 1}` }))
  return Recording.parse({
    formatVersion: 1, id, subject: 'S001', state: 'finished', startedAt: '2026-03-01T00:00:00.000Z', timeZone: 'UTC', station: 'bench', operator: '', notes: '',
    protocol: null, override: null, source: 'demo:1', identity: '', lanes: all, rows, seconds: rows / rateHz, declaredRateHz: rateHz, measuredRateHz: rateHz, ppm: 0,
    device: { profile: 'bench', protocol: 'bench', settings: {}, rateHz, counter: null, lanes: all, frameBytes: null },
    lostRows: 0, lossCertainty: 'certain', gaps: [], markers: [], skippedBytes: 0, laneSummaries: [], warnings: [], discarded: null, contentHash: 'bench', files: [],
  })
}

/** signals.dat, .hea and overview.bin, streamed: a minute that repeats, with a wander that does not. */
async function generate(folder: string, recording: Recording): Promise<void> {
  const minute = 60 * rateHz
  const random = randomNumbers(7)
  const shape = Int32Array.from({ length: minute * lanes }, (_, i) => {
    const inBeat = (Math.floor(i / lanes) % 800) - 300
    return Math.round((Math.abs(inBeat) < 20 ? 300 * (1 - Math.abs(inBeat) / 20) : 0) + 20 * random() + 10 * (i % lanes))
  })
  const encoder = new SignalEncoder(lanes, 16)
  const overview = new OverviewBuilder(lanes)
  const file = await open(join(folder, 'signals.dat'), 'w')
  for (let row = 0; row < recording.rows; row += minute) {
    const rows = Math.min(minute, recording.rows - row)
    const offset = Math.round(200 * Math.sin(row / minute / 7))
    const counts = shape.subarray(0, rows * lanes).map((count) => count + offset)
    overview.push(counts, rows)
    await file.write(encoder.encode(counts))
  }
  await file.close()
  await writeFile(join(folder, 'signals.hea'), formatHeader(recordingHeader(recording, encoder, rateHz)))
  await writeFile(join(folder, 'overview.bin'), overview.finish())
}

/** Kinds of views by rows per column, exclusive: what is read for them (envelope.ts), so that the slowest kind can be told. */
const bandsTo: readonly (readonly [string, number])[] = [
  ['signals.dat alone', 2 * overviewBaseStride],
  ['signals.dat and its first level', 4 * overviewBaseStride],
  ['levels of the overview', Number.POSITIVE_INFINITY],
]

interface Taken {
  readonly ms: number
  /** Of all threads of the process: what a busy computer's clock does not tell. */
  readonly cpuMs: number
}

interface Spread {
  readonly p50: number
  readonly p95: number
  readonly max: number
  readonly cpuP50: number
  readonly cpuP95: number
}

function spread(times: readonly Taken[]): Spread {
  const part = (values: readonly number[], of: number): number => Math.round([...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(of * values.length))] * 100) / 100
  const ms = times.map((one) => one.ms)
  const cpu = times.map((one) => one.cpuMs)
  return { p50: part(ms, 0.5), p95: part(ms, 0.95), max: part(ms, 1), cpuP50: part(cpu, 0.5), cpuP95: part(cpu, 0.95) }
}

/**
 * The server's side of reviewing: a recording of 8 lanes at 1 kHz (24 h by default; `hours` makes another), the first view of all of it, then pans and zooms as a person makes them, raw and
 * filtered, and labels on it. Times are of the services, without the wire and the drawing. Writes 1.4 GB into the temporary folder and removes it again.
 */
export async function run([hoursText]: readonly string[] = []): Promise<void> {
  const hours = Number(hoursText ?? 24)
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-bench-'))
  try {
    const dataset = await Dataset.create(join(folder, 'lab'), { name: 'bench' })
    await dataset.subjects.add({ code: SubjectCode.parse('S001') })
    const rows = Math.round(hours * 3600 * rateHz)
    const recording = description(rows)
    const place = await dataset.recordings.create(recording)
    await generate(place, recording)
    const signalBytes = (await stat(join(place, 'signals.dat'))).size
    const overviewBytes = (await stat(join(place, 'overview.bin'))).size
    const holder = new DatasetHolder()
    const emitter = { emit: () => undefined }
    const handlers: Partial<LabHandlers> = { ...new LibraryService({ holder, emitter }).handlers(), ...new LabelsService({ holder, emitter }).handlers() }
    await holder.replace(dataset)
    const call = async <M extends MethodName>(method: M, input: MethodInput<M>): Promise<MethodOutput<M>> => {
      const handler = handlers[method] as (input: unknown, context: unknown) => unknown
      return (await handler(labApi[method].input.parse(input), { caller, signal: new AbortController().signal })) as MethodOutput<M>
    }
    const taken = async (work: () => Promise<unknown>): Promise<Taken> => {
      const cpu = process.cpuUsage()
      const start = performance.now()
      await work()
      const ms = performance.now() - start
      const { user, system } = process.cpuUsage(cpu)
      return { ms, cpuMs: (user + system) / 1000 }
    }
    const timed = async (work: () => Promise<unknown>): Promise<number> => (await taken(work)).ms
    const envelope = (fromRow: number, toRow: number, more: { filters: typeof filters | null; lanes: string[] | null }): Promise<unknown> => call('library.envelope', { id, fromRow, toRow, columns, ...more })
    const raw = { filters: null, lanes: null }

    const before = process.memoryUsage().rss
    const first = await timed(() => envelope(0, rows, raw))
    const random = randomNumbers(11)
    /** Views of 2 s to everything, equally likely on a logarithmic scale, anywhere. */
    const view = (widest: number): [number, number] => {
      const width = Math.round(2 * rateHz * (widest / (2 * rateHz)) ** random())
      const from = Math.floor(random() * (rows - width))
      return [from, from + width]
    }
    const anywhere: Taken[] = []
    const bands = new Map<string, Taken[]>(bandsTo.map(([name]) => [name, []]))
    for (let i = 0; i < moves; i++) {
      const [from, to] = view(rows)
      const one = await taken(() => envelope(from, to, raw))
      anywhere.push(one)
      const band = bandsTo.find(([, below]) => (to - from) / columns < below)
      bands.get(band?.[0] ?? '')?.push(one)
    }
    const finest = Math.min(rows, columns * 255)
    const widestRaw: Taken[] = []
    for (let i = 0; i < moves; i++) {
      const from = Math.floor(random() * (rows - finest))
      widestRaw.push(await taken(() => envelope(from, from + finest, raw)))
    }
    const filtered: Taken[] = []
    for (let i = 0; i < moves; i++) {
      const from = Math.floor(random() * (rows - 10 * rateHz))
      filtered.push(await taken(() => envelope(from, from + 10 * rateHz, { filters, lanes: null })))
    }
    const panned: Taken[] = []
    for (let i = 0, from = Math.floor(rows / 3); i < 600; i++, from += 200) panned.push(await taken(() => envelope(from, from + 10 * rateHz, { filters, lanes: null })))
    const after = process.memoryUsage().rss

    const beats = Array.from({ length: Math.floor(rows / 800) - 1 }, (_, i) => LabelChange.parse({ type: 'set', id: `b${i}`, row: 300 + i * 800, lane: 'ecg-1', kind: 'beat', value: 'N' }))
    const appendAll = await timed(() => call('labels.append', { id, annotator: 'bench', changes: beats }))
    const appendOne: Taken[] = []
    for (let i = 0; i < 50; i++) appendOne.push(await taken(() => call('labels.append', { id, annotator: 'bench', changes: [{ type: 'set', id: `one${i}`, row: 400 + i, kind: 'beat', value: 'V' }] })))
    const table = await timed(() => call('labels.beats', { id, annotator: 'bench' }))
    const layers = await timed(() => call('labels.layers', { id }))
    const annotations = await timed(() => dataset.labels.writeAnnotations())
    const mean = await timed(() => call('library.meanBeat', { id, lane: 'ecg-1', annotator: 'bench' }))
    await holder.replace(null)
    const cold = await Dataset.open(join(folder, 'lab'), { access: 'read' })
    const fold = await timed(() => cold.labels.beats(id, 'bench'))
    await cold.close()

    const figures = {
      firstEnvelopeMs: Math.round(first * 10) / 10, anywhere: spread(anywhere), bands: Object.fromEntries([...bands].map(([name, times]) => [name, spread(times)])), widestRaw: spread(widestRaw), filteredTenSeconds: spread(filtered), filteredPan: spread(panned), rssGrowthMb: Math.round((after - before) / 1e6),
      labels: {
        beats: beats.length, appendAllMs: Math.round(appendAll), appendOne: spread(appendOne), beatsMs: Math.round(table), layersMs: Math.round(layers), atrMs: Math.round(annotations), foldFromFileMs: Math.round(fold),
        meanBeatMs: Math.round(mean),
      },
    }
    const line = (what: string, { p50, p95, max, cpuP50, cpuP95 }: Spread): string => [what.padEnd(44), ...[p50, p95, max, cpuP50, cpuP95].map((ms) => ms.toFixed(2).padStart(9))].join(' ')
    console.log(`${hours} h x ${lanes} lanes x ${rateHz} Hz: signals.dat ${(signalBytes / 1e6).toFixed(0)} MB, overview.bin ${(overviewBytes / 1e6).toFixed(0)} MB; ${columns} columns`)
    console.log(`first view of everything                     ${first.toFixed(1)} ms; memory grew by ${figures.rssGrowthMb} MB`)
    console.log(['ms'.padEnd(44), ...['p50', 'p95', 'max', 'CPU p50', 'CPU p95'].map((name) => name.padStart(9))].join(' '))
    console.log(line(`${moves} pans and zooms anywhere`, figures.anywhere))
    for (const [name, times] of bands) console.log(line(`  ${times.length} of them: ${name}`, spread(times)))
    console.log(line('widest view that reads signals.dat', figures.widestRaw))
    console.log(line('10 s anywhere, filtered', figures.filteredTenSeconds))
    console.log(line('10 s, filtered, panned by 0.2 s', figures.filteredPan))
    console.log(line(`one label onto ${beats.length} beats`, figures.labels.appendOne))
    console.log(`${beats.length} beats: append ${figures.labels.appendAllMs} ms, table ${figures.labels.beatsMs} ms, labels.atr ${figures.labels.atrMs} ms, fold from file ${figures.labels.foldFromFileMs} ms, mean beat ${figures.labels.meanBeatMs} ms`)
    console.log(JSON.stringify({ bench: 'review', hours, lanes, rateHz, columns, ...figures }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
