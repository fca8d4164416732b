import { LabError, noValue } from '../contract/index.ts'
import { annotationListBytes, annotationText, onsetText, secondsText } from './edf-annotation-list.ts'
import { endText, missingText, signalMark, signalSuffix } from './edf-convention.ts'
import { headerBytesOf, signalLabels } from './edf-header-bytes.ts'
import type { EdfIdentification } from './edf-identification.ts'
import { headerBlock } from './edf-layout.ts'
import { packLists } from './edf-packing.ts'
import { planRecords, recordTimeBytes, type EdfPlan } from './edf-plan.ts'
import { edfLimits, type EdfLimits } from './edf-scale.ts'
import type { SourceAnnotation, SourceFinding, SourceGap, SourceSignal } from './signal-source.ts'

/** A signal to be written. `minimum`..`maximum` are the counts that the converter can give; others are written too where the format holds them. */
export type EdfOutputSignal = Pick<SourceSignal, 'label' | 'unit' | 'gainCountsPerUnit' | 'baseline' | 'minimum' | 'maximum' | 'samplesPerFrame'> & {
  readonly transducer?: string
  readonly prefiltering?: string
}

export interface EdfOutput {
  readonly format: 'edf+' | 'bdf+'
  readonly rateHz: number
  /** Must be known: the header comes first. */
  readonly frames: number
  readonly signals: readonly EdfOutputSignal[]
  /** `YYYY-MM-DD`; `null` is written as unknown (X, 01.01.85). */
  readonly startDate: string | null
  /** `HH:MM:SS` with up to 9 decimals; `null` is written as midnight. */
  readonly startTime: string | null
  /** Nobody is named unless it is said here. */
  readonly identification?: EdfIdentification
  readonly annotations: readonly Omit<SourceAnnotation, 'symbol'>[]
  /** Rows that were never recorded; they are pushed all the same, as `noValue`. */
  readonly gaps: readonly SourceGap[]
}

const nanoseconds = 1e9
/** At most: `+99999999.123456789`, the text and three marks. */
const endListBytes = 19 + endText.length + 3

/**
 * Writes EDF+C or BDF+C as a stream: `header()`, then `push` for any blocks of whole frames, then `finish()`. Digital values are the counts, so a reader gets
 * every count back; missing samples and the true end survive by the convention of edf-convention.ts. No annotation is dropped, however many fall into one
 * record. `findings` (`export-value-changed`) says what 8 characters or ASCII cannot hold; complete before the first block.
 * @throws LabError `edf-range-exceeded` with `data.signal`, `data.value` and `data.row` for a count that 16 (EDF) or 24 bits (BDF) cannot hold, and for a
 *   missing sample of a signal that uses every value (`value: null`).
 * @example const writer = new EdfWriter({ format: 'bdf+', rateHz: 360, frames: 650000, ... }); sink(writer.header()); for await (const block of blocks) sink(writer.push(block)); sink(writer.finish())
 */
export class EdfWriter {
  readonly plan: EdfPlan
  /** What a reader will find changed. */
  readonly findings: readonly SourceFinding[]
  /** Size of the whole file. */
  readonly bytes: number
  readonly #output: EdfOutput
  readonly #width: 2 | 3
  readonly #labels: readonly string[]
  readonly #limits: readonly EdfLimits[]
  /** First byte of each signal in a record, and last the annotations'. */
  readonly #places: readonly number[]
  readonly #lists: readonly Uint8Array[]
  readonly #packed: ReadonlyMap<number, readonly number[]>
  readonly #startNano: bigint
  readonly #durationNano: bigint
  readonly #record: Uint8Array
  #frame = 0
  readonly #gaps: readonly SourceGap[]

  constructor(output: EdfOutput) {
    requireWhole('frames', output.frames, 0)
    if (output.signals.length === 0 || output.signals.length > 9998) throw new LabError('edf-range-exceeded', `EDF cannot hold ${output.signals.length} signals.`, { field: 'signals', value: output.signals.length })
    for (const signal of output.signals) requireWhole('samplesPerFrame', signal.samplesPerFrame, 1)
    const findings: SourceFinding[] = []
    const changed = (field: string, wanted: unknown, written: unknown, more: Record<string, unknown> = {}): void => {
      findings.push({ code: 'export-value-changed', message: `${field}: ${String(wanted)} is written as ${String(written)}.`, data: { field, wanted, written, ...more } })
    }
    this.#output = output
    this.#width = output.format === 'bdf+' ? 3 : 2
    this.#labels = signalLabels(output.signals.map((signal) => signal.label))
    this.#limits = output.signals.map((signal) => edfLimits(signal, this.#width === 3 ? 24 : 16))
    output.signals.forEach((signal, i) => {
      const { gainError, baseline } = this.#limits[i]
      if (this.#labels[i] !== signal.label) changed('label', signal.label, this.#labels[i])
      // Below 1e-12 it is the arithmetic of doubles, not the file.
      if (gainError > 1e-12) changed('gain', signal.gainCountsPerUnit, signal.gainCountsPerUnit * (1 + gainError), { signal: this.#labels[i], relativeError: gainError })
      if (baseline !== signal.baseline) changed('baseline', signal.baseline, baseline, { signal: this.#labels[i] })
    })
    const [, fraction = ''] = /\.(\d{1,9})$/.exec(output.startTime ?? '') ?? []
    this.#startNano = BigInt(fraction.padEnd(9, '0'))
    this.#gaps = [...output.gaps].sort((a, b) => a.from - b.from)

    const draft = this.#annotationLists(output.rateHz, changed)
    const bytesPerFrame = output.signals.reduce((sum, signal) => sum + signal.samplesPerFrame, 0) * this.#width
    const plan = (slack: number): EdfPlan =>
      planRecords({
        rateHz: output.rateHz,
        frames: output.frames,
        bytesPerFrame,
        bytesPerSample: this.#width,
        listBytes: draft.reduce((sum, list) => sum + list.bytes.length + slack, endListBytes),
        longestList: draft.reduce((most, list) => Math.max(most, list.bytes.length + slack), endListBytes),
      })
    const first = plan(0)
    // At a rate that is not the wanted one, onsets and durations have up to 9 decimals more.
    this.plan = first.exact ? first : plan(20)
    if (!this.plan.exact) changed('rateHz', output.rateHz, this.plan.rateHz, { relativeError: Math.abs(this.plan.rateHz / output.rateHz - 1) })
    this.#durationNano = BigInt(Math.round(Number(this.plan.duration) * nanoseconds))
    const lists = [...(this.plan.exact ? draft : this.#annotationLists(this.plan.rateHz, () => undefined)), ...this.#endLists()]
    lists.sort((a, b) => a.frame - b.frame)
    this.#lists = lists.map((list) => list.bytes)
    const lastRecord = this.plan.records - 1
    const recordOf = lists.map((list) => Math.min(lastRecord, Math.max(0, Math.floor(list.frame / this.plan.framesPerRecord))))
    this.#packed = packLists(this.#lists.map((list) => list.length), recordOf, this.plan.records, this.plan.annotationBytes - recordTimeBytes)
    const places = [0]
    for (const signal of output.signals) places.push(places[places.length - 1] + signal.samplesPerFrame * this.plan.framesPerRecord * this.#width)
    this.#places = places
    this.#record = new Uint8Array(places[places.length - 1] + this.plan.annotationBytes)
    this.findings = findings
    this.bytes = headerBlock * (output.signals.length + 2) + this.plan.records * this.#record.length
  }

  /** The header; always the same for the same output. */
  header(): Uint8Array {
    const { signals, format, startDate, startTime, identification } = this.#output
    return headerBytesOf({
      format,
      startDate,
      startTime,
      identification: identification ?? {},
      records: this.plan.records,
      duration: this.plan.duration,
      annotationSamples: this.plan.annotationBytes / this.#width,
      signals: signals.map((signal, i) => ({
        label: this.#labels[i],
        unit: signal.unit,
        transducer: signal.transducer ?? '',
        prefiltering: signal.prefiltering ?? '',
        limits: this.#limits[i],
        samplesPerRecord: signal.samplesPerFrame * this.plan.framesPerRecord,
        reserved: signalMark({ missing: this.#limits[i].missing, ...this.#converterRange(i) }),
      })),
    })
  }

  /** Counts per signal, `frames * samplesPerFrame` each, in; the bytes of the data records that they complete out. */
  push(block: readonly Int32Array[]): Uint8Array {
    const { signals, frames: announced } = this.#output
    const frames = block[0].length / signals[0].samplesPerFrame
    if (block.length !== signals.length || block.some((counts, i) => counts.length !== frames * signals[i].samplesPerFrame)) throw new RangeError('a block must have whole frames of every signal')
    if (this.#frame + frames > announced) throw new RangeError(`${announced} frames were announced, ${this.#frame + frames} were pushed`)
    const { framesPerRecord } = this.plan
    const complete = Math.floor((this.#frame + frames) / framesPerRecord) - Math.floor(this.#frame / framesPerRecord)
    const out = new Uint8Array(complete * this.#record.length)
    let written = 0
    for (let done = 0; done < frames; ) {
      const inside = this.#frame % framesPerRecord
      const count = Math.min(frames - done, framesPerRecord - inside)
      for (let i = 0; i < signals.length; i++) this.#encode(i, block[i], done * signals[i].samplesPerFrame, inside, count)
      done += count
      this.#frame += count
      if (inside + count < framesPerRecord) break
      this.#closeRecord(this.#frame / framesPerRecord - 1)
      out.set(this.#record, written)
      written += this.#record.length
    }
    return out
  }

  /** As `push`, for counts row by row (every signal one sample per frame). */
  pushRows(counts: Int32Array): Uint8Array {
    const lanes = this.#output.signals.length
    const rows = counts.length / lanes
    return this.push(this.#output.signals.map((_, lane) => Int32Array.from({ length: rows }, (_value, row) => counts[row * lanes + lane])))
  }

  /** The last data record, filled up; nothing when the frames end with a record. */
  finish(): Uint8Array {
    const { signals, frames } = this.#output
    if (this.#frame !== frames) throw new RangeError(`${frames} frames were announced, ${this.#frame} were pushed`)
    const { framesPerRecord, records } = this.plan
    const inside = frames - (records - 1) * framesPerRecord
    if (inside === framesPerRecord) return new Uint8Array(0)
    const rest = framesPerRecord - inside
    signals.forEach((signal, i) => {
      const value = this.#limits[i].missing ?? this.#limits[i].digitalMinimum
      this.#store(new Int32Array(rest * signal.samplesPerFrame).fill(value), 0, this.#places[i] + inside * signal.samplesPerFrame * this.#width, rest * signal.samplesPerFrame)
    })
    this.#closeRecord(records - 1)
    return this.#record.slice()
  }

  #encode(i: number, counts: Int32Array, from: number, inside: number, frames: number): void {
    const { samplesPerFrame } = this.#output.signals[i]
    const { missing, digitalMinimum } = this.#limits[i]
    const [lowest, highest] = this.#width === 3 ? [-8388608, 8388607] : [-32768, 32767]
    const length = frames * samplesPerFrame
    const values = counts.slice(from, from + length)
    for (let k = 0; k < length; k++) {
      const value = values[k]
      if (value >= lowest && value <= highest && value !== missing) continue
      const row = this.#frame + Math.floor(k / samplesPerFrame)
      if (value === noValue && (missing !== null || this.#inGap(row))) values[k] = missing ?? digitalMinimum
      else throw this.#exceeded(i, value, row)
    }
    this.#store(values, 0, this.#places[i] + inside * samplesPerFrame * this.#width, length)
  }

  #store(values: Int32Array, from: number, at: number, count: number): void {
    const bytes = this.#record
    for (let i = from; i < from + count; i++) {
      const value = values[i]
      bytes[at++] = value
      bytes[at++] = value >> 8
      if (this.#width === 3) bytes[at++] = value >> 16
    }
  }

  #closeRecord(record: number): void {
    const annotations = this.#record.subarray(this.#places[this.#places.length - 1])
    annotations.fill(0)
    const time = recordTime(this.#startNano + BigInt(record) * this.#durationNano)
    annotations.set(time)
    let at = time.length
    for (const list of this.#packed.get(record) ?? []) {
      annotations.set(this.#lists[list], at)
      at += this.#lists[list].length
    }
  }

  #inGap(row: number): boolean {
    return this.#gaps.some((gap) => row >= gap.from && row < gap.to)
  }

  #converterRange(i: number): { minimum: number; maximum: number } {
    const { digitalMinimum, digitalMaximum, missing } = this.#limits[i]
    const { minimum, maximum } = this.#output.signals[i]
    const lowest = missing === digitalMinimum ? digitalMinimum + 1 : digitalMinimum
    const highest = missing === digitalMaximum ? digitalMaximum - 1 : digitalMaximum
    return { minimum: Math.min(Math.max(minimum, lowest), highest - 1), maximum: Math.max(Math.min(maximum, highest), lowest + 1) }
  }

  #annotationLists(rateHz: number, changed: (field: string, wanted: unknown, written: unknown) => void): { frame: number; bytes: Uint8Array }[] {
    const seconds = (frames: number): bigint => BigInt(Math.round((frames / rateHz) * nanoseconds))
    const lists = this.#output.annotations.map(({ frame, durationFrames, text, signal }, i) => {
      if (!Number.isFinite(frame) || (durationFrames !== null && !(durationFrames >= 0 && Number.isFinite(durationFrames)))) throw new RangeError(`annotation ${i} has no place in time`)
      const allowed = annotationText(text)
      // An empty text is a record's time, and two texts are this file's own marks: a blank tells them apart.
      const plain = allowed === '' || (signal === null && (allowed === missingText || allowed === endText)) ? `${allowed} ` : allowed
      if (plain !== text) changed('annotation', text, plain)
      const words = signal === null ? plain : `${plain}${signalSuffix}${this.#labels[signal]}`
      return { frame, bytes: annotationListBytes(onsetText(this.#startNano + seconds(frame)), durationFrames === null ? null : secondsText(seconds(durationFrames)), words) }
    })
    for (const { from, to } of this.#gaps) lists.push({ frame: from, bytes: annotationListBytes(onsetText(this.#startNano + seconds(from)), secondsText(seconds(to) - seconds(from)), missingText) })
    return lists.sort((a, b) => a.frame - b.frame)
  }

  /** The mark of the true end, when the last record is longer. */
  #endLists(): { frame: number; bytes: Uint8Array }[] {
    const { frames } = this.#output
    if (frames === this.plan.records * this.plan.framesPerRecord) return []
    const seconds = BigInt(Math.round((frames / this.plan.rateHz) * nanoseconds))
    return [{ frame: frames, bytes: annotationListBytes(onsetText(this.#startNano + seconds), null, endText) }]
  }

  #exceeded(i: number, value: number, row: number): LabError {
    const signal = this.#labels[i]
    if (value === noValue) return new LabError('edf-range-exceeded', `The signal ${signal} misses a sample in row ${row}, but uses every value that ${this.#output.format} has.`, { signal, value: null, row })
    return new LabError('edf-range-exceeded', `The signal ${signal} has the count ${value} in row ${row}, which ${this.#output.format} cannot hold.`, { signal, value, row })
  }
}

const recordTime = (nano: bigint): Uint8Array => annotationListBytes(onsetText(nano), null, '')

function requireWhole(field: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) throw new LabError('edf-range-exceeded', `EDF cannot hold ${field} of ${value}.`, { field, value: String(value) })
}

