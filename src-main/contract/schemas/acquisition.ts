import { z } from 'zod'
import { RecordingId, SubjectCode } from '../ids.ts'
import { AcquisitionSource, DeviceConfiguration } from './device.ts'

export const QualityLevel = z.enum(['good', 'fair', 'bad', 'none'])
export type QualityLevel = z.infer<typeof QualityLevel>

/** Live state of one lane over the last seconds. Ratios are 0..1. */
export const LaneStatus = z.object({
  lane: z.string(),
  level: QualityLevel,
  contact: z.enum(['on', 'off', 'unknown']),
  saturatedRatio: z.number(),
  flatRatio: z.number(),
  missingRatio: z.number(),
  mainsRatio: z.number().nullable(),
  motionRatio: z.number().nullable(),
  /** Heart or pulse rate from this lane; `null` until enough beats. */
  rateBpm: z.number().nullable(),
})
export type LaneStatus = z.infer<typeof LaneStatus>

export const CheckId = z.enum(['signal', 'rate', 'contact', 'saturation', 'mains', 'disk', 'dataset', 'clock', 'subject', 'consent'])
export type CheckId = z.infer<typeof CheckId>

/** One line of the start checklist. The words are the renderer's (by id and state); `data` holds their numbers. */
export const CheckResult = z.object({
  id: CheckId,
  state: z.enum(['pass', 'warn', 'fail', 'waiting']),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
})
export type CheckResult = z.infer<typeof CheckResult>

export const AlarmId = z.enum(['no-data', 'lead-off', 'loss', 'rate-off', 'disk-low', 'writer-degraded', 'writer-failed', 'disconnected'])
export type AlarmId = z.infer<typeof AlarmId>

/** Sticky: stays until its cause is gone and a person has acknowledged it. */
export const Alarm = z.object({
  id: AlarmId,
  active: z.boolean(),
  acknowledged: z.boolean(),
  sinceMs: z.number(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
})
export type Alarm = z.infer<typeof Alarm>

export const ConnectionState = z.enum(['disconnected', 'connecting', 'streaming', 'reconnecting', 'failed'])

/** Sent four times a second while a device is connected, and at every change. */
export const AcquisitionStatus = z.object({
  connection: ConnectionState,
  source: AcquisitionSource.nullable(),
  configuration: DeviceConfiguration.nullable(),
  identity: z.string(),
  error: z.object({ code: z.string(), message: z.string(), data: z.record(z.string(), z.unknown()) }).nullable(),
  rowsReceived: z.number(),
  rowsLost: z.number(),
  lossRatio: z.number(),
  lossCertainty: z.enum(['certain', 'estimated', 'unknown']),
  bytesSkipped: z.number(),
  declaredRateHz: z.number().nullable(),
  measuredRateHz: z.number().nullable(),
  ppm: z.number().nullable(),
  lanes: z.array(LaneStatus),
  /** The best lane's rate, and which lane that is. */
  heartRateBpm: z.number().nullable(),
  heartRateLane: z.string().nullable(),
  alarms: z.array(Alarm),
  recording: z
    .object({
      id: RecordingId,
      subject: SubjectCode,
      elapsedSeconds: z.number(),
      /** Seconds of signal that would survive a power cut now. */
      durableSeconds: z.number(),
      receivedSequence: z.number(),
      durableSequence: z.number(),
      bytes: z.number(),
      gaps: z.number(),
      markers: z.number(),
      protocol: z
        .object({ id: z.string(), step: z.number().int(), stepElapsedSeconds: z.number(), finished: z.boolean() })
        .nullable(),
    })
    .nullable(),
})
export type AcquisitionStatus = z.infer<typeof AcquisitionStatus>

/** Display-only filters of the live view; the stored signal stays raw. */
export const DisplayFilters = z.object({
  baseline: z.boolean().default(true),
  lowPassHz: z.number().positive().nullable().default(40),
  notchHz: z.union([z.literal(50), z.literal(60)]).nullable().default(50),
})
export type DisplayFilters = z.infer<typeof DisplayFilters>
