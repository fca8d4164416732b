import type { VersionEntry } from '../contract/index.ts'
import { compareNatural, compareText } from './order.ts'

/**
 * Recordings of one subject in the order in which they were made; those without a date come last, by session and id: their order is a
 * convention, not a claim, and protocols that need one leave them out.
 */
export function inOrder(entries: readonly VersionEntry[]): VersionEntry[] {
  return [...entries].sort((a, b) => {
    if (a.day !== null && b.day !== null) return compareText(a.day, b.day) || Date.parse(a.startedAt) - Date.parse(b.startedAt) || compareText(a.recording, b.recording)
    if (a.day !== b.day) return a.day === null ? 1 : -1
    return compareNatural(a.session, b.session) || compareText(a.recording, b.recording)
  })
}

/** Recordings of one subject that share a session or a day, taken together: no other day is claimed within them. */
export interface Visit {
  readonly day: string | null
  readonly entries: readonly VersionEntry[]
}

/**
 * The visits of one subject, in order: by date where every one has a date, else by the sessions' names (S1, S2, S10).
 * @example sessions a (1 March) and b (1 March), c (2 March): [[a, b], [c]]
 */
export function visitsOf(entries: readonly VersionEntry[]): Visit[] {
  const groups: VersionEntry[][] = []
  for (const entry of inOrder(entries)) {
    const joins = groups.filter((group) => group.some((other) => sameVisit(entry, other)))
    const merged = [...joins.flat(), entry]
    for (const group of joins) groups.splice(groups.indexOf(group), 1)
    groups.push(merged)
  }
  const visits = groups.map((group) => ({ day: inOrder(group)[0].day, entries: inOrder(group) }))
  const dated = visits.every(({ day }) => day !== null)
  return visits.sort((a, b) => {
    const byDay = dated ? compareText(a.day ?? '', b.day ?? '') : 0
    return byDay || compareNatural(a.entries[0].session, b.entries[0].session) || compareText(a.entries[0].recording, b.entries[0].recording)
  })
}

export function sameVisit(a: Pick<VersionEntry, 'session' | 'day'>, b: Pick<VersionEntry, 'session' | 'day'>): boolean {
  return a.session === b.session || (a.day !== null && a.day === b.day)
}
