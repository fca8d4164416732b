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

/** Columns of one level as they stand in the file. Storage grows by blocks, so that growth never copies what is there. */
class LevelColumns {
  static readonly #blockBytes = 1 << 17
  readonly #blocks: DataView[] = []
  #bytes = 0

  push(minimum: number, maximum: number): void {
    const at = this.#bytes % LevelColumns.#blockBytes
    if (at === 0) this.#blocks.push(new DataView(new ArrayBuffer(LevelColumns.#blockBytes)))
    const block = this.#blocks[this.#blocks.length - 1]
    block.setInt32(at, minimum, true)
    block.setInt32(at + 4, maximum, true)
    this.#bytes += 8
  }

  copyTo(file: Uint8Array, offset: number): void {
    for (const [index, { buffer }] of this.#blocks.entries()) {
      const from = index * LevelColumns.#blockBytes
      file.set(new Uint8Array(buffer, 0, Math.min(LevelColumns.#blockBytes, this.#bytes - from)), offset + from)
    }
  }
}

/** One level while it grows: minimum and maximum of every lane over the column that is being filled, and the columns before it. */
class GrowingLevel {
  readonly minimum: Int32Array
  readonly maximum: Int32Array
  readonly columns = new LevelColumns()
  /** Rows, or columns of the finer level, in the column that is being filled. */
  filled = 0

  constructor(lanes: number) {
    this.minimum = new Int32Array(lanes).fill(noValue)
    this.maximum = new Int32Array(lanes).fill(noValue)
  }

  /** Takes the finer level's column in. */
  add({ minimum, maximum }: GrowingLevel): void {
    for (let lane = 0; lane < minimum.length; lane++) {
      if (minimum[lane] === noValue) continue
      if (this.minimum[lane] === noValue || minimum[lane] < this.minimum[lane]) this.minimum[lane] = minimum[lane]
      if (maximum[lane] > this.maximum[lane]) this.maximum[lane] = maximum[lane]
    }
    this.filled++
  }

  close(): void {
    for (let lane = 0; lane < this.minimum.length; lane++) this.columns.push(this.minimum[lane], this.maximum[lane])
    this.minimum.fill(noValue)
    this.maximum.fill(noValue)
    this.filled = 0
  }
}

/**
 * Builds overview.bin while rows stream by: about 9 bytes per lane and 64 rows are held, all levels ready, so that finishing only copies.
 * The bytes depend on the rows alone, not on how they were cut into blocks.
 */
export class OverviewBuilder {
  readonly #lanes: number
  /** Finest first; a level begins with the first column of the finer one. */
  readonly #levels: GrowingLevel[]
  #rows = 0

  constructor(lanes: number) {
    this.#lanes = lanes
    this.#levels = [new GrowingLevel(lanes)]
  }

  /** Row-major counts; `rows` of them count, `noValue` is missing. */
  push(counts: Int32Array, rows: number): void {
    const lanes = this.#lanes
    const finest = this.#levels[0]
    const { minimum, maximum } = finest
    for (let row = 0, at = 0; row < rows; row++) {
      for (let lane = 0; lane < lanes; lane++, at++) {
        const value = counts[at]
        if (value === noValue) continue
        if (value > maximum[lane]) maximum[lane] = value
        if (value < minimum[lane] || minimum[lane] === noValue) minimum[lane] = value
      }
      if (++finest.filled === overviewBaseStride) this.#close(0)
    }
    this.#rows += rows
  }

  #close(index: number): void {
    if (index + 1 === this.#levels.length) this.#levels.push(new GrowingLevel(this.#lanes))
    const coarser = this.#levels[index + 1]
    coarser.add(this.#levels[index])
    this.#levels[index].close()
    if (coarser.filled === overviewFactor) this.#close(index + 1)
  }

  /** The whole file. The builder is used up. */
  finish(): Uint8Array {
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
    for (const [index, { offset }] of layout.levels.entries()) {
      // The finer level's last column, closed just before, is in.
      if (this.#levels[index].filled > 0) this.#close(index)
      this.#levels[index].columns.copyTo(bytes, offset)
    }
    return bytes
  }
}
