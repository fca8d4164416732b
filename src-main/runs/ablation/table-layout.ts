import type { AblationComparison, AblationResult, AblationRow, AblationTable } from '../../contract/index.ts'
import { subjectsToRank } from '../../learning/evaluation/compare.ts'
import { decimal, ofRecording, duration, noFigure, whole } from '../figure-words.ts'
import { measureWords, verdicts } from '../report-words.ts'

/** One cell: `spread` stands behind a plus-minus sign. */
export interface TableCell {
  readonly text: string
  readonly spread: string | null
  readonly best: boolean
}

/** Columns under one heading; an empty one has none. */
export interface ColumnGroup {
  readonly title: string
  readonly columns: readonly string[]
}

/** A table as it is printed, in whatever language. Rows of one section stand together; a line separates sections. */
export interface PrintedTable {
  readonly caption: string
  readonly groups: readonly ColumnGroup[]
  readonly sections: readonly (readonly { readonly name: string; readonly cells: readonly TableCell[] }[])[]
}

/** What a result prints: the figures laid out like the papers' tables, and what the tests say of them. */
export interface PrintedResult {
  readonly figures: PrintedTable
  readonly comparisons: PrintedTable | null
  readonly notes: readonly string[]
}

const plain = (text: string): TableCell => ({ text, spread: null, best: false })
const points = (value: number): string => (100 * value).toFixed(2)
const measures = ['eer', 'rank1'] as const
const headOf = (measure: 'eer' | 'rank1'): string => (measure === 'eer' ? 'EER, %' : 'Rank-1, %')

/** @example layoutOf(result).figures.groups[0] // { title: 'EER, %', columns: ['1 beat', '5 beats'] } */
export function layoutOf(result: AblationResult): PrintedResult {
  const { tables, title, split, strategy, seeds, unit } = result
  const several = tables.some(({ rows }) => rows.some(({ eer, rank1 }) => eer.seeds > 1 || rank1.seeds > 1))
  const rows = tables[0]?.rows ?? []
  const figureRow = (row: AblationRow, place: number): { name: string; cells: TableCell[] } => ({
    name: row.name,
    cells: [...measures.flatMap((measure) => tables.map((table) => figureCell(table, place, measure))), plain(whole(row.parameters)), plain(row.seconds === null ? noFigure : duration(row.seconds))],
  })
  const placed = rows.map((row, place) => ({ row, printed: figureRow(row, place) }))
  const sections = [placed.filter(({ row }) => row.baseline), placed.filter(({ row }) => !row.baseline && row.kind === 'variant'), placed.filter(({ row }) => !row.baseline && row.kind === 'also')]
  const beats = tables.map((table) => ofRecording(table.beats, unit))
  return {
    figures: {
      caption: `${title}: split ${split} (${strategy}), ${seeds.length === 1 ? `seed ${seeds[0]}` : `seeds ${seeds.join(', ')}`}${several ? '; mean ± standard deviation over seeds' : ''}. Best mean of the variants in bold.`,
      groups: [...measures.map((measure) => ({ title: headOf(measure), columns: beats })), { title: '', columns: ['Parameters', 'Training'] }],
      sections: sections.flatMap((section) => (section.length === 0 ? [] : [section.map(({ printed }) => printed)])),
    },
    comparisons: comparisonsOf(result),
    notes: notesOf(result),
  }
}

function figureCell({ rows }: AblationTable, place: number, measure: 'eer' | 'rank1'): TableCell {
  const row = rows[place]
  const { mean, deviation } = row[measure]
  if (mean === null) return plain(noFigure)
  return { text: points(mean), spread: deviation === null ? null : points(deviation), best: row.kind === 'variant' && isBest(mean, rows, measure) }
}

/** Among variants, as it is printed; alone nobody is best. */
function isBest(value: number, rows: readonly AblationRow[], measure: 'eer' | 'rank1'): boolean {
  const values = rows.flatMap((row) => (row.kind === 'variant' && row[measure].mean !== null ? [row[measure].mean] : []))
  const best = measure === 'eer' ? Math.min(...values) : Math.max(...values)
  return values.length > 1 && points(value) === points(best)
}

function comparisonsOf({ tables, baseline, unit }: AblationResult): PrintedTable | null {
  const sections = tables.flatMap(({ beats, rows }) => measures.map((measure) => rows.flatMap(({ name, [measure]: figure }) => (figure.comparison === null ? [] : [{ name, cells: comparisonCells(figure.comparison, measure, ofRecording(beats, unit)) }]))))
  if (sections.every((section) => section.length === 0)) return null
  return {
    caption: `Against ${baseline}: difference in percentage points with 95 % interval; p after Holm over the rows of one measure and number of ${unit}s.`,
    groups: [{ title: '', columns: ['Measure', 'Difference', '95 % interval', 'Test', 'p', 'p (Holm)', 'Verdict'] }],
    sections: sections.filter((section) => section.length > 0),
  }
}

const tests: Readonly<Record<AblationComparison['test'], (seeds: number) => string>> = {
  'paired-seeds': (seeds) => `paired t, ${seeds} seeds`, 'subject-bootstrap': () => 'paired bootstrap over people', none: () => 'none',
}

function comparisonCells({ difference, interval, test, seeds, p, adjustedP, verdict }: AblationComparison, measure: 'eer' | 'rank1', decision: string): TableCell[] {
  return [
    `${measureWords(measure)}, ${decision}`, difference === null ? noFigure : signed(difference), interval === null ? noFigure : `${signed(interval.low)} to ${signed(interval.high)}`, tests[test](seeds), decimal(p), decimal(adjustedP),
    verdicts[verdict],
  ].map(plain)
}

/** @example signed(0.0123) // '+1.23' */
function signed(value: number): string {
  const text = points(value)
  return value > 0 ? `+${text}` : text
}

function notesOf({ tables, missing }: AblationResult): string[] {
  const subjects = tables.at(0)?.subjects ?? null
  const bySeeds = tables.some(({ rows }) => rows.some(({ eer }) => eer.comparison?.test === 'paired-seeds'))
  const failed = missing.filter(({ error }) => error !== null)
  return [
    ...(subjects === null ? [] : [`${subjects} people tested.`]),
    ...(bySeeds ? ['The t test over seeds speaks of luck in training on these people, not of other people.'] : []),
    ...(subjects !== null && subjects < subjectsToRank ? [`With fewer than ${subjectsToRank} people nothing is said about which variant is better for others.`] : []),
    ...(missing.length > 0 ? [`${missing.length} ${missing.length === 1 ? 'cell has' : 'cells have'} no figures: ${missing.map(({ variant, seed, state }) => `${variant} with seed ${seed} (${state})`).join('; ')}.`] : []),
    ...failed.map(({ variant, seed, error }) => `${variant} with seed ${seed} failed: ${error?.code ?? ''}: ${error?.message ?? ''}`),
  ]
}
