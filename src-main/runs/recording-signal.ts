import { basename, dirname, resolve } from 'node:path'
import { LabError, noValue, type RecordingId } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { nodeFiles } from '../dataset/files.ts'
import { ownRows } from '../dataset/filtered-tiles.ts'
import { findBeats, heartGroups } from '../dataset/lane-analysis.ts'
import { exportLabels } from '../exchange/export-labels.ts'
import { beatsOn } from '../exchange/export-windows.ts'
import { importLanes, type ImportLane } from '../exchange/import-lanes.ts'
import { openRecord } from '../exchange/open-record.ts'
import { presetRules } from '../exchange/presets.ts'
import { RuleSet } from '../exchange/rule-text.ts'
import { openSourceFolder } from '../exchange/source-files.ts'
import { inGravities, motionLanes } from './motion-track.ts'
import type { SignalSource } from './signal-windows.ts'
import { chosenLane } from './window-lane.ts'
import type { WindowSetOptions } from './window-options.ts'

/** What is looked at of a long recording: half an hour of beats are two thousand, more than a template needs. */
const mostSeconds = 1800
/** Leads that are looked at together: 128 MB of them. Of more, the one that counts is looked at by itself. */
const mostFusedSamples = 2 ** 25

/** Filters and detectors work in seconds: a header that says a billion a second would have them compute for days. Twice what the fastest polygraphs do. */
const highestRateHz = 200_000

/** Nothing of that kind was measured. */
export const noLane = (what: string, lane: string): LabError =>
  new LabError('lane-missing', `${what} has no ${lane.toUpperCase()} lane of the kind that this model was trained on.`, { record: what, lane })

/** A recording of the dataset, with the beats of its labels where it has them. @throws LabError `recording-not-found`, `lane-missing`, `label-not-found`, those of reading. */
export async function recordingSignal(dataset: Dataset, id: RecordingId, options: WindowSetOptions, signal?: AbortSignal): Promise<SignalSource> {
  return dataset.signals.use(id, async (stored, recording) => {
    const chosen = await chosenLane(dataset, recording, options)
    if (!chosen) throw noLane(recording.id, options.lane)
    const { lane, index } = chosen
    const rowRateHz = recording.declaredRateHz
    const rows = Math.min(recording.rows, Math.round(mostSeconds * rowRateHz))
    const rateHz = lane.rateHz ?? rowRateHz
    const own = async (lanes: readonly number[]): Promise<Float32Array[]> => {
      const all = await stored.physical(lanes, 0, rows, signal)
      if (rateHz === rowRateHz) return all
      const places = ownRows(rateHz, rowRateHz, 0, rows)
      return all.map((values) => Float32Array.from(places, (row) => values[row]))
    }
    const axes = options.maximumMotion === null ? [] : motionLanes(recording.lanes)
    const motion = axes.length === 0 ? {} : { motion: { rateHz: rowRateHz, axes: inGravities(await stored.physical(axes.map((axis) => axis.index), 0, rows, signal), axes) } }
    const labels = options.mode === 'window' ? null : await exportLabels(dataset, recording, options.annotator, [{ from: 0, to: rows }])
    const known = labels === null || labels.from === null ? [] : beatsOn(labels, recording, chosen).map(({ row }) => (row * rateHz) / rowRateHz)
    if (options.mode === 'window' || known.length > 0) {
      const [samples] = await own([index])
      return { samples, rateHz, finest: 1 / lane.gainCountsPerUnit, beats: known.length > 0 ? known : null, ...motion }
    }
    // It was not analysed yet: as the analysis will.
    const leads = leadsWith(index, recording.lanes.map(({ kind, rateHz: laneHz }) => ({ kind, rateHz: laneHz ?? rowRateHz })), rows)
    const samples = await own(leads)
    return { samples: samples[leads.indexOf(index)], rateHz, finest: 1 / lane.gainCountsPerUnit, beats: beatsOf(options.lane, samples, leads.indexOf(index), rateHz), ...motion }
  })
}

/** Lanes of the same heart, so that noise in one is bridged by the others. */
function leadsWith(index: number, lanes: Parameters<typeof heartGroups>[0], samples: number): readonly number[] {
  const group = heartGroups(lanes).find((members) => members.includes(index)) ?? [index]
  return group.length * samples <= mostFusedSamples ? group : [index]
}

const beatsOf = (kind: WindowSetOptions['lane'], leads: readonly Float32Array[], place: number, rateHz: number): readonly number[] => findBeats(kind, leads, rateHz)[place].rows

/**
 * A WFDB record or EDF file outside the dataset; of lanes of the model's kind the first, unless the model names another.
 * @throws LabError `file-not-found`, `lane-missing`, `enrolment-impossible` for a rate that cannot be, those of the format.
 */
export async function fileSignal(path: string, options: WindowSetOptions, signal?: AbortSignal): Promise<SignalSource> {
  const whole = resolve(path)
  const kind = /\.(edf|bdf)$/i.test(whole) ? 'edf' : 'wfdb'
  const name = kind === 'edf' ? basename(whole) : `${basename(whole).replace(/\.(hea|dat)$/i, '')}.hea`
  const folder = await openSourceFolder(nodeFiles, dirname(whole))
  const { source } = await openRecord(folder, name, kind, null)
  const lanes = importLanes(source, new RuleSet(presetRules('file-per-subject')))
  const chosen = [...lanes.entries()].filter(([, lane]) => lane.kind === options.lane).at(options.channel ?? 0)
  if (!chosen) throw noLane(name, options.lane)
  const [index, lane] = chosen
  const rateHz = source.rateHz * lane.samples
  if (!(rateHz <= highestRateHz)) throw new LabError('enrolment-impossible', `${name} says that it has ${rateHz} samples a second: no heart is recorded with more than ${highestRateHz}. Its header is wrong.`, { record: name, rateHz })
  const leads = leadsWith(index, lanes.map((one) => ({ kind: one.kind, rateHz: source.rateHz * one.samples })), Math.round(mostSeconds * rateHz))
  const samples = await beginning(source.blocks(signal ? { signal } : {}), leads.map((lead) => ({ index: lead, lane: lanes[lead] })), Math.round(mostSeconds * rateHz))
  const place = leads.indexOf(index)
  const beats = options.mode === 'window' ? null : beatsOf(options.lane, samples, place, rateHz)
  // In the file's order: the rate of the first axis is the others' too, unless they are another sensor's.
  const axes = options.maximumMotion === null ? [] : motionLanes(lanes).filter((axis, _, [first]) => lanes[axis.index].samples === lanes[first.index].samples)
  if (axes.length === 0) return { samples: samples[place], rateHz, finest: 1 / lane.gainCountsPerUnit, beats }
  const motionHz = source.rateHz * lanes[axes[0].index].samples
  const moved = await beginning(source.blocks(signal ? { signal } : {}), axes.map((axis) => ({ index: axis.index, lane: lanes[axis.index] })), Math.round(mostSeconds * motionHz))
  return { samples: samples[place], rateHz, finest: 1 / lane.gainCountsPerUnit, beats, motion: { rateHz: motionHz, axes: inGravities(moved, axes) } }
}

/** The first `most` physical samples of lanes of one rate. */
async function beginning(blocks: AsyncIterable<readonly Int32Array[]>, picked: readonly { index: number; lane: ImportLane }[], most: number): Promise<Float32Array[]> {
  const pieces = picked.map((): Float32Array[] => [])
  let taken = 0
  for await (const block of blocks) {
    const count = Math.min(most - taken, block[picked[0].index].length)
    for (const [k, { index, lane }] of picked.entries()) pieces[k].push(physical(block[index].subarray(0, count), lane))
    taken += count
    if (taken >= most) break
  }
  return pieces.map((parts) => {
    const samples = new Float32Array(taken)
    let at = 0
    for (const part of parts) {
      samples.set(part, at)
      at += part.length
    }
    return samples
  })
}

/** A file that counts downwards has its counts stored with the other sign (import-lanes.ts). */
function physical(counts: Int32Array, { negated, baseline, gainCountsPerUnit }: ImportLane): Float32Array {
  return Float32Array.from(counts, (count) => (count === noValue ? Number.NaN : ((negated ? 0 - count : count) - baseline) / gainCountsPerUnit))
}
