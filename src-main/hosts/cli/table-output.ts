import { InvalidArgumentError } from 'commander'
import { decisionWords, TableFormat, type AblationResult } from '../../contract/index.ts'
import { printTable } from '../../services/ablation-tasks.ts'
import { exitCode, type Output } from './output.ts'
import { percent, printable } from './run-words.ts'

/** A result as lines, or as a table on stdout or in a file. */
export async function tableOut(result: AblationResult, format: TableFormat | null, out: string | null, output: Output): Promise<number> {
  if (format === null) {
    output.result(result, () => resultLines(result))
    return exitCode.done
  }
  const printed = await printTable(result, format, out)
  output.result({ format, out: printed.out, ...(printed.out === null ? { text: printed.text } : {}) }, () => [printed.out === null ? printed.text.trimEnd() : `The table is in ${printed.out}.`])
  return exitCode.done
}

/** Figures by number of beats, for a terminal. */
export function resultLines({ tables, missing, baseline, unit }: AblationResult): string[] {
  return [
    ...tables.flatMap(({ beats, rows }) => [
      `By ${decisionWords(beats, unit)}, against ${printable(baseline)}:`,
      ...rows.map(({ name, eer, rank1 }) => {
        const of = ({ mean, deviation }: typeof eer): string => `${percent(mean)}${deviation === null ? '' : ` +- ${(100 * deviation).toFixed(1)}`}`
        const { comparison } = eer
        const against = comparison === null || comparison.difference === null ? '' : `  ${(100 * comparison.difference).toFixed(2)} points, p ${comparison.adjustedP === null ? '-' : comparison.adjustedP.toPrecision(2)}: ${comparison.verdict.replaceAll('-', ' ')}`
        return `  ${printable(name).padEnd(22)} EER ${of(eer).padEnd(18)} rank-1 ${of(rank1).padEnd(18)}${against}`.trimEnd()
      }),
    ]),
    ...missing.map(({ variant, seed, state, error }) => `${printable(variant)}, seed ${seed}: ${error ? `${error.code}: ${error.message}` : state}`),
  ]
}

export function tableFormat(text: string): TableFormat {
  const read = TableFormat.safeParse(text)
  if (!read.success) throw new InvalidArgumentError(`It is one of ${TableFormat.options.join(', ')}.`)
  return read.data
}
