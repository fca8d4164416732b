import type { DatasetSplit, DatasetVersion, LeakCheck, LeakFinding, RowSpan, SplitAssignment, SubjectCode, VersionEntry } from '../contract/index.ts'
import { sideOf, type Side } from './split-roles.ts'
import { joinSpans } from './spans.ts'

/** What is true outside the two files: who is who by now, and whether the recordings are what was frozen. */
export interface LeakFacts {
  /** The person behind a code: merged codes are resolved. */
  readonly person: (code: SubjectCode) => SubjectCode
  /** Content hash of every recording as it is now; `null` where nobody looked. */
  readonly current: ReadonlyMap<string, string> | null
}

/** An assignment with what the checks need of its recording. */
export interface Placed {
  readonly assignment: SplitAssignment
  /** `null`: the version has no such recording. */
  readonly entry: VersionEntry | null
  readonly person: SubjectCode
  readonly side: Side
  readonly spans: readonly RowSpan[]
}

/** A split as the checks see it. */
export interface Placement {
  readonly split: DatasetSplit
  readonly version: Pick<DatasetVersion, 'hash' | 'entries'>
  readonly facts: LeakFacts
  readonly placed: readonly Placed[]
}

export function place(split: DatasetSplit, version: Pick<DatasetVersion, 'hash' | 'entries'>, facts: LeakFacts): Placement {
  const entries = new Map(version.entries.map((entry) => [entry.recording, entry]))
  const placed = split.assignments.map((assignment) => ({
    assignment,
    entry: entries.get(assignment.recording) ?? null,
    person: facts.person(assignment.subject),
    side: sideOf(assignment.role, split.options),
    spans: joinSpans(assignment.spans),
  }))
  return { split, version, facts, placed }
}

/** Enough to find the cause; `data.count` has the whole number. */
const mostNamed = 200

/** One finding about some recordings. `data.count`: how many. */
export function finding(check: LeakCheck, severity: LeakFinding['severity'], message: string, about: readonly Placed[], data: LeakFinding['data'] = {}): LeakFinding {
  const recordings = [...new Set(about.map(({ assignment }) => assignment.recording))].sort()
  const subjects = [...new Set(about.map(({ assignment }) => assignment.subject))].sort()
  return { check, severity, message, recordings: recordings.slice(0, mostNamed), subjects: subjects.slice(0, mostNamed), data: { count: recordings.length, ...data } }
}

/** @example 'S001, S002, S003 and 4 more' */
export function named(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
}
