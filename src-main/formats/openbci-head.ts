import { LabError } from '../contract/index.ts'
import type { ByteSource } from './signal-source.ts'
import { commentText, readHead } from './text-head.ts'

/*
 * Head of a text that the OpenBCI GUI wrote. Since version 5 a line of column names follows it, before that the columns were described:
 *
 *   %OpenBCI Raw EXG Data                           %OpenBCI Raw EEG Data
 *   %Number of channels = 8                         %Number of channels = 8
 *   %Sample Rate = 250 Hz                           %Sample Rate = 250.0 Hz
 *   %Board = OpenBCI_GUI$BoardCytonSerial           %First Column = SampleIndex
 *   Sample Index, EXG Channel 0, ... Timestamp      %Last Column = Timestamp
 *                                                   %Other Columns = EEG data in microvolts followed by Accel Data (in G) interleaved with Aux Data
 */

export interface OpenBciColumn {
  readonly cell: number
  readonly label: string
  readonly unit: string
  /** Electrodes count in steps of the converter; the others are as printed. Extras are signals only where anything happens in them. */
  readonly role: 'electrode' | 'accelerometer' | 'extra'
}

export interface OpenBciHead {
  readonly lines: number
  readonly rateHz: number
  readonly board: string
  readonly columns: readonly OpenBciColumn[]
  /** Known from the names; `null` where the first row has to tell. */
  readonly cells: number | null
  /** Unix time and local wall clock of each row (from 0); `null` where there is none. */
  readonly unixCell: number | null
  readonly wallCell: number | null
  readonly comments: readonly string[]
}

const mostChannels = 64
const accelerometerAxes = ['X', 'Y', 'Z']

/** @throws LabError `text-signal-invalid` with `data.file`, `data.line` and `data.field`. */
export async function readOpenBciHead(file: ByteSource): Promise<OpenBciHead> {
  const lines = await readHead(file, (line) => line.startsWith('%') || line.trim() === '' || /^\s*Sample Index\s*,/i.test(line))
  if (!/^%\s*OpenBCI Raw/i.test(lines[0] ?? '')) throw invalid(file, 1, 'format', 'it does not begin as a text of the OpenBCI GUI does')
  const fields = new Map<string, { text: string; line: number }>()
  lines.forEach((line, i) => {
    const [name, ...rest] = commentText(line, '%').split('=')
    if (line.startsWith('%') && rest.length > 0) fields.set(name.trim().toLowerCase(), { text: rest.join('=').trim(), line: i + 1 })
  })
  const rate = fields.get('sample rate')
  const rateHz = Number.parseFloat(rate?.text ?? '')
  if (!(rateHz > 0 && rateHz <= 1e6)) throw invalid(file, rate?.line ?? 1, 'Sample Rate', 'the head names no sample rate')
  const count = fields.get('number of channels')
  const channels = /^\d{1,3}$/.test(count?.text ?? '') ? Number(count?.text) : 0
  if (channels < 1 || channels > mostChannels) throw invalid(file, count?.line ?? 1, 'Number of channels', `the number of channels is not from 1 to ${mostChannels}`)
  const names = lines.findIndex((line) => /^\s*Sample Index\s*,/i.test(line))
  const common = {
    lines: lines.length,
    rateHz,
    board: fields.get('board')?.text.replace(/^.*\$/, '') ?? '',
    comments: lines.filter((line) => line.startsWith('%')).map((line) => commentText(line, '%')),
  }
  if (names >= 0) return { ...common, ...namedColumns(file, names + 1, lines[names], channels) }
  return { ...common, ...describedColumns(fields.get('other columns')?.text ?? '', channels) }
}

type Columns = Pick<OpenBciHead, 'columns' | 'cells' | 'unixCell' | 'wallCell'>

function namedColumns(file: ByteSource, line: number, text: string, channels: number): Columns {
  const names = text.split(',').map((name) => name.trim())
  const columns = names.flatMap((name, cell): OpenBciColumn[] => {
    const axis = /^Accel Channel (\d+)/i.exec(name)
    if (/^(EXG|EEG) Channel \d+/i.test(name)) return [{ cell, label: name, unit: 'uV', role: 'electrode' }]
    if (axis) return [{ cell, label: `Accelerometer ${accelerometerAxes[Number(axis[1])] ?? axis[1]}`, unit: 'g', role: 'accelerometer' }]
    if (/^(Analog|Digital|Resistance|PPG|EDA|Temperature|Marker)/i.test(name)) return [{ cell, label: name, unit: 'count', role: 'extra' }]
    return []
  })
  const electrodes = columns.filter(({ role }) => role === 'electrode').length
  if (electrodes !== channels) throw invalid(file, line, 'Number of channels', `${channels} channels are announced, ${electrodes} are named`)
  const unix = names.findIndex((name) => /^Timestamp$/i.test(name))
  const wall = names.findIndex((name) => /^Timestamp \(Formatted\)$/i.test(name))
  return { columns, cells: names.length, unixCell: unix < 0 ? null : unix, wallCell: wall < 0 ? null : wall }
}

function describedColumns(description: string, channels: number): Columns {
  const named = /data in (\w+)/i.exec(description)?.[1].toLowerCase() ?? 'microvolts'
  const unit = ({ microvolts: 'uV', millivolts: 'mV', volts: 'V' } as Readonly<Record<string, string>>)[named] ?? 'count'
  const electrodes = Array.from({ length: channels }, (_, i): OpenBciColumn => ({ cell: 1 + i, label: `EEG Channel ${i}`, unit, role: 'electrode' }))
  const axes = /accel/i.test(description)
    ? accelerometerAxes.map((axis, i): OpenBciColumn => ({ cell: 1 + channels + i, label: `Accelerometer ${axis}`, unit: 'g', role: 'accelerometer' }))
    : []
  return { columns: [...electrodes, ...axes], cells: null, unixCell: null, wallCell: null }
}

function invalid(file: ByteSource, line: number, field: string, reason: string): LabError {
  return new LabError('text-signal-invalid', `Line ${line} of ${file.name} cannot be read: ${reason}.`, { file: file.name, line, field, reason })
}
