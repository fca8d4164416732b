import { CsvWriter, type CsvValue } from '../formats/csv-writer.ts'
import type { ExportFolder, ExportSink } from './export-folder.ts'

/** A CSV file of the export, row by row. */
export class Table {
  readonly #writer: CsvWriter
  readonly #sink: ExportSink

  private constructor(writer: CsvWriter, sink: ExportSink) {
    this.#writer = writer
    this.#sink = sink
  }

  static async begin(out: ExportFolder, name: string, columns: readonly string[]): Promise<Table> {
    const sink = await out.create(name)
    return new Table(new CsvWriter(sink.write, columns), sink)
  }

  row(values: readonly CsvValue[]): Promise<void> {
    return this.#writer.row(values)
  }

  async end(): Promise<void> {
    await this.#writer.finish()
    await this.#sink.end()
  }
}
