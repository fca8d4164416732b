import { LiveBeatDetector } from '../src-main/signal/live-beats.ts'
import { compareBeats, publicData, readPublicRecord, readReferenceBeats } from '../test/signal/physionet.ts'

const records = ['100', '105', '108', '200', '203', '208']
const blockRows = 90 // a quarter of a second, as a live device delivers

/** R peak detection on MIT-BIH against .atr, first signal, whole records (learning period included), 150 ms window. */
export async function run(): Promise<void> {
  const folder = publicData('mitdb')
  if (folder === null) return
  const total = { reference: 0, hits: 0, missed: 0, extra: 0, seconds: 0, milliseconds: 0, offset: 0 }
  console.log('record   beats  missed  extra      Se       P+   x real time')
  for (const name of records) {
    const record = readPublicRecord(folder, name)
    const samples = record.physical(0)
    const reference = readReferenceBeats(folder, name)
    const detector = new LiveBeatDetector({ rateHz: record.rateHz, kind: 'ecg' })
    const found: number[] = []
    const began = performance.now()
    for (let row = 0; row < samples.length; row += blockRows) {
      for (const beat of detector.process(samples.subarray(row, row + blockRows), row)) found.push(beat)
    }
    const milliseconds = performance.now() - began
    const { hits, missed, extra } = compareBeats(reference, found, Math.round(0.15 * record.rateHz))
    if (process.env.SHOW === name) {
      console.log('missed', missed.map((m) => (m / 360).toFixed(2)).join(' '))
      console.log('extra', extra.map((m) => (m / 360).toFixed(2)).join(' '))
    }
    const seconds = record.rows / record.rateHz
    total.reference += reference.length
    total.hits += hits
    total.missed += missed.length
    total.extra += extra.length
    total.seconds += seconds
    total.milliseconds += milliseconds
    console.log(row([name, reference.length, missed.length, extra.length, percent(hits, reference.length), percent(hits, found.length), Math.round((seconds * 1000) / milliseconds)]))
  }
  const found = total.hits + total.extra
  const times = Math.round((total.seconds * 1000) / total.milliseconds)
  console.log(row(['gross', total.reference, total.missed, total.extra, percent(total.hits, total.reference), percent(total.hits, found), times]))
  console.log(JSON.stringify({ bench: 'beats', records, beats: total.reference, missed: total.missed, extra: total.extra, sensitivity: total.hits / total.reference, positivePredictivity: total.hits / found, timesRealTime: times }))
}

const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(3)} %`

const widths = [7, 7, 8, 7, 10, 9, 12]
const row = (cells: readonly (string | number)[]) => cells.map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i]))).join('')
