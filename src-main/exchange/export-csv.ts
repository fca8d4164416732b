import { noValue } from '../contract/index.ts'
import type { CsvValue } from '../formats/csv-writer.ts'
import { isKept } from './export-labels.ts'
import type { ExportFolder } from './export-folder.ts'
import type { RecordingExport } from './export-recording.ts'
import { keptRows } from './export-rows.ts'
import { Table } from './export-table.ts'

/** SUBJECT/RECORDING.csv: time and every lane in its unit, kept rows only; beats.csv and labels.csv for all recordings together. */
export class CsvExport {
  readonly #beats: Table
  readonly #labels: Table

  private constructor(beats: Table, labels: Table) {
    this.#beats = beats
    this.#labels = labels
  }

  static async begin(out: ExportFolder): Promise<CsvExport> {
    const place = ['subject', 'recording', 'lane']
    return new CsvExport(await Table.begin(out, 'beats.csv', [...place, 'row', 'time_s', 'symbol']), await Table.begin(out, 'labels.csv', [...place, 'row', 'to_row', 'time_s', 'to_time_s', 'kind', 'value']))
  }

  async add(item: RecordingExport): Promise<void> {
    const { out, recording, labels, item: one, stored, signal } = item
    const { subject, rateHz, spans } = one.entry
    const table = await Table.begin(out, `${subject}/${one.name}.csv`, ['time_s', ...laneColumns(recording.lanes)])
    const { lanes } = recording
    const values: CsvValue[] = new Array<CsvValue>(lanes.length + 1).fill(null)
    for await (const { counts, row, rows } of keptRows(stored, spans, signal)) {
      for (let i = 0; i < rows; i++) {
        if (!isKept(spans, row + i)) continue
        values[0] = (row + i) / rateHz
        for (let lane = 0; lane < lanes.length; lane++) {
          const count = counts[i * lanes.length + lane]
          values[lane + 1] = count === noValue ? null : (count - lanes[lane].baseline) / lanes[lane].gainCountsPerUnit
        }
        await table.row(values)
      }
    }
    await table.end()
    const laneOf = (lane: number | null): string => (lane === null ? '' : lanes[lane].label)
    for (const { row, lane, symbol } of labels.beats) await this.#beats.row([subject, one.name, laneOf(lane), row, row / rateHz, symbol])
    for (const { row, toRow, lane, kind, value } of labels.labels) {
      await this.#labels.row([subject, one.name, laneOf(lane), row, toRow, row / rateHz, toRow === null ? null : toRow / rateHz, kind, value])
    }
  }

  async end(): Promise<void> {
    await this.#beats.end()
    await this.#labels.end()
  }
}

/** `II_mV`; of lanes with one name the later ones are numbered. */
export function laneColumns(lanes: readonly { readonly label: string; readonly unit: string }[]): string[] {
  const seen = new Map<string, number>()
  return lanes.map(({ label, unit }) => {
    const name = `${label}_${unit}`
    const times = (seen.get(name) ?? 0) + 1
    seen.set(name, times)
    return times === 1 ? name : `${name}_${times}`
  })
}
