import { z } from 'zod'

/** One step of a recording protocol. `null` duration: runs until the technician presses Next. */
export const ProtocolStep = z.object({
  id: z.string().regex(/^[a-z0-9-]+$/),
  text: z.object({ en: z.string().min(1), 'zh-CN': z.string().min(1).optional() }),
  seconds: z.number().positive().nullable(),
  /** Paced breathing guide, breaths per minute. */
  breathsPerMinute: z.number().positive().optional(),
  /** What the subject does: goes into the labels as an `activity` span. */
  activity: z.string().optional(),
})

/** resources/protocols/*.json, or <dataset>/protocols/*.json for a lab's own. */
export const RecordingProtocol = z.object({
  id: z.string().regex(/^[a-z0-9-]+$/),
  name: z.object({ en: z.string().min(1), 'zh-CN': z.string().min(1).optional() }),
  description: z.object({ en: z.string(), 'zh-CN': z.string().optional() }),
  steps: z.array(ProtocolStep).min(1),
  /** Markers offered as hotkeys 1..9 while this protocol runs. */
  markers: z.array(z.object({ code: z.string(), text: z.object({ en: z.string(), 'zh-CN': z.string().optional() }) })).max(9).default([]),
})
export type RecordingProtocol = z.infer<typeof RecordingProtocol>
export type ProtocolStep = z.infer<typeof ProtocolStep>
