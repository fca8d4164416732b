import { LabError, type FileEntry, type ImportFinding, type LabelEvent, type LaneSpec, type Recording } from '../contract/index.ts'
import type { SignalSource, SourceFinding, SourceFolder } from '../formats/signal-source.ts'
import { readSourceAnnotations } from '../formats/wfdb-source-annotations.ts'
import { importLanes, rowsPerFrame } from './import-lanes.ts'
import { importLabels } from './import-labels.ts'
import { deriveSignal, type HeaderFacts, type ImportedSignal, type LaneListener, type OpenSink } from './imported-signal.ts'
import { openRecord, type RecordKind } from './open-record.ts'
import { mostAnnotationBytes } from './recognise.ts'
import { RuleSet } from './rule-text.ts'
import { splitPath, stemOf } from './walk.ts'

/** What recording.json says that does not follow from the originals: who, when, by which rules, and what people wrote since. */
export type ImportHead = Pick<Recording, 'id' | 'subject' | 'startedAt' | 'timeZone' | 'station' | 'operator' | 'notes' | 'state' | 'discarded'> & {
  readonly origin: Omit<NonNullable<Recording['origin']>, 'findings'>
  /** The originals, as `source/...`. */
  readonly originals: readonly FileEntry[]
}

export interface DerivedImport {
  readonly recording: Recording
  readonly signal: ImportedSignal
  /** Layer -> its events. */
  readonly labels: ReadonlyMap<string, readonly LabelEvent[]>
}

/** Folder of the originals within a recording's. */
export const sourceFolderName = 'source'
/** Layer of the annotations inside an EDF or BDF file. */
const insideLayer = 'edf'

const kinds: Record<SignalSource['format'], RecordKind> = {
  wfdb: 'wfdb', edf: 'edf', 'edf+': 'edf', bdf: 'edf', 'bdf+': 'edf', opensignals: 'opensignals', openbci: 'openbci', delimited: 'text',
}

/** @throws LabError `dataset-invalid` for a format that no reader has. */
function kindOf(format: string): RecordKind {
  if (Object.hasOwn(kinds, format)) return kinds[format as SignalSource['format']]
  throw new LabError('dataset-invalid', `The recording's origin names the format "${format}", which is not read.`, { format })
}

/**
 * Everything that follows from a recording's originals: signal, labels, recording.json. Pure but for reading: the same originals and head give the same bytes and fields.
 * @param folder the originals
 * @param openSink takes signals.dat, see `deriveSignal`
 * @throws LabError of the format; `cancelled`
 */
export async function deriveImport(
  folder: SourceFolder,
  head: ImportHead,
  openSink: OpenSink,
  options: { readonly signal?: AbortSignal; readonly listener?: LaneListener } = {},
): Promise<DerivedImport> {
  const { origin } = head
  const { name } = splitPath(origin.file)
  const { source } = await openRecord(folder, name, kindOf(origin.format), origin.rules.delimited)
  const facts = (lanes: readonly LaneSpec[], rateHz: number): HeaderFacts => ({
    id: head.id,
    // A time that means nothing is not written as if it did.
    startedAt: origin.dateUnknown ? '' : head.startedAt,
    timeZone: head.timeZone,
    device: deviceOf(origin.format, lanes, rateHz),
  })
  const signal = await deriveSignal(source, importLanes(source, new RuleSet(origin.rules)), facts, openSink, options)
  if (signal.rows === 0) throw new LabError('import-truncated', `${name} holds no sample.`, { file: name })
  const { labels, findings } = await readLabels(folder, source, head, signal)
  return { recording: recordingOf(head, signal, [...signal.findings, ...findings]), signal, labels }
}

async function readLabels(folder: SourceFolder, source: SignalSource, { origin }: ImportHead, signal: ImportedSignal): Promise<{ labels: Map<string, readonly LabelEvent[]>; findings: SourceFinding[] }> {
  const labels = new Map<string, readonly LabelEvent[]>()
  const findings: SourceFinding[] = []
  const place = { createdAt: origin.importedAt, rows: signal.rows, rowsPerFrame: rowsPerFrame(source), laneIds: signal.lanes.map((lane) => lane.id) }
  const keep = (annotator: string, annotations: Parameters<typeof importLabels>[0]): void => {
    const made = importLabels(annotations, { ...place, annotator })
    findings.push(...made.findings)
    if (made.events.length > 0) labels.set(annotator, made.events)
  }
  const takesInside = origin.rules.annotators.includes('*') || origin.rules.annotators.includes(insideLayer)
  const inside = takesInside ? await source.annotations() : []
  if (inside.length > 0) keep(insideLayer, inside)
  for (const annotator of origin.annotators) {
    const name = `${stemOf(origin.file)}.${annotator}`
    const file = await folder.open(name)
    if (!file) throw new LabError('file-not-found', `${name} is missing.`, { file: name })
    if (file.bytes > mostAnnotationBytes) throw new LabError('wfdb-annotations-invalid', `${name} is too large for annotations.`, { file: name, bytes: file.bytes })
    keep(annotator, readSourceAnnotations(await file.read(0, file.bytes), source.rateHz))
  }
  return { labels, findings }
}

function deviceOf(format: string, lanes: readonly LaneSpec[], rateHz: number): Recording['device'] {
  return { profile: 'imported', protocol: format, settings: {}, rateHz, counter: null, lanes: [...lanes], frameBytes: null, rowsPerFrame: 1 }
}

function recordingOf(head: ImportHead, signal: ImportedSignal, found: readonly SourceFinding[]): Recording {
  const { originals, origin, ...who } = head
  const lanes = [...signal.lanes]
  const findings: ImportFinding[] = found.map(({ code, message }) => ({ file: origin.file, code, message }))
  return {
    formatVersion: 1,
    ...who,
    protocol: null,
    override: null,
    device: deviceOf(origin.format, lanes, signal.rateHz),
    source: `import:${origin.file}`,
    identity: '',
    lanes,
    rows: signal.rows,
    seconds: signal.rows / signal.rateHz,
    declaredRateHz: signal.rateHz,
    measuredRateHz: null,
    ppm: null,
    lostRows: signal.gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0),
    // A file cannot prove that nothing was left out before it was written.
    lossCertainty: 'unknown',
    gaps: [...signal.gaps],
    markers: [],
    skippedBytes: 0,
    laneSummaries: [...signal.laneSummaries],
    warnings: [...findings.map(({ code, message }) => ({ code, message })), ...signal.warnings],
    origin: { ...origin, findings },
    contentHash: signal.contentHash,
    files: [...originals, ...signal.files],
  }
}

/** What an imported recording's own recording.json says as a head. @throws LabError `dataset-invalid` when it is no import. */
export function headOf(recording: Recording): ImportHead {
  const { id, subject, startedAt, timeZone, station, operator, notes, state, discarded, origin, files } = recording
  if (!origin) throw new LabError('dataset-invalid', `The recording ${id} does not say where it was imported from.`, { recording: id })
  return {
    id, subject, startedAt, timeZone, station, operator, notes, state, discarded, origin,
    originals: files.filter((file) => file.name.startsWith(`${sourceFolderName}/`)),
  }
}
