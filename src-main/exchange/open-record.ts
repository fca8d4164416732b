import { LabError, type DelimitedMapping } from '../contract/index.ts'
import { suggestMapping } from '../formats/delimited-suggestion.ts'
import { openDelimited } from '../formats/delimited-text.ts'
import { openEdf } from '../formats/edf-source.ts'
import { openOpenBciText } from '../formats/openbci-text.ts'
import { openOpenSignals } from '../formats/opensignals.ts'
import type { SignalSource, SourceFolder } from '../formats/signal-source.ts'
import { openWfdb } from '../formats/wfdb-source.ts'

/** Kinds of files that lead a record. */
export type RecordKind = 'wfdb' | 'edf' | 'opensignals' | 'openbci' | 'text' | 'table'

export interface OpenedRecord {
  readonly source: SignalSource
  /** How a delimited text is read. */
  readonly mapping: DelimitedMapping | null
}

/** More signals than any recorder has: a lying header must not make a folder of columns. */
const mostSignals = 512
/** Samples of one frame over all signals at the recording's rate, 4 MiB as counts. */
const mostFrameSamples = 1 << 20

/**
 * Opens a record by its leading file. `mapping` `null`: delimited text is read as its first lines suggest.
 * @throws LabError of the format, also for a record without samples or with more signals than can be kept; `text-signal-invalid` when nothing can be suggested.
 */
export async function openRecord(folder: SourceFolder, name: string, kind: RecordKind, mapping: DelimitedMapping | null): Promise<OpenedRecord> {
  const opened = await open(folder, name, kind, mapping)
  const { signals, frames, rateHz } = opened.source
  const refuse = (field: string, reason: string): LabError =>
    new LabError(kind === 'wfdb' ? 'wfdb-signal-invalid' : kind === 'edf' ? 'edf-invalid' : 'text-signal-invalid', `${name} cannot be imported: ${reason}.`, { file: name, field, reason })
  if (signals.length === 0) throw refuse('signals', 'it has no signals')
  if (signals.length > mostSignals) throw refuse('signals', `it has ${signals.length} signals; at most ${mostSignals} are kept`)
  if (frames <= 0) throw refuse('frames', 'it has no samples')
  const widest = Math.max(...signals.map((signal) => signal.samplesPerFrame))
  if (widest * signals.length > mostFrameSamples) throw refuse('samplesPerFrame', `${widest} samples per frame are more than are kept`)
  if (!(Number.isFinite(rateHz * widest) && rateHz > 0)) throw refuse('rateHz', `${rateHz} frames per second are no rate`)
  return opened
}

async function open(folder: SourceFolder, name: string, kind: RecordKind, mapping: DelimitedMapping | null): Promise<OpenedRecord> {
  if (kind === 'wfdb') return { source: await openWfdb(folder, name.replace(/\.hea$/i, ''), name), mapping: null }
  const file = await folder.open(name)
  if (!file) throw new LabError('file-not-found', `${name} is no longer there.`, { file: name })
  if (kind === 'edf') return { source: await openEdf(file), mapping: null }
  if (kind === 'opensignals') return { source: await openOpenSignals(file), mapping: null }
  if (kind === 'openbci') return { source: await openOpenBciText(file), mapping: null }
  const chosen = mapping ?? (await suggestMapping(file)).mapping
  return { source: await openDelimited(file, chosen), mapping: chosen }
}
