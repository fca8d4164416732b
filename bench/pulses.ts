import { readdirSync } from 'node:fs'
import { LiveBeatDetector } from '../src-main/signal/live-beats.ts'
import { publicData, readPublicRecord } from '../test/signal/physionet.ts'
import { matchPulses } from '../test/signal/match-pulses.ts'

/** PPG pulses on BIDMC against the simultaneous ECG's beats, both found by the streaming detectors. */
export async function run(): Promise<void> {
  const folder = publicData('bidmc')
  if (folder === null) return
  const names = readdirSync(folder).filter((file) => /^bidmc\d+\.hea$/.test(file)).map((file) => file.slice(0, -4))
  const total = { beats: 0, pulses: 0, matched: 0, milliseconds: 0, seconds: 0 }
  console.log('record     beats  pulses  matched of beats  of pulses  transit ms')
  for (const name of names.sort()) {
    const record = readPublicRecord(folder, name)
    const signal = (label: string) => record.physical(record.names.findIndex((known) => known.startsWith(label)))
    const beats = new LiveBeatDetector({ rateHz: record.rateHz, kind: 'ecg' }).process(signal('II'), 0)
    const pleth = signal('PLETH')
    const began = performance.now()
    const pulses = new LiveBeatDetector({ rateHz: record.rateHz, kind: 'ppg' }).process(pleth, 0)
    total.milliseconds += performance.now() - began
    total.seconds += record.rows / record.rateHz
    const { matched, transitSeconds } = matchPulses(beats, pulses, record.rateHz)
    total.beats += beats.length
    total.pulses += pulses.length
    total.matched += matched
    console.log(`${name}  ${String(beats.length).padStart(6)}  ${String(pulses.length).padStart(6)}  ${percent(matched, beats.length).padStart(16)}  ${percent(matched, pulses.length).padStart(9)}  ${(transitSeconds * 1000).toFixed(0).padStart(10)}`)
  }
  const times = Math.round((total.seconds * 1000) / total.milliseconds)
  console.log(`gross: ${percent(total.matched, total.beats)} of ${total.beats} beats, ${percent(total.matched, total.pulses)} of ${total.pulses} pulses, ${times} x real time`)
  console.log(JSON.stringify({ bench: 'pulses', records: names.length, beats: total.beats, pulses: total.pulses, matchedBeats: total.matched / total.beats, matchedPulses: total.matched / total.pulses, timesRealTime: times }))
}

const percent = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(2)} %`
