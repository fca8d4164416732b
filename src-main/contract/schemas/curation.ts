import { z } from 'zod'
import { RecordingId, SubjectCode } from '../ids.ts'
import { LaneKind } from './device.ts'
import { LabelKind } from './label.ts'

const ratio = z.number().min(0).max(1)

/**
 * One rule of a curation. A rule about a recording keeps or excludes it as a whole; `skip-start`, `damaged-spans` and `exclude-labels` leave spans out of what is kept.
 * Every rule gives its reason in words when it excludes.
 */
export const CurationRule = z.discriminatedUnion('kind', [
  /** Has at least `count` lanes of this kind. */
  z.object({ kind: z.literal('has-lanes'), lane: LaneKind, count: z.number().int().min(1).default(1) }),
  /** The best lane of this kind has at least so many usable seconds. */
  z.object({ kind: z.literal('usable-seconds'), lane: LaneKind, atLeast: z.number().nonnegative() }),
  z.object({ kind: z.literal('duration'), atLeast: z.number().nonnegative() }),
  /** Saturated, missing or flat part of the best lane of this kind. */
  z.object({ kind: z.literal('at-most'), measure: z.enum(['saturated', 'missing', 'flat', 'mains']), lane: LaneKind, ratio }),
  z.object({ kind: z.literal('heart-rate'), from: z.number().positive(), to: z.number().positive() }),
  z.object({ kind: z.literal('beats'), lane: LaneKind, atLeast: z.number().int().nonnegative() }),
  /** Excludes recordings that carry one of these findings or warnings; an empty list means any. */
  z.object({ kind: z.literal('findings'), codes: z.array(z.string()) }),
  z.object({ kind: z.literal('states'), states: z.array(z.string()).min(1) }),
  z.object({ kind: z.literal('subjects'), codes: z.array(z.string()).min(1), keep: z.boolean() }),
  z.object({ kind: z.literal('subject-tag'), tag: z.string().min(1), keep: z.boolean() }),
  z.object({ kind: z.literal('consent') }),
  /** Subjects with at least so many sessions (after the rules before this one). */
  z.object({ kind: z.literal('sessions'), atLeast: z.number().int().min(1) }),
  z.object({ kind: z.literal('dates'), from: z.string().nullable(), to: z.string().nullable() }),
  /** Any label of this kind (and value, where given) excludes the recording, or the recording must have one. */
  z.object({ kind: z.literal('label'), label: LabelKind, value: z.string().nullable().default(null), keep: z.boolean() }),
  /** Leaves out the first seconds. */
  z.object({ kind: z.literal('skip-start'), seconds: z.number().positive() }),
  /** Leaves out gaps, leading blocks, and stretches of a second or more that are saturated or flat in every lane of this kind. */
  z.object({ kind: z.literal('damaged-spans'), lane: LaneKind }),
  /** Leaves out what people labelled `exclude`. */
  z.object({ kind: z.literal('exclude-labels'), annotators: z.array(z.string()).default([]) }),
])
export type CurationRule = z.infer<typeof CurationRule>

export const CurationRules = z.object({ rules: z.array(CurationRule).max(64) })
export type CurationRules = z.infer<typeof CurationRules>

/** A person's word against the rules. */
export const CurationOverride = z.object({ recording: RecordingId, include: z.boolean(), reason: z.string().min(1).max(400) })
export type CurationOverride = z.infer<typeof CurationOverride>

export const ExclusionReason = z.object({
  /** Place of the rule in the list, or `null` for a person's override and for a recording without a single row. */
  rule: z.number().int().nullable(),
  kind: z.string(),
  /** Numbers of the sentence; the words are the renderer's by `kind`. */
  data: z.record(z.string(), z.union([z.string(), z.number()])),
  /** English sentence, for files and terminals. */
  text: z.string(),
})
export type ExclusionReason = z.infer<typeof ExclusionReason>

/** Rows, half open. */
export const RowSpan = z.object({ from: z.number().int().nonnegative(), to: z.number().int().nonnegative() })
export type RowSpan = z.infer<typeof RowSpan>

export const CurationDecision = z.object({
  recording: RecordingId,
  subject: SubjectCode,
  session: z.string(),
  included: z.boolean(),
  overridden: z.boolean(),
  reasons: z.array(ExclusionReason),
  /** What is kept of it, and its length. */
  spans: z.array(RowSpan),
  seconds: z.number(),
})
export type CurationDecision = z.infer<typeof CurationDecision>

export const CurationResult = z.object({
  decisions: z.array(CurationDecision),
  included: z.object({ recordings: z.number().int(), subjects: z.number().int(), sessions: z.number().int(), seconds: z.number() }),
  /** Per rule, in order: how many recordings it excluded (alone or with others), how many it alone excluded, and seconds it cut out of kept ones. */
  perRule: z.array(z.object({ excluded: z.number().int(), excludedAlone: z.number().int(), secondsCut: z.number() })),
})
export type CurationResult = z.infer<typeof CurationResult>

/** One recording in a version. */
export const VersionEntry = z.object({
  recording: RecordingId,
  subject: SubjectCode,
  session: z.string(),
  /** Local date, or `null` where the source gave none: such a recording is in no time-ordered split. */
  day: z.string().nullable(),
  startedAt: z.string(),
  contentHash: z.string(),
  /** SHA-256 of signals.dat, and of every original: equal ones on two sides of a split leak. */
  signalHash: z.string(),
  sourceHashes: z.array(z.string()),
  rateHz: z.number(),
  rows: z.number().int(),
  device: z.string(),
  lanes: z.array(z.object({ id: z.string(), label: z.string(), kind: LaneKind, unit: z.string(), gainCountsPerUnit: z.number(), baseline: z.number().int(), bits: z.number().int() })),
  spans: z.array(RowSpan),
  beats: z.number().int(),
})
export type VersionEntry = z.infer<typeof VersionEntry>

/** versions/<name>.json. `hash` is the SHA-256 of the canonical JSON of `rules`, `overrides`, `entries` and `excluded`. */
export const DatasetVersion = z.object({
  formatVersion: z.literal(1),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  note: z.string(),
  createdAt: z.iso.datetime({ offset: true }),
  by: z.string(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  rules: z.array(CurationRule),
  overrides: z.array(CurationOverride),
  entries: z.array(VersionEntry),
  excluded: z.array(z.object({ recording: RecordingId, subject: SubjectCode, reasons: z.array(ExclusionReason) })),
  /** A version never changes, except that an erased subject leaves it: how many entries went, and the hash before. */
  erasures: z.array(z.object({ at: z.iso.datetime({ offset: true }), recordings: z.number().int(), hashBefore: z.string() })).default([]),
})
export type DatasetVersion = z.infer<typeof DatasetVersion>

export const VersionSummary = z.object({
  name: z.string(),
  note: z.string(),
  createdAt: z.string(),
  hash: z.string(),
  recordings: z.number().int(),
  subjects: z.number().int(),
  sessions: z.number().int(),
  seconds: z.number(),
  excluded: z.number().int(),
  /** Recordings that are no longer there (erased) or changed since. */
  missing: z.number().int(),
  changed: z.number().int(),
  /** The file itself no longer gives its hash, or cannot be read: the reason. */
  problem: z.string().nullable(),
})
export type VersionSummary = z.infer<typeof VersionSummary>

export const VersionDiff = z.object({
  a: z.string(),
  b: z.string(),
  added: z.array(RecordingId),
  removed: z.array(z.object({ recording: RecordingId, reasons: z.array(ExclusionReason) })),
  contentChanged: z.array(RecordingId),
  spansChanged: z.array(z.object({ recording: RecordingId, before: z.array(RowSpan), after: z.array(RowSpan) })),
  subjectChanged: z.array(z.object({ recording: RecordingId, before: SubjectCode, after: SubjectCode })),
  rulesChanged: z.boolean(),
})
export type VersionDiff = z.infer<typeof VersionDiff>
