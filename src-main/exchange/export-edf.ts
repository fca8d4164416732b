import { LabError, noValue, type LaneSpec, type Recording } from '../contract/index.ts'
import { joinSpans, subtractSpans } from '../curation/spans.ts'
import { EdfWriter, type EdfOutput, type EdfOutputSignal } from '../formats/edf-writer.ts'
import { beginOf } from './export-plan.ts'
import type { RecordingExport } from './export-recording.ts'
import { keptRows } from './export-rows.ts'

/** What really stands in a lane. */
interface LaneRange {
  minimum: number
  maximum: number
  missing: boolean
}

/** How a lane's counts become the format's digital values: `round((count - origin) / step) + place`. */
interface LaneScale {
  readonly signal: EdfOutputSignal
  /** `null`: digital values are the counts. */
  readonly change: { readonly step: number; readonly origin: number; readonly place: number } | null
}

/** SUBJECT/RECORDING.edf or .bdf: counts as they are where the format holds them, else the nearest values that it holds, said in `changed`. */
export async function exportEdf(item: RecordingExport, format: 'edf' | 'bdf'): Promise<void> {
  const { out, recording, stored, keepDates, changed, signal } = item
  const { entry, name } = item.item
  const file = `${entry.subject}/${name}.${format}`
  const bits = format === 'edf' ? 16 : 24
  const ranges = await laneRanges(item)
  const scales = recording.lanes.map((lane, i) => laneScale(lane, ranges[i], bits))
  for (const [i, { change }] of scales.entries()) if (change) changed.push({ file, code: 'export-value-changed' satisfies LabError['code'], message: changeText(recording.lanes[i], change, bits) })
  const begin = beginOf(item.item, keepDates)
  const output: EdfOutput = {
    format: format === 'edf' ? 'edf+' : 'bdf+',
    rateHz: entry.rateHz,
    frames: stored.rows,
    signals: scales.map((scale) => scale.signal),
    startDate: begin?.date ?? null,
    startTime: begin?.time ?? null,
    identification: { patientCode: entry.subject, recordingCode: name, equipment: recording.device.profile },
    annotations: annotationsOf(item),
    gaps: gapsOf(item),
  }
  const writer = named(file, () => new EdfWriter(output))
  for (const { code, message } of writer.findings) changed.push({ file, code, message })
  const sink = await out.create(file)
  await sink.write(writer.header())
  for await (const { counts } of keptRows(stored, entry.spans, signal)) {
    rescale(counts, scales)
    const bytes = named(file, () => writer.pushRows(counts))
    if (bytes.length > 0) await sink.write(bytes)
  }
  await sink.write(writer.finish())
  await sink.end()
}

/** An error of the format says which file it is about. */
function named<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    const error = LabError.from(thrown)
    throw new LabError(error.code, `${file}: ${error.message}`, { ...error.data, file }, { cause: thrown })
  }
}

async function laneRanges({ recording, stored, item, signal }: RecordingExport): Promise<LaneRange[]> {
  const ranges = recording.lanes.map((): LaneRange => ({ minimum: Number.POSITIVE_INFINITY, maximum: Number.NEGATIVE_INFINITY, missing: false }))
  for await (const { counts, rows } of keptRows(stored, item.entry.spans, signal)) {
    for (let row = 0, at = 0; row < rows; row++) {
      for (const range of ranges) {
        const count = counts[at++]
        if (count === noValue) range.missing = true
        else {
          if (count < range.minimum) range.minimum = count
          if (count > range.maximum) range.maximum = count
        }
      }
    }
  }
  return ranges
}

/**
 * The counts themselves where the format holds them all, and one value more for missing samples; else whole steps of counts, as few as will do.
 * @example a 24-bit lane that used -4000000..4000000 in EDF: step 123, so that no value is off by more than 61.5 counts
 */
function laneScale(lane: LaneSpec, range: LaneRange, bits: 16 | 24): LaneScale {
  const lowest = -(2 ** (bits - 1))
  const highest = 2 ** (bits - 1) - 1
  const { label, unit, gainCountsPerUnit, baseline } = lane
  const plain = { label, unit, samplesPerFrame: 1 }
  const used = range.minimum <= range.maximum ? range : { minimum: 0, maximum: 0, missing: true }
  const free = range.missing ? 1 : 0
  if (used.minimum >= lowest && used.maximum <= highest && used.maximum - used.minimum <= highest - lowest - free && (free === 0 || used.minimum > lowest || used.maximum < highest)) {
    // What the converter claims, as far as it leaves the value for missing samples.
    const minimum = Math.min(Math.max(lane.minimum, used.minimum > lowest ? lowest + free : lowest), used.minimum)
    const maximum = Math.max(Math.min(lane.maximum, used.minimum > lowest ? highest : highest - free), used.maximum)
    return { signal: { ...plain, gainCountsPerUnit, baseline, minimum, maximum }, change: null }
  }
  const step = Math.ceil((used.maximum - used.minimum + 1) / (highest - lowest - 8))
  // The baseline must stay a whole number: values count from it.
  const place = -Math.round(((used.minimum + used.maximum) / 2 - baseline) / step)
  const digital = (count: number): number => Math.round((count - baseline) / step) + place
  return {
    signal: { ...plain, gainCountsPerUnit: gainCountsPerUnit / step, baseline: place, minimum: Math.max(lowest + 1, digital(used.minimum)), maximum: Math.min(highest, Math.max(digital(used.maximum), digital(used.minimum) + 1)) },
    change: { step, origin: baseline, place },
  }
}

function rescale(counts: Int32Array, scales: readonly LaneScale[]): void {
  for (const [lane, { change }] of scales.entries()) {
    if (!change) continue
    const { step, origin, place } = change
    for (let at = lane; at < counts.length; at += scales.length) if (counts[at] !== noValue) counts[at] = Math.round((counts[at] - origin) / step) + place
  }
}

function changeText(lane: LaneSpec, { step, origin, place }: NonNullable<LaneScale['change']>, bits: number): string {
  if (step === 1) return `${lane.label}: its counts do not fit ${bits} bits and are written ${Math.abs(place - origin)} ${place < origin ? 'lower' : 'higher'}; physical values stay exact.`
  const error = step / 2 / lane.gainCountsPerUnit
  return `${lane.label}: its counts do not fit ${bits} bits; steps of ${step} counts are written, so that a value is off by up to ${Number(error.toPrecision(3))} ${lane.unit}.`
}

function annotationsOf({ labels: { beats, labels } }: RecordingExport): EdfOutput['annotations'] {
  return [
    ...beats.map(({ row, lane, symbol }) => ({ frame: row, durationFrames: null, text: symbol, signal: lane })),
    ...labels.map(({ row, toRow, lane, kind, value }) => ({ frame: row, durationFrames: toRow === null ? null : toRow - row, text: `${kind} ${value}`.trimEnd(), signal: lane })),
  ].sort((a, b) => a.frame - b.frame)
}

/** Rows that were never recorded or are left out, apart: a reader need not tell them. */
function gapsOf({ recording, item, stored }: { recording: Recording; item: RecordingExport['item']; stored: { rows: number } }): { from: number; to: number }[] {
  const out = subtractSpans([{ from: 0, to: stored.rows }], item.entry.spans)
  return [...out, ...subtractSpans(joinSpans(recording.gaps), out)].sort((a, b) => a.from - b.from)
}
