import type { AblationFigure, AblationResult } from '../../contract/index.ts'
import { csvLine, type CsvValue } from '../../formats/csv-writer.ts'

const columns = [
  'row', 'kind', 'model', 'baseline', 'beats', 'measure', 'mean', 'deviation', 'interval_low', 'interval_high', 'seeds', 'difference', 'difference_low', 'difference_high', 'test', 'paired_seeds', 'p', 'p_holm', 'dz', 'verdict', 'parameters',
  'training_s', 'subjects', 'values_by_seed',
]

/** One line per row, number of beats and measure; rates 0-1, not rounded. RFC 4180. `values_by_seed`: `seed=value` with blanks between. */
export function csvTable({ tables }: AblationResult): string {
  const lines = tables.flatMap(({ beats, subjects, rows }) =>
    rows.flatMap((row) =>
      (['eer', 'rank1'] as const).map((measure): CsvValue[] => {
        const bySeed = row.runs.flatMap(({ seed, [measure]: { value } }) => (value === null ? [] : [`${seed}=${value}`])).join(' ')
        return [row.name, row.kind, row.model, row.baseline, beats, measure, ...figureValues(row[measure]), row.parameters, row.seconds, subjects, bySeed]
      }),
    ),
  )
  return [columns, ...lines].map(csvLine).join('')
}

function figureValues({ mean, deviation, interval, seeds, comparison }: AblationFigure): CsvValue[] {
  return [
    mean, deviation, interval?.low ?? null, interval?.high ?? null, seeds, comparison?.difference ?? null, comparison?.interval?.low ?? null, comparison?.interval?.high ?? null, comparison?.test ?? null, comparison?.seeds ?? null,
    comparison?.p ?? null, comparison?.adjustedP ?? null, comparison?.dz ?? null, comparison?.verdict ?? null,
  ]
}
