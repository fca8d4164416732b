import type { RecordingListItem } from '../../src-main/contract/schemas/recording.ts'

export const facetNames = ['subject', 'state', 'profile', 'protocol', 'kind', 'finding'] as const
export type FacetName = (typeof facetNames)[number]
export type SortOrder = 'newest' | 'oldest' | 'longest' | 'subject'
export type ChosenFacets = Partial<Record<FacetName, string>>

/** What a recording is found by, beside its text. */
export type Finding = 'clean' | 'flagged' | 'lost-rows' | 'loss-unknown' | 'warnings' | 'poor-signal'

/** Less than this much of the time usable on the best lane is worth finding. */
const poorRatio = 0.5

export interface FacetValue {
  value: string
  count: number
}

/** Every finding that fits; `clean` only alone. */
export function findingsOf(item: RecordingListItem): Finding[] {
  const findings: Finding[] = []
  if (item.findings.length > 0) findings.push('flagged')
  if (item.lostRows > 0) findings.push('lost-rows')
  // No archive says whether its recorder lost anything; that is no news about one of its files.
  else if (item.lossCertainty === 'unknown' && item.state !== 'imported') findings.push('loss-unknown')
  if (item.warnings > 0) findings.push('warnings')
  if (item.usableRatio !== null && item.usableRatio < poorRatio) findings.push('poor-signal')
  return findings.length === 0 ? ['clean'] : findings
}

function facetsOf(item: RecordingListItem): Record<FacetName, readonly string[]> {
  return {
    subject: [item.subject],
    state: [item.state],
    profile: [item.profile],
    protocol: item.state === 'imported' ? [] : [item.protocol?.name ?? ''],
    kind: [...new Set(item.lanes.map(({ kind }) => kind))],
    finding: findingsOf(item),
  }
}

/** What searching and sorting need of an item, made once: ten thousand of them are gone through at every key. */
export interface Prepared {
  readonly item: RecordingListItem
  readonly text: string
  readonly startedMs: number
  readonly facets: Readonly<Record<FacetName, readonly string[]>>
}

const natural = new Intl.Collator('en', { numeric: true })

export function prepare(item: RecordingListItem): Prepared {
  const words = [item.subject, item.id, item.notes, item.profile, item.protocol?.name ?? '', item.startedAt, item.session, ...item.lanes.map((lane) => lane.label)]
  return { item, text: words.join(' ').toLowerCase(), startedMs: Date.parse(item.startedAt), facets: facetsOf(item) }
}

const byTime = (a: Prepared, b: Prepared): number => b.startedMs - a.startedMs
const comparisons: Record<SortOrder, (a: Prepared, b: Prepared) => number> = {
  newest: byTime,
  oldest: (a, b) => byTime(b, a),
  longest: (a, b) => b.item.seconds - a.item.seconds,
  subject: (a, b) => natural.compare(a.item.subject, b.item.subject) || byTime(a, b),
}

export function sorted(prepared: readonly Prepared[], order: SortOrder): Prepared[] {
  return [...prepared].sort(comparisons[order])
}

/** Those with every word of `search` somewhere in their text; all of them for none. */
export function withText(prepared: readonly Prepared[], search: string): readonly Prepared[] {
  const words = search.trim().toLowerCase().split(/\s+/).filter(Boolean)
  return words.length === 0 ? prepared : prepared.filter(({ text }) => words.every((word) => text.includes(word)))
}

/** Whether an item has each of these values: [facet, value]. */
function fits({ facets }: Prepared, wanted: readonly (readonly [FacetName, string])[]): boolean {
  for (const [name, value] of wanted) if (!facets[name].includes(value)) return false
  return true
}

const wantedOf = (chosen: ChosenFacets): [FacetName, string][] => Object.entries(chosen) as [FacetName, string][]

/** Those with every chosen value. */
export function withFacets(prepared: readonly Prepared[], chosen: ChosenFacets): RecordingListItem[] {
  const wanted = wantedOf(chosen)
  return prepared.filter((one) => fits(one, wanted)).map(({ item }) => item)
}

/** Values of a facet with the number of recordings that each would leave, all other facets applied; a chosen value also when it would leave none. */
export function countFacet(prepared: readonly Prepared[], chosen: ChosenFacets, name: FacetName): FacetValue[] {
  const wanted = wantedOf(chosen).filter(([facet]) => facet !== name)
  const counts = new Map<string, number>()
  for (const one of prepared) {
    if (!fits(one, wanted)) continue
    for (const value of one.facets[name]) counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const mine = chosen[name]
  if (mine !== undefined && !counts.has(mine)) counts.set(mine, 0)
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => natural.compare(a.value, b.value))
}
