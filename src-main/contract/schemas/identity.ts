import { z } from 'zod'
import { RecordingId, SubjectCode } from '../ids.ts'
import { ModelName, RunId } from './learning.ts'

/** What stands for an enrolled person. Embeddings of different models cannot be compared: it belongs to one. */
export const TemplateInfo = z.object({
  subject: SubjectCode,
  /** Windows and sessions that it is the mean of, and their recordings. */
  windows: z.number().int(),
  sessions: z.number().int(),
  recordings: z.array(RecordingId),
  createdAt: z.string(),
})
export type TemplateInfo = z.infer<typeof TemplateInfo>

/** The people that a model of a run can recognise, and how sure it has to be. */
export const Gallery = z.object({
  run: RunId,
  model: ModelName,
  modelHash: z.string(),
  templates: z.array(TemplateInfo),
  /** Fixed on validation, by beats of a decision; `null`: the run has no validation, so nobody can be called unknown. */
  thresholds: z.array(z.object({ beats: z.number().int(), threshold: z.number(), rule: z.enum(['validation-eer', 'validation-fmr-1-percent']) })).nullable(),
})
export type Gallery = z.infer<typeof Gallery>

/** Who this is, or whether it is who they say. */
export const Decision = z.object({
  run: RunId,
  model: ModelName,
  /** Windows that it rests on, and those that were refused. */
  beats: z.number().int(),
  refused: z.number().int(),
  /** `null`: nobody enrolled is alike enough. */
  subject: SubjectCode.nullable(),
  /** Most alike first; cosines. */
  candidates: z.array(z.object({ subject: SubjectCode, score: z.number() })).max(20),
  threshold: z.number().nullable(),
  /** Verification: the person claimed, and whether it is they. */
  claim: SubjectCode.nullable(),
  accepted: z.boolean().nullable(),
  /** The recording, or `null` for a live one. */
  recording: RecordingId.nullable(),
  at: z.string(),
})
export type Decision = z.infer<typeof Decision>

/** What the live identification tells while it listens. */
export const LiveIdentification = z.object({
  state: z.enum(['off', 'starting', 'listening', 'failed']),
  run: RunId.nullable(),
  model: ModelName.nullable(),
  claim: SubjectCode.nullable(),
  lane: z.string().nullable(),
  /** Usable beats so far, of those that a decision takes. */
  beats: z.number().int(),
  needed: z.number().int(),
  decision: Decision.nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
})
export type LiveIdentification = z.infer<typeof LiveIdentification>
