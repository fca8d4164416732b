import { LabError } from '../contract/index.ts'

export { formatHeader } from './wfdb-header-text.ts'

/*
 * Grammar (header(5) of the WFDB Applications Guide; fields are separated by blanks or tabs, `[]` is optional):
 *
 *   header      = { comment | blank } record-line { signal-line | segment-line | comment | blank }
 *   record-line = name[/segments] signals [ rate[/counter-rate[(base-counter)]] [ frames [ time [ date ] ] ] ]
 *   signal-line = file format[xSAMPLES-PER-FRAME][:SKEW][+BYTE-OFFSET]
 *                 [ gain[(baseline)][/unit] [ resolution [ zero [ initial [ checksum [ block [ description ]]]]]]]
 *   segment-line= name frames                     (`~` is a gap)
 *   time        = [[HH:]MM:]SS[.mmm]   date = DD/MM/YYYY   comment = '#' anything
 *
 * 100 2 360 650000 0:0:0 01/01/1975
 * 100.dat 212:3+24 200(1024)/mV 11 1024 995 -22131 0 MLII
 */

export interface WfdbSignal {
  /** Name of the signal file in the header's folder; `~` has none (format 0). */
  readonly file: string
  readonly format: number
  readonly samplesPerFrame: number
  /** Frames by which this signal's samples come late in the file. */
  readonly skew: number
  readonly byteOffset: number
  /** Counts per unit, `physical = (count - baseline) / gain`. `calibrated` is false when the header names none (200 is then assumed). */
  readonly gain: number
  readonly calibrated: boolean
  readonly baseline: number
  readonly unit: string
  readonly resolutionBits: number
  readonly zero: number
  readonly initialValue: number
  /** 16-bit checksum of the stored values as written in the header; `null` when it has none. */
  readonly checksum: number | null
  readonly blockSize: number
  /** As written: may hold commas and spaces (BIDMC's `PLETH,`). */
  readonly name: string
}

export interface WfdbSegment {
  readonly name: string
  readonly frames: number
}

export interface WfdbHeader {
  readonly record: string
  /** Empty for a record of one piece. */
  readonly segments: readonly WfdbSegment[]
  readonly signalCount: number
  /** Frames per second. */
  readonly rateHz: number
  readonly counterRateHz: number | null
  readonly baseCounter: number | null
  /** `null`: not said, follows from the signal file's length. */
  readonly frames: number | null
  /** Local wall clock as `HH:MM:SS.mmm`, to the microsecond where the header has it. */
  readonly baseTime: string | null
  /** `DD/MM/YYYY` */
  readonly baseDate: string | null
  readonly signals: readonly WfdbSignal[]
  readonly comments: readonly string[]
}

/** Defaults of header(5): 250 frames per second, 200 counts per mV, 12 bits. */
const defaultRateHz = 250
const defaultGain = 200
const defaultBits: Record<number, number> = { 8: 10, 80: 8, 160: 16, 16: 16, 61: 16, 24: 24, 32: 32, 310: 10, 311: 10 }
/** More than any recorder has; keeps a lying header from growing without bound. */
const mostSignals = 65536

// One way only to read a run of digits: `\d+\.?\d*` would take quadratic time to fail.
const number = '[-+]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][-+]?\\d+)?'
const recordName = /^([^\s/\\]+?)(?:\/(\d+))?$/
const rateField = new RegExp(`^(${number})(?:/(${number})(?:\\((${number})\\))?)?$`)
const timeField = /^(?:(?:(\d{1,4}):)?(\d{1,2}):)?(\d{1,2})(?:\.(\d{1,9}))?$/
const dateField = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/
const formatField = /^(\d+)(?:x(\d+))?(?::(\d+))?(?:\+(\d+))?$/
const gainField = new RegExp(`^(${number})(?:\\(([-+]?\\d+)\\))?(?:/(\\S+))?$`)

function invalid(line: number, reason: string, text: string): LabError {
  return new LabError('wfdb-header-invalid', `Line ${line} of the WFDB header is not valid: ${reason}.`, { line, reason, text: text.slice(0, 200) })
}

/** A name that leads out of the header's own folder: `data.line`, `data.field`, `data.name`. */
function unsafe(line: number, field: string, name: string): LabError {
  return new LabError('import-path-unsafe', `Line ${line} of the WFDB header names a ${field} outside its own folder.`, { line, field, name: name.slice(0, 200) })
}

/** Refuses paths, a Windows drive, and `-`, which is standard input to other programs. */
function requireOwnFolder(line: number, field: string, name: string): void {
  if (/[/\\\0]|\.\.|^[A-Za-z]:|^-$|^\.$/.test(name)) throw unsafe(line, field, name)
}

/**
 * Reads a header file.
 * @throws LabError `wfdb-header-invalid` with `data.line` (from 1) and `data.reason`, `import-path-unsafe` with `data.line` and `data.field` for a name
 * that leads out of the folder; nothing else, whatever the text.
 * @example parseHeader('100 1 360 650000\n100.dat 212 200 11 1024 995 -22131 0 MLII\n').signals[0].gain // 200
 */
export function parseHeader(text: string): WfdbHeader {
  const comments: string[] = []
  const lines: { at: number; text: string }[] = []
  text.split(/\r\n|\n|\r/).forEach((line, i) => {
    if (line.startsWith('#')) comments.push(line.slice(line.startsWith('# ') ? 2 : 1))
    else if (line.trim() !== '') lines.push({ at: i + 1, text: line.trim() })
  })
  const [first, ...rest] = lines
  if (!first) throw invalid(1, 'the record line is missing', text)
  const { segmentCount, ...record } = parseRecordLine(first.at, first.text)
  const wanted = segmentCount ?? record.signalCount
  if (rest.length !== wanted) {
    const last = rest.at(-1) ?? first
    throw invalid(last.at, `${wanted} lines must follow the record line, not ${rest.length}`, last.text)
  }
  return {
    ...record,
    segments: segmentCount === null ? [] : rest.map((line) => parseSegmentLine(line.at, line.text)),
    signals: segmentCount === null ? rest.map((line) => parseSignalLine(line.at, line.text)) : [],
    comments,
  }
}

function parseRecordLine(at: number, text: string): Omit<WfdbHeader, 'segments' | 'signals' | 'comments'> & { segmentCount: number | null } {
  const [name, count, rate, frames, time, date] = text.split(/\s+/)
  const named = recordName.exec(name)
  if (name.includes('..') || name.includes('\\') || name.startsWith('/')) throw unsafe(at, 'record', name)
  if (!named) throw invalid(at, `"${name.slice(0, 40)}" is no name of a record`, text)
  const rates = rateField.exec(rate ?? String(defaultRateHz))
  if (!rates) throw invalid(at, 'the sampling rate is not a number', text)
  const rateHz = positive(at, rates[1], 'the sampling rate', text)
  const segmentCount = named[2] === undefined ? null : whole(at, named[2], 'the number of segments', text, mostSignals)
  if (segmentCount === 0) throw invalid(at, 'a record of no segments', text)
  return {
    record: named[1],
    segmentCount,
    signalCount: whole(at, count ?? '', 'the number of signals', text, mostSignals),
    rateHz,
    counterRateHz: rates[2] === undefined ? null : positive(at, rates[2], 'the counter rate', text),
    baseCounter: rates[3] === undefined ? null : finite(at, rates[3], 'the base counter', text),
    // 0 means "not said", except that a layout segment is empty; both read as unknown.
    frames: frames === undefined ? null : whole(at, frames, 'the number of samples', text) || null,
    baseTime: time === undefined ? null : parseTime(at, time, text),
    baseDate: date === undefined ? null : parseDate(at, date, text),
  }
}

function parseSegmentLine(at: number, text: string): WfdbSegment {
  const [name, frames] = text.split(/\s+/)
  requireOwnFolder(at, 'segment', name)
  return { name, frames: whole(at, frames ?? '', "the segment's number of samples", text) }
}

function parseSignalLine(at: number, text: string): WfdbSignal {
  const parts = /^(\S+)\s+(\S+)(?:\s+(\S+)(?:\s+(\S+)(?:\s+(\S+)(?:\s+(\S+)(?:\s+(\S+)(?:\s+(\S+)(?:\s+(.*))?)?)?)?)?)?)?$/.exec(text)
  if (!parts) throw invalid(at, 'a signal needs a file name and a format', text)
  const [, file, formatText, gainText, bits, zeroText, initial, checksum, block, name = ''] = parts
  requireOwnFolder(at, 'signal file', file)
  const format = formatField.exec(formatText)
  if (!format) throw invalid(at, `the format "${formatText.slice(0, 40)}" is not one`, text)
  const gain = gainField.exec(gainText ?? '0')
  if (!gain) throw invalid(at, `the gain "${(gainText ?? '').slice(0, 40)}" is not one`, text)
  const gainValue = finite(at, gain[1], 'the gain', text)
  const zero = zeroText === undefined ? 0 : integer(at, zeroText, 'the ADC zero', text)
  const code = whole(at, format[1], 'the format', text, 10_000)
  return {
    file,
    format: code,
    samplesPerFrame: format[2] === undefined ? 1 : whole(at, format[2], 'samples per frame', text, 1_000_000) || 1,
    skew: format[3] === undefined ? 0 : whole(at, format[3], 'the skew', text),
    byteOffset: format[4] === undefined ? 0 : whole(at, format[4], 'the byte offset', text),
    gain: gainValue || defaultGain,
    calibrated: gainValue !== 0,
    baseline: gain[2] === undefined ? zero : integer(at, gain[2], 'the baseline', text),
    unit: gain[3] ?? 'mV',
    resolutionBits: (bits === undefined ? 0 : whole(at, bits, 'the ADC resolution', text, 64)) || (defaultBits[code] ?? 12),
    zero,
    initialValue: initial === undefined ? zero : integer(at, initial, 'the initial value', text),
    checksum: checksum === undefined ? null : integer(at, checksum, 'the checksum', text),
    blockSize: block === undefined ? 0 : integer(at, block, 'the block size', text),
    name: name.trim(),
  }
}

function finite(at: number, field: string, what: string, text: string): number {
  const value = Number(field)
  if (!Number.isFinite(value)) throw invalid(at, `${what} is not a finite number`, text)
  return value
}

function positive(at: number, field: string, what: string, text: string): number {
  const value = finite(at, field, what, text)
  if (value <= 0) throw invalid(at, `${what} must be above zero`, text)
  return value
}

function integer(at: number, field: string, what: string, text: string): number {
  if (!/^[-+]?\d{1,15}$/.test(field)) throw invalid(at, `${what} is not a whole number`, text)
  return Number(field) || 0
}

function whole(at: number, field: string, what: string, text: string, most = Number.MAX_SAFE_INTEGER): number {
  if (!/^\d{1,15}$/.test(field) || Number(field) > most) throw invalid(at, `${what} is not a whole number from 0 to ${most}`, text)
  return Number(field)
}

function parseTime(at: number, field: string, text: string): string {
  const parts = timeField.exec(field)
  if (!parts) throw invalid(at, `the base time "${field.slice(0, 40)}" is not one`, text)
  const [, hours = '0', minutes = '0', seconds, fraction = ''] = parts
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) throw invalid(at, `the base time "${field.slice(0, 40)}" is not one`, text)
  return `${[hours, minutes, seconds].map((part) => part.padStart(2, '0')).join(':')}.${fraction.padEnd(3, '0').slice(0, 6)}`
}

function parseDate(at: number, field: string, text: string): string {
  const parts = dateField.exec(field)
  if (!parts || Number(parts[1]) < 1 || Number(parts[1]) > 31 || Number(parts[2]) < 1 || Number(parts[2]) > 12) {
    throw invalid(at, `the base date "${field.slice(0, 40)}" is not one`, text)
  }
  return `${parts[1].padStart(2, '0')}/${parts[2].padStart(2, '0')}/${parts[3]}`
}

/** A signal's name without the separators that some recorders leave behind. @example plainSignalName('PLETH, ') // 'PLETH' */
export function plainSignalName(name: string): string {
  return name.replace(/[\s,]+$/, '').trim()
}
