import type { DatasetSplit, SplitOptions, SplitRole, SplitStrategy } from '../contract/index.ts'

/**
 * What the roles mean. Two families:
 * - the model knows the people (closed set): `enrol` recordings make the templates AND are what the model trains on; `train` adds nothing to them and is not
 *   given out. `validation` chooses epochs and thresholds, `test` is looked at once.
 * - the model has never seen them (`subject-disjoint`, `open-set`, and every protocol with `subjectDisjoint`): `train` and `validation` are other people; `enrol` and `test`
 *   belong to the test subjects, and `enrol` makes templates only.
 */
export function isSubjectDisjoint(options: Pick<SplitOptions, 'strategy' | 'subjectDisjoint'>): boolean {
  return options.subjectDisjoint || options.strategy === 'subject-disjoint' || options.strategy === 'open-set'
}

/** Roles whose rows a model may be fitted to. @example closed set: ['train', 'enrol']; subject-disjoint: ['train'] */
function trainingRoles(options: Pick<SplitOptions, 'strategy' | 'subjectDisjoint'>): readonly SplitRole[] {
  return isSubjectDisjoint(options) ? ['train'] : ['train', 'enrol']
}

/** What must stay apart: a leak is between two sides. In a closed set training and enrolment are one side. */
export type Side = 'train' | 'validation' | 'enrol' | 'test'

export function sideOf(role: SplitRole, options: Pick<SplitOptions, 'strategy' | 'subjectDisjoint'>): Side {
  return role === 'enrol' && trainingRoles(options).includes('enrol') ? 'train' : role
}

/** Protocols that promise another session (day) at test time. */
const crossSession: ReadonlySet<SplitStrategy> = new Set(['single-shot-long-term', 'leave-last-day-out', 'cross-session', 'closed-set-by-session'])

export const promisesOtherSession = ({ strategy }: Pick<SplitOptions, 'strategy'>): boolean => crossSession.has(strategy)

/** Protocols in which one recording has several roles, by rows. */
export const dividesRows = ({ strategy }: Pick<SplitOptions, 'strategy'>): boolean => strategy === 'chronological' || strategy === 'diagnostic-leaky'

/** Protocols that need to know which came first: a recording without a date is in none of them. */
const timeOrdered: ReadonlySet<SplitStrategy> = new Set(['single-shot-same-day', 'leave-last-recording-out', 'single-shot-long-term', 'leave-last-day-out'])

export const needsDates = ({ strategy }: Pick<SplitOptions, 'strategy'>): boolean => timeOrdered.has(strategy)

/** Comparing people makes sense: all but the diagnostic one, which proves nothing. */
export const hasTrials = ({ options }: Pick<DatasetSplit, 'options'>): boolean => options.strategy !== 'diagnostic-leaky'

/** The name of every split of random beats, and of no other. */
export const leakyName = 'diagnostic-leaky'

/** Rows that must lie between two roles of one recording: the guard, or what a training window reaches beyond its beat. */
export function guardRows({ guardSeconds, windowSeconds }: Pick<SplitOptions, 'guardSeconds' | 'windowSeconds'>, rateHz: number): number {
  return Math.ceil(Math.max(guardSeconds, windowSeconds) * rateHz)
}
