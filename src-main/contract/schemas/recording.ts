import { z } from 'zod'
import { RecordingId, SubjectCode } from '../ids.ts'
import { DeviceConfiguration, LaneSpec } from './device.ts'
import { ImportOrigin } from './import.ts'

export const RecordingState = z.enum(['recording', 'interrupted', 'finished', 'recovered', 'imported', 'discarded'])
export type RecordingState = z.infer<typeof RecordingState>

export const GapCause = z.enum(['lost', 'corrupted', 'stall', 'unplugged', 'restart', 'silence', 'unknown'])
export type GapCause = z.infer<typeof GapCause>

/** Rows `from`..`to` (half open, in rows of the recording) hold the format's invalid code. */
export const Gap = z.object({
  from: z.number().int().nonnegative(),
  to: z.number().int().nonnegative(),
  /** `certain`: the device's counter says so and its wrap is excluded. `estimated`: the host clock was needed. */
  certainty: z.enum(['certain', 'estimated']),
  cause: GapCause,
})
export type Gap = z.infer<typeof Gap>

/** A moment, or a span when `toRow` is set, in rows of the recording. */
export const Marker = z.object({
  row: z.number().int().nonnegative(),
  toRow: z.number().int().nonnegative().nullable().default(null),
  code: z.string().min(1).max(40),
  text: z.string().max(400),
  /** `technician` (hotkey), `protocol` (step), `device`, `alarm`. */
  origin: z.enum(['technician', 'protocol', 'device', 'alarm']),
  at: z.iso.datetime({ offset: true }),
})
export type Marker = z.infer<typeof Marker>

export const LaneSummary = z.object({
  lane: z.string(),
  usableSeconds: z.number(),
  saturatedRatio: z.number(),
  flatRatio: z.number(),
  missingRatio: z.number(),
  /** Mains power over power in the band, 0..1. */
  mainsRatio: z.number().nullable(),
  meanRateBpm: z.number().nullable(),
})
export type LaneSummary = z.infer<typeof LaneSummary>

export const FileEntry = z.object({ name: z.string(), bytes: z.number().int(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })
export type FileEntry = z.infer<typeof FileEntry>

/** recording.json: everything about a recording that is not a sample. Written atomically; derived part is rebuildable from the journal. */
export const Recording = z.object({
  formatVersion: z.literal(1),
  id: RecordingId,
  subject: SubjectCode,
  state: RecordingState,
  /** Local wall clock with its zone offset, as an ISO string: `2026-03-01T14:05:09.123+01:00`. */
  startedAt: z.iso.datetime({ offset: true }),
  /** IANA name of the station's zone. */
  timeZone: z.string(),
  station: z.string(),
  operator: z.string(),
  notes: z.string(),
  protocol: z.object({ id: z.string(), name: z.string() }).nullable(),
  /** Why the checklist was overridden, in the technician's words. */
  override: z.object({ reason: z.string(), failed: z.array(z.string()) }).nullable(),
  device: DeviceConfiguration,
  /** Port path or `demo:SEED`; identification text as the device sent it. */
  source: z.string(),
  identity: z.string(),
  lanes: z.array(LaneSpec),
  /** Derived from here on; zero and empty while `state` is `recording`. */
  rows: z.number().int().nonnegative(),
  seconds: z.number().nonnegative(),
  declaredRateHz: z.number().positive(),
  measuredRateHz: z.number().positive().nullable(),
  ppm: z.number().nullable(),
  /** Rows lost, of `rows`. Lower bound when the device has no counter. */
  lostRows: z.number().int().nonnegative(),
  lossCertainty: z.enum(['certain', 'estimated', 'unknown']),
  gaps: z.array(Gap),
  markers: z.array(Marker),
  skippedBytes: z.number().int().nonnegative(),
  laneSummaries: z.array(LaneSummary),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
  discarded: z.object({ reason: z.string(), at: z.iso.datetime({ offset: true }) }).nullable(),
  /** Where an imported recording came from; its originals are in source/. Absent for what was recorded here. */
  origin: ImportOrigin.optional(),
  /** SHA-256 over the derived signal: what a dataset version freezes. */
  contentHash: z.string(),
  files: z.array(FileEntry),
})
export type Recording = z.infer<typeof Recording>

/** What a list of recordings shows. */
export const RecordingListItem = Recording.pick({
  id: true, subject: true, state: true, startedAt: true, timeZone: true, protocol: true, seconds: true, rows: true,
  lostRows: true, lossCertainty: true, declaredRateHz: true, measuredRateHz: true, ppm: true, notes: true,
}).extend({
  /** Usable part of the best heart lane, 0..1, and the mean rate; a list of ten thousand does not carry every lane's numbers. */
  usableRatio: z.number().nullable(),
  meanRateBpm: z.number().nullable(),
  /** How many; the words are in the recording. */
  warnings: z.number().int(),
  profile: z.string(),
  /** Day or visit: the local date, or what the import's rule says. */
  session: z.string(),
  /** The source gave no date: `startedAt` is when it was imported. */
  dateUnknown: z.boolean(),
  /** Codes of what is wrong with an imported file. */
  findings: z.array(z.string()),
  contentHash: z.string(),
  gaps: z.number().int(),
  lanes: z.array(LaneSpec.pick({ id: true, label: true, kind: true, unit: true })),
})
export type RecordingListItem = z.infer<typeof RecordingListItem>

/** Min/max of equal spans of rows: for every lane `columns` pairs, physical units, NaN where all rows are missing. */
export const Envelope = z.object({
  fromRow: z.number().int(),
  toRow: z.number().int(),
  columns: z.number().int(),
  /** Float32 little endian, lane-major: [lane][column][min, max]. */
  bytes: z.instanceof(Uint8Array),
})
export type Envelope = z.infer<typeof Envelope>
