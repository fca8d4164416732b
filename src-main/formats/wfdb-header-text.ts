import { LabError } from '../contract/index.ts'
import type { WfdbHeader, WfdbSignal } from './wfdb-header.ts'

/**
 * A header's text: the same header always gives the same bytes (`\n` line ends, shortest numbers that read back exactly).
 * Characters that would break the line grammar (line ends, blanks in units) are replaced, never passed through.
 * @throws LabError `wfdb-header-invalid` when a rate, gain or count cannot be written.
 * @example formatHeader(header) // 'signals 1 250 2500 14:05:09.123 01/03/2026\nsignals.dat 24 22.35(0)/uV 24 0 -3 517 0 ECG\n# recording: ...\n'
 */
export function formatHeader(header: WfdbHeader): string {
  const lines = [recordLine(header)]
  for (const signal of header.signals) lines.push(signalLine(signal))
  for (const segment of header.segments) lines.push(`${word(segment.name)} ${wholeNumber(segment.frames, 'segment length')}`)
  for (const comment of header.comments) for (const line of comment.split(/[\r\n]+/)) lines.push(`# ${line}`)
  return `${lines.join('\n')}\n`
}

function recordLine(header: WfdbHeader): string {
  const name = header.segments.length > 0 ? `${word(header.record)}/${header.segments.length}` : word(header.record)
  const counter = header.counterRateHz === null ? '' : `/${decimal(header.counterRateHz, 'counter rate')}`
  const base = counter === '' || header.baseCounter === null ? '' : `(${decimal(header.baseCounter, 'base counter')})`
  const fields = [name, wholeNumber(header.signalCount, 'number of signals'), `${decimal(header.rateHz, 'sampling rate')}${counter}${base}`]
  // Fields are positional: a date needs a time, a time needs a length (0 = not said).
  if (header.frames !== null || header.baseTime !== null) fields.push(wholeNumber(header.frames ?? 0, 'number of samples'))
  if (header.baseTime !== null) fields.push(word(header.baseTime))
  if (header.baseTime !== null && header.baseDate !== null) fields.push(word(header.baseDate))
  return fields.join(' ')
}

function signalLine(signal: WfdbSignal): string {
  const format = [
    wholeNumber(signal.format, 'format'),
    signal.samplesPerFrame === 1 ? '' : `x${wholeNumber(signal.samplesPerFrame, 'samples per frame')}`,
    signal.skew === 0 ? '' : `:${wholeNumber(signal.skew, 'skew')}`,
    signal.byteOffset === 0 ? '' : `+${wholeNumber(signal.byteOffset, 'byte offset')}`,
  ].join('')
  const gain = `${signal.calibrated ? decimal(signal.gain, 'gain') : '0'}(${integer(signal.baseline, 'baseline')})/${word(signal.unit)}`
  const fields = [word(signal.file), format, gain, wholeNumber(signal.resolutionBits, 'ADC resolution'), integer(signal.zero, 'ADC zero')]
  fields.push(integer(signal.initialValue, 'initial value'))
  // Fields are positional: what follows a missing checksum cannot be written, so a signal without one gets none of them.
  if (signal.checksum !== null) fields.push(integer(signal.checksum, 'checksum'), integer(signal.blockSize, 'block size'), phrase(signal.name))
  return fields.join(' ').trimEnd()
}

function decimal(value: number, what: string): string {
  if (!Number.isFinite(value)) throw unwritable(value, what)
  return String(value)
}

function integer(value: number, what: string): string {
  if (!Number.isSafeInteger(value)) throw unwritable(value, what)
  return String(value)
}

function wholeNumber(value: number, what: string): string {
  if (value < 0) throw unwritable(value, what)
  return integer(value, what)
}

function unwritable(value: number, what: string): LabError {
  return new LabError('wfdb-header-invalid', `The ${what} ${value} cannot be written to a WFDB header.`, { reason: what, value: String(value) })
}

/** One field: no blanks, no control characters. `°C` and `µV` stay: headers are UTF-8. */
function word(text: string): string {
  return text.trim().replace(/[\s\p{Cc}]+/gu, '_') || '_'
}

/** The last field of a line: blanks may stay. */
function phrase(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
}
