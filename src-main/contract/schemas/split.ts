import { z } from 'zod'
import { RecordingId, SubjectCode } from '../ids.ts'
import { RowSpan } from './curation.ts'

/**
 * Who may see what. Names after the protocols of the field:
 * - `single-shot-same-day`: first recording of a day enrols, later ones of that day test; closed set.
 * - `leave-last-recording-out`: every subject's last recording tests.
 * - `single-shot-long-term`: the very first recording enrols, the last day tests.
 * - `leave-last-day-out`: everything before a subject's last day enrols and trains, the last day tests.
 * - `cross-session`: every session of a subject against every other; enrol the first, test the rest.
 * - `closed-set-by-recording`, `closed-set-by-session`: proportions of recordings (sessions) per subject.
 * - `subject-disjoint`: train, validation and test share no subject; test subjects enrol with their first session (recording where they have one only) and are probed with the rest.
 * - `open-set`: as subject-disjoint, and a part of the test subjects is never enrolled.
 * - `chronological`: within each recording, earlier rows train, later ones test, with a guard band between them.
 * - `diagnostic-leaky`: random beats; proves nothing and says so in its name.
 */
export const SplitStrategy = z.enum([
  'single-shot-same-day', 'leave-last-recording-out', 'single-shot-long-term', 'leave-last-day-out', 'cross-session', 'closed-set-by-recording',
  'closed-set-by-session', 'subject-disjoint', 'open-set', 'chronological', 'diagnostic-leaky',
])
export type SplitStrategy = z.infer<typeof SplitStrategy>

export const SplitRole = z.enum(['train', 'validation', 'enrol', 'test'])
export type SplitRole = z.infer<typeof SplitRole>

export const SplitOptions = z.object({
  strategy: SplitStrategy,
  seed: z.number().int().nonnegative().default(1),
  /** Shares of subjects, sessions, recordings or rows, as the strategy divides; the rest is train. */
  validation: z.number().min(0).max(0.5).default(0.1),
  test: z.number().min(0).max(0.9).default(0.2),
  /** Part of the test subjects that is never enrolled (`open-set`). */
  unknown: z.number().min(0).max(0.9).default(0.3),
  /** Between two roles in one recording, seconds. */
  guardSeconds: z.number().nonnegative().default(0),
  /** `null`: one split; k: k folds, this one being `fold` (from 0). */
  folds: z.number().int().min(2).max(20).nullable().default(null),
  fold: z.number().int().min(0).default(0),
  /** Subject-disjoint laid over a recording- or day-wise protocol: these subjects' recordings only. */
  subjectDisjoint: z.boolean().default(false),
  /** Windows that overlap by this many seconds are expected in training (0 = none): checked between roles. */
  windowSeconds: z.number().nonnegative().default(0.6),
})
export type SplitOptions = z.infer<typeof SplitOptions>
export type SplitOptionsInput = z.input<typeof SplitOptions>

export const SplitAssignment = z.object({
  recording: RecordingId,
  subject: SubjectCode,
  session: z.string(),
  role: SplitRole,
  spans: z.array(RowSpan),
})
export type SplitAssignment = z.infer<typeof SplitAssignment>

/** splits/<name>.json: no time, no author, so that the same version, options and program give the same bytes everywhere. */
export const DatasetSplit = z.object({
  formatVersion: z.literal(1),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  version: z.string(),
  versionHash: z.string(),
  options: SplitOptions,
  assignments: z.array(SplitAssignment),
  /** Test subjects that are never enrolled (`open-set`). */
  unknownSubjects: z.array(SubjectCode),
  /** Subjects or recordings that this strategy cannot use, with the reason. */
  leftOut: z.array(z.object({ subject: SubjectCode, recording: RecordingId.nullable(), reason: z.string() })),
  /** SHA-256 of the canonical JSON of all the above but `name`. */
  hash: z.string(),
  /** As in `DatasetVersion`. */
  erasures: z.array(z.object({ recordings: z.number().int(), hashBefore: z.string() })).default([]),
})
export type DatasetSplit = z.infer<typeof DatasetSplit>

/** Numbers after recognition.md C4. */
export const LeakCheck = z.enum([
  'duplicate-content', 'subject-overlap', 'recording-overlap', 'session-overlap', 'window-overlap', 'cohort-overlap', 'metadata-confound',
  'label-permutation', 'adc-fingerprint', 'merged-subject', 'content-changed', 'random-beats',
])
export type LeakCheck = z.infer<typeof LeakCheck>

export const LeakFinding = z.object({
  check: LeakCheck,
  /** `block`: the split is refused. */
  severity: z.enum(['block', 'warn']),
  message: z.string(),
  recordings: z.array(RecordingId),
  subjects: z.array(z.string()),
  data: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
})
export type LeakFinding = z.infer<typeof LeakFinding>

/** What this data can support, in numbers: the renderer and the terminal make sentences of them. */
export const DataSupport = z.object({
  subjects: z.number().int(),
  testSubjects: z.number().int(),
  sessionsPerSubject: z.object({ minimum: z.number(), median: z.number(), maximum: z.number() }),
  genuineTrials: z.number().int(),
  impostorTrials: z.number().int(),
  /** Half width of the 95 % interval of an EER of `assumedEer`, subjects resampled. */
  assumedEer: z.number(),
  eerHalfWidth: z.number().nullable(),
  /** Smallest false match rate that the impostor trials can show (rule of three). */
  smallestFmr: z.number().nullable(),
  crossSession: z.boolean(),
  subjectDisjoint: z.boolean(),
  sentences: z.array(z.string()),
})
export type DataSupport = z.infer<typeof DataSupport>

/** Subjects by sessions: what role every cell has. */
export const SplitMatrix = z.object({
  sessions: z.array(z.string()),
  rows: z.array(
    z.object({
      subject: SubjectCode,
      unknown: z.boolean(),
      cells: z.array(z.object({ session: z.string(), roles: z.array(SplitRole), recordings: z.number().int(), seconds: z.number() })),
    }),
  ),
})
export type SplitMatrix = z.infer<typeof SplitMatrix>

export const SplitReport = z.object({
  split: DatasetSplit,
  findings: z.array(LeakFinding),
  support: DataSupport,
  matrix: SplitMatrix,
})
export type SplitReport = z.infer<typeof SplitReport>

export const SplitSummary = z.object({
  name: z.string(),
  version: z.string(),
  strategy: SplitStrategy,
  seed: z.number().int(),
  hash: z.string(),
  subjects: z.number().int(),
  recordings: z.record(SplitRole, z.number().int()),
  problem: z.string().nullable(),
})
export type SplitSummary = z.infer<typeof SplitSummary>
