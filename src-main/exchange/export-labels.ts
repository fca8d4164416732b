import { LabError, type Label, type Recording, type RowSpan } from '../contract/index.ts'
import { annotationCode } from '../formats/wfdb-annotations.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { tableRows } from '../dataset/beat-columns.ts'

export interface ExportBeat {
  readonly row: number
  /** Index of the lane; `null`: none in particular. */
  readonly lane: number | null
  readonly symbol: string
  readonly code: number
}

/** A label other than a beat, as it goes out. */
export interface ExportLabel {
  readonly row: number
  readonly toRow: number | null
  readonly lane: number | null
  readonly kind: Label['kind']
  readonly value: string
}

export interface ExportLabels {
  /** `detector`, `person` for a layer that people or imports wrote; `null`: this recording has no such layer. */
  readonly from: 'detector' | 'person' | null
  /** Names with versions of the detectors. Names of people do not go out. */
  readonly detectors: readonly string[]
  readonly beats: readonly ExportBeat[]
  readonly labels: readonly ExportLabel[]
  /** Notes and technicians' markers: free text, which may name somebody. */
  readonly leftOut: number
}

/** Ran while recording; the offline detectors go before it. */
const liveDetector = 'pulseprint-beats@'

/**
 * Beats and labels of the chosen layer that lie on kept rows. Words that people typed freely do not go out: notes are left out, an `exclude` keeps its place without its reason.
 * Protocol steps go along as markers.
 * @param annotator `null`: the detectors', the offline ones where they ran
 * @throws LabError of reading.
 */
export async function exportLabels(dataset: Dataset, recording: Recording, annotator: string | null, spans: readonly RowSpan[]): Promise<ExportLabels> {
  const layers = await dataset.labels.layers(recording.id)
  const detected = layers.filter(({ origin }) => origin === 'detector').map((layer) => layer.annotator)
  const offline = detected.filter((name) => !name.startsWith(liveDetector))
  const detectors = offline.length > 0 ? offline : detected
  const names = annotator === null ? detectors : layers.some((layer) => layer.annotator === annotator) ? [annotator] : []
  const isDetector = names.length > 0 && names.every((name) => detected.includes(name))
  const laneIndex = new Map(recording.lanes.map((lane, i) => [lane.id, i]))
  const place = (lane: string | null): number | null => (lane === null ? null : (laneIndex.get(lane) ?? null))
  const beats: ExportBeat[] = []
  const labels: ExportLabel[] = []
  let leftOut = 0
  for (const name of names) {
    const table = await dataset.labels.beats(recording.id, name)
    const rows = tableRows(table)
    for (let i = 0; i < table.count; i++) {
      if (!isKept(spans, rows[i])) continue
      const symbol = table.symbols[table.codes[i]]
      beats.push({ row: rows[i], lane: place(table.lanes[table.laneIndexes[i]]), symbol, code: annotationCode(symbol) ?? 0 })
    }
    for (const label of await dataset.labels.list(recording.id, name)) {
      if (label.kind === 'note' || label.kind === 'marker') leftOut++
      else if (overlapsKept(spans, label.row, label.toRow)) labels.push({ row: label.row, toRow: label.toRow, lane: place(label.lane), kind: label.kind, value: label.kind === 'exclude' ? '' : label.value })
    }
  }
  for (const { row, toRow, code, origin } of recording.markers) {
    if (origin === 'technician' || origin === 'alarm') leftOut++
    else if (overlapsKept(spans, row, toRow)) labels.push({ row, toRow, lane: null, kind: 'marker', value: code })
  }
  beats.sort((a, b) => a.row - b.row || (a.lane ?? -1) - (b.lane ?? -1))
  labels.sort((a, b) => a.row - b.row)
  return { from: names.length === 0 ? null : isDetector ? 'detector' : 'person', detectors: isDetector ? names : [], beats, labels, leftOut }
}

/** @throws LabError `label-not-found` when no recording has the layer: a misspelt name must not give an export without beats. */
export function requireLayer(annotator: string | null, found: number): void {
  if (annotator === null || found > 0) return
  throw new LabError('label-not-found', `No recording of the version has a layer "${annotator}".`, { annotator })
}

/** Spans are joined and sorted. */
export function isKept(spans: readonly RowSpan[], row: number): boolean {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (spans[middle].to <= row) low = middle + 1
    else high = middle
  }
  return low < spans.length && spans[low].from <= row
}

function overlapsKept(spans: readonly RowSpan[], row: number, toRow: number | null): boolean {
  return toRow === null ? isKept(spans, row) : spans.some(({ from, to }) => row < to && toRow > from)
}
