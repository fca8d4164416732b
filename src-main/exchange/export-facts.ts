import type { Recording } from '../contract/index.ts'
import { rowsIn } from '../curation/spans.ts'
import type { ExportLabels } from './export-labels.ts'
import type { ExportEntry } from './export-plan.ts'

/** Counts of what goes out, for the papers: gathered while it does. */
export class ExportFacts {
  readonly devices = new Map<string, number>()
  readonly rates = new Map<string, number>()
  readonly lanes = new Map<string, number>()
  readonly states = new Map<string, number>()
  readonly sources = new Map<string, number>()
  readonly licences = new Set<string>()
  readonly findings = new Map<string, number>()
  readonly detectors = new Set<string>()
  seconds = 0
  secondsLeftOut = 0
  lostRows = 0
  beats = 0
  labels = 0
  /** Labels of free text that stay at home. */
  leftOut = 0
  recordings = 0
  /** Recordings that have the chosen layer. */
  layers = 0
  /** Without a lane that windows could come from. */
  noLane = 0
  /** Windows that were wanted; what is missing of them reached over an edge or a missing sample. */
  windows = 0

  add({ entry }: ExportEntry, recording: Recording, labels: ExportLabels): void {
    this.recordings++
    count(this.devices, recording.device.profile)
    count(this.rates, `${entry.rateHz} Hz`)
    for (const lane of recording.lanes) count(this.lanes, `${lane.kind}, ${lane.unit}, ${lane.bits} bits`)
    count(this.states, recording.state)
    count(this.sources, recording.origin ? `imported from ${recording.origin.format}` : 'recorded with Pulseprint')
    if (recording.origin?.licence) this.licences.add(recording.origin.licence)
    for (const code of new Set([...recording.warnings, ...(recording.origin?.findings ?? [])].map((finding) => finding.code))) count(this.findings, code)
    for (const detector of labels.detectors) this.detectors.add(detector)
    const kept = rowsIn(entry.spans)
    this.seconds += kept / entry.rateHz
    this.secondsLeftOut += Math.max(0, recording.rows - kept) / entry.rateHz
    this.lostRows += recording.lostRows
    this.beats += labels.beats.length
    this.labels += labels.labels.length
    this.leftOut += labels.leftOut
    if (labels.from !== null) this.layers++
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** Most frequent first. @example countsText(new Map([['a', 1], ['b', 3]])) // 'b (3), a (1)' */
export function countsText(counts: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return 'none'
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([key, times]) => `${key} (${times})`).join(', ')
}

/** @example counted(1, 'recording') // '1 recording' */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
