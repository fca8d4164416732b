import { randomUUID } from 'node:crypto'
import {
  LabError, RecordingId, type AgreementReport, type Label, type LabelChange, type LabelKind, type LabelLayer, type Recording,
} from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { nodeFiles, writeAtomically } from '../dataset/files.ts'
import { agreementOf } from './labels-service.ts'
import { withDataset } from './with-dataset.ts'

/** A whole id is taken as it is, so that one whose subject was erased is told apart from one that never was. @throws LabError `recording-not-found`. */
async function idOf(dataset: Dataset, text: string): Promise<RecordingId> {
  return RecordingId.safeParse(text.trim().toUpperCase()).data ?? (await dataset.recordings.find(text))
}

export interface ListedLabels {
  readonly recording: string
  readonly layers: readonly LabelLayer[]
  /** Of the annotator that was asked for; `null` when none was. */
  readonly labels: readonly Label[] | null
}

/** @throws LabError `recording-not-found`, `label-not-found`. */
export function listLabels(path: string, recording: string, annotator: string | null): Promise<ListedLabels> {
  return withDataset(path, 'read', async (dataset) => {
    const id = await idOf(dataset, recording)
    const layers = await dataset.labels.layers(id)
    return { recording: id, layers, labels: annotator === null ? null : await dataset.labels.all(id, annotator) }
  })
}

/** A label as a person types it: rows, or seconds from the start. */
export interface TypedLabel {
  readonly recording: string
  readonly annotator: string
  readonly kind: LabelKind
  readonly value: string
  readonly lane: string | null
  readonly row: number | null
  readonly toRow: number | null
  readonly fromSeconds: number | null
  readonly toSeconds: number | null
  readonly basis: string | null
}

/** @throws LabError `usage-invalid` without a row or second to begin at, with both, or for a basis that the layer does not have; and as `LabelStore.append`. */
export function addLabel(path: string, typed: TypedLabel): Promise<{ recording: string; label: Omit<Extract<LabelChange, { type: 'set' }>, 'type' | 'supersedes'>; layer: LabelLayer }> {
  return withDataset(path, 'write', async (dataset) => {
    const id = await idOf(dataset, typed.recording)
    const layers = await dataset.labels.layers(id)
    const basisNow = layers.find(({ annotator }) => annotator === typed.annotator)?.basis
    if (typed.basis !== null && basisNow !== undefined && basisNow !== typed.basis) {
      throw new LabError('usage-invalid', `The layer "${typed.annotator}" is there already and did not start from "${typed.basis}".`, { option: 'basis' })
    }
    const recording = await dataset.recordings.get(id)
    if ((typed.row !== null && typed.fromSeconds !== null) || (typed.toRow !== null && typed.toSeconds !== null)) {
      throw new LabError('usage-invalid', 'Say where the label lies in rows or in seconds, not in both.', { option: typed.row !== null && typed.fromSeconds !== null ? 'from' : 'to' })
    }
    const row = typed.row ?? rowAt(typed.fromSeconds, recording)
    if (row === null) throw new LabError('usage-invalid', 'Say where the label begins: --row or --from.', { option: 'from' })
    const label = { id: randomUUID(), row, toRow: typed.toRow ?? rowAt(typed.toSeconds, recording), lane: typed.lane, kind: typed.kind, value: typed.value }
    const layer = await dataset.labels.append(id, typed.annotator, { basis: typed.basis, changes: [{ type: 'set', ...label, supersedes: null }] })
    return { recording: id, label, layer }
  })
}

function rowAt(seconds: number | null, { measuredRateHz, declaredRateHz }: Recording): number | null {
  return seconds === null ? null : Math.round(seconds * (measuredRateHz ?? declaredRateHz))
}

export type LabelFormat = 'atr' | 'json' | 'csv'

export interface LabelExport {
  readonly recording: string
  readonly annotator: string
  readonly labels: number
  readonly out: string
}

/** Writes one layer as a file: WFDB annotations, JSON, or comma-separated text (RFC 4180). @throws LabError `recording-not-found`, `label-not-found`, and those of writing. */
export function exportLabels(path: string, recording: string, annotator: string, format: LabelFormat, out: string): Promise<LabelExport> {
  return withDataset(path, 'read', async (dataset) => {
    const id = await idOf(dataset, recording)
    const labels = await dataset.labels.all(id, annotator)
    const { measuredRateHz, declaredRateHz } = await dataset.recordings.get(id)
    await writeAtomically(nodeFiles, out, await content(dataset, id, annotator, format, labels, measuredRateHz ?? declaredRateHz))
    return { recording: id, annotator, labels: labels.length, out }
  })
}

async function content(dataset: Dataset, id: string, annotator: string, format: LabelFormat, labels: readonly Label[], rateHz: number): Promise<Uint8Array | string> {
  if (format === 'json') return `${JSON.stringify({ recording: id, annotator, rateHz, labels }, null, 2)}\n`
  if (format === 'csv') {
    const head = 'row,toRow,seconds,toSeconds,lane,kind,value,origin,createdAt,id'
    const lines = labels.map(({ row, toRow, lane, kind, value, origin, createdAt, id: label }) =>
      [row, toRow, (row / rateHz).toFixed(4), toRow === null ? null : (toRow / rateHz).toFixed(4), lane, kind, value, origin, createdAt, label].map(quoted).join(','),
    )
    return [head, ...lines, ''].join('\r\n')
  }
  const bytes = await dataset.labels.annotations(id, annotator)
  if (!bytes) throw new LabError('label-not-found', `The recording ${id} has no layer "${annotator}".`, { recording: id, annotator })
  return bytes
}

/** Quotes where a comma, a quote or a line end asks for them; text that a spreadsheet would take for a formula is set off by an apostrophe. */
function quoted(value: string | number | null): string {
  const text = typeof value === 'string' && /^[=@\t\r]|^[+-](?![\d.])/.test(value) ? `'${value}` : String(value ?? '')
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** @throws LabError `recording-not-found`, `label-not-found`, `cancelled`. */
export function agreementAt(path: string, annotators: readonly [string, string], recordings: readonly string[] | null, kinds: readonly LabelKind[], signal: AbortSignal): Promise<AgreementReport> {
  return withDataset(path, 'read', async (dataset) => {
    const ids = recordings === null ? null : await Promise.all(recordings.map((recording) => idOf(dataset, recording)))
    return agreementOf(dataset, ids, annotators, kinds, signal)
  })
}
