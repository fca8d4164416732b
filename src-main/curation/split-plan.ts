import type { RecordingId, RowSpan, SplitOptions, SplitRole, SubjectCode, VersionEntry } from '../contract/index.ts'
import type { Random, ShareCounter } from './random.ts'

/** One recording's part in a split. */
export interface Part {
  readonly entry: VersionEntry
  readonly role: SplitRole
  readonly spans: readonly RowSpan[]
}

export interface LeftOut {
  readonly subject: SubjectCode
  readonly recording: RecordingId
  readonly reason: string
}

export interface Plan {
  readonly parts: readonly Part[]
  readonly leftOut: readonly LeftOut[]
}

export interface ProtocolContext {
  readonly options: SplitOptions
  /** The subject's own stream. */
  readonly random: Random
  /** Which fold; 0 where there is one split. */
  readonly fold: number
  /** `null`: one split. */
  readonly folds: number | null
  readonly testShare: ShareCounter
  /** Takes 0 where other people validate. */
  readonly validationShare: ShareCounter
}

/** What one protocol does with the recordings of one subject, which are at least one. No `test` part: the protocol cannot test this subject. */
export type SubjectProtocol = (entries: readonly VersionEntry[], context: ProtocolContext) => Plan

export const whole = (entry: VersionEntry, role: SplitRole): Part => ({ entry, role, spans: entry.spans })

export const leaveOut = (entries: readonly VersionEntry[], reason: string): LeftOut[] =>
  entries.map(({ subject, recording }) => ({ subject, recording, reason }))

export const unusable = (entries: readonly VersionEntry[], reason: string): Plan => ({ parts: [], leftOut: leaveOut(entries, reason) })

/** `enrol`, of which some validate: at random, but one stays. */
export function enrolAndValidate(entries: readonly VersionEntry[], { random, validationShare }: ProtocolContext): Part[] {
  const validating = new Set(random.shuffled(entries).slice(0, validationShare.take(entries.length, 0, entries.length - 1)))
  return entries.map((entry) => whole(entry, validating.has(entry) ? 'validation' : 'enrol'))
}
