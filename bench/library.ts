import { decode, encode } from '@msgpack/msgpack'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { labApi, Recording, SubjectCode, type RecordingListItem } from '../src-main/contract/index.ts'
import { packRecordings, RecordingTable } from '../src-main/contract/schemas/recording-table.ts'
import { Dataset } from '../src-main/dataset/dataset.ts'
import { countFacet, facetNames, prepare, sorted, withFacets, withText, type ChosenFacets } from '../src-renderer/state/library-search.ts'

const perSubject = 20

/** A ULID that sorts by `n`. */
const ulid = (n: number): string => `01ARZ3NDEKTSV4RRFFQ6${String(n).padStart(6, '0')}`

/** recording.json as a recorder with eight lanes leaves it: about 8 kB. */
function description(n: number, subject: string): Recording {
  const kinds = ['ecg', 'ecg', 'ppg', 'ppg', 'respiration', 'acceleration', 'acceleration', 'acceleration']
  const lanes = kinds.map((kind, i) => ({ id: `${kind}-${i + 1}`, label: `${kind.toUpperCase()} ${i + 1}`, kind, unit: 'mV', gainCountsPerUnit: 200, baseline: 0, bits: 24, minimum: -8388607, maximum: 8388607 }))
  const day = new Date(Date.UTC(2026, 0, 1) + n * 3_600_000).toISOString()
  const hash = n.toString(16).padStart(64, '0')
  return Recording.parse({
    formatVersion: 1, id: ulid(n), subject, state: n % 50 === 0 ? 'discarded' : 'finished', startedAt: day, timeZone: 'Europe/Berlin', station: 'bench', operator: 'op', notes: n % 7 === 0 ? 'moved a little' : '',
    protocol: { id: 'rest-60', name: 'Rest, 60 s' }, override: null, source: '/dev/ttyUSB0', identity: 'OpenBCI V3 8-16 channel', lanes, rows: 15_000, seconds: 60, declaredRateHz: 250, measuredRateHz: 250.01, ppm: 40,
    device: { profile: 'cyton', protocol: 'cyton', settings: {}, rateHz: 250, counter: { modulus: 256, step: 1 }, lanes, frameBytes: 33 },
    lostRows: n % 11, lossCertainty: 'certain', gaps: Array.from({ length: n % 4 }, (_, i) => ({ from: i * 100, to: i * 100 + 3, certainty: 'certain', cause: 'lost' })),
    markers: Array.from({ length: 3 }, (_, i) => ({ row: i * 1000, toRow: null, code: 'step', text: 'breathe', origin: 'protocol', at: day })), skippedBytes: 0,
    laneSummaries: lanes.map((lane) => ({ lane: lane.id, usableSeconds: 58, saturatedRatio: 0, flatRatio: 0.01, missingRatio: 0, mainsRatio: 0.02, meanRateBpm: 63.2 })),
    warnings: [], discarded: n % 50 === 0 ? { reason: 'test', at: day } : null, contentHash: hash,
    files: ['journal-0001.plj', 'signals.dat', 'signals.hea', 'overview.bin', 'beats.qrs'].map((name) => ({ name, bytes: 100_000, sha256: hash })),
  })
}

async function timed<T>(work: () => Promise<T> | T): Promise<{ ms: number; result: T }> {
  const start = performance.now()
  const result = await work()
  return { ms: Math.round((performance.now() - start) * 10) / 10, result }
}

/** Open, list with subjects, and summarise: what the library's first screen waits for. */
async function firstScreen(path: string, access: 'read' | 'write'): Promise<{ open: number; list: number; subjects: number; summary: number; total: number; count: number }> {
  const opened = await timed(() => Dataset.open(path, { access }))
  const dataset = opened.result
  const list = await timed(() => dataset.recordings.snapshot())
  const subjects = await timed(() => dataset.subjects.list())
  const summary = await timed(() => dataset.summary())
  await dataset.close()
  const total = Math.round((opened.ms + list.ms + subjects.ms + summary.ms) * 10) / 10
  return { open: opened.ms, list: list.ms, subjects: subjects.ms, summary: summary.ms, total, count: list.result.length }
}

/** Typing a search key by key, without facets and with two chosen: what the window goes through at each key before it draws. The first round is for the compiler. */
function filterInWindow(items: readonly RecordingListItem[]): { prepareMs: number; sortMs: number; keys: number; p50: number; p95: number; max: number } {
  const start = performance.now()
  const prepared = items.map(prepare)
  const prepareMs = performance.now() - start
  const sortStart = performance.now()
  const list = sorted(prepared, 'subject')
  const sortMs = performance.now() - sortStart
  const times: number[] = []
  const searches = ['s01 moved 2026-03', 'cyton ecg rest s0499', 'rest, 60 s']
  const choices: ChosenFacets[] = [{}, { state: 'finished', finding: 'lost-rows' }]
  for (let round = 0; round < 4; round++) {
    for (const chosen of choices) {
      for (const text of searches) {
        for (let length = 0; length <= text.length; length++) {
          const keyStart = performance.now()
          const found = withText(list, text.slice(0, length))
          withFacets(found, chosen)
          for (const name of facetNames) countFacet(found, chosen, name)
          if (round > 0) times.push(performance.now() - keyStart)
        }
      }
    }
  }
  times.sort((a, b) => a - b)
  const tenths = (ms: number): number => Math.round(ms * 10) / 10
  return { prepareMs: tenths(prepareMs), sortMs: tenths(sortMs), keys: times.length, p50: tenths(times[times.length >> 1]), p95: tenths(times[Math.floor(0.95 * times.length)]), max: tenths(times[times.length - 1]) }
}

/** Opening and listing a dataset of `count` recordings (10,000 by default) without and with its catalogue, and what the list costs on the wire. */
export async function run([countText]: readonly string[] = []): Promise<void> {
  const count = Number(countText ?? 10_000)
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-bench-'))
  const path = join(folder, 'lab')
  try {
    const made = await Dataset.create(path, { name: 'bench' })
    const subjects = Math.ceil(count / perSubject)
    const codes = Array.from({ length: subjects }, (_, i) => `S${String(i + 1).padStart(4, '0')}`)
    for (const code of codes) await made.subjects.add({ code: SubjectCode.parse(code), consent: 'granted' })
    await made.close()
    for (let n = 0; n < count; n++) {
      const subject = codes[Math.floor(n / perSubject)]
      const place = join(path, 'recordings', subject, ulid(n))
      await mkdir(place, { recursive: true })
      await writeFile(join(place, 'recording.json'), `${JSON.stringify(description(n, subject), null, 2)}\n`)
    }
    const cold = await firstScreen(path, 'write')
    const catalogueBytes = (await stat(join(path, '.catalogue.jsonl'))).size
    const warm = await firstScreen(path, 'write')
    const reader = await firstScreen(path, 'read')
    const dataset = await Dataset.open(path, { access: 'write' })
    const { result: items } = await timed(() => dataset.recordings.snapshot())
    const behind = await timed(() => dataset.recordings.list())
    await pause(50)
    const repeated = await timed(() => dataset.summary())
    const one = await dataset.recordings.get(ulid(1))
    const write = await timed(() => dataset.recordings.write({ ...one, notes: 'changed' }))
    await dataset.close()
    const encoded = await timed(() => encode(items, { ignoreUndefined: true }))
    const decoded = await timed(() => decode(encoded.result))
    const checked = await timed(() => labApi['library.list'].output.parse(decoded.result))
    const table = await timed(() => encode(packRecordings(items), { ignoreUndefined: true }))
    const tableDecoded = await timed(() => decode(table.result))
    const tableChecked = await timed(() => RecordingTable.parse(tableDecoded.result))
    const asTable = { bytes: table.result.length, encodeMs: table.ms, decodeMs: tableDecoded.ms, checkMs: tableChecked.ms }
    const wire = { bytes: encoded.result.length, encodeMs: encoded.ms, decodeMs: decoded.ms, checkMs: checked.ms }

    const filtering = filterInWindow(items)

    console.log(`${count} recordings of ${subjects} subjects; catalogue ${(catalogueBytes / 1e6).toFixed(1)} MB`)
    console.log(`${'ms'.padEnd(26)} ${['open', 'list', 'subjects', 'summary', 'all'].map((name) => name.padStart(9)).join(' ')}`)
    for (const [name, times] of Object.entries({ 'without a catalogue': cold, 'with it': warm, 'with it, reading only': reader })) {
      console.log(`${name.padEnd(26)} ${[times.open, times.list, times.subjects, times.summary, times.total].map((ms) => ms.toFixed(1).padStart(9)).join(' ')}`)
    }
    console.log(`look behind the scenes ${behind.ms} ms, summary again ${repeated.ms} ms, one recording written ${write.ms} ms`)
    console.log(`library.list on the wire: ${(wire.bytes / 1e6).toFixed(1)} MB, encode ${wire.encodeMs} ms, decode ${wire.decodeMs} ms, check ${wire.checkMs} ms`)
    console.log(`the same as a table:      ${(asTable.bytes / 1e6).toFixed(1)} MB, pack and encode ${asTable.encodeMs} ms, decode ${asTable.decodeMs} ms, check and unpack ${asTable.checkMs} ms`)
    console.log(`filter in the window: p50 ${filtering.p50} ms a key, p95 ${filtering.p95} ms, at most ${filtering.max} ms (${filtering.keys} keys); before it, once: preparing ${filtering.prepareMs} ms, sorting ${filtering.sortMs} ms`)
    console.log(JSON.stringify({ bench: 'library', count, subjects, catalogueBytes, cold, warm, reader, behindMs: behind.ms, summaryMs: repeated.ms, writeMs: write.ms, wire, table: asTable, filtering }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
