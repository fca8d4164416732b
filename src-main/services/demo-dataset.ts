import { join } from 'node:path'
import { LabError, SubjectCode, type PairedDemo, type Recording } from '../contract/index.ts'
import { Dataset } from '../dataset/dataset.ts'
import { nodeFiles, type Files } from '../dataset/files.ts'
import { configureDevice } from '../devices/registry.ts'
import { parseFaults } from '../devices/simulation/faults.ts'
import type { Delivery } from '../devices/simulation/line.ts'
import { createPersonSource } from '../devices/simulation/person.ts'
import { Simulation } from '../devices/simulation/simulation.ts'
import type { Clock } from '../recording/clock.ts'
import { localIso } from '../recording/local-time.ts'
import { RecordingWriter } from '../recording/recording-writer.ts'
import { analyseRecordings, unanalysed } from './analyse.ts'
import { planDemo, type PlannedRecording } from './demo-plan.ts'
import { planPairedDemo } from './paired-plan.ts'
import { shippedProtocols } from './protocol-library.ts'
import { ProtocolRunner, type StepStart } from './protocol-runner.ts'
import { recordingHead } from './recording-head.ts'

export interface DemoDatasetOptions {
  readonly seed: number
  readonly subjects: number
  readonly sessions?: number
  readonly secondsPerRecording?: number
  /** ECG and PPG with a planted relation instead of a lab as it is. */
  readonly paired?: PairedDemo | null
  /** Recordings done, and in all. */
  readonly onProgress?: (done: number, total: number | null) => void
  readonly signal?: AbortSignal
  /** Today, ms since 1970: the sessions lie in the weeks before. */
  readonly nowMs?: number
  readonly files?: Files
}

export interface DemoDatasetResult {
  readonly path: string
  readonly name: string
  readonly subjects: number
  readonly recordings: number
  readonly seconds: number
}

/** A station's uptime when a demo recording begins; host times are never 0. */
const bootNs = 3600e9
/** Chunks as an acquisition delivers them. */
const stepMs = 50

/** Both host clocks of a simulated session; simulated time moves them. */
class SessionClock implements Clock {
  ms = 0
  readonly #startedAtMs: number
  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs
  }
  monotonicNs(): number {
    return bootNs + Math.round(this.ms * 1e6)
  }
  wallMs(): number {
    return this.#startedAtMs + this.ms
  }
}

/**
 * Generates a dataset of synthetic people at `path`, through the same recording path as real boards: simulated bytes, journal, decoders,
 * finish. The same seed gives the same people and signals. On failure or cancellation what it made is removed again.
 * @throws LabError `dataset-exists`, `dataset-not-writable`, `dataset-full`, `cancelled`.
 * @example await createDemoDataset('datasets/demo', { seed: 1, subjects: 6 }) // { subjects: 6, recordings: 15, seconds: 450, ... }
 */
export async function createDemoDataset(path: string, options: DemoDatasetOptions): Promise<DemoDatasetResult> {
  const { seed, subjects, sessions = 2, secondsPerRecording = 30, paired = null, onProgress, signal, nowMs = Date.now(), files = nodeFiles } = options
  const size = { seed, subjects, sessions, secondsPerRecording, nowMs }
  const plan = paired ? planPairedDemo(size, paired) : planDemo(size)
  const folderWasThere = (await files.stat(path)) !== null
  const name = paired ? `Demo: synthetic pairs, ${paired.situation}` : 'Demo: synthetic people'
  const dataset = await Dataset.create(path, { name, synthetic: true, files })
  let done = 0
  let seconds = 0
  try {
    for (const subject of plan.subjects) await dataset.subjects.add({ ...subject, code: SubjectCode.parse(subject.code) })
    for (const planned of plan.recordings) {
      seconds += (await recordPlanned(dataset, planned, secondsPerRecording, signal)).seconds
      done += 1
      onProgress?.(done, plan.recordings.length)
    }
    // While recording, beats are found in an ECG alone; whoever compares both wants the pulses, too.
    if (paired) await analyseRecordings(dataset, await unanalysed(dataset), { signal: signal ?? new AbortController().signal, onProgress: () => undefined })
    await dataset.close()
  } catch (thrown) {
    await dataset.close()
    await removeDemo(files, path, folderWasThere)
    throw thrown
  }
  return { path: dataset.path, name, subjects: plan.subjects.length, recordings: done, seconds }
}

/** A folder that was there before keeps whatever else was in it. */
async function removeDemo(files: Files, path: string, folderWasThere: boolean): Promise<void> {
  if (!folderWasThere) return files.remove(path)
  for (const entry of ['dataset.json', 'subjects.jsonl', 'audit.jsonl', 'recordings', '.catalogue.jsonl']) await files.remove(join(path, entry))
}

async function recordPlanned(dataset: Dataset, planned: PlannedRecording, seconds: number, signal: AbortSignal | undefined): Promise<Recording> {
  const { person, session, noise, heartRateBpm } = planned
  const configuration = configureDevice(planned.device, planned.settings)
  const source = createPersonSource(configuration, { ...planned.body, seed: person, session, noise, ...(heartRateBpm === null ? {} : { meanRateBpm: heartRateBpm }) })
  const simulation = new Simulation({ configuration, source, faults: parseFaults(planned.faults), seed: planned.seed, autostart: true, keepTruth: false })
  const protocol = shippedProtocols().find((shipped) => shipped.id === planned.protocol) ?? null
  const clock = new SessionClock(planned.startedAtMs)
  const head = recordingHead({
    clock, subject: SubjectCode.parse(planned.subject), configuration, source: source.name, identity: '', notes: planned.notes,
    protocol: protocol && { id: protocol.id, name: protocol.name.en },
  })
  const writer = await RecordingWriter.begin(dataset, head, { clock })
  const mark = ({ step, atNs }: StepStart): void => writer.marker({ code: step.id, text: step.text.en, origin: 'protocol', at: localIso(clock.wallMs()) }, atNs)
  const runner = protocol && new ProtocolRunner(protocol, clock.monotonicNs())
  if (runner) mark(runner.first)
  try {
    while (clock.ms < seconds * 1000) {
      if (signal?.aborted) throw new LabError('cancelled', 'Generating the demo dataset was cancelled.')
      clock.ms = Math.min(seconds * 1000, clock.ms + stepMs)
      for (const step of runner?.advance(clock.monotonicNs()) ?? []) mark(step)
      hand(simulation, clock, writer)
      // Lets the journal write and a cancellation arrive.
      if (clock.ms % 1000 < stepMs) await new Promise((resolve) => setImmediate(resolve))
    }
  } catch (thrown) {
    // The journal must not go on writing into a folder that is about to be removed; why it stopped is what is told.
    await writer.finish().catch(() => undefined)
    throw thrown
  }
  return writer.finish()
}

/** What arrived in this step, and the cable's adventures, in the order in which they happened. */
function hand(simulation: Simulation, clock: SessionClock, writer: RecordingWriter): void {
  const deliveries = simulation.advance(clock.ms)
  const atNs = (ms: number): number => bootNs + Math.round(ms * 1e6)
  let from = 0
  for (const event of simulation.takeEvents()) {
    if (event.kind !== 'unplugged' && event.kind !== 'replugged') continue
    const eventMs = event.seconds * 1000
    const next = deliveries.findIndex((delivery, index) => index >= from && delivery.atMs > eventMs)
    const until = next < 0 ? deliveries.length : next
    writeBytes(writer, deliveries.slice(from, until), atNs)
    from = until
    if (event.kind === 'unplugged') writer.deviceState({ kind: 'closed', unplugged: true }, atNs(eventMs))
    else writer.deviceState({ kind: 'opened' }, atNs(eventMs))
  }
  writeBytes(writer, deliveries.slice(from), atNs)
}

function writeBytes(writer: RecordingWriter, deliveries: readonly Delivery[], atNs: (ms: number) => number): void {
  // One read for what arrived together, as the operating system hands it over.
  let first = 0
  deliveries.forEach((delivery, index) => {
    if (index + 1 < deliveries.length && deliveries[index + 1].atMs - delivery.atMs < 4) return
    writer.bytes(Buffer.concat(deliveries.slice(first, index + 1).map(({ bytes }) => bytes)), atNs(delivery.atMs))
    first = index + 1
  })
}
