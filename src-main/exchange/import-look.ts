import { LabError, noValue, type ImportLook, type ImportRules } from '../contract/index.ts'
import { findBeats, heartGroups } from '../dataset/lane-analysis.ts'
import type { Files } from '../dataset/files.ts'
import { rowOfSample } from '../dataset/lane-rows.ts'
import { importLanes, rowsPerFrame } from './import-lanes.ts'
import { openRecord } from './open-record.ts'
import { recogniseFile } from './recognise.ts'
import { RuleSet } from './rule-text.ts'
import { folderAt, openSourceFolder } from './source-files.ts'
import { chosenPlace, splitPath } from './walk.ts'

export interface LookRequest {
  /** Leading file of a candidate, relative to the chosen folder. */
  readonly file: string
  readonly rules: ImportRules
  readonly seconds: number
  readonly columns: number
  readonly signal?: AbortSignal
}

/** More samples than a screen of a few minutes shows; a lying rate must not fill the memory. */
const mostSamples = 1 << 24

/**
 * The first seconds of one candidate as they would be drawn, with the beats that the detectors find in them. Nothing is written.
 * @throws LabError `file-not-found`, `format-unknown`, `import-rules-invalid`, those of the format, `cancelled`.
 */
export async function lookAt(files: Files, from: string, { file, rules, seconds, columns, signal }: LookRequest): Promise<ImportLook> {
  const { root } = await chosenPlace(files, from)
  const { folders, name } = splitPath(file)
  const folder = await folderAt(await openSourceFolder(files, root), folders)
  const leading = await folder?.open(name)
  if (!folder || !leading) throw new LabError('file-not-found', `${file} does not exist.`, { file })
  const kind = await recogniseFile(leading)
  if (kind === 'binary' || kind === 'documentation') throw new LabError('format-unknown', `${file} is of no format that is read here.`, { file })
  const { source } = await openRecord(folder, name, kind, rules.delimited)
  const lanes = importLanes(source, new RuleSet(rules))
  const samplesPerFrame = lanes.reduce((sum, lane) => sum + lane.samples, 0)
  const frames = Math.max(1, Math.min(source.frames, Math.ceil(seconds * source.rateHz), Math.floor(mostSamples / samplesPerFrame)))
  const counts = lanes.map((lane) => new Int32Array(frames * lane.samples).fill(noValue))
  let read = 0
  for await (const block of source.blocks({ ...(signal && { signal }), framesPerBlock: Math.max(1, Math.min(frames, Math.floor(65_536 / samplesPerFrame))) })) {
    const here = Math.min(frames - read, Math.floor(block[0].length / lanes[0].samples))
    lanes.forEach((lane, i) => counts[i].set(block[i].subarray(0, here * lane.samples), read * lane.samples))
    read += here
    if (read >= frames) break
  }
  const rateHz = source.rateHz * rowsPerFrame(source)
  const physical = lanes.map((lane, i) => {
    const sign = lane.negated ? -1 : 1
    return Float32Array.from(counts[i], (count) => (count === noValue ? Number.NaN : (sign * count - lane.baseline) / lane.gainCountsPerUnit))
  })
  const rates = lanes.map((lane) => lane.rateHz ?? rateHz)
  const beats: number[][] = []
  for (const group of heartGroups(lanes.map((lane, i) => ({ kind: lane.kind, rateHz: rates[i] })))) {
    const found = findBeats(lanes[group[0]].kind, group.map((i) => physical[i]), rates[group[0]])
    group.forEach((lane, i) => (beats[lane] = found[i].rows.map((k) => rowOfSample(k, rateHz, rates[lane]))))
  }
  return {
    file,
    rateHz,
    rows: frames * rowsPerFrame(source),
    columns,
    lanes: lanes.map(({ label, kind: laneKind, unit }, i) => ({ label, kind: laneKind, unit, beats: beats[i] })),
    bytes: columnsOf(physical, columns),
  }
}

/** [lane][column][min, max] as Float32; with more columns than samples neighbours show the same one. */
function columnsOf(lanes: readonly Float32Array[], columns: number): Uint8Array<ArrayBuffer> {
  const values = new Float32Array(lanes.length * columns * 2).fill(Number.NaN)
  lanes.forEach((samples, lane) => {
    for (let c = 0; c < columns; c++) {
      const from = Math.floor((c * samples.length) / columns)
      const to = Math.max(from + 1, Math.floor(((c + 1) * samples.length) / columns))
      const at = (lane * columns + c) * 2
      for (let k = from; k < to; k++) {
        const value = samples[k]
        if (Number.isNaN(value)) continue
        if (!(value >= values[at])) values[at] = value
        if (!(value <= values[at + 1])) values[at + 1] = value
      }
    }
  })
  return new Uint8Array(values.buffer)
}
