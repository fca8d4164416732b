import type { DatasetSplit, SplitMatrix, SplitRole, VersionEntry } from '../contract/index.ts'
import { compareNatural, groupBy } from './order.ts'
import { rowsIn } from './spans.ts'

const roleOrder: readonly SplitRole[] = ['train', 'enrol', 'validation', 'test']

/** Subjects by sessions: who is where. A cell without roles is a session that the split leaves out; a subject has cells for its own sessions only. */
export function splitMatrix(split: DatasetSplit, entries: readonly VersionEntry[]): SplitMatrix {
  const unknown = new Set<string>(split.unknownSubjects)
  const assigned = groupBy(split.assignments, ({ recording }) => recording)
  const subjects = [...groupBy(entries, ({ subject }) => subject)].sort(([a], [b]) => compareNatural(a, b))
  return {
    sessions: [...new Set(entries.map(({ session }) => session))].sort(compareNatural),
    rows: subjects.map(([subject, own]) => ({
      subject,
      unknown: unknown.has(subject),
      cells: [...groupBy(own, ({ session }) => session)]
        .sort(([a], [b]) => compareNatural(a, b))
        .map(([session, inSession]) => {
          const roles = new Set(inSession.flatMap(({ recording }) => assigned.get(recording)?.map(({ role }) => role) ?? []))
          return {
            session,
            roles: roleOrder.filter((role) => roles.has(role)),
            recordings: inSession.length,
            seconds: inSession.reduce((sum, { spans, rateHz }) => sum + rowsIn(spans) / rateHz, 0),
          }
        }),
    })),
  }
}
