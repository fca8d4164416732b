import {
  LabError, type AcquisitionStatus, type LabEmitter, type LabHandlers, type Marker, type MethodRequest, type Recording, type RecordingId,
  type SubjectCode,
} from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import type { Clock } from '../recording/clock.ts'
import { localIso } from '../recording/local-time.ts'
import { RecordingWriter } from '../recording/recording-writer.ts'
import { verifyRecording } from '../recording/verify.ts'
import type { AcquisitionService, LiveDevice, RecorderView } from './acquisition-service.ts'
import { consentingSubject } from './consenting-subject.ts'
import type { DatasetHolder } from './dataset-holder.ts'
import { findProtocol } from './protocol-library.ts'
import { recordingHead } from './recording-head.ts'
import { plannedSeconds, ProtocolRunner, type StepStart } from './protocol-runner.ts'

/** How often the protocol's clock is looked at; steps begin at their planned instant all the same. */
const stepMs = 100
/** Checks that no reason overrides. */
const absoluteChecks = ['subject', 'consent', 'dataset']

/** The recording that runs. */
interface Running {
  readonly id: RecordingId
  readonly subject: SubjectCode
  readonly dataset: Dataset
  readonly device: LiveDevice
  readonly writer: RecordingWriter
  readonly startNs: number
  readonly plannedSeconds: number | null
  readonly runner: ProtocolRunner | null
  readonly untap: () => void
  timer: ReturnType<typeof setInterval> | null
  markers: number
  stopping: Promise<Recording> | null
}

/** `record.*`: one recording at a time, from the checklist to the verified result. */
export class RecordService implements RecorderView {
  readonly #holder: DatasetHolder
  readonly #emitter: LabEmitter
  readonly #clock: Clock
  readonly #acquisition: AcquisitionService
  #starting = false
  #running: Running | null = null

  readonly #verify: (dataset: Dataset, id: RecordingId) => Promise<unknown>

  /** `verify`: reads a finished recording back; in this thread unless the host has another for it. */
  constructor(parts: {
    holder: DatasetHolder
    emitter: LabEmitter
    clock: Clock
    acquisition: AcquisitionService
    verify?: (dataset: Dataset, id: RecordingId) => Promise<unknown>
  }) {
    this.#verify = parts.verify ?? verifyRecording
    this.#holder = parts.holder
    this.#emitter = parts.emitter
    this.#clock = parts.clock
    this.#acquisition = parts.acquisition
    this.#acquisition.recorder = this
    this.#holder.guardClose(() => {
      if (this.#starting || this.#running) throw new LabError('recording-in-progress', 'A recording is running. Stop it before closing the dataset.')
    })
  }

  handlers(): Pick<LabHandlers, 'record.start' | 'record.marker' | 'record.nextStep' | 'record.stop' | 'record.annotate' | 'record.discard'> {
    return {
      'record.start': (request) => this.start(request),
      'record.marker': ({ code, text, atMs }) => this.marker(code, text, atMs),
      'record.nextStep': () => {
        this.nextStep()
        return {}
      },
      'record.stop': () => this.stop(),
      'record.annotate': ({ id, notes }) => this.annotate(id, notes),
      'record.discard': ({ id, reason }) => this.discard(id, reason),
    }
  }

  /**
   * Starts recording what arrives from now on.
   * @throws LabError `recording-in-progress`, `dataset-not-open`, `subject-not-found`, `subject-consent-missing`, `device-not-connected`,
   * `protocol-not-found`, `protocol-invalid`, `checklist-not-passed` (`data.failed`), `dataset-full`, `dataset-not-writable`, `journal-write-failed`.
   */
  async start(request: MethodRequest<'record.start'>): Promise<{ id: RecordingId }> {
    if (this.#starting || this.#running) {
      throw new LabError('recording-in-progress', 'A recording is already running.', { id: this.#running?.id ?? null })
    }
    this.#starting = true
    try {
      this.#running = await this.#begin(request)
    } finally {
      this.#starting = false
    }
    this.#acquisition.tell()
    this.#emitter.emit('library.changed', { id: this.#running.id })
    return { id: this.#running.id }
  }

  async #begin(request: MethodRequest<'record.start'>): Promise<Running> {
    const dataset = this.#holder.current()
    const subject = await consentingSubject(dataset, request.subject)
    const device = this.#acquisition.requireDevice()
    if (device.acquisition.state !== 'streaming') {
      throw new LabError('device-not-connected', 'The device is not streaming at the moment.', { connection: device.acquisition.state })
    }
    const protocol = request.protocol === null ? null : await findProtocol(dataset, request.protocol)
    const seconds = request.plannedSeconds ?? (protocol ? plannedSeconds(protocol) : null)
    const override = await this.#check(request, seconds)
    const { acquisition, source } = device
    const head = recordingHead({
      clock: this.#clock,
      subject: subject.code,
      configuration: acquisition.configuration,
      source: source.kind === 'serial' ? source.path : `demo:${source.seed}`,
      identity: acquisition.identity,
      notes: request.notes,
      operator: request.operator,
      protocol: protocol ? { id: protocol.id, name: protocol.name.en } : null,
      override,
    })
    const writer = await RecordingWriter.begin(dataset, head, { clock: this.#clock, plannedSeconds: seconds })
    writer.onFailure(() => this.#failed())
    const untap = acquisition.tap({
      bytes: (chunk, hostNs) => writer.bytes(chunk, hostNs),
      connection: (event, hostNs) => writer.deviceState(event, hostNs),
    })
    const startNs = this.#clock.monotonicNs()
    const runner = protocol ? new ProtocolRunner(protocol, startNs) : null
    const running: Running = {
      id: head.id, subject: subject.code, dataset, device, writer, startNs, plannedSeconds: seconds, runner, untap, timer: null, markers: 0, stopping: null,
    }
    if (runner) {
      this.#markStep(running, runner.first)
      running.timer = setInterval(() => this.#advance(running), stepMs)
    }
    return running
  }

  /** @throws LabError `checklist-not-passed` unless a reason overrides what failed. */
  async #check(request: MethodRequest<'record.start'>, seconds: number | null): Promise<Recording['override']> {
    const results = await this.#acquisition.checklist(request.subject, seconds)
    const failed = results.filter((result) => result.state === 'fail').map((result) => result.id)
    if (failed.length === 0) return null
    const reason = request.overrideReason?.trim() ?? ''
    if (reason === '' || failed.some((id) => absoluteChecks.includes(id))) {
      throw new LabError('checklist-not-passed', `Not ready to record: ${failed.join(', ')}.`, { failed, results })
    }
    return { reason, failed }
  }

  #advance(running: Running): void {
    if (!running.runner) return
    const before = running.runner.finished
    for (const step of running.runner.advance(this.#clock.monotonicNs())) this.#markStep(running, step)
    if (running.runner.finished !== before) this.#acquisition.tell()
  }

  #markStep(running: Running, { step, atNs }: StepStart): void {
    this.#mark(running, { code: step.id, text: step.text.en, origin: 'protocol' }, atNs)
  }

  #mark(running: Running, marker: Pick<Marker, 'code' | 'text' | 'origin'>, hostNs: number): Marker {
    const wallMs = this.#clock.wallMs() - (this.#clock.monotonicNs() - hostNs) / 1e6
    const row = Math.max(0, Math.round(((hostNs - running.startNs) / 1e9) * running.device.acquisition.configuration.rateHz))
    running.markers++
    const at = localIso(wallMs)
    running.writer.marker({ ...marker, at }, hostNs)
    return { ...marker, at, row, toRow: null }
  }

  /** @throws LabError `state-conflict` when nothing is being recorded. */
  #require(): Running {
    if (!this.#running) throw new LabError('state-conflict', 'Nothing is being recorded.')
    return this.#running
  }

  /** Places a marker at the wall time of the key press (0: now), however late the message about it arrived. */
  marker(code: string, text: string, atMs: number): Marker {
    const running = this.#require()
    const lateMs = atMs > 0 ? this.#clock.wallMs() - atMs : 0
    // A sender whose clock differs by more than this is not the same machine's: its "now" is when the message came.
    const usable = lateMs >= 0 && lateMs < 60_000
    const hostNs = this.#clock.monotonicNs() - (usable ? lateMs * 1e6 : 0)
    const marker = this.#mark(running, { code, text, origin: 'technician' }, Math.max(hostNs, running.startNs))
    this.#acquisition.tell()
    return marker
  }

  /** Ends the protocol's current step now. @throws LabError `state-conflict` when no protocol runs. */
  nextStep(): void {
    const running = this.#require()
    if (!running.runner) throw new LabError('state-conflict', 'This is a free recording: it has no steps.')
    const step = running.runner.next(this.#clock.monotonicNs())
    if (step) this.#markStep(running, step)
    this.#acquisition.tell()
  }

  /**
   * Finishes the recording, reads it back, and returns it. Asking twice gives the same answer.
   * @throws LabError `state-conflict`; the writer's failure (what was written stays and `recover` finishes it); `recording-*` when reading back
   * shows something else than what was written.
   */
  async stop(): Promise<Recording> {
    const running = this.#require()
    running.stopping ??= this.#finish(running)
    return running.stopping
  }

  async #finish(running: Running): Promise<Recording> {
    running.untap()
    if (running.timer) clearInterval(running.timer)
    try {
      const recording = await running.writer.finish()
      await this.#verify(running.dataset, recording.id)
      this.#emitter.emit('recording.finished', recording)
      return recording
    } finally {
      this.#running = null
      this.#emitter.emit('library.changed', { id: running.id })
      this.#acquisition.tell()
    }
  }

  /** The disk gave up: nothing more is taken, what is there stays, and everybody is told at once. */
  #failed(): void {
    this.#running?.untap()
    this.#acquisition.tell()
  }

  /** @throws LabError `recording-not-found`, and the errors of writing. */
  async annotate(id: RecordingId, notes: string): Promise<Recording> {
    return this.#change(id, { notes })
  }

  /** Marks as discarded; nothing is deleted. @throws LabError `recording-not-found`, `recording-in-progress`, and the errors of writing. */
  async discard(id: RecordingId, reason: string): Promise<Recording> {
    return this.#change(id, { state: 'discarded', discarded: { reason, at: localIso(this.#clock.wallMs()) } })
  }

  async #change(id: RecordingId, change: Partial<Recording>): Promise<Recording> {
    if (this.#running?.id === id) throw new LabError('recording-in-progress', 'This recording is still running.', { id })
    const dataset = this.#holder.current()
    const recording = { ...(await dataset.recordings.get(id)), ...change }
    await dataset.recordings.write(recording)
    this.#emitter.emit('library.changed', { id })
    return recording
  }

  status(): AcquisitionStatus['recording'] {
    const running = this.#running
    if (!running) return null
    const nowNs = this.#clock.monotonicNs()
    const status = running.writer.status()
    return {
      id: running.id,
      subject: running.subject,
      elapsedSeconds: (nowNs - running.startNs) / 1e9,
      durableSeconds: Math.max(0, (status.durableHostNs - running.startNs) / 1e9),
      receivedSequence: status.receivedSequence,
      durableSequence: status.durableSequence,
      bytes: status.bytes,
      gaps: status.gaps,
      markers: running.markers,
      protocol: running.runner?.status(nowNs) ?? null,
    }
  }

  durableLagSeconds(): number | null {
    const running = this.#running
    if (!running) return null
    const status = running.writer.status()
    if (status.durableSequence === status.receivedSequence) return 0
    return (this.#clock.monotonicNs() - Math.max(status.durableHostNs, running.startNs)) / 1e9
  }

  error(): LabError | null {
    return this.#running?.writer.status().failure ?? null
  }

  remainingSeconds(): number | null {
    const running = this.#running
    if (running?.plannedSeconds == null) return null
    return Math.max(0, running.plannedSeconds - (this.#clock.monotonicNs() - running.startNs) / 1e9)
  }

  /** Finishes what runs: the program ends. */
  async close(): Promise<void> {
    if (this.#running) await this.stop()
  }
}
