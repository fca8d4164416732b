import { LabError, type BeatTable } from '../contract/index.ts'
import { annotationCode, annotationSymbol, readAnnotations, writeAnnotations } from '../formats/wfdb-annotations.ts'

/** Beats of one layer in columns, sorted by row, then lane: a day of beats is a hundred thousand. */
export interface BeatColumns {
  readonly rows: Uint32Array
  /** Index of the lane in the recording; `allLanes` for none in particular. */
  readonly lanes: Uint8Array
  /** WFDB annotation codes. */
  readonly codes: Uint8Array
}

/** A WFDB channel is a byte; no recording has 255 lanes. */
export const allLanes = 255
/** How an id names that a beat is on no lane in particular: lanes' ids have no star. */
const everyLane = '*'
const highestCode = 49

/** Mnemonics of annot(5) that are beats; the others mark rhythm, waves, quality and notes. Source: ecgcodes.h, isqrs(). */
const beatSymbols = ['N', 'L', 'R', 'a', 'V', 'F', 'J', 'A', 'S', 'E', 'j', '/', 'Q', 'B', '?', 'e', 'n', 'f', 'r'] as const
const beatCodes: ReadonlySet<number> = new Set(beatSymbols.flatMap((symbol) => annotationCode(symbol) ?? []))

/** @example isBeatCode(1) // true: N; isBeatCode(28) // false: + */
export function isBeatCode(code: number): boolean {
  return beatCodes.has(code)
}

export interface OneBeat {
  readonly row: number
  readonly lane: number
  readonly code: number
}

/** Sorts beats into columns; of two at the same row and lane the later one in `beats` counts. */
export function beatColumns(beats: readonly OneBeat[]): BeatColumns {
  const order = beats.map((_, i) => i).sort((a, b) => beats[a].row - beats[b].row || beats[a].lane - beats[b].lane || a - b)
  const kept = order.filter((at, i) => {
    const next = beats[order[i + 1] ?? -1] as OneBeat | undefined
    return !next || next.row !== beats[at].row || next.lane !== beats[at].lane
  })
  return { rows: Uint32Array.from(kept, (at) => beats[at].row), lanes: Uint8Array.from(kept, (at) => beats[at].lane), codes: Uint8Array.from(kept, (at) => beats[at].code) }
}

/** Columns as a WFDB annotation file: channel = index of the lane, 255 = all. */
export function encodeBeats({ rows, lanes, codes }: BeatColumns): Uint8Array {
  return writeAnnotations(Array.from(rows, (sample, i) => ({ sample, code: codes[i], subtype: 0, channel: lanes[i], number: 0, text: '' })))
}

/** The beats of a WFDB annotation file; everything else in it is left out. @throws LabError `wfdb-annotations-invalid`. */
export function decodeBeats(bytes: Uint8Array): BeatColumns {
  const beats = readAnnotations(bytes).filter(({ code, sample }) => isBeatCode(code) && sample >= 0 && sample < 2 ** 32)
  return beatColumns(beats.map(({ sample, code, channel }) => ({ row: sample, lane: channel, code })))
}

/** @example basisBeatId('pulseprint-qrs@1', 'ecg', 370) // 'pulseprint-qrs@1:ecg:370' */
export function basisBeatId(basis: string, lane: string | null, row: number): string {
  return `${basis}:${lane ?? everyLane}:${row}`
}

/** Place of the beat that `id` names in the columns, or -1. */
export function basisBeatIndex(id: string, basis: string, columns: BeatColumns, laneIds: readonly string[]): number {
  if (!id.startsWith(`${basis}:`)) return -1
  const [lane, rowText, ...more] = id.slice(basis.length + 1).split(':')
  if (rowText === undefined || more.length > 0 || !/^\d{1,10}$/.test(rowText)) return -1
  const row = Number(rowText)
  const laneIndex = lane === everyLane ? allLanes : laneIds.indexOf(lane)
  if (laneIndex < 0) return -1
  for (let at = lowerBound(columns.rows, row); at < columns.rows.length && columns.rows[at] === row; at++) if (columns.lanes[at] === laneIndex) return at
  return -1
}

/** The first place in sorted `rows` that is not before `row`. */
export function lowerBound(rows: ArrayLike<number>, row: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows[middle] < row) low = middle + 1
    else high = middle
  }
  return low
}

/** Columns as the contract sends them. `ids[i]` is `''` for a beat of the basis. */
export function beatTable(annotator: string, basis: string | null, columns: BeatColumns, ids: string[], laneIds: readonly string[]): BeatTable {
  const symbolOf = new Int16Array(highestCode + 1).fill(-1)
  const laneOf = new Int16Array(allLanes + 1).fill(-1)
  const symbols: string[] = []
  const lanes: (string | null)[] = []
  const count = columns.rows.length
  const codes = new Uint8Array(count)
  const laneIndexes = new Uint8Array(count)
  const rows = new DataView(new ArrayBuffer(count * 4))
  for (let i = 0; i < count; i++) {
    const code = columns.codes[i]
    const lane = columns.lanes[i]
    if (symbolOf[code] < 0) symbolOf[code] = symbols.push(annotationSymbol(code)) - 1
    if (laneOf[lane] < 0) laneOf[lane] = lanes.push(lane === allLanes ? null : (laneIds[lane] ?? null)) - 1
    codes[i] = symbolOf[code]
    laneIndexes[i] = laneOf[lane]
    rows.setUint32(i * 4, columns.rows[i], true)
  }
  return { annotator, basis, count, rows: new Uint8Array(rows.buffer), codes, laneIndexes, symbols, lanes, ids }
}

/** Rows of a table as numbers. @throws LabError `request-invalid` when the table's columns differ in length. */
export function tableRows(table: Pick<BeatTable, 'rows' | 'count'>): Uint32Array {
  if (table.rows.length !== table.count * 4) throw new LabError('request-invalid', 'The columns of the beats differ in length.', { count: table.count, bytes: table.rows.length })
  const view = new DataView(table.rows.buffer, table.rows.byteOffset, table.rows.byteLength)
  return Uint32Array.from({ length: table.count }, (_, i) => view.getUint32(i * 4, true))
}

/** A table's beats as columns of the recording. */
export function columnsOf(table: BeatTable, laneIds: readonly string[]): BeatColumns {
  const lanes = table.lanes.map((lane) => (lane === null ? allLanes : laneIds.indexOf(lane)))
  const rows = tableRows(table)
  return beatColumns(Array.from(rows, (row, i) => ({ row, lane: lanes[table.laneIndexes[i]], code: annotationCode(table.symbols[table.codes[i]]) ?? 0 })))
}
