import { LabError, noValue } from '../contract/index.ts'

/*
 * overview.bin, little endian. Minimum and maximum of every lane over spans of 64 rows, of 64 * 8 rows and so on, so that any part of a
 * recording can be drawn from a few thousand values:
 *
 *   magic 'PPOV' | version u32 = 1 | lanes u32 | base stride u32 = 64 | factor u32 = 8 | levels u32 | rows f64
 *   per level, finest first: ceil(rows / stride) columns of [lane][minimum i32, maximum i32]; both -2^31 where every row is missing
 *
 * 64 rows: finer spans are read from signals.dat itself, and the file stays below a tenth of it (8 bytes for 64 samples of 2 to 4 bytes).
 */
export const overviewBaseStride = 64
export const overviewFactor = 8
const headerBytes = 32
const magic = 0x564f5050 // 'PPOV'
/** Levels end when one fits a small thumbnail. */
const coarsestColumns = 256

export interface OverviewLevel {
  readonly stride: number
  readonly columns: number
  /** Offset of the level's first column in overview.bin. */
  readonly offset: number
}

export interface OverviewLayout {
  readonly lanes: number
  readonly rows: number
  readonly levels: readonly OverviewLevel[]
  readonly bytes: number
}

/** Where everything lies in the overview of `rows` rows. */
export function overviewLayout(lanes: number, rows: number): OverviewLayout {
  const levels: OverviewLevel[] = []
  let offset = headerBytes
  for (let stride = overviewBaseStride; ; stride *= overviewFactor) {
    const columns = Math.ceil(rows / stride)
    levels.push({ stride, columns, offset })
    offset += columns * lanes * 8
    if (columns <= coarsestColumns) return { lanes, rows, levels, bytes: offset }
  }
}

/** @throws LabError `dataset-invalid` when `head` (the first 32 bytes) and `bytes` (the file's length) are not an overview. */
export function readOverviewHead(head: Uint8Array, bytes: number): OverviewLayout {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const damaged = (reason: string): LabError => new LabError('dataset-invalid', `overview.bin is damaged: ${reason}.`, { reason })
  if (head.length < headerBytes || view.getUint32(0, true) !== magic || view.getUint32(4, true) !== 1) throw damaged('it does not begin as one')
  if (view.getUint32(12, true) !== overviewBaseStride || view.getUint32(16, true) !== overviewFactor) throw damaged('its strides are others')
  const rows = view.getFloat64(24, true)
  if (!Number.isSafeInteger(rows) || rows < 0) throw damaged('its number of rows is none')
  const layout = overviewLayout(view.getUint32(8, true), rows)
  if (layout.bytes !== bytes || layout.levels.length !== view.getUint32(20, true)) throw damaged('its length does not fit its rows')
  return layout
}

/** Growing Int32 storage: 1 MiB blocks, so that growth never copies what is there. */
class Pairs {
  static readonly #block = 1 << 18
  readonly #blocks: Int32Array[] = []
  length = 0

  push(minimum: number, maximum: number): void {
    const at = this.length % Pairs.#block
    if (at === 0) this.#blocks.push(new Int32Array(Pairs.#block))
    const block = this.#blocks[this.#blocks.length - 1]
    block[at] = minimum
    block[at + 1] = maximum
    this.length += 2
  }

  get(index: number): number {
    return this.#blocks[Math.floor(index / Pairs.#block)][index % Pairs.#block]
  }
}

/**
 * Builds overview.bin while rows stream by: 8 bytes per lane and 64 rows are held. The bytes depend on the rows alone, not on how they
 * were cut into blocks.
 */
export class OverviewBuilder {
  readonly #lanes: number
  readonly #base = new Pairs()
  readonly #minimum: Int32Array
  readonly #maximum: Int32Array
  #filled = 0
  #rows = 0

  constructor(lanes: number) {
    this.#lanes = lanes
    this.#minimum = new Int32Array(lanes).fill(noValue)
    this.#maximum = new Int32Array(lanes).fill(noValue)
  }

  /** Row-major counts; `rows` of them count, `noValue` is missing. */
  push(counts: Int32Array, rows: number): void {
    const lanes = this.#lanes
    const minimum = this.#minimum
    const maximum = this.#maximum
    for (let row = 0, at = 0; row < rows; row++) {
      for (let lane = 0; lane < lanes; lane++, at++) {
        const value = counts[at]
        if (value === noValue) continue
        if (value > maximum[lane]) maximum[lane] = value
        if (value < minimum[lane] || minimum[lane] === noValue) minimum[lane] = value
      }
      if (++this.#filled === overviewBaseStride) this.#close()
    }
    this.#rows += rows
  }

  #close(): void {
    for (let lane = 0; lane < this.#lanes; lane++) this.#base.push(this.#minimum[lane], this.#maximum[lane])
    this.#minimum.fill(noValue)
    this.#maximum.fill(noValue)
    this.#filled = 0
  }

  /** The whole file. The builder is used up. */
  finish(): Uint8Array {
    if (this.#filled > 0) this.#close()
    const layout = overviewLayout(this.#lanes, this.#rows)
    const bytes = new Uint8Array(layout.bytes)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, magic, true)
    view.setUint32(4, 1, true)
    view.setUint32(8, this.#lanes, true)
    view.setUint32(12, overviewBaseStride, true)
    view.setUint32(16, overviewFactor, true)
    view.setUint32(20, layout.levels.length, true)
    view.setFloat64(24, this.#rows, true)
    for (let i = 0; i < this.#base.length; i++) view.setInt32(headerBytes + i * 4, this.#base.get(i), true)
    for (let level = 1; level < layout.levels.length; level++) coarsen(view, layout, level)
    return bytes
  }
}

/** Fills one level from the one below it. */
function coarsen(view: DataView, layout: OverviewLayout, level: number): void {
  const { lanes, levels } = layout
  const fine = levels[level - 1]
  const coarse = levels[level]
  for (let column = 0; column < coarse.columns; column++) {
    const first = column * overviewFactor
    const last = Math.min(first + overviewFactor, fine.columns)
    for (let lane = 0; lane < lanes; lane++) {
      let minimum = noValue
      let maximum = noValue
      for (let from = first; from < last; from++) {
        const at = fine.offset + (from * lanes + lane) * 8
        const low = view.getInt32(at, true)
        if (low === noValue) continue
        if (minimum === noValue || low < minimum) minimum = low
        maximum = Math.max(maximum, view.getInt32(at + 4, true))
      }
      const at = coarse.offset + (column * lanes + lane) * 8
      view.setInt32(at, minimum, true)
      view.setInt32(at + 4, maximum, true)
    }
  }
}
