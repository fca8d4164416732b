import { LabError, type DatasetSplit, type DatasetVersion, type ExportOptions, type RecordingId, type RowSpan, type SplitRole, type VersionEntry } from '../contract/index.ts'
import { compareNatural, groupBy } from '../curation/order.ts'
import { intersectSpans, joinSpans } from '../curation/spans.ts'
import { inOrder } from '../curation/visits.ts'
import type { Dataset } from '../dataset/dataset.ts'

/** Rows of one recording that have one role in the split. */
export interface RoleSpans {
  readonly role: SplitRole
  readonly spans: readonly RowSpan[]
}

/** One recording as it goes out. */
export interface ExportEntry {
  readonly entry: VersionEntry
  /**
   * `r001` ... in the order of each subject's recordings; a recording's own id begins with the millisecond at which it was made, so that it goes out only where dates do.
   */
  readonly name: string
  /** `s1` ... in order, or as it is where dates go out. */
  readonly session: string
  /** Days since the subject's first recording in the version; `null` where the date is not known. */
  readonly day: number | null
  /** Place among the subject's recordings of that day, from 0. */
  readonly order: number
  /** `null` without a split; none for what the split leaves out. */
  readonly roles: readonly RoleSpans[] | null
}

export interface ExportPlan {
  readonly version: DatasetVersion
  readonly split: DatasetSplit | null
  /** By subject, then in the order in which they were made. */
  readonly entries: readonly ExportEntry[]
  readonly missing: readonly RecordingId[]
  /** Of these, how many are left out because the subject refused or withdrew. */
  readonly withdrawn: number
}

/**
 * What an export of a version holds: recordings that are still what was frozen, under names that say nothing but their order. Those that are gone, and those of people who were erased or
 * who withdrew, are `missing`.
 * @throws LabError `version-not-found`, `version-invalid`, `version-content-changed`, `split-not-found`, `split-invalid`.
 */
export async function planExport(dataset: Dataset, options: Pick<ExportOptions, 'version' | 'split' | 'keepDates'>): Promise<ExportPlan> {
  const version = await dataset.versions.get(options.version)
  const split = options.split === null ? null : await splitOf(dataset, options.split, version)
  const current = await dataset.versions.currentHashes()
  const changed = version.entries.filter(({ recording, contentHash }) => current.has(recording) && current.get(recording) !== contentHash).map(({ recording }) => recording)
  if (changed.length > 0) {
    throw new LabError('version-content-changed', `Of the version "${version.name}", ${changed.length} recordings have changed since it was frozen.`, { version: version.name, changed: changed.slice(0, 50), missing: [] })
  }
  await dataset.subjects.refresh()
  const refused = new Set(version.entries.filter(({ subject }) => hasRefused(dataset, subject)).map(({ recording }) => recording))
  const there = version.entries.filter(({ recording }) => current.has(recording) && !refused.has(recording))
  const kept = new Set(there.map(({ recording }) => recording))
  return {
    version,
    split,
    // Names and days count all that was frozen: an erasure moves nobody else's.
    entries: namedEntries(version.entries, split, options.keepDates).filter(({ entry }) => kept.has(entry.recording)),
    missing: version.entries.filter(({ recording }) => !kept.has(recording)).map(({ recording }) => recording),
    withdrawn: version.entries.filter(({ recording }) => refused.has(recording) && current.has(recording)).length,
  }
}

function hasRefused(dataset: Dataset, subject: VersionEntry['subject']): boolean {
  if (dataset.subjects.isErased(subject)) return true
  const consent = dataset.subjects.known(subject)?.consent
  return consent === 'refused' || consent === 'withdrawn'
}

async function splitOf(dataset: Dataset, name: string, version: DatasetVersion): Promise<DatasetSplit> {
  const split = await dataset.splits.get(name)
  if (split.version === version.name && split.versionHash === version.hash) {
    await refuseLeaks(dataset, split)
    return split
  }
  const reason = split.version === version.name ? `it was made of another content of "${version.name}"` : `it divides the version "${split.version}"`
  throw new LabError('split-invalid', `The split "${name}" does not fit the version "${version.name}": ${reason}.`, { split: name, field: 'version', reason })
}

/** What a model would be tested on must not be handed out as a test. Whether the content is still what was frozen is seen while it is read. */
async function refuseLeaks(dataset: Dataset, { name }: DatasetSplit): Promise<void> {
  const findings = (await dataset.splits.check(name)).filter(({ severity, check }) => severity === 'block' && check !== 'content-changed')
  if (findings.length > 0) throw new LabError('split-leaks', `The split "${name}" leaks and is not exported: ${findings[0].message}`, { split: name, findings })
}

function namedEntries(entries: readonly VersionEntry[], split: DatasetSplit | null, keepDates: boolean): ExportEntry[] {
  const roles = groupBy(split?.assignments ?? [], ({ recording }) => recording)
  const bySubject = [...groupBy(entries, ({ subject }) => subject)].sort(([a], [b]) => compareNatural(a, b))
  return bySubject.flatMap(([, own]) => {
    const ordered = inOrder(own)
    const sessions = [...new Set(ordered.map(({ session }) => session))]
    const first = ordered.find(({ day }) => day !== null)?.day ?? null
    const sameDay = new Map<string | null, number>()
    return ordered.map((entry, i): ExportEntry => {
      const order = sameDay.get(entry.day) ?? 0
      sameDay.set(entry.day, order + 1)
      const assigned = (roles.get(entry.recording) ?? []).map(({ role, spans }) => ({ role, spans: intersectSpans(joinSpans(spans), joinSpans(entry.spans)) }))
      return {
        entry,
        name: keepDates ? entry.recording : `r${String(i + 1).padStart(3, '0')}`,
        session: keepDates ? entry.session : `s${sessions.indexOf(entry.session) + 1}`,
        day: first === null || entry.day === null ? null : daysBetween(first, entry.day),
        order,
        roles: split ? assigned : null,
      }
    })
  })
}

/** @example daysBetween('2026-02-27', '2026-03-01') // 2 */
export function daysBetween(first: string, day: string): number {
  return Math.round((Date.parse(`${day}T00:00:00Z`) - Date.parse(`${first}T00:00:00Z`)) / 86_400_000)
}

/** Where a day 0 is put in formats that need a date: EDF's first day. */
const dayZero = Date.UTC(1985, 0, 1)

/**
 * What a header says of the beginning, local wall clock. Dates that do not go out become 1 January 1985 plus the days since the subject's first recording, times of day the number of
 * minutes that is the recording's place in that day: order and distance in days are kept, nothing else. Unknown dates stay unknown.
 * @example beginOf({ day: 3, order: 1, ... }, false) // { date: '1985-01-04', time: '00:01:00.000' }
 */
export function beginOf({ entry, day, order }: ExportEntry, keepDates: boolean): { date: string; time: string } | null {
  if (day === null) return null
  if (keepDates) {
    const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d{1,3})?/.exec(entry.startedAt)
    return parts ? { date: parts[1], time: `${parts[2]}${(parts[3] ?? '.').padEnd(4, '0')}` } : null
  }
  const minutes = Math.min(order, 24 * 60 - 1)
  const two = (value: number): string => String(value).padStart(2, '0')
  return { date: new Date(dayZero + day * 86_400_000).toISOString().slice(0, 10), time: `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:00.000` }
}

/** `train`, or several with `+` where the split divides the rows; `''` for what it leaves out or without a split. */
export function roleText({ roles }: Pick<ExportEntry, 'roles'>): string {
  return [...new Set((roles ?? []).map(({ role }) => role))].join('+')
}

/** @example spanText([{ from: 0, to: 100 }, { from: 200, to: 300 }]) // '0-100;200-300' */
export function spanText(spans: readonly RowSpan[]): string {
  return spans.map(({ from, to }) => `${from}-${to}`).join(';')
}
