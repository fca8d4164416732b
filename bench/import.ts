import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { nodeFiles } from '../src-main/dataset/files.ts'
import { openRecord, type RecordKind } from '../src-main/exchange/open-record.ts'
import { openSourceFolder } from '../src-main/exchange/source-files.ts'
import { importAt, readImportRules } from '../src-main/services/import-tasks.ts'
import { publicData, repositoryRoot } from '../test/signal/physionet.ts'
import { flacFile } from './flac-file.ts'

/** ECG-ID as a whole, then what each reader gives in MB of file per second. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pulseprint-bench-'))
  try {
    const archive = await importEcgId(folder)
    const readers = await readFormats(folder)
    console.log(JSON.stringify({ bench: 'import', processors: availableParallelism(), archive, readers }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function importEcgId(folder: string): Promise<unknown> {
  const from = publicData('ecgiddb')
  if (from === null) return null
  const workerUrl = await buildWorker()
  const rules = await readImportRules('ecg-id', null)
  const context = { signal: new AbortController().signal, onProgress: () => undefined, workerUrl, now: () => Date.now() }
  const before = process.cpuUsage()
  const report = await importAt(join(folder, 'ecg-id'), from, rules, context)
  const { user, system } = process.cpuUsage(before)
  const again = await importAt(join(folder, 'ecg-id'), from, rules, context)
  const processorSeconds = (user + system) / 1e6
  console.log(`ECG-ID: ${report.recordings} recordings of ${report.subjects} subjects, ${report.flagged.length} flagged, in ${report.seconds.toFixed(1)} s (${processorSeconds.toFixed(1)} s of processor time)`)
  console.log(`A second time: ${again.duplicates.length} are there already, ${again.seconds.toFixed(1)} s`)
  return { recordings: report.recordings, subjects: report.subjects, flagged: report.flagged.length, seconds: report.seconds, processorSeconds, againSeconds: again.seconds }
}

/** workers/jobs.ts as the program has it, with the table of tasks that it needs. */
async function buildWorker(): Promise<URL> {
  const root = repositoryRoot()
  const outDir = join(dirname(fileURLToPath(import.meta.url)), 'workers')
  await build({
    root, configFile: false, logLevel: 'error',
    build: { ssr: join(root, 'src-main/workers/jobs.ts'), outDir, emptyOutDir: false, target: 'node20', rollupOptions: { output: { format: 'es', entryFileNames: 'jobs.js' } } },
  })
  return new URL('workers/jobs.js', import.meta.url)
}

const samples = 8_000_000
const channels = 4

/** Each reader on a file that was made here: 8 million samples of four channels, in memory of the system already. */
async function readFormats(folder: string): Promise<unknown[]> {
  const results: unknown[] = []
  const values = (k: number): number => Math.round(900 * Math.sin(k / 40) + 60 * Math.sin(k / 3) + ((k * 7919) % 13))
  writeWfdb(folder, '16', 2, (bytes, k) => bytes.writeInt16LE(values(k), k * 2))
  writeWfdb(folder, '24', 3, (bytes, k) => bytes.writeIntLE(values(k), k * 3, 3))
  writeWfdb(folder, '212', 1.5, (bytes, k) => {
    const [value, at] = [values(k) & 0xfff, Math.floor(k / 2) * 3]
    bytes[at + 1] |= k % 2 === 0 ? value >> 8 : (value >> 4) & 0xf0
    bytes[at + (k % 2) * 2] = value & 0xff
  })
  writeEdf(folder, values)
  const jobs: [string, string, RecordKind][] = [['WFDB 16', 'f16.hea', 'wfdb'], ['WFDB 24', 'f24.hea', 'wfdb'], ['WFDB 212', 'f212.hea', 'wfdb'], ['EDF', 'made.edf', 'edf']]
  writeFlac(folder)
  jobs.push(['FLAC', 'flac.hea', 'wfdb'])
  for (const [name, file, kind] of jobs) results.push(await readOne(name, folder, file, kind))
  return results
}

async function readOne(format: string, path: string, file: string, kind: RecordKind): Promise<unknown> {
  const { source } = await openRecord(await openSourceFolder(nodeFiles, path), file, kind, null)
  const bytes = source.files.reduce((sum, name) => sum + readFileSync(join(path, name)).length, 0)
  let read = 0
  const began = performance.now()
  for await (const block of source.blocks()) for (const signal of block) read += signal.length
  const seconds = (performance.now() - began) / 1000
  console.log(`${format.padEnd(10)} ${(bytes / 1e6 / seconds).toFixed(0).padStart(6)} MB/s ${(read / 1e6 / seconds).toFixed(1).padStart(8)} million samples/s`)
  return { format, megabytesPerSecond: bytes / 1e6 / seconds, millionSamplesPerSecond: read / 1e6 / seconds }
}

function writeWfdb(folder: string, format: string, width: number, put: (bytes: Buffer, k: number) => void): void {
  const bytes = Buffer.alloc(samples * width)
  for (let k = 0; k < samples; k++) put(bytes, k)
  writeFileSync(join(folder, `f${format}.dat`), bytes)
  const lines = Array.from({ length: channels }, (_, i) => `f${format}.dat ${format} 200/mV 12 0 0 0 0 lead ${i + 1}`)
  writeFileSync(join(folder, `f${format}.hea`), `${[`f${format} ${channels} 1000 ${samples / channels}`, ...lines].join('\n')}\n`)
}

/** FLAC in format 516, three bits of noise on two waves: about 6 bits per sample. */
function writeFlac(folder: string): void {
  const lead = (phase: number): Int32Array => Int32Array.from({ length: samples / channels }, (_, k) => Math.round(900 * Math.sin(k / 40 + phase) + 60 * Math.sin(k / 9) + ((k * 7919) % 13)))
  writeFileSync(join(folder, 'flac.dat'), flacFile(Array.from({ length: channels }, (_, i) => lead(i)), 1000))
  const lines = Array.from({ length: channels }, (_, i) => `flac.dat 516 200/mV 16 0 0 0 0 lead ${i + 1}`)
  writeFileSync(join(folder, 'flac.hea'), `${[`flac ${channels} 1000 ${samples / channels}`, ...lines].join('\n')}\n`)
}

/** EDF, records of 1 s at 1000 Hz (www.edfplus.info/specs/edf.html). */
function writeEdf(folder: string, values: (k: number) => number): void {
  const records = samples / channels / 1000
  const fixed = (text: string | number, length: number): string => String(text).padEnd(length)
  const each = (text: string | number, length: number): string => fixed(text, length).repeat(channels)
  const head = [
    fixed(0, 8), fixed('X', 80), fixed('X', 80), '01.01.01', '00.00.00', fixed(256 * (channels + 1), 8), fixed('', 44), fixed(records, 8), fixed(1, 8), fixed(channels, 4),
    Array.from({ length: channels }, (_, i) => fixed(`ECG ${i + 1}`, 16)).join(''), each('', 80), each('mV', 8), each(-10, 8), each(10, 8), each(-2048, 8), each(2047, 8), each('', 80), each(1000, 8), each('', 32),
  ].join('')
  const bytes = Buffer.alloc(samples * 2)
  for (let k = 0; k < samples; k++) bytes.writeInt16LE(values(k), k * 2)
  writeFileSync(join(folder, 'made.edf'), Buffer.concat([Buffer.from(head, 'latin1'), bytes]))
}
