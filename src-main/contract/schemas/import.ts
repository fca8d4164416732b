import { z } from 'zod'
import { SubjectCode } from '../ids.ts'
import { DelimitedMapping } from './delimited.ts'
import { LaneKind } from './device.ts'

export const ImportPreset = z.enum(['ecg-id', 'ptb', 'bidmc', 'mit-bih', 'folder-per-subject', 'bids', 'file-per-subject'])
export type ImportPreset = z.infer<typeof ImportPreset>

/**
 * How subject and session follow from a file. Patterns are regular expressions over the text that `from` names; the first group (or the
 * group named `code`) is the value, an empty match is no value. A subject's code is `prefix` plus that value, with whatever a code may not hold as `-`.
 */
export const SubjectRule = z.object({
  /** `path`: relative to the chosen folder, with `/`. `fact:NAME`: a named fact of the header (`fact:source`, `fact:patient`). `constant`: the pattern itself. */
  from: z.string().regex(/^(path|file|folder|comments|constant|fact:[a-z-]+)$/),
  pattern: z.string().max(400),
  prefix: z.string().max(16).default(''),
})
export type SubjectRule = z.infer<typeof SubjectRule>

/** Recordings of one subject with one session value are of one session (day or visit). `date`: the header's own date. */
export const SessionRule = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('date') }),
  z.object({ kind: z.literal('pattern'), from: SubjectRule.shape.from, pattern: z.string().max(400) }),
  z.object({ kind: z.literal('single') }),
])
export type SessionRule = z.infer<typeof SessionRule>

/** All that decides what an import makes of a folder. A preset is a named set of these; every field can be edited. */
export const ImportRules = z.object({
  preset: ImportPreset.nullable().default(null),
  subject: SubjectRule,
  session: SessionRule,
  /** Glob-free: only files whose relative path matches; `''` takes all. */
  include: z.string().max(400).default(''),
  /** Two files whose subjects have the same value here are one person (BIDMC: the source id in the header). */
  identity: SubjectRule.nullable().default(null),
  /** Annotators to take along (`atr`, `qrs`), as label layers of that name; `['*']` takes all that are found. */
  annotators: z.array(z.string().max(40)).default(['*']),
  /** Label pattern -> kind of lane; first match wins, what is not matched is guessed from label and unit. */
  lanes: z.array(z.object({ pattern: z.string().max(200), kind: LaneKind })).default([]),
  /** Files of plain text. */
  delimited: DelimitedMapping.nullable().default(null),
  /** Zone of the clocks in the headers; IANA name. */
  timeZone: z.string().default('UTC'),
  /** Consent of new subjects: public data carries its own licence. */
  consent: z.enum(['unknown', 'granted']).default('unknown'),
  licence: z.string().max(400).default(''),
})
export type ImportRules = z.infer<typeof ImportRules>
export type ImportRulesInput = z.input<typeof ImportRules>

/** What is wrong with a file, or was. `file` is relative to the chosen folder. */
export const ImportFinding = z.object({ file: z.string(), code: z.string(), message: z.string() })
export type ImportFinding = z.infer<typeof ImportFinding>

/** One record that was found and what would become of it. */
export const ImportCandidate = z.object({
  /** Relative path of the file that leads (`Person_01/rec_1.hea`). */
  file: z.string(),
  format: z.string(),
  files: z.array(z.string()),
  bytes: z.number(),
  /** `null` with a finding when the rules give none. */
  subject: SubjectCode.nullable(),
  session: z.string(),
  startedAt: z.string().nullable(),
  seconds: z.number(),
  rateHz: z.number(),
  lanes: z.array(z.object({ label: z.string(), kind: LaneKind, unit: z.string(), rateHz: z.number() })),
  annotators: z.array(z.string()),
  findings: z.array(ImportFinding),
  /** How its columns are read where it is delimited text, also where that was only guessed. */
  mapping: DelimitedMapping.nullable().default(null),
})
export type ImportCandidate = z.infer<typeof ImportCandidate>

export const ImportPreview = z.object({
  from: z.string(),
  rules: ImportRules,
  candidates: z.array(ImportCandidate),
  /** Files that lead no record: refused with a reason, or of no use (`ignored`). */
  refused: z.array(ImportFinding),
  ignored: z.number().int(),
  subjects: z.number().int(),
  sessions: z.number().int(),
  /** Looked at so far of `total` when the folder is large. */
  complete: z.boolean(),
})
export type ImportPreview = z.infer<typeof ImportPreview>

/** The first seconds of one candidate: signals and detected beats, before anything is accepted. */
export const ImportLook = z.object({
  file: z.string(),
  rateHz: z.number(),
  rows: z.number().int(),
  columns: z.number().int(),
  lanes: z.array(z.object({ label: z.string(), kind: LaneKind, unit: z.string(), beats: z.array(z.number().int()) })),
  /** As `Envelope.bytes`: Float32 little endian [lane][column][min, max], physical units. */
  bytes: z.instanceof(Uint8Array),
})
export type ImportLook = z.infer<typeof ImportLook>

export const ImportReport = z.object({
  subjects: z.number().int(),
  recordings: z.number().int(),
  /** Kept, but something is wrong with it. */
  flagged: z.array(ImportFinding),
  refused: z.array(ImportFinding),
  duplicates: z.array(z.object({ file: z.string(), sameAs: z.string() })),
  seconds: z.number(),
})
export type ImportReport = z.infer<typeof ImportReport>

/** Where an imported recording came from: part of its recording.json. */
export const ImportOrigin = z.object({
  format: z.string(),
  /** Relative path of the leading file when it was imported. */
  file: z.string(),
  session: z.string(),
  /** The header gave no date; `startedAt` is then the time of the import and must not order anything. */
  dateUnknown: z.boolean(),
  licence: z.string(),
  importedAt: z.iso.datetime({ offset: true }),
  /** Annotators (`atr`, `qrs`) whose files came along; a file of the record named so holds no samples. */
  annotators: z.array(z.string()),
  rules: ImportRules,
  findings: z.array(ImportFinding),
})
export type ImportOrigin = z.infer<typeof ImportOrigin>
