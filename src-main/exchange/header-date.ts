import type { SignalSource } from '../formats/signal-source.ts'

/** Local date and time as a header tells them. */
export interface HeaderClock {
  readonly date: string | null
  readonly time: string | null
}

/*
 * Dates in free text, as archives write them: ECG-ID and PTB `ECG date: 07.12.2004` and `ECG date: 01/10/1990` (day first), BIDMC
 * `<data segment>: 2688-03-25-23-14` (year, month, day, hour, minute; shifted into the future, the order of one patient's days is kept).
 */
const dayFirst = /\b(?:ECG|EKG|recording|record|acquisition)\s+date\s*[:=]?\s*(\d{1,2})[./](\d{1,2})[./](\d{4})\b/i
const yearFirst = /(?:\b(?:ECG|EKG|recording|record|acquisition)\s+date|<data segment>)\s*[:=]?\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[-T ](\d{1,2})[-:](\d{1,2}))?\b/i

/**
 * When a recording began: from the header's own fields, else from its comments.
 * @example headerClock({ startDate: null, startTime: null, comments: ['ECG date: 07.12.2004'] }) // { date: '2004-12-07', time: null }
 */
export function headerClock({ startDate, startTime, comments }: Pick<SignalSource, 'startDate' | 'startTime' | 'comments'>): HeaderClock {
  if (startDate !== null) return { date: startDate, time: startTime }
  for (const comment of comments) {
    const [, day, month, year] = dayFirst.exec(comment) ?? []
    if (year) return { date: isoDate(year, month, day), time: startTime }
    const [, isoYear, isoMonth, isoDay, hours, minutes] = yearFirst.exec(comment) ?? []
    if (isoYear) return { date: isoDate(isoYear, isoMonth, isoDay), time: startTime ?? (hours ? `${two(hours)}:${two(minutes)}:00` : null) }
  }
  return { date: null, time: startTime }
}

const two = (text: string): string => text.padStart(2, '0')

function isoDate(year: string, month: string, day: string): string | null {
  const date = `${year}-${two(month)}-${two(day)}`
  const read = new Date(`${date}T00:00:00Z`)
  return Number.isNaN(read.getTime()) || read.toISOString().slice(0, 10) !== date ? null : date
}
