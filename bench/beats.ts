import { LiveBeatDetector } from '../src-main/signal/live-beats.ts'
import { detectBeats, detectBeatsMultiLead } from '../src-main/signal/qrs-detector.ts'
import { compareBeats, publicData, readPublicRecord, readReferenceBeats, type PublicRecord } from '../test/signal/physionet.ts'

const records = ['100', '105', '108', '200', '203', '208']
const blockRows = 90 // a quarter of a second, as a live device delivers

type Detect = (record: PublicRecord) => number[]

const detectors: readonly { readonly name: string; readonly detect: (record: PublicRecord) => Detect }[] = [
  { name: 'offline, both leads', detect: (record) => { const leads = [record.physical(0), record.physical(1)]; return () => detectBeatsMultiLead(leads, record.rateHz).rows } },
  { name: 'offline, first lead', detect: (record) => { const samples = record.physical(0); return () => detectBeats(samples, record.rateHz).rows } },
  { name: 'streaming, first lead', detect: (record) => { const samples = record.physical(0); return () => streamed(samples, record.rateHz) } },
]

function streamed(samples: Float32Array, rateHz: number): number[] {
  const detector = new LiveBeatDetector({ rateHz, kind: 'ecg' })
  const found: number[] = []
  for (let row = 0; row < samples.length; row += blockRows) for (const beat of detector.process(samples.subarray(row, row + blockRows), row)) found.push(beat)
  return found
}

/**
 * R peak detection on MIT-BIH against .atr, whole records (learning period included), 150 ms window. Times are CPU time of the whole process, so that
 * a busy computer counts less. `npm run bench -- beats 2` runs every record twice before the run that counts: compiled code, as in a long import.
 */
export async function run([runsBefore = '0']: readonly string[] = []): Promise<void> {
  const folder = publicData('mitdb')
  if (folder === null) return
  const results = detectors.map(({ name, detect }) => {
    console.log(`\n${name}\nrecord   beats  missed  extra      Se       P+   x real time`)
    const total = { reference: 0, hits: 0, missed: 0, extra: 0, seconds: 0, milliseconds: 0 }
    for (const record of records) {
      const data = readPublicRecord(folder, record)
      const reference = readReferenceBeats(folder, record)
      const work = detect(data)
      for (let k = 0; k < Number(runsBefore); k++) work(data)
      const began = process.cpuUsage()
      const found = work(data)
      const { user, system } = process.cpuUsage(began)
      const milliseconds = (user + system) / 1000
      const { hits, missed, extra } = compareBeats(reference, found, Math.round(0.15 * data.rateHz))
      const seconds = data.rows / data.rateHz
      total.reference += reference.length
      total.hits += hits
      total.missed += missed.length
      total.extra += extra.length
      total.seconds += seconds
      total.milliseconds += milliseconds
      console.log(row([record, reference.length, missed.length, extra.length, percent(hits, reference.length), percent(hits, found.length), Math.round((seconds * 1000) / milliseconds)]))
    }
    const found = total.hits + total.extra
    const timesRealTime = Math.round((total.seconds * 1000) / total.milliseconds)
    console.log(row(['gross', total.reference, total.missed, total.extra, percent(total.hits, total.reference), percent(total.hits, found), timesRealTime]))
    return { detector: name, beats: total.reference, missed: total.missed, extra: total.extra, sensitivity: total.hits / total.reference, positivePredictivity: total.hits / found, timesRealTime }
  })
  console.log(JSON.stringify({ bench: 'beats', records, results }))
}

const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(3)} %`

const widths = [7, 7, 8, 7, 10, 9, 12]
const row = (cells: readonly (string | number)[]) => cells.map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i]))).join('')
