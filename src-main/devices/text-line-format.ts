/** How lines carry rows; the validated settings of the protocol `text-lines`. */
export interface TextLineFormat {
  /** `plotter` values in columns, `brackets` `label[value]`, `pairs` `label:value`, `processing` one letter and one value per line. */
  readonly style: 'plotter' | 'brackets' | 'pairs' | 'processing'
  /** Per lane: column from 1, or its label (`processing`: its letter). */
  readonly columns: readonly (number | string)[]
  /** Values per line where that is fixed: another number of them is a torn line. 0: at least the columns that are used. */
  readonly columnCount: number
  /** Count = round(value * scale), so that decimals survive. */
  readonly scale: number
  /** Columns with what the board computed itself, told as messages when they change. */
  readonly statusColumns: readonly (number | string)[]
  readonly statusNames: readonly string[]
  /** Column of a counter or of `millis()`, 0 for none; at most one of both. */
  readonly counterColumn: number
  readonly millisColumn: number
  readonly modulus: number
  /** A line of just this text is a row with an electrode off. */
  readonly leadOffText: string
  /** Line printed at power-up. */
  readonly banner: string
  readonly separator: string
  readonly rateHz: number
}
