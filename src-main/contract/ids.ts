import { z } from 'zod'

/** Pseudonymous code of a subject: the name of its folder, so letters, digits, `.`, `_`, `-`; 1 to 32 characters. Never a name. */
export const SubjectCode = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'letters, digits, dot, dash or underscore; 1 to 32 characters')
  .brand('SubjectCode')
export type SubjectCode = z.infer<typeof SubjectCode>

/** ULID: sorts by time and never collides when two stations' datasets are merged. */
export const RecordingId = z
  .string()
  .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, 'a ULID')
  .brand('RecordingId')
export type RecordingId = z.infer<typeof RecordingId>

export const DatasetId = z.uuid().brand('DatasetId')
export type DatasetId = z.infer<typeof DatasetId>
