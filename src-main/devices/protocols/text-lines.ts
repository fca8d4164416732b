import { LaneKind, type DeviceConfiguration, type DeviceProfile, type DeviceSettings, type LaneSpec } from '../../contract/index.ts'
import { freeRunningSession } from '../free-running-board.ts'
import type { Protocol } from '../protocol.ts'
import { SettingReader } from '../setting-values.ts'
import { TextLineBoard } from '../text-line-board.ts'
import { TextLineDecoder } from '../text-line-decoder.ts'
import type { TextLineFormat } from '../text-line-format.ts'

// Sketches that print numbers: Arduino Serial Plotter grammar, PulseSensor Playground, SparkFun AD8232 and MAX3010x, ProtoCentral and Chords plotters.

const settingNames = [
  'style', 'columns', 'labels', 'kinds', 'columnCount', 'scale', 'minimum', 'maximum', 'statusColumns', 'statusNames', 'counterColumn',
  'counterModulus', 'millisColumn', 'leadOffText', 'banner', 'separator', 'rateHz',
]
const mostColumns = 64
/** A millis() column is told as counted periods. */
const millisModulus = 1 << 24

/** A column by number from 1, or by the label that is printed with it. */
function columnsOf(settings: DeviceSettings, name: string, reader: SettingReader): (number | string)[] {
  const value = settings[name]
  if (value === undefined) return []
  const list = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',').map((word) => word.trim()) : [Number(value)]
  return list.map((entry) => {
    const column = typeof entry === 'string' && /^\d+$/.test(entry) ? Number(entry) : entry
    const fits = typeof column === 'number' ? Number.isInteger(column) && column >= 1 && column <= mostColumns : /^[^\s,;:[\]]+$/.test(String(column))
    if (!fits) throw reader.refuse(name, `column numbers 1..${mostColumns} or labels`)
    return column as number | string
  })
}

function text(settings: DeviceSettings, name: string, otherwise: string): string {
  const value = settings[name]
  return value === undefined ? otherwise : String(value)
}

/** The settings as a decoder needs them. Errors: `device-settings-invalid`. */
function formatOf(settings: DeviceSettings, rateHz: number): TextLineFormat {
  const reader = new SettingReader(settings, settingNames)
  const columns = columnsOf(settings, 'columns', reader)
  if (columns.length === 0) throw reader.refuse('columns', 'at least one column')
  if (new Set(columns).size !== columns.length) throw reader.refuse('columns', 'every column once')
  const style = reader.oneOf('style', ['plotter', 'brackets', 'pairs', 'processing'], 'plotter')
  if (style === 'processing' && columns.some((column) => typeof column === 'number' || column.length !== 1)) {
    throw reader.refuse('columns', 'the letters that begin the lines, for example S')
  }
  const counterColumn = reader.integer('counterColumn', 0, mostColumns, 0)
  const millisColumn = reader.integer('millisColumn', 0, mostColumns, 0)
  if (counterColumn > 0 && millisColumn > 0) throw reader.refuse('millisColumn', '0 where counterColumn is set')
  return {
    style,
    columns,
    columnCount: reader.integer('columnCount', 0, mostColumns, 0),
    scale: reader.number('scale', 1e-6, 1e9, 1),
    statusColumns: columnsOf(settings, 'statusColumns', reader),
    statusNames: reader.words('statusNames', null, []),
    counterColumn,
    millisColumn,
    modulus: millisColumn > 0 ? millisModulus : reader.integer('counterModulus', 2, 2 ** 31 - 1, 65536),
    leadOffText: text(settings, 'leadOffText', ''),
    banner: text(settings, 'banner', ''),
    separator: text(settings, 'separator', ','),
    rateHz,
  }
}

/** The profile's own lanes with changed settings laid over them; lanes of other columns are made from the settings alone. */
function lanesOf(profile: DeviceProfile, settings: DeviceSettings, format: TextLineFormat, reader: SettingReader): LaneSpec[] {
  const own = JSON.stringify(settings['columns']) === JSON.stringify(profile.settings['columns']) ? profile.lanes : []
  const minimum = reader.integer('minimum', -(2 ** 31) + 1, 2 ** 31 - 1, own[0]?.minimum ?? -(2 ** 23))
  const maximum = reader.integer('maximum', -(2 ** 31) + 1, 2 ** 31 - 1, own[0]?.maximum ?? 2 ** 23 - 1)
  if (maximum <= minimum) throw reader.refuse('maximum', `a number above the minimum ${minimum}`)
  const labels = reader.words('labels', null, format.columns.map((column, lane) => own[lane]?.label ?? (typeof column === 'number' ? `Column ${column}` : column)))
  const kinds = reader.words('kinds', LaneKind.options, format.columns.map((_, lane) => own[lane]?.kind ?? 'aux')) as LaneKind[]
  if (labels.length !== format.columns.length) throw reader.refuse('labels', 'one label for each column')
  if (kinds.length !== format.columns.length) throw reader.refuse('kinds', 'one kind for each column')
  return format.columns.map((_, lane) => ({
    id: own[lane]?.id ?? `column-${lane + 1}`,
    label: labels[lane], kind: kinds[lane], unit: 'count', gainCountsPerUnit: format.scale, baseline: 0,
    bits: Math.min(32, Math.ceil(Math.log2(maximum - minimum + 1))), minimum, maximum, sparse: false, held: false,
  }))
}

function configure(profile: DeviceProfile, settings: DeviceSettings): DeviceConfiguration {
  const merged: DeviceSettings = { ...profile.settings, ...settings }
  if (settings['columns'] !== undefined) {
    for (const name of ['labels', 'kinds', 'columnCount']) if (settings[name] === undefined) delete merged[name]
  }
  const reader = new SettingReader(merged, settingNames)
  const rateHz = reader.number('rateHz', 0.1, 20000, profile.rateHz)
  const format = formatOf(merged, rateHz)
  return {
    profile: profile.id,
    protocol: profile.protocol,
    settings: { ...merged, rateHz },
    rateHz,
    counter: format.counterColumn || format.millisColumn ? { modulus: format.modulus, step: 1 } : null,
    lanes: lanesOf(profile, merged, format, reader),
    frameBytes: null,
    rowsPerFrame: 1,
  }
}

export const protocol: Protocol = {
  id: 'text-lines',
  configure,
  createDecoder: ({ settings, rateHz, lanes }) => {
    const minimum = Math.min(...lanes.map((lane) => lane.minimum))
    const maximum = Math.max(...lanes.map((lane) => lane.maximum))
    return new TextLineDecoder(formatOf(settings, rateHz), minimum, maximum)
  },
  ...freeRunningSession(),
  createBoard: ({ settings, rateHz }) => new TextLineBoard(formatOf(settings, rateHz)),
}
