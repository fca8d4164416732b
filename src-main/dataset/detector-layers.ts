import { join } from 'node:path'
import { Annotator, LabError, type Label, type Recording } from '../contract/index.ts'
import { annotationCode, annotationSymbol, readAnnotations, type WfdbAnnotation } from '../formats/wfdb-annotations.ts'
import { readAnalysis } from './analysis.ts'
import { basisBeatId, beatColumns, isBeatCode, type BeatColumns } from './beat-columns.ts'
import type { Files } from './files.ts'

/** What a detector found in one recording. */
export interface DetectorLayer {
  readonly annotator: string
  readonly beats: BeatColumns
  readonly updatedAt: string
}

const noteCode = annotationCode('"')

/**
 * Layers of the detectors: the one that ran while recording (beats.qrs, which begins with a note of its name) and the offline ones (analysis.qrs; the lanes of
 * analysis.json say which). An analysis of another signal than the present one is none.
 * @throws LabError `file-read-failed`.
 */
export async function readDetectorLayers(files: Files, folder: string, recording: Pick<Recording, 'contentHash'>): Promise<DetectorLayer[]> {
  const layers: DetectorLayer[] = []
  const live = await annotationsOf(files, join(folder, 'beats.qrs'))
  const note = live?.annotations.find(({ code, text }) => code === noteCode && Annotator.safeParse(text).success)
  if (live && note) layers.push(layerOf(note.text, live.annotations, live.updatedAt))
  const analysis = await readAnalysis(files, folder, recording.contentHash)
  const offline = analysis && (await annotationsOf(files, join(folder, 'analysis.qrs')))
  if (!offline) return layers
  for (const detector of new Set(analysis.lanes.flatMap((lane) => lane.detector ?? []))) {
    if (!Annotator.safeParse(detector).success) continue
    const lanes = new Set(analysis.lanes.flatMap((lane, i) => (lane.detector === detector ? [i] : [])))
    layers.push(layerOf(detector, offline.annotations.filter(({ channel }) => lanes.has(channel)), offline.updatedAt))
  }
  return layers
}

function layerOf(annotator: string, annotations: readonly WfdbAnnotation[], updatedAt: string): DetectorLayer {
  const beats = annotations.filter(({ code, sample }) => isBeatCode(code) && sample >= 0)
  return { annotator, beats: beatColumns(beats.map(({ sample, channel, code }) => ({ row: sample, lane: channel, code }))), updatedAt }
}

interface AnnotationFile {
  readonly annotations: readonly WfdbAnnotation[]
  readonly updatedAt: string
}

/** `null` when there is none, or a damaged one: it is derived, and `verify` says so. */
async function annotationsOf(files: Files, path: string): Promise<AnnotationFile | null> {
  const found = await files.stat(path)
  if (!found) return null
  const bytes = await files.readFile(path)
  try {
    return { annotations: readAnnotations(bytes), updatedAt: new Date(found.modifiedMs).toISOString() }
  } catch (thrown) {
    if (LabError.from(thrown).code !== 'wfdb-annotations-invalid') throw thrown
    return null
  }
}

/** A detector's beats as labels. */
export function detectorLabels({ annotator, beats, updatedAt }: DetectorLayer, laneIds: readonly string[]): Label[] {
  return Array.from(beats.rows, (row, i): Label => {
    const lane = laneIds[beats.lanes[i]] ?? null
    return { id: basisBeatId(annotator, lane, row), row, toRow: null, lane, kind: 'beat', value: annotationSymbol(beats.codes[i]), annotator, origin: annotator, createdAt: updatedAt }
  })
}
