import { ByteWriter, ParquetWriter as Encoder } from 'hyparquet-writer'
import type { ColumnSource, SchemaElement } from 'hyparquet-writer'
import { LabError } from '../contract/index.ts'
import type { ByteSink } from './byte-sink.ts'

export type ParquetType = 'BOOLEAN' | 'INT32' | 'INT64' | 'FLOAT' | 'DOUBLE' | 'STRING'

export interface ParquetColumn {
  readonly name: string
  readonly type: ParquetType
  /** Every row holds a list of values of `type`: the samples of a window. */
  readonly list?: boolean
  /** Rows may be `null`; a list's values may not. */
  readonly nullable?: boolean
}

export type ParquetValue = number | bigint | string | boolean | null
/** Values of one column, row by row: a list column has one array per row. */
export type ParquetValues = ArrayLike<ParquetValue> | readonly (ArrayLike<number | bigint | string | boolean> | null)[]

/**
 * Writes a Parquet file to a sink, one row group per `writeGroup`; only one group is held. The same calls always give the same bytes. Samples cost about 40 bytes each while their
 * group is written: a million per group is plenty.
 * @example
 * const file = new ParquetWriter(sink, [{ name: 'subject', type: 'STRING' }, { name: 'samples', type: 'FLOAT', list: true }], { pulseprint: 'v1' })
 * await file.writeGroup({ subject: ['S001'], samples: [Float32Array.of(0.1, 0.2)] })
 * await file.finish()
 */
export class ParquetWriter {
  rows = 0
  readonly #sink: ByteSink
  readonly #columns: readonly ParquetColumn[]
  readonly #buffer = new ByteWriter()
  readonly #encoder: Encoder

  /** `metadata` becomes the file's own key-value pairs, in their order. */
  constructor(sink: ByteSink, columns: readonly ParquetColumn[], metadata: Readonly<Record<string, string>> = {}) {
    if (columns.length === 0 || new Set(columns.map(({ name }) => name)).size < columns.length) throw misuse('needs columns with different names')
    this.#sink = sink
    this.#columns = columns
    this.#encoder = new Encoder({
      writer: this.#buffer,
      schema: [{ name: 'schema', num_children: columns.length }, ...columns.flatMap(schemaOf)],
      codec: 'SNAPPY',
      kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      createdBy: 'Pulseprint',
    })
  }

  /** Writes one row group: every column's values, all of one length. Nothing is written for no rows. */
  async writeGroup(values: Readonly<Record<string, ParquetValues>>): Promise<void> {
    const rows = values[this.#columns[0].name]?.length ?? 0
    const columnData = this.#columns.map((column): ColumnSource => {
      const given = values[column.name]
      if (given === undefined || given.length !== rows) throw misuse(`expects ${rows} values for ${column.name}, not ${given?.length ?? 'none'}`)
      const flat = column.type !== 'FLOAT' && column.type !== 'DOUBLE'
      return {
        name: column.name,
        data: column.list === true ? listsOf(column, given) : flatOf(column, given),
        // Measured values repeat too seldom for a dictionary to pay, and noise does not compress.
        ...(flat && column.list !== true ? {} : { encoding: 'PLAIN' as const, codec: 'UNCOMPRESSED' as const }),
        statistics: column.list !== true,
      }
    })
    if (rows === 0) return
    void this.#encoder.write({ columnData, rowGroupSize: rows })
    this.rows += rows
    await this.#flush()
  }

  /** Writes the footer; nothing may be written afterwards. */
  async finish(): Promise<void> {
    void this.#encoder.finish()
    await this.#flush()
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.getBytes().slice()
    this.#buffer.index = 0
    await this.#sink(bytes)
  }
}

function schemaOf({ name, type, list = false, nullable = false }: ParquetColumn): SchemaElement[] {
  const repetition = nullable ? 'OPTIONAL' : 'REQUIRED'
  const leaf = (leafName: string, repetition_type: 'OPTIONAL' | 'REQUIRED'): SchemaElement =>
    type === 'STRING' ? { name: leafName, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type } : { name: leafName, type, repetition_type }
  if (!list) return [leaf(name, repetition)]
  // The three levels of the Parquet specification's LIST.
  return [
    { name, repetition_type: repetition, num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    leaf('element', 'REQUIRED'),
  ]
}

function flatOf(column: ParquetColumn, values: ParquetValues): ParquetValue[] {
  return Array.from(values as ArrayLike<ParquetValue>, (value) => checked(column, value))
}

function listsOf(column: ParquetColumn, values: ParquetValues): (ParquetValue[] | null)[] {
  const element = { ...column, nullable: false }
  return Array.from(values as ArrayLike<ArrayLike<ParquetValue> | null>, (list) => {
    if (list instanceof Float32Array || list instanceof Float64Array) return floatsOf(element, list)
    if (list !== null) return Array.from(list, (value) => checked(element, value))
    if (column.nullable !== true) throw misuse(`has a row without a list in ${column.name}, which may not be null`)
    return null
  })
}

function floatsOf({ name, type }: ParquetColumn, list: Float32Array | Float64Array): number[] {
  if (type !== 'FLOAT' && type !== 'DOUBLE') throw misuse(`cannot hold floats in ${name}, which is ${type}`)
  return Array.from(list)
}

/** The encoder would cut what does not fit. */
function checked({ name, type, nullable = false }: ParquetColumn, value: ParquetValue): ParquetValue {
  if (value === null && nullable) return null
  const fits =
    (type === 'STRING' && typeof value === 'string') ||
    (type === 'BOOLEAN' && typeof value === 'boolean') ||
    (type === 'INT64' && typeof value === 'bigint') ||
    (type === 'INT32' && typeof value === 'number' && (value | 0) === value) ||
    ((type === 'FLOAT' || type === 'DOUBLE') && typeof value === 'number')
  if (!fits) throw misuse(`cannot hold ${String(value)} in ${name}, which is ${type}`)
  return value
}

function misuse(reason: string): LabError {
  return new LabError('internal-error', `The Parquet writer ${reason}.`, { reason })
}
