import { z } from 'zod'
import { DeviceConfiguration, Marker, Recording } from '../contract/index.ts'

/** What is known of a recording before its first byte. It is in the journal too, so that a journal alone is a recording. */
export const RecordingHead = Recording.pick({
  id: true, subject: true, startedAt: true, timeZone: true, station: true, operator: true, notes: true, protocol: true, override: true,
  device: true, source: true, identity: true,
})
export type RecordingHead = z.infer<typeof RecordingHead>

/** Payload of `device-state`: the beginning of the recording, then what happened to the connection. */
export const DeviceState = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('begin'),
    head: RecordingHead,
    /** Host times mean nothing: the bytes came from a file. */
    untimed: z.boolean(),
  }),
  z.object({ kind: z.literal('opened') }),
  z.object({ kind: z.literal('streaming'), identity: z.string(), configuration: DeviceConfiguration }),
  z.object({ kind: z.literal('closed'), unplugged: z.boolean() }),
])
export type DeviceState = z.infer<typeof DeviceState>

/** Payload of `marker`; its row follows from the record's host time. */
export const MarkerNote = Marker.pick({ code: true, text: true, origin: true, at: true })
export type MarkerNote = z.infer<typeof MarkerNote>

/** Payload of `clock`: wall clock, ms since 1970, at the record's monotonic time. */
export const ClockNote = z.object({ wallMs: z.number() })

/** Payload of `gap` (the host itself lost bytes here) and `resync` (the decoder was told to begin anew). */
export const InterruptionNote = z.object({ reason: z.string() })

/** Payload of `end`. */
export const EndNote = z.object({ reason: z.literal('finished') })

export function encodeNote(note: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(note))
}

/** A note by its schema, or `null` where the payload is something else (a later program's note). */
export function decodeNote<Schema extends z.ZodType>(schema: Schema, payload: Uint8Array): z.infer<Schema> | null {
  try {
    const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(payload)))
    return parsed.success ? parsed.data : null
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return null
    throw thrown
  }
}
