import { LabError, noValue, type Recording } from '../contract/index.ts'
import { OverviewBuilder } from '../dataset/overview.ts'
import type { Decoder } from '../devices/decoder.ts'
import { deviceProtocol } from '../devices/registry.ts'
import { recordingHeader } from '../formats/recording-header.ts'
import { annotationCode, writeAnnotations } from '../formats/wfdb-annotations.ts'
import { formatHeader } from '../formats/wfdb-header.ts'
import { invalidCode, SignalEncoder, wfdbFormatFor } from '../formats/wfdb-signal.ts'
import { RecordingSummary, type SummaryResult } from '../signal/recording-summary.ts'
import type { JournalRecord } from './journal-format.ts'
import { decodeNote, DeviceState, MarkerNote, type RecordingHead } from './journal-payloads.ts'
import { Timeline, type TimelineRows } from './timeline.ts'

/** Names and versions what puts annotations into beats.qrs. */
const beatDetector = 'pulseprint-beats@1'
/** A device that is heard no more for so long, and for so many rows, before recording is stopped has fallen silent. */
const silentEndNs = 2e9
const silentEndRows = 4

/** What recording.json says that follows from the journal alone. */
export type DerivedFields = Pick<
  Recording,
  | 'rows' | 'seconds' | 'declaredRateHz' | 'measuredRateHz' | 'ppm' | 'lostRows' | 'lossCertainty' | 'gaps' | 'markers' | 'skippedBytes'
  | 'laneSummaries' | 'warnings' | 'lanes'
>

export interface Derived {
  readonly head: RecordingHead
  readonly fields: DerivedFields
  /** True when the journal ends with its `end` record. */
  readonly ended: boolean
  /** signals.hea. */
  readonly header: string
  /** overview.bin. */
  readonly overview: Uint8Array
  /** beats.qrs, or `null` when no lane can have beats. */
  readonly beats: Uint8Array | null
}

/**
 * From the journal's records to everything else in the recording's folder. Pure: the same records give the same bytes, whether they come
 * one by one behind a live recording or from a finished file, and however they are batched.
 */
export class Derivation {
  readonly markers: { note: MarkerNote; row: number }[] = []
  private readonly knownHead: RecordingHead | null
  private started: Started | null = null
  private ended = false
  /** Host time at which recording was ended, ns. */
  private endedNs: number | null = null
  private pieces: Uint8Array[] = []

  /** `knownHead`: what recording.json says, for a journal that was cut off before its own beginning was written. */
  constructor(knownHead: RecordingHead | null = null) {
    this.knownHead = knownHead
  }

  /** Rows, gaps and rate so far. */
  get timeline(): Timeline | null {
    return this.started?.timeline ?? null
  }

  /** Takes the next records. @throws LabError `journal-corrupt` when the first record is not the beginning, `device-unknown`. */
  push(records: readonly JournalRecord[]): void {
    for (const record of records) this.record(record)
    this.drain()
  }

  /** Bytes to append to signals.dat, or `null`. */
  take(): Uint8Array | null {
    if (this.pieces.length === 0) return null
    const bytes = this.pieces.length === 1 ? this.pieces[0] : Buffer.concat(this.pieces)
    this.pieces = []
    return bytes
  }

  /** The journal is over; call `take` once more after it. @throws LabError `journal-corrupt` when nothing began. */
  finish(): Derived {
    const started = this.begun()
    this.endConnection()
    started.timeline.flush()
    this.drain()
    const { head, timeline, encoder } = started
    const { rows } = timeline
    const fit = timeline.fit()
    const summary = started.summary.finish()
    const fields: DerivedFields = {
      lanes: head.device.lanes,
      rows,
      seconds: rows / head.device.rateHz,
      declaredRateHz: head.device.rateHz,
      measuredRateHz: fit && round(fit.rateHz, 6),
      ppm: fit && round(fit.ppm, 2),
      lostRows: timeline.lostRows,
      lossCertainty: timeline.lossCertainty,
      gaps: timeline.gaps.map((gap) => ({ ...gap })),
      // In the schema's order: what is read back is compared field by field as text.
      markers: this.markers.map(({ note, row }) => ({ row: Math.min(row, Math.max(0, rows - 1)), toRow: null, ...note })),
      skippedBytes: started.skippedBytes,
      laneSummaries: summary.lanes.map((lane) => ({ ...lane })),
      warnings: [...this.warnings(started), ...summary.warnings],
    }
    const header = formatHeader(recordingHeader({ ...head, ...fields }, encoder, head.device.rateHz))
    return { head, fields, ended: this.ended, header, overview: started.overview.finish(), beats: beatFile(summary, head) }
  }

  private record(record: JournalRecord): void {
    const { type, hostNs, payload } = record
    if (type === 'device-bytes') this.bytes(payload, hostNs)
    else if (type === 'device-state') this.state(payload)
    else if (type === 'marker') {
      const note = decodeNote(MarkerNote, payload)
      if (note) this.markers.push({ note, row: this.begun().timeline.rowAt(hostNs) })
    } else if (type === 'resync' || type === 'gap') {
      // The bytes before and after do not belong together.
      this.endConnection()
      this.begun().timeline.reconnect('unknown')
    } else if (type === 'end') {
      this.ended = true
      this.endedNs = hostNs
    }
  }

  private bytes(payload: Uint8Array, hostNs: number): void {
    const started = this.begun()
    const { device } = started.head
    started.decoder ??= deviceProtocol(device.protocol).createDecoder(device)
    const block = started.decoder.feed(payload, hostNs)
    started.timeline.push(block)
    started.lastHostNs = hostNs
    if (block.rows > 0) started.lastRowNs = hostNs
  }

  private state(payload: Uint8Array): void {
    const state = decodeNote(DeviceState, payload)
    if (!state) return
    if (state.kind === 'begin') this.started ??= new Started(state.head, state.untimed)
    else if (state.kind === 'closed') {
      this.endConnection()
      this.begun().timeline.reconnect('unplugged')
    }
  }

  /** The decoder gives up what it still holds; a later connection has one of its own. */
  private endConnection(): void {
    const started = this.begun()
    const { decoder } = started
    if (!decoder) return
    started.timeline.push({ ...decoder.end(), hostNs: started.lastHostNs })
    started.skippedBytes += decoder.bytesSkipped
    started.decoder = null
  }

  private begun(): Started {
    if (!this.started && this.knownHead) this.started = new Started(this.knownHead, false)
    if (this.started) return this.started
    throw new LabError('journal-corrupt', 'The journal does not begin with the description of its recording.')
  }

  private drain(): void {
    const { started } = this
    if (!started) return
    for (let rows = started.timeline.take(); rows; rows = started.timeline.take()) {
      started.refuseUnstorable(rows)
      this.pieces.push(started.encoder.encode(rows.counts))
      started.overview.push(rows.counts, rows.rows)
      started.summary.push(rows.counts, rows.rows)
    }
  }

  private warnings({ head, untimed, unstorable, timeline, lastRowNs }: Started): Recording['warnings'] {
    const warnings: Recording['warnings'] = []
    const silentNs = this.endedNs === null || untimed ? 0 : this.endedNs - lastRowNs
    if (lastRowNs > 0 && silentNs >= Math.max(silentEndNs, (silentEndRows / head.device.rateHz) * 1e9)) {
      const message = `The device sent nothing more for the last ${(silentNs / 1e9).toFixed(1)} s before recording was stopped; the signal ends there.`
      warnings.push({ code: 'silent-end', message })
    }
    if (unstorable > 0) {
      const message = `${unstorable} values were outside anything the device can send and are stored as missing: damaged frames without a checksum.`
      warnings.push({ code: 'samples-out-of-range', message })
    }
    if (timeline.droppedRows > 0) {
      const message = `${timeline.droppedRows} frames repeated a counter or came out of order and were left out of the signal; their bytes are in the journal.`
      warnings.push({ code: 'frames-left-out', message })
    }
    return warnings
  }
}

/** What exists once the journal has said what it records. */
class Started {
  readonly head: RecordingHead
  readonly timeline: Timeline
  readonly encoder: SignalEncoder
  readonly overview: OverviewBuilder
  readonly summary: RecordingSummary
  decoder: Decoder | null = null
  lastHostNs = 0
  /** Host time of the newest bytes that completed a row, ns; 0 before the first. */
  lastRowNs = 0
  readonly untimed: boolean
  skippedBytes = 0
  unstorable = 0

  constructor(head: RecordingHead, untimed: boolean) {
    const { lanes, rateHz } = head.device
    this.head = head
    this.untimed = untimed
    this.timeline = new Timeline(head.device, { untimed })
    this.encoder = new SignalEncoder(lanes.length, wfdbFormatFor(lanes))
    this.overview = new OverviewBuilder(lanes.length)
    this.summary = new RecordingSummary({ lanes, rateHz })
  }

  /** A damaged frame without a checksum can hold any number; one that the file's format cannot hold must not end the recording. */
  refuseUnstorable(rows: TimelineRows): void {
    if (this.encoder.format === 32) return
    const lowest = invalidCode(this.encoder.format)
    const { counts } = rows
    for (let index = 0; index < counts.length; index += 1) {
      const value = counts[index]
      if ((value > lowest && value < -lowest) || value === noValue) continue
      counts[index] = noValue
      this.unstorable += 1
    }
  }
}

function beatFile({ beats, beatLane }: SummaryResult, head: RecordingHead): Uint8Array | null {
  const channel = head.device.lanes.findIndex((lane) => lane.id === beatLane)
  if (channel < 0) return null
  const note = { sample: 0, code: annotationCode('"') ?? 22, subtype: 0, channel, number: 0, text: beatDetector }
  const code = annotationCode('N') ?? 1
  return writeAnnotations([note, ...beats.map((sample) => ({ sample, code, subtype: 0, channel, number: 0, text: '' }))])
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}
