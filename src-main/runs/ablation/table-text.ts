import type { AblationResult, TableFormat } from '../../contract/index.ts'
import { csvTable } from './csv-table.ts'
import { htmlTable } from './html-table.ts'
import { latexTable } from './latex-table.ts'

const writers: Readonly<Record<TableFormat, (result: AblationResult) => string>> = { latex: latexTable, csv: csvTable, html: htmlTable }

export const tableText = (result: AblationResult, format: TableFormat): string => writers[format](result)
