import { LabError, type AcquisitionSource, type DeviceSettings, type LabEmitter, type Recording, type RecordingId } from '../contract/index.ts'
import { Dataset } from '../dataset/dataset.ts'
import type { Files } from '../dataset/files.ts'
import { hostClock, type Clock } from '../recording/clock.ts'
import type { LinkFactory } from '../recording/device-link.ts'
import { hostLinks } from '../recording/host-links.ts'
import { AcquisitionService } from './acquisition-service.ts'
import { consentingSubject } from './consenting-subject.ts'
import { DatasetHolder } from './dataset-holder.ts'
import { findProtocol } from './protocol-library.ts'
import { plannedSeconds } from './protocol-runner.ts'
import { recordBytes } from './record-bytes.ts'
import { RecordService } from './record-service.ts'
import { ViewService } from './view-service.ts'

export interface RecordOnceOptions {
  readonly dataset: string
  readonly subject: string
  /** Profile id. */
  readonly device: string
  /** Exactly one of these three is set. */
  readonly port: string | null
  readonly demoSeed: number | null
  readonly bytesFile: string | null
  /** `null`: until `signal` aborts (or the bytes end). */
  readonly seconds: number | null
  readonly baudRate?: number | null
  readonly faults?: string
  readonly settings?: DeviceSettings
  readonly notes?: string
  /** Recording protocol; its planned length is used where `seconds` is `null`. `null`: a free recording. */
  readonly protocol?: string | null
  /** Finishes early, keeping what was recorded. */
  readonly signal?: AbortSignal
  /** Seconds recorded so far, of the seconds asked for. */
  readonly onProgress?: (done: number, total: number | null) => void
  readonly clock?: Clock
  readonly linkFactory?: LinkFactory
  readonly files?: Files
}

export interface RecordOnceResult {
  readonly recording: RecordingId
  readonly path: string
  readonly seconds: number
  /** Per lane, lost ones included. */
  readonly samples: number
  readonly lost: number
  readonly gaps: number
  readonly rateHz: number | null
  readonly ppm: number | null
  /** Everything recorded is on disk and was read back. */
  readonly durable: boolean
}

/** What `pulseprint record --json` prints. */
export function recordResult(dataset: Dataset, recording: Recording): RecordOnceResult {
  return {
    recording: recording.id,
    path: dataset.recordings.folder(recording.id),
    seconds: recording.seconds,
    samples: recording.rows,
    lost: recording.lostRows,
    gaps: recording.gaps.length,
    rateHz: recording.measuredRateHz,
    ppm: recording.ppm,
    durable: recording.state === 'finished',
  }
}

const progressMs = 250

/**
 * One recording from start to verified end, without a window: what the command line does.
 * @throws LabError everything that opening the dataset, `AcquisitionService.connect` and `RecordService.start` and `stop` throw.
 * @example recordOnce({ dataset: '/lab', subject: 'S001', device: 'cyton', port: './ttyDEMO', demoSeed: null, bytesFile: null, seconds: 20 })
 */
export async function recordOnce(options: RecordOnceOptions): Promise<RecordOnceResult> {
  const clock = options.clock ?? hostClock
  const dataset = await Dataset.open(options.dataset, { access: 'write', files: options.files })
  try {
    if (options.bytesFile !== null) return await recordBytes(dataset, options.bytesFile, options)
    return await recordLive(dataset, source(options), options, clock)
  } finally {
    await dataset.close()
  }
}

function source(options: RecordOnceOptions): AcquisitionSource {
  const settings = options.settings ?? {}
  if (options.demoSeed !== null) return { kind: 'demo', profile: options.device, seed: options.demoSeed, faults: options.faults ?? '', settings }
  if (options.port === null) throw new LabError('usage-invalid', 'Name a port, a demo seed or a file of bytes.')
  return { kind: 'serial', path: options.port, profile: options.device, settings, ...(options.baudRate ? { baudRate: options.baudRate } : {}) }
}

async function recordLive(dataset: Dataset, from: AcquisitionSource, options: RecordOnceOptions, clock: Clock): Promise<RecordOnceResult> {
  // Nobody is told: there are no windows.
  const emitter: LabEmitter = { emit: () => undefined }
  const holder = new DatasetHolder()
  await holder.replace(dataset)
  const view = new ViewService()
  const acquisition = new AcquisitionService({ holder, emitter, clock, linkFactory: options.linkFactory ?? hostLinks(clock), view })
  const recorder = new RecordService({ holder, emitter, clock, acquisition })
  // Before a board is woken up: a typing error must not take ten seconds to say.
  const subject = await consentingSubject(dataset, options.subject)
  const protocol = options.protocol == null ? null : await findProtocol(dataset, options.protocol)
  const seconds = options.seconds ?? (protocol && plannedSeconds(protocol))
  try {
    await acquisition.connect(from, options.signal)
    const { id } = await recorder.start({
      subject: subject.code,
      protocol: protocol?.id ?? null,
      plannedSeconds: seconds,
      notes: options.notes ?? '',
      operator: '',
      // Contact and signal quality are for a person to look at; a script records what it is told to record.
      overrideReason: 'recorded from the command line',
    })
    await untilDone(recorder, { ...options, seconds })
    const recording = await recorder.stop()
    return recordResult(dataset, await dataset.recordings.get(id).catch(() => recording))
  } finally {
    try {
      await recorder.close()
    } finally {
      // Also after a disk that failed: a board that is not let go keeps the program from ending.
      await acquisition.close()
    }
  }
}

/** Until the seconds are over, the caller aborts, or the disk fails. */
async function untilDone(recorder: RecordService, { seconds, signal, onProgress }: RecordOnceOptions): Promise<void> {
  for (;;) {
    const status = recorder.status()
    const error = recorder.error()
    if (error) throw error
    if (!status || signal?.aborted) return
    onProgress?.(seconds === null ? status.elapsedSeconds : Math.min(seconds, status.elapsedSeconds), seconds)
    const left = seconds === null ? Number.POSITIVE_INFINITY : seconds - status.elapsedSeconds
    if (left <= 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(finish, Math.min(progressMs, left * 1000))
      function finish(): void {
        clearTimeout(timer)
        signal?.removeEventListener('abort', finish)
        resolve()
      }
      signal?.addEventListener('abort', finish)
    })
  }
}
