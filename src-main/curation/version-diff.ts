import type { DatasetVersion, VersionDiff } from '../contract/index.ts'
import { canonicalJson } from './canonical-json.ts'
import { sameSpans } from './spans.ts'

/** What changed from version `a` to version `b`, by recording. `removed` gives the reasons that `b` has, none when `b` does not know the recording. */
export function versionDiff(a: DatasetVersion, b: DatasetVersion): VersionDiff {
  const before = new Map(a.entries.map((entry) => [entry.recording, entry]))
  const after = new Map(b.entries.map((entry) => [entry.recording, entry]))
  const reasons = new Map(b.excluded.map((one) => [one.recording, one.reasons]))
  const both = a.entries.flatMap((entry) => {
    const other = after.get(entry.recording)
    return other ? [{ recording: entry.recording, before: entry, after: other }] : []
  })
  return {
    a: a.name,
    b: b.name,
    added: b.entries.filter(({ recording }) => !before.has(recording)).map(({ recording }) => recording),
    removed: a.entries.filter(({ recording }) => !after.has(recording)).map(({ recording }) => ({ recording, reasons: reasons.get(recording) ?? [] })),
    contentChanged: both.filter((one) => one.before.contentHash !== one.after.contentHash).map(({ recording }) => recording),
    spansChanged: both.filter((one) => !sameSpans(one.before.spans, one.after.spans)).map((one) => ({ recording: one.recording, before: one.before.spans, after: one.after.spans })),
    subjectChanged: both.filter((one) => one.before.subject !== one.after.subject).map((one) => ({ recording: one.recording, before: one.before.subject, after: one.after.subject })),
    rulesChanged: canonicalJson([a.rules, a.overrides]) !== canonicalJson([b.rules, b.overrides]),
  }
}
