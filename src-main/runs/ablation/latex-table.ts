import { withoutHidden, type AblationResult } from '../../contract/index.ts'
import { layoutOf, type PrintedTable, type TableCell } from './table-layout.ts'

const special: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}', '{': '\\{', '}': '\\}', $: '\\$', '&': '\\&', '#': '\\#', '%': '\\%', _: '\\_', '^': '\\textasciicircum{}', '~': '\\textasciitilde{}', '<': '\\textless{}', '>': '\\textgreater{}', '|': '\\textbar{}',
  '"': '\\textquotedbl{}', '±': '$\\pm$',
}

/** Text as LaTeX prints it, whatever is in it. @example escapeLatex('50 % of A_1') // '50 \\% of A\\_1' */
export const escapeLatex = (text: string): string => withoutHidden(text).replaceAll(/[\\{}$&#%_^~<>|"±]/g, (character) => special[character])

/** Tables for a paper, with the rules of the package booktabs. */
export function latexTable(result: AblationResult): string {
  const { figures, comparisons, notes } = layoutOf(result)
  return [
    `% Pulseprint ${oneLine(result.program)}. Needs \\usepackage{booktabs} and, for verbatim names, \\usepackage[T1]{fontenc}.`,
    ...tableLines(figures, 'Figures'),
    ...(comparisons ? ['', ...tableLines(comparisons, 'Comparisons')] : []),
    ...notes.map((note) => `% ${oneLine(note)}`),
    '',
  ].join('\n')
}

/** A comment ends with its line. */
const oneLine = withoutHidden

function tableLines({ caption, groups, sections }: PrintedTable, kind: 'Figures' | 'Comparisons'): string[] {
  const columns = groups.flatMap((group) => group.columns)
  const row = (cells: readonly string[]): string => `    ${cells.join(' & ')} \\\\`
  return [
    '\\begin{table}',
    '  \\centering',
    `  \\caption{${escapeLatex(caption)}}`,
    `  \\begin{tabular}{l${(kind === 'Figures' ? 'r' : 'l').repeat(columns.length)}}`,
    '    \\toprule',
    ...groupLines(groups),
    row(['', ...columns.map(escapeLatex)]),
    ...sections.flatMap((section) => ['    \\midrule', ...section.map(({ name, cells }) => row([escapeLatex(name), ...cells.map(cellText)]))]),
    '    \\bottomrule',
    '  \\end{tabular}',
    '\\end{table}',
  ]
}

function groupLines(groups: PrintedTable['groups']): string[] {
  if (groups.every(({ title }) => title === '')) return []
  let from = 2
  const places = groups.map(({ title, columns }) => {
    const place = { title, width: columns.length, from, to: from + columns.length - 1 }
    from += columns.length
    return place
  })
  const heads = places.map(({ title, width }) => (title === '' ? ' & '.repeat(width - 1) : `\\multicolumn{${width}}{c}{${escapeLatex(title)}}`))
  const rules = places.flatMap(({ title, from: first, to }) => (title === '' ? [] : [`\\cmidrule(lr){${first}-${to}}`]))
  return [`    & ${heads.join(' & ')} \\\\`, `    ${rules.join(' ')}`]
}

function cellText({ text, spread, best }: TableCell): string {
  // A hyphen before a number is a minus sign.
  const main = escapeLatex(text).replaceAll(/(^| )-(?=\d)/g, '$1$$-$$')
  return `${best ? `\\textbf{${main}}` : main}${spread === null ? '' : ` $\\pm$ ${escapeLatex(spread)}`}`
}
