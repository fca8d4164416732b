import { annotationLabels, edfInvalid, EdfFindings, fileFields, headerBlock, signalFields, type FileField, type SignalField } from './edf-layout.ts'
import { parseStartDate, parseStartTime } from './edf-identification.ts'

/** One signal exactly as its header has it; annotation signals are among them. */
export interface EdfSignalHeader {
  readonly label: string
  readonly transducer: string
  readonly unit: string
  readonly prefiltering: string
  readonly reserved: string
  /** `physical = physicalMinimum + (digital - digitalMinimum) * (physicalMaximum - physicalMinimum) / (digitalMaximum - digitalMinimum)` */
  readonly physicalMinimum: number
  readonly physicalMaximum: number
  readonly digitalMinimum: number
  readonly digitalMaximum: number
  readonly samplesPerRecord: number
  /** First byte of its samples within a data record. */
  readonly recordOffset: number
  readonly annotations: boolean
}

export interface EdfHeader {
  readonly format: 'edf' | 'edf+' | 'bdf' | 'bdf+'
  /** False for EDF+D and BDF+D. */
  readonly continuous: boolean
  readonly bytesPerSample: 2 | 3
  readonly patient: string
  readonly recording: string
  /** `YYYY-MM-DD`; `null` when the file says that it is unknown. */
  readonly startDate: string | null
  /** Whole seconds, `HH:MM:SS`. */
  readonly startTime: string | null
  readonly headerBytes: number
  /** As announced; `null` for -1, a recording that was never closed. */
  readonly records: number | null
  /** Seconds, and the same as `units / 10^decimals` so that rates come out exact. */
  readonly recordDuration: number
  readonly durationUnits: number
  readonly durationDecimals: number
  readonly recordBytes: number
  readonly signals: readonly EdfSignalHeader[]
}

/** Far above any real file (the format advises 61,440 bytes); what a reader must hold in memory at once. */
const mostRecordBytes = 64 * 1024 * 1024
const decimalNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/

/** Number of signals of a header's first 256 bytes, which says how long the header is. @throws LabError `edf-invalid`. */
export function edfSignalCount(file: string, bytes: Uint8Array): number {
  if (bytes.length < headerBlock) throw edfInvalid(file, bytes.length, 'header', `the file ends after ${bytes.length} of 256 bytes`)
  sampleWidth(file, bytes)
  const fields = new Fields(file, bytes, new EdfFindings(file))
  const count = fields.whole('signals')
  if (count < 1) throw edfInvalid(file, fields.at('signals'), 'signals', 'there are none')
  return count
}

/**
 * Reads a header of `256 * (signals + 1)` bytes. Structure is strict; known habits of real files are read and reported: NUL or other filling,
 * decimal commas, other separators in dates, equal physical limits, letters beyond ASCII.
 * @throws LabError `edf-invalid` with `data.offset`, `data.field` and `data.reason`; nothing else, whatever the bytes.
 */
export function parseEdfHeader(file: string, bytes: Uint8Array, findings: EdfFindings): EdfHeader {
  const count = edfSignalCount(file, bytes)
  const wanted = headerBlock * (count + 1)
  const fields = new Fields(file, bytes, findings)
  const bytesPerSample = sampleWidth(file, bytes)
  const announced = fields.whole('header bytes')
  if (announced !== wanted) throw edfInvalid(file, fields.at('header bytes'), 'header bytes', `${count} signals need ${wanted}, it says ${announced}`)
  if (bytes.length < wanted) throw edfInvalid(file, bytes.length, 'header', `the file ends after ${bytes.length} of ${wanted} bytes`)
  const reserved = fields.text('reserved')
  const plus = /^[EB]DF\+([CD])/.exec(reserved)
  const records = fields.integer('data records')
  if (records < -1) throw edfInvalid(file, fields.at('data records'), 'data records', `${records} is below -1`)
  const duration = fields.decimal('record duration')
  if (!(duration.value >= 0)) throw edfInvalid(file, fields.at('record duration'), 'record duration', `${duration.value} s is negative`)
  const signals: EdfSignalHeader[] = []
  let recordBytes = 0
  for (let i = 0; i < count; i++) {
    const label = fields.text('label', i)
    const samplesPerRecord = fields.whole('samples per record', i)
    if (samplesPerRecord === 0) throw edfInvalid(file, fields.at('samples per record', i), 'samples per record', `signal ${i} has none`)
    signals.push({
      label,
      transducer: fields.text('transducer', i),
      unit: fields.text('unit', i),
      prefiltering: fields.text('prefiltering', i),
      reserved: fields.text('signal reserved', i),
      physicalMinimum: fields.decimal('physical minimum', i).value,
      physicalMaximum: fields.decimal('physical maximum', i).value,
      digitalMinimum: fields.integer('digital minimum', i),
      digitalMaximum: fields.integer('digital maximum', i),
      samplesPerRecord,
      recordOffset: recordBytes,
      annotations: annotationLabels.has(label),
    })
    recordBytes += samplesPerRecord * bytesPerSample
    if (recordBytes > mostRecordBytes) throw edfInvalid(file, fields.at('samples per record', i), 'samples per record', `a data record would have more than ${mostRecordBytes} bytes`)
  }
  const recording = fields.text('recording')
  return {
    format: `${bytesPerSample === 3 ? 'bdf' : 'edf'}${plus ? '+' : ''}`,
    continuous: plus?.[1] !== 'D',
    bytesPerSample,
    patient: fields.text('patient'),
    recording,
    startDate: parseStartDate(fields.text('start date'), plus ? recording : '', (reason) => findings.deviation(fields.at('start date'), 'start date', reason)),
    startTime: parseStartTime(fields.text('start time'), (reason) => findings.deviation(fields.at('start time'), 'start time', reason)),
    headerBytes: wanted,
    records: records === -1 ? null : records,
    recordDuration: duration.value,
    durationUnits: duration.units,
    durationDecimals: duration.decimals,
    recordBytes,
    signals,
  }
}

function sampleWidth(file: string, bytes: Uint8Array): 2 | 3 {
  const version = String.fromCharCode(...bytes.subarray(0, 8))
  if (version === '\xffBIOSEMI') return 3
  if (version.replaceAll('\0', ' ').trimEnd() === '0') return 2
  throw edfInvalid(file, 0, 'version', 'it is neither that of EDF (0) nor that of BDF (255 BIOSEMI)')
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const latin1 = new TextDecoder('latin1')

/** The text fields of a header by name. */
class Fields {
  readonly #file: string
  readonly #bytes: Uint8Array
  readonly #findings: EdfFindings
  readonly #places = new Map<string, { at: number; length: number; perSignal: boolean }>()

  constructor(file: string, bytes: Uint8Array, findings: EdfFindings) {
    this.#file = file
    this.#bytes = bytes
    this.#findings = findings
    let at = 0
    for (const [name, length] of fileFields) {
      this.#places.set(name, { at, length, perSignal: false })
      at += length
    }
    const signals = this.whole('signals')
    for (const [name, length] of signalFields) {
      this.#places.set(name, { at, length, perSignal: true })
      at += length * signals
    }
  }

  at(field: FileField | SignalField, signal = 0): number {
    const place = this.#place(field)
    return place.at + (place.perSignal ? signal * place.length : 0)
  }

  text(field: FileField | SignalField, signal = 0): string {
    const at = this.at(field, signal)
    const raw = this.#raw(at, this.#place(field).length)
    const text = raw.replace(/[\0\s]+$/, '').trimStart()
    if (/\0/.test(raw)) this.#findings.deviation(at, field, 'it is filled with NUL instead of blanks')
    if (/[^\x20-\x7e]/.test(text)) this.#findings.deviation(at, field, 'it has characters that are not printable ASCII')
    return text.replace(/\p{Cc}/gu, ' ')
  }

  decimal(field: FileField | SignalField, signal = 0): { value: number; units: number; decimals: number; exponent: boolean } {
    const text = this.text(field, signal)
    const pointed = text.replace(',', '.')
    if (pointed !== text) this.#findings.deviation(this.at(field, signal), field, `${text} has a decimal comma`)
    if (!decimalNumber.test(pointed)) throw edfInvalid(this.#file, this.at(field, signal), field, `'${text.slice(0, 16)}' is not a number`, { signal })
    const value = Number(pointed)
    if (!Number.isFinite(value)) throw edfInvalid(this.#file, this.at(field, signal), field, `'${text.slice(0, 16)}' is not a finite number`, { signal })
    const exponent = /[eE]/.test(pointed)
    const fraction = exponent ? '' : (pointed.split('.')[1] ?? '')
    return { value, units: exponent ? value : Number(pointed.replace('.', '')), decimals: fraction.length, exponent }
  }

  integer(field: FileField | SignalField, signal = 0): number {
    const { value, exponent } = this.decimal(field, signal)
    // `1e9` of four characters would claim more than the field can say.
    if (!Number.isSafeInteger(value) || exponent) throw edfInvalid(this.#file, this.at(field, signal), field, `${value} is not a whole number`, { signal })
    return value
  }

  whole(field: FileField | SignalField, signal = 0): number {
    const value = this.integer(field, signal)
    if (value < 0) throw edfInvalid(this.#file, this.at(field, signal), field, `${value} is negative`, { signal })
    return value
  }

  #place(field: string): { at: number; length: number; perSignal: boolean } {
    const place = this.#places.get(field)
    if (!place) throw new RangeError(`no field ${field}`)
    return place
  }

  /** UTF-8 where it is valid, as newer programs write; otherwise Latin-1, as older ones do. */
  #raw(at: number, length: number): string {
    const bytes = this.#bytes.subarray(at, at + length)
    try {
      return utf8.decode(bytes)
    } catch {
      return latin1.decode(bytes)
    }
  }
}
