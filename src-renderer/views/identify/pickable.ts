import type { RecordingListItem } from '../../../src-main/contract/schemas/recording.ts'

/** Whole recordings only: what is still being written or was thrown away enrols and tests nobody. */
const wholeStates: readonly RecordingListItem['state'][] = ['finished', 'recovered', 'imported']
const natural = new Intl.Collator('en', { numeric: true })

/** By subject, then oldest first: enrolment takes early recordings, tests later ones. */
export function pickable(list: readonly RecordingListItem[]): RecordingListItem[] {
  return list.filter(({ state }) => wholeStates.includes(state)).sort((a, b) => natural.compare(a.subject, b.subject) || Date.parse(a.startedAt) - Date.parse(b.startedAt))
}

/** Those of one subject (empty: of all) with every word of the search in subject, date, session or notes. */
export function shownRecordings(list: readonly RecordingListItem[], subject: string, search: string): RecordingListItem[] {
  const words = search.trim().toLowerCase().split(/\s+/).filter(Boolean)
  return list.filter((item) => {
    if (subject !== '' && item.subject !== subject) return false
    const text = [item.subject, item.startedAt, item.session, item.notes, item.id].join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}
