import { z } from 'zod'
import { WireError } from './errors.ts'
import { RecordingId, SubjectCode } from './ids.ts'
import { AcquisitionStatus, AlarmId, CheckResult, DisplayFilters } from './schemas/acquisition.ts'
import { Consent, DatasetInfoChange, DatasetSummary, Subject, SubjectChange, SubjectInput } from './schemas/dataset.ts'
import { AcquisitionSource, DetectionEvidence, DeviceProfile, PortInfo } from './schemas/device.ts'
import { JobStatus } from './schemas/job.ts'
import { RecordingProtocol } from './schemas/protocol.ts'
import { Envelope, Marker, Recording, RecordingListItem } from './schemas/recording.ts'

const nothing = z.object({})
const done = z.object({})

const method = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output })

/**
 * The whole product surface: every request a window or a script can make. One service class per section (the part before
 * the dot). Inputs are validated where they arrive; a wrong one is `request-invalid` with zod's path and reason.
 */
export const labApi = {
  'lab.info': method(
    nothing,
    z.object({
      version: z.string(),
      host: z.enum(['electron', 'serve', 'cli']),
      platform: z.string(),
      station: z.string(),
      /** The host can show a folder picker (Electron); elsewhere a path is typed. */
      canPickFolder: z.boolean(),
      homePath: z.string(),
      defaultDemoPath: z.string(),
    }),
  ),
  'lab.pickFolder': method(nothing, z.object({ path: z.string().nullable() })),

  'dataset.recent': method(nothing, z.array(z.object({ path: z.string(), name: z.string(), openedAt: z.string(), exists: z.boolean() }))),
  'dataset.create': method(z.object({ path: z.string().min(1), name: z.string().min(1) }), DatasetSummary),
  'dataset.open': method(z.object({ path: z.string().min(1) }), DatasetSummary),
  'dataset.close': method(nothing, done),
  /** `null` when none is open. */
  'dataset.current': method(nothing, DatasetSummary.nullable()),
  'dataset.updateInfo': method(DatasetInfoChange, DatasetSummary),
  /** Generates synthetic people and sessions at `path` as a job, then it can be opened. */
  'dataset.createDemo': method(
    z.object({ path: z.string().min(1), seed: z.number().int().default(1), subjects: z.number().int().min(1).max(200).default(6) }),
    JobStatus,
  ),
  'dataset.verify': method(nothing, JobStatus),
  'dataset.recover': method(nothing, JobStatus),

  'subjects.list': method(nothing, z.array(Subject)),
  'subjects.add': method(SubjectInput, Subject),
  'subjects.update': method(z.object({ code: SubjectCode, change: SubjectChange }), Subject),
  'subjects.setConsent': method(z.object({ code: SubjectCode, consent: Consent }), Subject),
  'subjects.suggestCode': method(nothing, z.object({ code: SubjectCode })),

  'devices.profiles': method(nothing, z.array(DeviceProfile)),
  'devices.ports': method(nothing, z.array(PortInfo)),
  /** Listens passively (about 2 s per baud rate), sends nothing. Cancellable. */
  'devices.detect': method(z.object({ path: z.string().min(1), secondsPerBaud: z.number().positive().max(10).default(2) }), z.array(DetectionEvidence)),
  /** `problems`: files of the dataset's own that are no protocols; they keep nobody from using the others. */
  'protocols.list': method(nothing, z.object({ protocols: z.array(RecordingProtocol), problems: z.array(WireError) })),

  'acquisition.connect': method(AcquisitionSource, AcquisitionStatus),
  'acquisition.disconnect': method(nothing, AcquisitionStatus),
  'acquisition.status': method(nothing, AcquisitionStatus),
  'acquisition.acknowledge': method(z.object({ alarm: AlarmId }), AcquisitionStatus),
  'acquisition.checklist': method(
    z.object({ subject: SubjectCode.nullable(), plannedSeconds: z.number().positive().nullable() }),
    z.array(CheckResult),
  ),

  'record.start': method(
    z.object({
      subject: SubjectCode,
      /** `null`: free recording. */
      protocol: z.string().nullable(),
      plannedSeconds: z.number().positive().nullable().default(null),
      notes: z.string().max(4000).default(''),
      operator: z.string().max(80).default(''),
      /** Required when a check fails; stored in recording.json. */
      overrideReason: z.string().max(400).nullable().default(null),
    }),
    z.object({ id: RecordingId }),
  ),
  /** `atMs`: the sender's wall clock at the key press; 0 = now. */
  'record.marker': method(
    z.object({ code: z.string().min(1).max(40), text: z.string().max(400).default(''), atMs: z.number().default(0) }),
    Marker,
  ),
  'record.nextStep': method(nothing, done),
  /** Finishes, re-reads, verifies and summarises; returns when that is done. */
  'record.stop': method(nothing, Recording),
  'record.annotate': method(z.object({ id: RecordingId, notes: z.string().max(4000) }), Recording),
  /** Keeps the bytes, marks the recording as discarded with its reason. */
  'record.discard': method(z.object({ id: RecordingId, reason: z.string().min(1).max(400) }), Recording),

  /** Starts `view.frame` events for this client. `columns`: the drawing width, for decimation when out of credit. */
  'view.subscribe': method(z.object({ columns: z.number().int().min(16).max(16384) }), z.object({ stream: z.number().int() })),
  'view.unsubscribe': method(nothing, done),
  /** The last frame that was drawn: returns credit. */
  'view.acknowledge': method(z.object({ sequence: z.number().int() }), done),
  'view.filters': method(DisplayFilters, DisplayFilters),
  /** Pause-and-scrub: display-filtered min/max of rows that are still in the live ring (about ten minutes). */
  'view.history': method(z.object({ fromRow: z.number().int(), toRow: z.number().int(), columns: z.number().int().min(1).max(16384) }), Envelope),

  'library.list': method(nothing, z.array(RecordingListItem)),
  'library.get': method(z.object({ id: RecordingId }), Recording),
  /** Min/max of stored rows, physical units: thumbnails and the detail trace. */
  'library.envelope': method(
    z.object({ id: RecordingId, lanes: z.array(z.string()).nullable(), fromRow: z.number().int().min(0), toRow: z.number().int(), columns: z.number().int().min(1).max(16384) }),
    Envelope,
  ),

  'jobs.list': method(nothing, z.array(JobStatus)),
  'jobs.cancel': method(z.object({ id: z.string() }), done),
} as const

export type LabApi = typeof labApi
export type MethodName = keyof LabApi
/** What a caller passes (defaults may be left out). */
export type MethodInput<M extends MethodName> = z.input<LabApi[M]['input']>
/** What a service receives (defaults filled in). */
export type MethodRequest<M extends MethodName> = z.output<LabApi[M]['input']>
export type MethodOutput<M extends MethodName> = z.output<LabApi[M]['output']>
