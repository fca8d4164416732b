import { createHash } from 'node:crypto'
import type { AblationResult } from '../../contract/index.ts'
import { element, list, markupOf, Markup } from '../html-parts.ts'
import { reportStyle } from '../report-style.ts'
import { escapeMarkup } from '../svg/markup.ts'
import { layoutOf, type PrintedTable, type TableCell } from './table-layout.ts'

/** Nothing may be loaded or run, and only this style sheet applies. */
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(reportStyle).digest('base64')}'; base-uri 'none'; form-action 'none'`

/** The tables as one page of HTML: no scripts, no other file; all text is escaped. */
export function htmlTable(result: AblationResult): string {
  const { figures, comparisons, notes } = layoutOf(result)
  return [
    '<!DOCTYPE html>', '<html lang="en">', '<head>', '<meta charset="utf-8"/>', `<meta http-equiv="Content-Security-Policy" content="${escapeMarkup(policy)}"/>`, '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
    '<meta name="color-scheme" content="light dark"/>', '<meta name="referrer" content="no-referrer"/>', `<title>${escapeMarkup(result.title)}</title>`, `<style>${reportStyle}</style>`, '</head>', '<body>',
    ...[element('h1', result.title), printed(figures), ...(comparisons ? [printed(comparisons)] : []), list(notes), element('p', `Pulseprint ${result.program}.`, 'soft')].map(markupOf), '</body>', '</html>', '',
  ].join('\n')
}

function printed({ caption, groups, sections }: PrintedTable): Markup {
  const head = (text: string, span: number): string => `<th scope="col"${span > 1 ? ` colspan="${span}"` : ''}>${escapeMarkup(text)}</th>`
  const groupRow = groups.every(({ title }) => title === '') ? '' : `<tr><td></td>${groups.map(({ title, columns }) => head(title, columns.length)).join('')}</tr>`
  const columnRow = `<tr><td></td>${groups.flatMap(({ columns }) => columns.map((column) => head(column, 1))).join('')}</tr>`
  const bodies = sections.map((rows) => `<tbody>${rows.map(({ name, cells }) => `<tr><th scope="row">${escapeMarkup(name)}</th>${cells.map((cell) => `<td>${cellMarkup(cell)}</td>`).join('')}</tr>`).join('')}</tbody>`)
  return new Markup(`${markupOf(element('p', caption, 'soft'))}\n<div class="scroll"><table><thead>${groupRow}${columnRow}</thead>${bodies.join('')}</table></div>`)
}

function cellMarkup({ text, spread, best }: TableCell): string {
  const main = escapeMarkup(text)
  return `${best ? `<strong>${main}</strong>` : main}${spread === null ? '' : ` ± ${escapeMarkup(spread)}`}`
}
