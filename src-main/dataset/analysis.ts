import { join } from 'node:path'
import { Analysis, LabError, type Recording } from '../contract/index.ts'
import { annotationCode, readAnnotations, writeAnnotations, type WfdbAnnotation } from '../formats/wfdb-annotations.ts'
import { findBeatsInStretches } from './beat-stretches.ts'
import { writeAtomically, type Files } from './files.ts'
import { analyseLane, heartGroups } from './lane-analysis.ts'
import { memoryReader, storedReader, type LaneSet } from './lane-reader.ts'
import { rowOfSample } from './lane-rows.ts'

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
 * Runs the offline detectors on every lane: the ECG lanes of one rate together where they fit in memory, else one lane at a time. Rows of beats are rows of the recording. The same
 * samples give the same bytes. Long gaps that the recording names are not looked through.
 * @throws LabError `recording-incomplete`, `wfdb-header-invalid`, `wfdb-signal-invalid`, `cancelled`.
 */
export async function analyseLanes(
  recording: Pick<Recording, 'id' | 'state' | 'lanes' | 'declaredRateHz' | 'contentHash'> & Partial<Pick<Recording, 'gaps'>>, source: LaneSamples, signal?: AbortSignal,
): Promise<MadeAnalysis> {
  const { lanes, declaredRateHz, contentHash } = recording
  const results: Analysis['lanes'] = []
  const annotations: WfdbAnnotation[] = []
  const rates = lanes.map((lane) => lane.rateHz ?? declaredRateHz)
  const reader = typeof source === 'function' ? memoryReader(source) : await storedReader(source, recording)
  const take = (channels: readonly number[], into: Float32Array | null): Promise<LaneSet> => {
    if (signal?.aborted) throw new LabError('cancelled', 'The analysis was cancelled.')
    return reader.read(channels, { signal, into })
  }
  const look = (channels: readonly number[], { samples, rows }: LaneSet): void => {
    const rateHz = rates[channels[0]]
    findBeatsInStretches(lanes[channels[0]].kind, samples, rateHz).forEach((found, i) => {
      const channel = channels[i]
      results[channel] = analyseLane(lanes[channel], samples[i], rateHz, found, rows)
      if (channel >= mostLanes) return
      for (const k of found.rows) annotations.push({ sample: rowOfSample(rows.toFull(k), declaredRateHz, rateHz), code: beatCode, subtype: 0, channel, number: 0, text: '' })
    })
  }
  try {
    /** Of a lane that was analysed: a day of samples is not held twice. */
    let spare: Float32Array | null = null
    for (const group of heartGroups(lanes.map(({ kind }, channel) => ({ kind, rateHz: rates[channel] })))) {
      for (const channels of reader.length(group[0]) * group.length <= mostFusedSamples ? [group] : group.map((channel) => [channel])) {
        const into: Float32Array | null = spare
        spare = null
        const set = await take(channels, into)
        look(channels, set)
        spare = set.samples[0]
      }
    }
  } finally {
    await reader.close()
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
