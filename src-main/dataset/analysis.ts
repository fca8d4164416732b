import { join } from 'node:path'
import { Analysis, LabError, type Recording } from '../contract/index.ts'
import { annotationCode, readAnnotations, writeAnnotations, type WfdbAnnotation } from '../formats/wfdb-annotations.ts'
import { findBeatsInStretches } from './beat-stretches.ts'
import { writeAtomically, type Files } from './files.ts'
import { analyseLane, heartGroups, type LaneBeats } from './lane-analysis.ts'
import { rowOfSample, samplesInRows } from './lane-rows.ts'
import { StoredSignals } from './stored-signals.ts'

/** Where an analysis gets a lane's samples from: memory, or the recording's folder. */
export type LaneSamples = ((lane: number) => Float32Array) | { readonly files: Files; readonly folder: string }

export interface MadeAnalysis {
  readonly analysis: Analysis
  /** analysis.qrs */
  readonly beats: Uint8Array
}

/** ECG lanes together are looked at as one heart up to so many samples (128 MB); longer recordings lane by lane. */
const mostFusedSamples = 1 << 25

const noteCode = annotationCode('"') ?? 22
const beatCode = annotationCode('N') ?? 1
/** A WFDB channel is a byte, of which 255 means all lanes. */
const mostLanes = 254

/**
 * Runs the offline detectors on every lane: the ECG lanes of one rate together where they fit in memory, else one lane at a time. Rows of beats are rows of the recording. The same samples give the same bytes.
 * @throws LabError `recording-incomplete`, `wfdb-header-invalid`, `wfdb-signal-invalid`, `cancelled`.
 */
export async function analyseLanes(recording: Pick<Recording, 'id' | 'state' | 'lanes' | 'declaredRateHz' | 'contentHash'>, source: LaneSamples, signal?: AbortSignal): Promise<MadeAnalysis> {
  const { lanes, declaredRateHz, contentHash } = recording
  const results: Analysis['lanes'] = []
  const annotations: WfdbAnnotation[] = []
  const rates = lanes.map((lane) => lane.rateHz ?? declaredRateHz)
  /** Of a lane that was analysed: a day of samples is not held twice. */
  let spare: Float32Array | null = null
  const samplesOf = async (channel: number): Promise<Float32Array> => {
    if (signal?.aborted) throw new LabError('cancelled', 'The analysis was cancelled.')
    const into = spare
    spare = null
    return typeof source === 'function' ? source(channel) : readLane(source.files, source.folder, recording, channel, { signal, into })
  }
  const record = (channel: number, samples: Float32Array, found: LaneBeats): void => {
    results[channel] = analyseLane(lanes[channel], samples, rates[channel], found)
    spare = samples
    if (channel >= mostLanes) return
    for (const k of found.rows) annotations.push({ sample: rowOfSample(k, declaredRateHz, rates[channel]), code: beatCode, subtype: 0, channel, number: 0, text: '' })
  }
  for (const group of heartGroups(lanes.map(({ kind }, channel) => ({ kind, rateHz: rates[channel] })))) {
    const first = await samplesOf(group[0])
    const fused = first.length * group.length <= mostFusedSamples
    const leads = [first]
    if (fused) for (const channel of group.slice(1)) leads.push(await samplesOf(channel))
    findBeatsInStretches(lanes[group[0]].kind, leads, rates[group[0]]).forEach((found, i) => record(group[i], leads[i], found))
    if (fused) continue
    for (const channel of group.slice(1)) {
      const samples = await samplesOf(channel)
      record(channel, samples, findBeatsInStretches(lanes[channel].kind, [samples], rates[channel])[0])
    }
  }
  const detectors = [...new Set(results.flatMap((lane) => lane.detector ?? []))]
  const note: WfdbAnnotation = { sample: 0, code: noteCode, subtype: 0, channel: 0, number: 0, text: detectors.join(' ') }
  annotations.sort((a, b) => a.sample - b.sample || a.channel - b.channel)
  return { analysis: { formatVersion: 1, detectors, contentHash, lanes: results }, beats: writeAnnotations([note, ...annotations]) }
}

/** analysis.json */
export function analysisText(analysis: Analysis): string {
  return `${JSON.stringify(Analysis.parse(analysis))}\n`
}

/** Puts analysis.qrs, then analysis.json in place, each as a whole. @throws LabError as `writeAtomically`. */
export async function writeAnalysis(files: Files, folder: string, { analysis, beats }: MadeAnalysis): Promise<void> {
  await writeAtomically(files, join(folder, 'analysis.qrs'), beats)
  await writeAtomically(files, join(folder, 'analysis.json'), analysisText(analysis))
}

/** The analysis of a recording's present signal, or `null`: never made, of another signal, or damaged (it is derived and can be made again). @throws LabError `file-read-failed`. */
export async function readAnalysis(files: Files, folder: string, contentHash: string): Promise<Analysis | null> {
  const path = join(folder, 'analysis.json')
  if ((await files.stat(path)) === null) return null
  const bytes = await files.readFile(path)
  try {
    const read = Analysis.safeParse(JSON.parse(new TextDecoder().decode(bytes)))
    return read.success && read.data.contentHash === contentHash ? read.data : null
  } catch {
    // Not JSON: cut off by a crash of another program.
    return null
  }
}

/** Rows of the beats per lane (index), ascending; empty without an analysis. @throws LabError `wfdb-annotations-invalid`, `file-read-failed`. */
export async function readAnalysisBeats(files: Files, folder: string): Promise<Map<number, number[]>> {
  const beats = new Map<number, number[]>()
  const path = join(folder, 'analysis.qrs')
  if ((await files.stat(path)) === null) return beats
  for (const { code, sample, channel } of readAnnotations(await files.readFile(path))) {
    if (code !== beatCode) continue
    const rows = beats.get(channel)
    if (rows) rows.push(sample)
    else beats.set(channel, [sample])
  }
  return beats
}

/**
 * One lane's own physical samples from signals.dat, NaN where there is none. Lanes without a rate of their own have a sample on every row. `into` is used where it is as long.
 * @throws LabError `recording-incomplete`, `wfdb-header-invalid`, `wfdb-signal-invalid`, `cancelled`.
 */
export async function readLane(
  files: Files, folder: string, recording: Pick<Recording, 'id' | 'state' | 'lanes' | 'declaredRateHz'>, index: number, { signal, into = null }: { readonly signal?: AbortSignal; readonly into?: Float32Array | null } = {},
): Promise<Float32Array> {
  const { declaredRateHz } = recording
  const { rateHz = declaredRateHz, baseline, gainCountsPerUnit } = recording.lanes[index]
  const stored = await StoredSignals.open(files, folder, recording)
  try {
    const length = samplesInRows(stored.rows, declaredRateHz, rateHz)
    const samples = (into?.length === length ? into : new Float32Array(length)).fill(Number.NaN)
    let k = 0
    for await (const { counts, missing, row, rows } of stored.blocks(0, stored.rows, signal)) {
      for (; k < samples.length; k++) {
        const at = rowOfSample(k, declaredRateHz, rateHz) - row
        if (at >= rows) break
        const count = counts[at * stored.lanes + index]
        if (count !== missing) samples[k] = (count - baseline) / gainCountsPerUnit
      }
    }
    return samples
  } finally {
    await stored.close()
  }
}
