import { basename, dirname, resolve } from 'node:path'
import { LabError } from '../contract/index.ts'
import { matchBeats, matchWindowSeconds } from '../curation/match-beats.ts'
import { isBeatCode } from '../dataset/beat-columns.ts'
import { nodeFiles } from '../dataset/files.ts'
import { findBeats, heartGroups } from '../dataset/lane-analysis.ts'
import { importLanes } from '../exchange/import-lanes.ts'
import { LaneCollector } from '../exchange/lane-collector.ts'
import { openRecord } from '../exchange/open-record.ts'
import { presetRules } from '../exchange/presets.ts'
import { mostAnnotationBytes } from '../exchange/recognise.ts'
import { RuleSet } from '../exchange/rule-text.ts'
import { openSourceFolder } from '../exchange/source-files.ts'
import { readAnnotations } from '../formats/wfdb-annotations.ts'

export interface BeatScore {
  readonly beats: number
  readonly truePositives: number
  readonly falseNegatives: number
  readonly falsePositives: number
  /** `null` where there is nothing to divide by. */
  readonly sensitivity: number | null
  readonly positivePredictivity: number | null
  /** Length of the record over the time that detection took. */
  readonly timesRealTime: number
}

export interface BeatRequest {
  /** Path of a WFDB record, with or without `.hea`. */
  readonly record: string
  /** Annotator with the true beats. */
  readonly reference: string
  /** One lane by its label, and no other; when left out all ECG lanes of one rate together, as an analysis looks at them (else the first PPG lane). */
  readonly lane: string | null
  /** Monotonic clock, ms. */
  readonly clock: () => number
  readonly signal?: AbortSignal
}

/** A gigabyte of samples as 32-bit counts. */
const mostSamples = 1 << 28

/**
 * Runs the offline detector on a record and scores it against reference beats, each paired with one detection within 150 ms at most.
 * @throws LabError `file-not-found`, `usage-invalid` when the record has no such lane, those of the format, `cancelled`.
 */
export async function detectBeatsOf({ record, reference, lane, clock, signal }: BeatRequest): Promise<BeatScore> {
  const path = resolve(record)
  const name = basename(path).replace(/\.hea$/i, '')
  const folder = await openSourceFolder(nodeFiles, dirname(path))
  const { source } = await openRecord(folder, `${name}.hea`, 'wfdb', null)
  const lanes = importLanes(source, new RuleSet(presetRules('file-per-subject')))
  const rates = lanes.map(({ samples }) => source.rateHz * samples)
  const groups = heartGroups(lanes.map(({ kind }, i) => ({ kind, rateHz: rates[i] })))
  const named = lanes.findIndex(({ label, id }) => label === lane || id === lane)
  const group = lane === null ? (['ecg', 'ppg'] as const).map((kind) => groups.find(([first]) => lanes[first].kind === kind)).find((found) => found !== undefined) : named < 0 ? undefined : [named]
  if (group === undefined) {
    const known = lanes.map(({ label }) => label)
    throw new LabError('usage-invalid', lane === null ? `${name} has no ECG or PPG signal.` : `${name} has no signal "${lane}"; it has ${known.join(', ')}.`, { record: name, known })
  }
  const annotations = await folder.open(`${name}.${reference}`)
  if (!annotations) throw new LabError('file-not-found', `${name}.${reference} does not exist.`, { file: `${name}.${reference}` })
  if (annotations.bytes > mostAnnotationBytes) throw new LabError('wfdb-annotations-invalid', `${annotations.name} is too large for annotations.`, { bytes: annotations.bytes })
  const collector = new LaneCollector(mostSamples)
  for await (const block of source.blocks(signal ? { signal } : {})) group.forEach((index, i) => collector.push(i, block[index]))
  const { samples: perFrame, kind } = lanes[group[0]]
  const rateHz = rates[group[0]]
  const physical = collector.lanes(group.map((index) => lanes[index]))
  if (!physical) throw new LabError('request-invalid', `${name} is too long to be scored in one go.`, { record: name })
  const leads = group.map((_, i) => physical(i))
  const began = clock()
  const found = findBeats(kind, leads, rateHz)[0].rows
  const seconds = Math.max(1e-6, (clock() - began) / 1000)
  const truth = readAnnotations(await annotations.read(0, annotations.bytes)).filter(({ code }) => isBeatCode(code)).map(({ sample }) => sample * perFrame)
  const truePositives = matchBeats(truth, found, Math.round(matchWindowSeconds * rateHz)).length
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)
  return {
    beats: truth.length,
    truePositives,
    falseNegatives: truth.length - truePositives,
    falsePositives: found.length - truePositives,
    sensitivity: share(truePositives, truth.length),
    positivePredictivity: share(truePositives, found.length),
    timesRealTime: Math.round(leads[0].length / rateHz / seconds),
  }
}
