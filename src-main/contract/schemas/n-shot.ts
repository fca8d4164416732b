import { z } from 'zod'
import { Estimate } from './estimate.ts'

const count = z.number().int().nonnegative()

/** How well people are known by templates of `shots` windows each, against a gallery of such people only. */
export const NShotResult = z.object({
  /** Whether the model had learnt from them. */
  people: z.enum(['seen', 'unseen']),
  shots: count,
  /** Windows of one decision; 0: all of a recording. */
  beats: count,
  subjects: count,
  /** People who have fewer enrolment windows than `shots`: their template is of all that they have. */
  short: count,
  /** Of each draw. */
  probes: count,
  /** Means over the draws of enrolment windows; the intervals are over draws of people and of windows together. */
  rank1: Estimate,
  eer: Estimate,
})
export type NShotResult = z.infer<typeof NShotResult>

/** N-shot enrolment (recognition.md A4), by plain cosine. `draws`: how often the enrolment windows were drawn. */
export const NShotEvaluation = z.object({ draws: count, replicates: count, seed: z.number().int(), results: z.array(NShotResult).max(100) })
export type NShotEvaluation = z.infer<typeof NShotEvaluation>
