import { LabError } from '../contract/index.ts'
import type { ByteSource } from './signal-source.ts'
import { commentText, readHead } from './text-head.ts'

/*
 * Two relatives, both with tab-separated columns and a head of '#' lines:
 *
 *   # OpenSignals Text File Format. Version 1
 *   # {"98:D3:31:B2:11:36": {"device": "bitalino_rev", "sampling rate": 1000, "resolution": [4, 1, 1, 1, 1, 10], "sensor": ["ECG"], "label": ["A1"],
 *      "column": ["nSeq", "I1", "I2", "O1", "O2", "A1"], "date": "2017-3-29", "time": "16:39:13.118", ...}}
 *   # EndOfHeader
 *
 *   # Simple Text Format                    (BioSPPy)
 *   # Sampling Rate (Hz):= 1000.00
 *   # Resolution:= 12
 *   # Labels:= ECG<tab>PPG
 */

export interface OpenSignalsColumn {
  readonly cell: number
  readonly label: string
  /** `ECG`, `EDA`, `RAW` ...; '' when the head names none. */
  readonly sensor: string
  readonly device: string
  /** 0: not said. */
  readonly bits: number
  readonly unit: string | null
}

export interface OpenSignalsHead {
  /** Lines before the first row. */
  readonly lines: number
  readonly rateHz: number
  readonly columns: readonly OpenSignalsColumn[]
  readonly cells: number
  /** Column of the sequence number (from 0); `null` when there is none. */
  readonly counterCell: number | null
  readonly startDate: string | null
  readonly startTime: string | null
  readonly comments: readonly string[]
  readonly facts: Readonly<Record<string, string>>
}

const mostColumns = 1024

/** @throws LabError `text-signal-invalid` with `data.file`, `data.line` and `data.field`. */
export async function readOpenSignalsHead(file: ByteSource): Promise<OpenSignalsHead> {
  const lines = await readHead(file, (line) => line.startsWith('#') || line.trim() === '')
  const first = lines[0] ?? ''
  if (/^#\s*OpenSignals Text File Format/i.test(first)) return deviceHead(file, lines)
  if (/^#\s*Simple Text Format/i.test(first)) return simpleHead(file, lines)
  throw invalid(file, 1, 'format', 'it does not begin as an OpenSignals text does')
}

function simpleHead(file: ByteSource, lines: readonly string[]): OpenSignalsHead {
  const fields = new Map<string, { text: string; line: number }>()
  lines.forEach((line, i) => {
    const [name, ...rest] = commentText(line, '#').split(':=')
    if (rest.length > 0) fields.set(name.trim().toLowerCase(), { text: rest.join(':=').trim(), line: i + 1 })
  })
  const rate = fields.get('sampling rate (hz)')
  if (rate === undefined) throw invalid(file, lines.length, 'Sampling Rate (Hz)', 'the head names no sampling rate')
  const resolution = fields.get('resolution')
  const bits = resolution === undefined ? 0 : Number(resolution.text)
  if (!Number.isInteger(bits) || bits < 0 || bits > 32) throw invalid(file, resolution?.line ?? 1, 'Resolution', 'the resolution is not a number of bits')
  const labels = fields.get('labels')
  if (labels === undefined || labels.text === '') throw invalid(file, lines.length, 'Labels', 'the head names no labels')
  const names = labels.text.split('\t').map((name) => name.trim())
  const unit = fields.get('units')?.text ?? ''
  return {
    lines: lines.length,
    rateHz: positiveRate(file, rate.line, 'Sampling Rate (Hz)', rate.text),
    columns: names.map((name, cell) => ({ cell, label: name || `Column ${cell + 1}`, sensor: '', device: '', bits, unit: unit || null })),
    cells: names.length,
    counterCell: null,
    startDate: null,
    startTime: null,
    comments: lines.map((line) => commentText(line, '#')).filter((line) => line !== ''),
    facts: {},
  }
}

function deviceHead(file: ByteSource, lines: readonly string[]): OpenSignalsHead {
  const at = lines.findIndex((line) => /^#\s*\{/.test(line))
  if (at < 0) throw invalid(file, 2, 'header', 'the line that describes the device is missing')
  let parsed: unknown
  try {
    parsed = JSON.parse(lines[at].replace(/^#\s*/, ''))
  } catch {
    throw invalid(file, at + 1, 'header', 'the description of the device is not valid JSON')
  }
  const devices = Object.entries(record(parsed) ?? {}).flatMap(([address, about]) => {
    const fields = record(about)
    return fields === null ? [] : [{ address, fields }]
  })
  if (devices.length === 0) throw invalid(file, at + 1, 'header', 'the header describes no device')
  const columns: OpenSignalsColumn[] = []
  let cells = 0
  let counterCell: number | null = null
  for (const { fields } of devices) {
    const names = texts(fields.column)
    if (names.length === 0) throw invalid(file, at + 1, 'column', 'the header names no columns')
    if (cells + names.length > mostColumns) throw invalid(file, at + 1, 'column', `it names more than ${mostColumns} columns`)
    const counter = names.findIndex((name) => /^nseq$/i.test(name))
    // Devices that record together send their rows together: the first one's numbers count them.
    if (counterCell === null && counter >= 0) counterCell = cells + counter
    columns.push(...deviceColumns(fields, names, cells, devices.length > 1))
    cells += names.length
  }
  if (columns.length === 0) throw invalid(file, at + 1, 'column', 'the header names no signal')
  const rates = devices.map(({ fields }) => positiveRate(file, at + 1, 'sampling rate', String(fields['sampling rate'])))
  if (new Set(rates).size > 1) throw invalid(file, at + 1, 'sampling rate', `the devices have different rates: ${rates.join(', ')}`)
  const first = devices[0].fields
  return {
    lines: lines.length,
    rateHz: rates[0],
    columns,
    cells,
    counterCell,
    startDate: dateOf(first.date),
    startTime: timeOf(first.time),
    comments: devices.map(({ fields }) => text(fields.comments)).filter((comment) => comment !== ''),
    facts: { equipment: devices.map(({ fields, address }) => `${text(fields['device name']) || text(fields.device)} ${address}`.trim()).join(', ') },
  }
}

/** The analog columns and those of the inputs and outputs that are switched, in order; `label` and `sensor` go with the last columns. */
function deviceColumns(fields: Readonly<Record<string, unknown>>, names: readonly string[], firstCell: number, several: boolean): OpenSignalsColumn[] {
  const sensors = texts(fields.sensor)
  const labels = texts(fields.label)
  const device = [text(fields.device), text(fields['device name'])].filter((name) => name !== '').join(' ')
  const resolutions = Array.isArray(fields.resolution) ? fields.resolution.map(Number) : [Number(fields.resolution)]
  const analog = names.map((_, i) => i).filter((i) => !/^(nseq|di|[io]\d+)$/i.test(names[i]))
  return analog.map((i, place) => {
    // Some versions list a resolution per column, others per channel, others one for all.
    const bits = resolutions[resolutions.length === names.length ? i : resolutions.length === 1 ? 0 : place] ?? 0
    const named = labels.indexOf(names[i])
    const sensor = sensors[named >= 0 ? named : place] ?? ''
    const plain = sensor !== '' && !/^(raw|custom.*)$/i.test(sensor) ? `${sensor} (${names[i]})` : names[i]
    return {
      cell: firstCell + i,
      label: several ? `${plain} ${text(fields['device name'])}`.trim() : plain,
      sensor,
      device,
      bits: Number.isInteger(bits) && bits >= 1 && bits <= 24 ? bits : 0,
      unit: null,
    }
  })
}

function record(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim().slice(0, 1000) : ''
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map((item) => text(item)) : []
}

/** `2017-3-29` as `2017-03-29`. */
function dateOf(value: unknown): string | null {
  const parts = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text(value))
  if (!parts || Number(parts[2]) < 1 || Number(parts[2]) > 12 || Number(parts[3]) < 1 || Number(parts[3]) > 31) return null
  return `${parts[1]}-${parts[2].padStart(2, '0')}-${parts[3].padStart(2, '0')}`
}

/** `9:39:13.118` as `09:39:13.118`. */
function timeOf(value: unknown): string | null {
  const parts = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,6}))?\d*$/.exec(text(value))
  if (!parts || Number(parts[1]) > 23 || Number(parts[2]) > 59 || Number(parts[3]) > 59) return null
  return `${[parts[1], parts[2], parts[3]].map((part) => part.padStart(2, '0')).join(':')}.${(parts[4] ?? '').padEnd(3, '0')}`
}

function positiveRate(file: ByteSource, line: number, field: string, value: string): number {
  const rateHz = Number(value)
  if (value.trim() === '' || !Number.isFinite(rateHz) || rateHz <= 0 || rateHz > 1e6) throw invalid(file, line, field, `the sampling rate "${value.slice(0, 40)}" is not one`)
  return rateHz
}

function invalid(file: ByteSource, line: number, field: string, reason: string): LabError {
  return new LabError('text-signal-invalid', `Line ${line} of ${file.name} cannot be read: ${reason}.`, { file: file.name, line, field, reason })
}
