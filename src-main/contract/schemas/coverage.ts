import { z } from 'zod'
import { SubjectCode } from '../ids.ts'
import { SplitRole } from './split.ts'
import { WindowOptions } from './training-options.ts'

const count = z.number().int().nonnegative()

/** Recordings of one person in one session and role (`null`: of a version, where nobody has a role yet) by what they hold: a lane of either kind, and both in one recording. */
export const CoverageCell = z.object({ session: z.string(), role: SplitRole.nullable(), recordings: count, ecg: count, ppg: count, both: count, seconds: z.number() })
export type CoverageCell = z.infer<typeof CoverageCell>

/**
 * Why a recipe cannot be trained here (`blocks`), or what it will have to do without. `subjects` of `of`; of the part that trains unless said otherwise.
 * - `lane-missing`: nobody has a lane of this kind.
 * - `too-few-subjects`: fewer than two people have the student's modality.
 * - `pairs-missing`, `pairs-partial`: people with windows of one moment, as a recipe needs that joins or aligns both.
 * - `both-missing`: nobody is known by both modalities, at whatever time.
 * - `without-teacher`: people whom the teacher's modality says nothing of: they learn from labels alone.
 * - `without-student`: people whom only the teacher learns.
 * - `test-missing`, `test-partial`: people who can be enrolled and tested by the student's modality, of those whom the split wants to test.
 */
export const CoverageReason = z.object({
  code: z.enum(['lane-missing', 'too-few-subjects', 'pairs-missing', 'pairs-partial', 'both-missing', 'without-teacher', 'without-student', 'test-missing', 'test-partial']),
  blocks: z.boolean(),
  lane: WindowOptions.shape.lane.nullable(),
  subjects: count,
  of: count,
})
export type CoverageReason = z.infer<typeof CoverageReason>

/** Who has which modality, and what that allows. */
export const ModalityCoverage = z.object({
  version: z.string(),
  split: z.string().nullable(),
  student: WindowOptions.shape.lane,
  teacher: WindowOptions.shape.lane,
  subjects: z.array(z.object({ subject: SubjectCode, cells: z.array(CoverageCell) })),
  /** People by role: `ecg`, `ppg` with such a lane, `both` with both in one recording, `apart` with both, never in one. */
  roles: z.array(z.object({ role: SplitRole.nullable(), subjects: count, ecg: count, ppg: count, both: count, apart: count })),
  recipes: z.array(z.object({ recipe: z.enum(['fusion', 'clip', 'sembridge']), possible: z.boolean(), reasons: z.array(CoverageReason) })),
})
export type ModalityCoverage = z.infer<typeof ModalityCoverage>
