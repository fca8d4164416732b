import { basename } from 'node:path'
import { LabError, type DeviceConfiguration } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { describeBytes } from '../devices/detection.ts'
import { configureDevice, deviceProtocol } from '../devices/registry.ts'
import { hostClock, type Clock } from '../recording/clock.ts'
import { RecordingWriter } from '../recording/recording-writer.ts'
import { verifyRecording } from '../recording/verify.ts'
import { consentingSubject } from './consenting-subject.ts'
import { recordingHead } from './recording-head.ts'
import { recordResult, type RecordOnceOptions, type RecordOnceResult } from './record-once.ts'

/** Captured bytes carry no times; they are given out in steps of this length. */
const stepSeconds = 0.05

/** A clock that a file's bytes move on: wall and monotonic agree by construction. */
class CapturedClock implements Clock {
  ns = 0
  readonly #startMs: number
  constructor(startMs: number) {
    this.#startMs = startMs
  }
  monotonicNs(): number {
    return this.ns
  }
  wallMs(): number {
    return this.#startMs + this.ns / 1e6
  }
}

/**
 * Makes a recording of captured bytes as if they had arrived at the board's declared rate, as fast as the disk takes them.
 * @throws LabError `file-not-found`, `subject-not-found`, `subject-consent-missing`, `device-unknown`, `device-mismatch` when no row can be
 * decoded, and the errors of writing.
 */
export async function recordBytes(dataset: Dataset, path: string, options: RecordOnceOptions): Promise<RecordOnceResult> {
  const subject = await consentingSubject(dataset, options.subject)
  const configuration = configureDevice(options.device, options.settings ?? {})
  const bytes = await dataset.files.readFile(path)
  const rows = countRows(bytes, configuration, path)
  const wholeSeconds = rows / configuration.rateHz
  const seconds = Math.min(wholeSeconds, options.seconds ?? wholeSeconds)
  const bytesPerSecond = bytes.length / wholeSeconds
  const clock = new CapturedClock((options.clock ?? hostClock).wallMs())
  const head = recordingHead({ clock, subject: subject.code, configuration, source: `bytes:${basename(path)}`, identity: '', notes: options.notes ?? '' })
  const writer = await RecordingWriter.begin(dataset, head, { clock, untimed: true })
  const length = Math.min(bytes.length, Math.ceil(seconds * bytesPerSecond))
  const step = Math.max(1, Math.ceil(bytesPerSecond * stepSeconds))
  for (let at = 0; at < length && !options.signal?.aborted; at += step) {
    const end = Math.min(length, at + step)
    clock.ns = (end / bytesPerSecond) * 1e9
    writer.bytes(bytes.slice(at, end), clock.ns)
    options.onProgress?.(end / bytesPerSecond, seconds)
    // Lets the journal write: a day of captured bytes must not pile up in memory.
    if (end % (step * 64) < step) await new Promise((resolve) => setImmediate(resolve))
  }
  const recording = await writer.finish()
  await verifyRecording(dataset, recording.id)
  return recordResult(dataset, recording)
}

/** Rows in the whole capture: tells how long it took, where every row's bytes are not equally many. */
function countRows(bytes: Uint8Array, configuration: DeviceConfiguration, path: string): number {
  const decoder = deviceProtocol(configuration.protocol).createDecoder(configuration)
  const rows = decoder.feed(bytes, 0).rows + decoder.end().rows
  if (rows > 0) return rows
  const looksLike = describeBytes(bytes.subarray(0, 4096))
  throw new LabError('device-mismatch', `${path} holds nothing that a ${configuration.profile} sends: ${looksLike}`, { path, profile: configuration.profile, looksLike })
}
