import { join } from 'node:path'
import { LabError, type VerifyFinding } from '../contract/index.ts'
import type { AuditEntry } from './audit.ts'
import type { Dataset } from './dataset.ts'
import { readJsonLines } from './json-lines.ts'
import { basisFile, layerFile } from './label-lines.ts'
import { SubjectEvent } from './subject-events.ts'

/**
 * What is wrong with a dataset's own lists, subjects.jsonl and audit.jsonl (lines that cannot be read, a broken chain, and changes of which the
 * audit trail knows but the list of subjects does not), and with its versions and splits. A line that was torn in the middle of writing it is no finding:
 * nobody was told that it is saved.
 * @example a consent of subjects.jsonl changed by hand: `dataset-invalid`, "... audit.jsonl has subject.created of S002 with consent refused ..."
 */
export async function listFindings(dataset: Dataset): Promise<VerifyFinding[]> {
  const findings: VerifyFinding[] = []
  const report = (file: string, code: string, message: string): void => void findings.push({ recording: null, file, code, message })
  // The audit trail first: a writer that works meanwhile appends to it last.
  const entries = await auditEntries(dataset, report)
  const path = join(dataset.path, 'subjects.jsonl')
  try {
    const { entries: events, damaged } = await readJsonLines(dataset.files, path, SubjectEvent)
    for (const { line, torn, reason } of damaged) {
      if (!torn) report('subjects.jsonl', 'dataset-invalid', `Line ${line} of subjects.jsonl cannot be read: ${reason}.`)
    }
    const missing = firstUnmatched(entries, events)
    if (missing) {
      const consent = typeof missing.data.consent === 'string' ? ` with consent ${missing.data.consent}` : ''
      report('subjects.jsonl', 'dataset-invalid', `audit.jsonl has ${missing.what} of ${String(missing.data.code)}${consent} at ${missing.at}; subjects.jsonl does not.`)
    }
    await unregistered(dataset, report)
    for (const folder of await dataset.recordings.strays()) report(folder, 'dataset-invalid', `${folder} is a second copy of a recording that lies elsewhere: nothing uses it. Remove it.`)
    await damagedLabels(dataset, findings)
  } catch (thrown) {
    const { code, message } = LabError.from(thrown)
    report('subjects.jsonl', code, message)
  }
  return [...findings, ...(await dataset.versions.findings()), ...(await dataset.splits.findings())]
}

type Report = (file: string, code: string, message: string) => void

async function auditEntries(dataset: Dataset, report: Report): Promise<readonly AuditEntry[]> {
  try {
    await dataset.audit.verify()
    const entries = await dataset.audit.entries()
    const id = entries[0]?.data.dataset
    if (entries.length === 0) report('audit.jsonl', 'audit-chain-broken', 'audit.jsonl is missing or empty; it begins with the making of the dataset.')
    else if (typeof id === 'string' && id !== dataset.info.id) {
      report('dataset.json', 'dataset-invalid', `dataset.json has the id ${dataset.info.id}; the dataset was made as ${id}.`)
    }
    return entries
  } catch (thrown) {
    const { code, message } = LabError.from(thrown)
    report('audit.jsonl', code, message)
    return []
  }
}

/**
 * The first audited change of a subject that the events, in their order, do not have. An event whose audit entry a crash prevented is none; of a subject that was
 * erased only the tombstone has to be there.
 */
function firstUnmatched(entries: readonly AuditEntry[], events: readonly SubjectEvent[]): AuditEntry | null {
  const buried = new Set<string>(events.flatMap((event) => (event.type === 'erased' ? [event.code] : [])))
  const erased = new Set(entries.flatMap(({ what, data }) => (what === 'subject.erased' ? [data.code] : [])))
  const gone = (entry: AuditEntry): boolean => erased.has(entry.data.code) && typeof entry.data.code === 'string' && buried.has(entry.data.code)
  let at = 0
  for (const entry of entries) {
    if (!entry.what.startsWith('subject.') || (entry.what !== 'subject.erased' && gone(entry))) continue
    while (at < events.length && !matches(entry, events[at])) at += 1
    if (at === events.length) return entry
    at += 1
  }
  return null
}

function matches({ what, data }: AuditEntry, event: SubjectEvent): boolean {
  if (what !== `subject.${event.type}` || data.code !== event.code) return false
  if (event.type === 'created') return data.consent === event.subject.consent
  return event.type !== 'consent' || data.consent === event.consent
}

/** Recordings whose subject nobody registered. */
async function unregistered(dataset: Dataset, report: Report): Promise<void> {
  const reported = new Set<string>()
  for (const { subject } of await dataset.recordings.list()) {
    if (reported.has(subject)) continue
    reported.add(subject)
    try {
      await dataset.subjects.get(subject)
    } catch (thrown) {
      const { code } = LabError.from(thrown)
      if (code !== 'subject-not-found' && code !== 'subject-erased') throw thrown
      report('subjects.jsonl', code, `There are recordings of ${subject}, but subjects.jsonl ${code === 'subject-erased' ? 'says that it was erased' : 'has no such subject'}.`)
    }
  }
}

/** Lines of label layers that cannot be read, and lost beats that they started from. A save that a crash cut off is no finding: whoever saved was not told that it is done. */
async function damagedLabels(dataset: Dataset, findings: VerifyFinding[]): Promise<void> {
  for (const recording of await dataset.recordings.ids()) {
    for (const { annotator, lines, basis } of await dataset.labels.damage(recording)) {
      if (basis !== null) findings.push({ recording, file: basisFile(annotator), code: 'dataset-invalid', message: basis })
      if (lines === 0) continue
      const file = layerFile(annotator)
      findings.push({ recording, file, code: 'dataset-invalid', message: `${lines} lines of ${file} cannot be read.` })
    }
  }
}
