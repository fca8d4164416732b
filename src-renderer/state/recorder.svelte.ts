import { LabError } from '../../src-main/contract/errors.ts'
import type { RecordingId, SubjectCode } from '../../src-main/contract/ids.ts'
import type { AcquisitionStatus } from '../../src-main/contract/schemas/acquisition.ts'
import type { Marker, Recording } from '../../src-main/contract/schemas/recording.ts'
import type { ProtocolStep, RecordingProtocol } from '../../src-main/contract/schemas/protocol.ts'
import type { AcquisitionState } from './acquisition.svelte.ts'
import type { Connection } from './connection.svelte.ts'
import { DraftText } from './draft.svelte.ts'
import type { WorkingStore } from './working-store.ts'

export interface ProtocolProgress {
  protocol: RecordingProtocol
  index: number
  step: ProtocolStep
  next: ProtocolStep | null
  elapsedSeconds: number
  /** `null`: runs until Next is pressed. */
  remainingSeconds: number | null
  finished: boolean
}

/** Length of all timed steps, or `null` when one waits for the technician or the recording is free. */
export function protocolSeconds(protocol: RecordingProtocol | null): number | null {
  if (protocol === null) return null
  let total = 0
  for (const step of protocol.steps) {
    if (step.seconds === null) return null
    total += step.seconds
  }
  return total
}

/** One recording from the choice of the subject to keep or discard. */
export class Recorder {
  subject = $state<string | null>(null)
  protocolId = $state<string | null>(null)
  overrideReason = $state('')
  starting = $state(false)
  stopping = $state(false)
  /** The finished recording whose summary is on screen. */
  finished = $state.raw<Recording | null>(null)
  markers = $state.raw<Marker[]>([])
  readonly notes: DraftText
  readonly markerText: DraftText
  readonly summaryNotes: DraftText
  readonly #connection: Connection
  readonly #store: WorkingStore
  readonly #acquisition: AcquisitionState
  #datasetId = ''
  #recordingId: RecordingId | null = null

  constructor(connection: Connection, acquisition: AcquisitionState, store: WorkingStore) {
    this.#connection = connection
    this.#store = store
    this.#acquisition = acquisition
    this.notes = new DraftText(store, 'session-notes')
    this.markerText = new DraftText(store, 'marker')
    this.summaryNotes = new DraftText(store, 'recording-notes')
    connection.on('recording.finished', (recording) => void this.#show(recording))
  }

  async bind(datasetId: string): Promise<void> {
    if (this.#datasetId === datasetId) return
    this.#datasetId = datasetId
    this.subject = null
    this.finished = null
    await this.notes.load(datasetId)
    await this.#reopen()
  }

  /** A recording that this window did not start (a reload, another window) brings its drafts along. */
  follow(status: AcquisitionStatus): void {
    const id = status.recording?.id ?? null
    if (id === this.#recordingId || this.#datasetId === '') return
    this.#recordingId = id
    if (id === null) return
    this.subject = status.recording?.subject ?? this.subject
    this.markers = []
    void this.markerText.load(this.#datasetId, id)
  }

  get running(): boolean {
    return this.#acquisition.status?.recording != null
  }

  get protocol(): RecordingProtocol | null {
    return this.#acquisition.protocol(this.protocolId)
  }

  get plannedSeconds(): number | null {
    return protocolSeconds(this.protocol)
  }

  /** Checks that forbid a start unless a reason is given. */
  get failedChecks(): string[] {
    return this.#acquisition.checks.filter((check) => check.state === 'fail').map((check) => check.id)
  }

  /** A reason cannot replace a subject or consent: those are never overridden. */
  get forbidden(): boolean {
    return this.subject === null || this.failedChecks.some((id) => id === 'subject' || id === 'consent' || id === 'dataset')
  }

  get canStart(): boolean {
    if (this.starting || this.running || this.forbidden || !this.#acquisition.connected) return false
    return this.failedChecks.length === 0 || this.overrideReason.trim() !== ''
  }

  get progress(): ProtocolProgress | null {
    const state = this.#acquisition.status?.recording?.protocol
    if (!state) return null
    const protocol = this.#acquisition.protocol(state.id)
    if (protocol === null) return null
    const index = Math.min(state.step, protocol.steps.length - 1)
    const step = protocol.steps[index]
    if (step === undefined) return null
    return {
      protocol,
      index,
      step,
      next: protocol.steps[index + 1] ?? null,
      elapsedSeconds: state.stepElapsedSeconds,
      remainingSeconds: step.seconds === null ? null : Math.max(0, step.seconds - state.stepElapsedSeconds),
      finished: state.finished,
    }
  }

  async start(operator: string): Promise<void> {
    if (this.subject === null) return
    this.starting = true
    try {
      const { id } = await this.#connection.call('record.start', {
        subject: this.subject as SubjectCode,
        protocol: this.protocolId,
        plannedSeconds: this.plannedSeconds,
        notes: this.notes.value.trim(),
        operator: operator.trim(),
        overrideReason: this.failedChecks.length > 0 ? this.overrideReason.trim() : null,
      })
      this.#recordingId = id
      this.markers = []
      this.overrideReason = ''
      await this.notes.clear()
      await this.markerText.load(this.#datasetId, id)
    } finally {
      this.starting = false
    }
  }

  /** `atMs`: when the key went down, not when the text was ready. */
  async mark(code: string, text: string, atMs: number): Promise<void> {
    const marker = await this.#connection.call('record.marker', { code, text: text.trim(), atMs })
    this.markers = [marker, ...this.markers].slice(0, 50)
  }

  async nextStep(): Promise<void> {
    await this.#connection.call('record.nextStep', {})
  }

  async stop(): Promise<void> {
    this.stopping = true
    try {
      await this.#show(await this.#connection.call('record.stop', {}))
    } finally {
      this.stopping = false
    }
  }

  async annotate(): Promise<void> {
    if (this.finished === null) return
    this.finished = await this.#connection.call('record.annotate', { id: this.finished.id, notes: this.summaryNotes.value.trim() })
    await this.summaryNotes.clear(this.finished.notes)
  }

  /** Stores the notes when they changed and leaves the summary. */
  async keep(): Promise<void> {
    if (this.finished !== null && this.summaryNotes.value.trim() !== this.finished.notes) await this.annotate()
    await this.#closeSummary()
  }

  async discard(reason: string): Promise<void> {
    if (this.finished === null) return
    await this.#connection.call('record.discard', { id: this.finished.id as RecordingId, reason: reason.trim() })
    await this.#closeSummary()
  }

  async #show(recording: Recording): Promise<void> {
    const known = this.finished?.id === recording.id
    this.finished = recording
    if (known) return
    await this.#store.saveDraft({ key: this.#summaryKey, kind: 'open-summary', datasetId: this.#datasetId, recordingId: '', value: recording.id, updatedAt: Date.now() })
    await this.summaryNotes.load(this.#datasetId, recording.id, recording.notes)
  }

  /** The recording whose summary was open when this window was reloaded or crashed, unless it was decided on elsewhere. */
  async #reopen(): Promise<void> {
    const datasetId = this.#datasetId
    const open = datasetId === '' ? null : await this.#store.draft(this.#summaryKey)
    if (open === null || this.finished !== null) return
    try {
      const recording = await this.#connection.call('library.get', { id: open.value as RecordingId })
      if (recording.state !== 'discarded' && this.#datasetId === datasetId && this.finished === null) await this.#show(recording)
    } catch (thrown) {
      const { code, message } = LabError.from(thrown)
      console.debug(`Pulseprint: the summary that was open cannot be shown again: ${message}`)
      if (code === 'recording-not-found') await this.#store.removeDraft(this.#summaryKey)
    }
  }

  async #closeSummary(): Promise<void> {
    await this.summaryNotes.clear()
    await this.#store.removeDraft(this.#summaryKey)
    this.finished = null
  }

  get #summaryKey(): string {
    return `${this.#datasetId}//open-summary`
  }
}
