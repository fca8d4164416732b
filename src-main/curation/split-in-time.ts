import type { SplitStrategy } from '../contract/index.ts'
import { groupBy } from './order.ts'
import { enrolAndValidate, leaveOut, unusable, whole, type Plan, type SubjectProtocol } from './split-plan.ts'
import { inOrder, visitsOf } from './visits.ts'

/**
 * Protocols that go by what came first. Every recording here has a date, but for `cross-session`, whose sessions may only be named. With folds the
 * origin rolls back: fold f tests what was last before the last f recordings (days); `cross-session` enrols session f instead of the first;
 * `single-shot-same-day` takes the subject's day f.
 */
export const timeProtocols: Partial<Record<SplitStrategy, SubjectProtocol>> = {
  'single-shot-same-day': (entries, { fold }) => {
    const days = [...groupBy(inOrder(entries), (entry) => entry.day).values()]
    const usable = days.filter((day) => day.length >= 2)
    const day = usable.at(fold)
    if (!day) return unusable(entries, usable.length === 0 ? 'no day with two recordings' : `only ${usable.length} days with two recordings`)
    const [first, ...later] = day
    return {
      parts: [whole(first, 'enrol'), ...later.map((entry) => whole(entry, 'test'))],
      leftOut: leaveOut(entries.filter((entry) => !day.includes(entry)), 'another day than the one that is tested'),
    }
  },

  'leave-last-recording-out': (entries, context) => {
    const ordered = inOrder(entries)
    const last = ordered.length - 1 - context.fold
    if (last < 1) return unusable(entries, `${counted(ordered.length, 'recording')} only`)
    return {
      parts: [...enrolAndValidate(ordered.slice(0, last), context), whole(ordered[last], 'test')],
      leftOut: leaveOut(ordered.slice(last + 1), 'later than what this fold tests'),
    }
  },

  'single-shot-long-term': (entries, { fold }) => {
    const visits = visitsOf(entries)
    const last = visits.length - 1 - fold
    if (last < 1) return unusable(entries, `${counted(visits.length, 'day')} only`)
    const [first, ...sameDay] = visits[0].entries
    return {
      parts: [whole(first, 'enrol'), ...visits[last].entries.map((entry) => whole(entry, 'test'))],
      leftOut: [
        ...leaveOut([...sameDay, ...visits.slice(1, last).flatMap((visit) => visit.entries)], 'neither the first recording nor of the last day'),
        ...leaveOut(visits.slice(last + 1).flatMap((visit) => visit.entries), 'later than what this fold tests'),
      ],
    }
  },

  'leave-last-day-out': (entries, context) => {
    const visits = visitsOf(entries)
    const last = visits.length - 1 - context.fold
    if (last < 1) return unusable(entries, `${counted(visits.length, 'day')} only`)
    return {
      parts: [...enrolAndValidate(visits.slice(0, last).flatMap((visit) => visit.entries), context), ...visits[last].entries.map((entry) => whole(entry, 'test'))],
      leftOut: leaveOut(visits.slice(last + 1).flatMap((visit) => visit.entries), 'later than what this fold tests'),
    }
  },

  'cross-session': (entries, context): Plan => {
    const visits = visitsOf(entries)
    if (visits.length < 2) return unusable(entries, 'one session only')
    const enrolled = context.fold % visits.length
    return {
      parts: visits.flatMap((visit, i) => (i === enrolled ? enrolAndValidate(visit.entries, context) : visit.entries.map((entry) => whole(entry, 'test')))),
      leftOut: [],
    }
  },
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
