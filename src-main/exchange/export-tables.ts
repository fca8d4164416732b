import type { DatasetSplit, ExportFormat } from '../contract/index.ts'
import { groupBy } from '../curation/order.ts'
import { rowsIn } from '../curation/spans.ts'
import { hasTrials } from '../curation/split-roles.ts'
import { trials } from '../curation/trials.ts'
import { Table } from './export-table.ts'
import type { ExportFolder } from './export-folder.ts'
import { roleText, spanText, type ExportEntry, type ExportPlan } from './export-plan.ts'
import { plainRule, ruleWords } from './rule-words.ts'

export const recordingColumns = [
  'subject', 'session', 'recording', 'day', 'order', 'role', 'path', 'rate_hz', 'rows', 'kept_seconds', 'kept_rows', 'device', 'lanes', 'beats', 'content_hash', 'signal_hash',
] as const
export const subjectColumns = ['subject_index', 'subject', 'sessions', 'recordings', 'kept_seconds', 'roles', 'enrolled'] as const

/** Where a recording's signals lie in the export; `''` where only windows go out. */
export function pathOf({ entry, name }: ExportEntry, format: ExportFormat): string {
  if (format === 'wfdb') return `${entry.subject}/${name}/signals`
  return format === 'npz' || format === 'parquet' ? '' : `${entry.subject}/${name}.${format}`
}

/** recordings.csv and subjects.csv. `beats`: those that go out, by recording. */
export async function writeTables(out: ExportFolder, { entries, split }: ExportPlan, format: ExportFormat, beats: ReadonlyMap<ExportEntry, number>): Promise<void> {
  const recordings = await Table.begin(out, 'recordings.csv', recordingColumns)
  for (const item of entries) {
    const { entry, session, name, day, order } = item
    await recordings.row([
      entry.subject, session, name, day, order, roleText(item), pathOf(item, format), entry.rateHz, entry.rows, rowsIn(entry.spans) / entry.rateHz, spanText(entry.spans), entry.device,
      entry.lanes.map((lane) => `${lane.label} [${lane.unit}]`).join('; '), beats.get(item) ?? 0, entry.contentHash, entry.signalHash,
    ])
  }
  await recordings.end()
  const unknown = new Set<string>(split?.unknownSubjects)
  const subjects = await Table.begin(out, 'subjects.csv', subjectColumns)
  for (const [i, [code, own]] of [...groupBy(entries, ({ entry }) => entry.subject as string)].entries()) {
    const roles = new Set(own.flatMap(({ roles: has }) => (has ?? []).map(({ role }) => role)))
    const enrolled = split === null ? null : roles.has('enrol') && !unknown.has(code)
    await subjects.row([i, code, new Set(own.map(({ session }) => session)).size, own.length, own.reduce((sum, { entry }) => sum + rowsIn(entry.spans) / entry.rateHz, 0), [...roles].join('+'), enrolled])
  }
  await subjects.end()
}

/** version.json: what was frozen, under the names of the export; its `hash` is that of versions/<name>.json in the dataset. */
export async function writeVersion(out: ExportFolder, { version, entries, missing }: ExportPlan, keepDates: boolean): Promise<void> {
  const perRule = version.rules.map((_, at) => version.excluded.filter(({ reasons }) => reasons.some(({ rule }) => rule === at)).length)
  const content = {
    formatVersion: 1,
    name: version.name,
    hash: version.hash,
    createdAt: version.createdAt,
    datesKept: keepDates,
    rules: version.rules.map((rule, at) => ({ ...plainRule(rule, keepDates), words: ruleWords(rule, keepDates), excluded: perRule[at] })),
    overrides: version.overrides.length,
    excluded: version.excluded.length,
    missing: missing.length,
    erasures: version.erasures.map(({ recordings, hashBefore }) => ({ recordings, hashBefore })),
    entries: entries.map(({ entry, name, session, day, order }) => ({
      subject: entry.subject, session, recording: name, day, order, ...(keepDates && { startedAt: entry.startedAt }), rateHz: entry.rateHz, rows: entry.rows, device: entry.device, lanes: entry.lanes, spans: entry.spans,
      beats: entry.beats, contentHash: entry.contentHash, signalHash: entry.signalHash,
    })),
  }
  await out.put('version.json', `${JSON.stringify(content, null, 1)}\n`)
}

/** split.json and trials.txt under the names of the export; `hash` is that of splits/<name>.json in the dataset. Returns the lines of the trial list. */
export async function writeSplit(out: ExportFolder, split: DatasetSplit, entries: readonly ExportEntry[]): Promise<number> {
  const byId = new Map<string, ExportEntry>(entries.map((item) => [item.entry.recording, item]))
  const reasons = new Map<string, number>()
  for (const { reason } of split.leftOut) {
    // A reason may name another recording, whose id begins with a time.
    const words = reason.replace(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, (id) => byId.get(id)?.name ?? 'another recording')
    reasons.set(words, (reasons.get(words) ?? 0) + 1)
  }
  const subjects = new Set<string>(entries.map(({ entry }) => entry.subject))
  const content = {
    formatVersion: 1,
    name: split.name,
    version: split.version,
    versionHash: split.versionHash,
    hash: split.hash,
    options: split.options,
    assignments: split.assignments.flatMap(({ recording, subject, role, spans }) => {
      const item = byId.get(recording)
      return item ? [{ subject, session: item.session, recording: item.name, role, spans }] : []
    }),
    unknownSubjects: split.unknownSubjects.filter((code) => subjects.has(code)),
    leftOut: [...reasons].map(([reason, recordings]) => ({ reason, recordings })),
  }
  await out.put('split.json', `${JSON.stringify(content, null, 1)}\n`)
  return hasTrials(split) ? writeTrials(out, split, byId) : 0
}

/** Line by line: a list of a million is never held. */
async function writeTrials(out: ExportFolder, split: DatasetSplit, byId: ReadonlyMap<string, ExportEntry>): Promise<number> {
  const sink = await out.create('trials.txt')
  const encoder = new TextEncoder()
  let waiting = ''
  let lines = 0
  for (const { genuine, enrol, probe, enrolRecording, probeRecording } of trials(split)) {
    const [one, other] = [byId.get(enrolRecording), byId.get(probeRecording)]
    if (!one || !other) continue
    waiting += `${genuine ? 1 : 0} ${enrol.replace(enrolRecording, one.name)} ${probe.replace(probeRecording, other.name)}\n`
    lines++
    if (waiting.length < 1 << 16) continue
    await sink.write(encoder.encode(waiting))
    waiting = ''
  }
  await sink.write(encoder.encode(waiting))
  await sink.end()
  return lines
}
