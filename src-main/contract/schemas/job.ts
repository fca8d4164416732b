import { z } from 'zod'
import { WireError } from '../errors.ts'

/** Long work: shows progress, can be cancelled. `done`/`total` in `unit`. */
export const JobStatus = z.object({
  id: z.string(),
  kind: z.enum(['verify', 'recover', 'redecode', 'demo', 'finish', 'import', 'analyse', 'export', 'merge', 'index', 'evaluate', 'export-model', 'enrol', 'identify', 'ablation']),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  done: z.number(),
  total: z.number().nullable(),
  unit: z.string(),
  startedAtMs: z.number(),
  /** JSON result of a finished job. */
  result: z.unknown().optional(),
  error: WireError.optional(),
})
export type JobStatus = z.infer<typeof JobStatus>
