import type { RunComparison, SeedComparison } from '../../../src-main/contract/schemas/report.ts'

export type SeedVerdict = 'better' | 'worse' | 'none' | 'few' | 'people'

/** Two-sided, as the intervals of the contract. */
const significance = 0.05
/** Fewer people cannot rank variants, whatever the seeds say (recognition.md B5). */
const subjectsToRank = 50

/** What a paired comparison says of `system`. A smaller EER and a larger rank-1 are better; without a p there is nothing to say. */
export function verdictOf({ measure, meanDifference, p, subjects }: Pick<SeedComparison, 'measure' | 'meanDifference' | 'p' | 'subjects'>): SeedVerdict {
  if (subjects !== undefined && subjects < subjectsToRank) return 'people'
  if (p === null) return 'few'
  if (p >= significance || meanDifference === 0) return 'none'
  return meanDifference < 0 === (measure === 'eer') ? 'better' : 'worse'
}

const columns = ['run', 'name', 'recipe', 'split', 'seed', 'model', 'engine', 'beats', 'eer', 'eer_low', 'eer_high', 'rank1', 'rank1_low', 'rank1_high', 'ece_before', 'ece_after', 'parameters', 'macs', 'latency_ms', 'training_s'] as const

/** RFC 4180: quoted where it must be. A cell that a spreadsheet would take for a formula gets an apostrophe. */
function cell(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** One line per run and model, rates as numbers of 0-1 with all their digits. */
export function comparisonCsv({ rows, beats }: RunComparison): string {
  const lines = rows.map((row) =>
    [
      row.run, row.name, row.recipe, row.split, row.seed, row.model, row.engine, beats, row.eer.value, row.eer.interval?.low ?? null, row.eer.interval?.high ?? null, row.rank1.value, row.rank1.interval?.low ?? null,
      row.rank1.interval?.high ?? null, row.eceBefore, row.eceAfter, row.parameters, row.macs, row.latencyMs, row.seconds,
    ].map(cell).join(','),
  )
  return [columns.join(','), ...lines, ''].join('\r\n')
}

const escapes: Record<string, string> = { '\\': '\\textbackslash{}', '~': '\\textasciitilde{}', '^': '\\textasciicircum{}' }

/** @example latexText('s_1 & 50%') // 's\\_1 \\& 50\\%' */
export function latexText(text: string): string {
  return text.replace(/[\\~^#$%&_{}]/g, (letter) => escapes[letter] ?? `\\${letter}`)
}

const percent = (value: number | null, digits: number): string => (value === null ? '--' : (value * 100).toFixed(digits))
const millions = (value: number | null): string => (value === null ? '--' : (value / 1e6).toFixed(2))

/** A booktabs table: models of several seeds as mean and deviation, those of one seed with their interval. Percent, millions, milliseconds. */
export function comparisonLatex({ rows, groups, beats }: RunComparison): string {
  const lines = groups.map((group) => {
    const own = rows.filter((row) => row.recipe === group.recipe && row.split === group.split && row.model === group.model)
    const [first] = own
    const spread = (measure: 'eer' | 'rank1', digits: number): string => {
      const mean = group[measure]
      if (group.seeds > 1 && mean !== null) return `$${percent(mean.mean, digits)} \\pm ${percent(mean.deviation, digits)}$`
      const estimate = first?.[measure]
      if (estimate == null || estimate.value === null) return '--'
      return estimate.interval === null ? percent(estimate.value, digits) : `${percent(estimate.value, digits)} [${percent(estimate.interval.low, digits)}, ${percent(estimate.interval.high, digits)}]`
    }
    const ece = first === undefined ? '--' : `${percent(first.eceBefore, 1)} / ${percent(first.eceAfter, 1)}`
    const latency = first?.latencyMs == null ? '--' : first.latencyMs.toFixed(2)
    return `    ${[latexText(group.recipe), latexText(group.model), String(group.seeds), spread('eer', 2), spread('rank1', 1), ece, millions(first?.parameters ?? null), millions(first?.macs ?? null), latency].join(' & ')} \\\\`
  })
  const decision = beats === 0 ? 'whole recordings' : `${beats} beat${beats === 1 ? '' : 's'} per decision`
  return [
    `% ${decision}; EER and rank-1 in percent: mean and standard deviation over seeds, or the 95 % bootstrap interval of one`,
    '\\begin{tabular}{llrrrrrrr}',
    '    \\toprule',
    '    Recipe & Model & Seeds & EER (\\%) & Rank-1 (\\%) & ECE before / after (\\%) & Parameters (M) & MACs (M) & Latency (ms) \\\\',
    '    \\midrule',
    ...lines,
    '    \\bottomrule',
    '\\end{tabular}',
    '',
  ].join('\n')
}
