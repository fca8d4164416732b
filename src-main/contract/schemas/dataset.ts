import { z } from 'zod'
import { DatasetId, RecordingId, SubjectCode } from '../ids.ts'

/** Version of the folder's layout that this program writes; a newer one is refused with `dataset-format-newer`. */
export const datasetFormatVersion = 1

/** dataset.json */
export const DatasetInfo = z.object({
  id: DatasetId,
  name: z.string().min(1),
  formatVersion: z.number().int().positive(),
  createdAt: z.iso.datetime({ offset: true }),
  licence: z.string().default(''),
  ethics: z.string().default(''),
  /** True for the generated demo dataset: its people are synthetic. */
  synthetic: z.boolean().default(false),
})
export type DatasetInfo = z.infer<typeof DatasetInfo>

/** Fields that are left out stay as they are. */
export const DatasetInfoChange = z.object({ name: z.string().min(1), licence: z.string(), ethics: z.string() }).partial()
export type DatasetInfoChange = z.infer<typeof DatasetInfoChange>

export const Consent = z.enum(['unknown', 'granted', 'refused', 'withdrawn'])
export type Consent = z.infer<typeof Consent>

export const Sex = z.enum(['female', 'male', 'other', 'unknown'])

/** Current state of a subject: the fold of its events in subjects.jsonl. No name, no contact: those live in the identity vault. */
export const Subject = z.object({
  code: SubjectCode,
  consent: Consent,
  consentAt: z.iso.datetime({ offset: true }).nullable(),
  birthYear: z.number().int().min(1880).max(2100).nullable(),
  sex: Sex,
  notes: z.string(),
  tags: z.array(z.string()),
  createdAt: z.iso.datetime({ offset: true }),
  updatedAt: z.iso.datetime({ offset: true }),
  recordings: z.number().int().nonnegative(),
  /** Distinct local days with a recording. */
  sessions: z.number().int().nonnegative(),
})
export type Subject = z.infer<typeof Subject>

/** What a person may say about a subject, without defaults: in zod a default also fills a field that was left out of a partial. */
const subjectFields = z.object({
  consent: Consent,
  birthYear: z.number().int().min(1880).max(2100).nullable(),
  sex: Sex,
  notes: z.string().max(4000),
  tags: z.array(z.string().min(1).max(40)),
})

export const SubjectInput = z.object({
  code: SubjectCode,
  consent: subjectFields.shape.consent.default('unknown'),
  birthYear: subjectFields.shape.birthYear.default(null),
  sex: subjectFields.shape.sex.default('unknown'),
  notes: subjectFields.shape.notes.default(''),
  tags: subjectFields.shape.tags.default([]),
})
export type SubjectInput = z.input<typeof SubjectInput>

/** Fields that are left out stay as they are. */
export const SubjectChange = subjectFields.partial()
export type SubjectChange = z.input<typeof SubjectChange>

export const DatasetSummary = z.object({
  path: z.string(),
  info: DatasetInfo,
  subjects: z.number().int(),
  recordings: z.number().int(),
  seconds: z.number(),
  freeBytes: z.number(),
  /** Recordings that were being written when a program died and await `recover`. */
  interrupted: z.array(RecordingId),
})
export type DatasetSummary = z.infer<typeof DatasetSummary>

export const VerifyFinding = z.object({
  recording: RecordingId.nullable(),
  file: z.string(),
  code: z.string(),
  message: z.string(),
})
export const VerifyReport = z.object({
  recordings: z.number().int(),
  bytes: z.number(),
  findings: z.array(VerifyFinding),
})
export type VerifyFinding = z.infer<typeof VerifyFinding>
export type VerifyReport = z.infer<typeof VerifyReport>
