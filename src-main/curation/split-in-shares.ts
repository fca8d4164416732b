import type { SplitStrategy, VersionEntry } from '../contract/index.ts'
import { unusable, whole, type ProtocolContext, type SubjectProtocol } from './split-plan.ts'
import { inOrder, visitsOf } from './visits.ts'

/** Protocols that divide every subject's recordings, or sessions, by shares, at random. With k folds every recording (session) tests once. */
export const shareProtocols: Partial<Record<SplitStrategy, SubjectProtocol>> = {
  'closed-set-by-recording': (entries, context) => {
    if (entries.length < 2) return unusable(entries, '1 recording only')
    return { parts: divide(inOrder(entries).map((entry) => [entry]), context), leftOut: [] }
  },
  'closed-set-by-session': (entries, context) => {
    const visits = visitsOf(entries)
    if (visits.length < 2) return unusable(entries, 'one session only')
    return { parts: divide(visits.map((visit) => visit.entries), context), leftOut: [] }
  },
}

/** `units`: what stays together; two or more. At least one enrols, and without folds at least one tests. */
function divide(units: readonly (readonly VersionEntry[])[], context: ProtocolContext): ReturnType<SubjectProtocol>['parts'] {
  const { random, fold, folds, testShare, validationShare } = context
  const mixed = random.shuffled(units)
  // Subjects with fewer units than folds would all test in the first ones: each starts at its own fold.
  const start = folds === null ? 0 : random.below(folds)
  const tests = folds === null ? testShare.take(mixed.length, 1, mixed.length - 1) : 0
  const isTest = (i: number): boolean => (folds === null ? i < tests : (i + start) % folds === fold)
  const rest = mixed.filter((_, i) => !isTest(i))
  const validating = validationShare.take(mixed.length, 0, rest.length - 1)
  return [
    ...mixed.filter((_, i) => isTest(i)).flatMap((unit) => unit.map((entry) => whole(entry, 'test'))),
    ...rest.flatMap((unit, i) => unit.map((entry) => whole(entry, i < validating ? 'validation' : 'enrol'))),
  ]
}
