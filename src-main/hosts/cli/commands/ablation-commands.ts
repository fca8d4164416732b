import { resolve } from 'node:path'
import type { Command } from 'commander'
import { LabError, TableFormat, type AblationStatus } from '../../../contract/index.ts'
import { ablateAt, ablationResultAt, builtInGridNames, listAblationsAt } from '../../../services/ablation-tasks.ts'
import { exitCode, runCommand, type Output } from '../output.ts'
import { printable } from '../run-words.ts'
import { resultLines, tableFormat, tableOut } from '../table-output.ts'
import { threadCount } from './learning-commands.ts'

interface AblateOptions {
  dataset?: string
  grid?: string
  split?: string
  redis?: string
  threads?: number
  list?: boolean
  result?: string
  table?: TableFormat
  out?: string
  json?: boolean
}

/** The built workers/trainer.ts lies beside the built program. */
const trainer = new URL('./trainer.js', import.meta.url)

/** ablate. */
export function ablationCommands(program: Command): void {
  program
    .command('ablate')
    .description('do a grid of runs, variants by seeds, and tabulate it; Ctrl-C saves where it is, the same command goes on')
    .option('--dataset <folder>', 'the dataset')
    .option('--grid <grid>', `a JSON file, or one of ${builtInGridNames().join(', ')} (NAME:standard for another preset)`)
    .option('--split <name>', 'the split, instead of the one that the grid names')
    .option('--redis <url>', 'share the cells with every program that does the same on this Redis server')
    .option('--threads <number>', 'threads of the engine', threadCount)
    .option('--list', 'list the ablations of the dataset, and the grids that come with the program')
    .option('--result <ablation>', 'show what an ablation has come to: id, its beginning, or name')
    .option('--table <format>', `of --result: ${TableFormat.options.join(', ')}`, tableFormat)
    .option('--out <file>', 'write the table there')
    .option('--json', 'print one JSON object')
    .action((options: AblateOptions) =>
      runCommand(options, (output, signal) => {
        const asked = [options.list === true, options.result !== undefined, options.grid !== undefined].filter(Boolean).length
        if (asked !== 1) throw new LabError('usage-invalid', 'Say one of --grid, --list and --result.', { option: 'grid' })
        if (options.table !== undefined && options.result === undefined) throw new LabError('usage-invalid', '--table belongs to --result.', { option: 'table' })
        if (options.out !== undefined && options.table === undefined) throw new LabError('usage-invalid', '--out belongs to --table.', { option: 'out' })
        if (options.list) return list(options.dataset, output)
        if (options.dataset === undefined) throw new LabError('usage-invalid', '--dataset is needed.', { option: 'dataset' })
        const path = resolve(options.dataset)
        return options.result === undefined ? ablate(path, options, output, signal) : show(path, options.result, options, output)
      }),
    )
}

async function ablate(path: string, { grid = '', split, redis, threads }: AblateOptions, output: Output, signal: AbortSignal): Promise<number> {
  let cell = ''
  const { status, result } = await ablateAt(
    {
      path, grid, split: split ?? null, redis: redis ?? null, threads: threads ?? null, onNote: (note) => output.note(note),
      onProgress: ({ cells, finished, failed, current, note }) => {
        const now = current ? `${current.variant}, seed ${current.seed}` : ''
        if (note !== null) output.note(printable(note))
        else if (now !== '' && now !== cell && !output.json) output.note(`${finished + failed + 1} of ${cells}: ${printable(now)}`)
        cell = now
      },
    },
    { trainer, signal, listener: { onProgress: ({ done, stage }) => output.progress(Math.round(done * 1000) / 10, 100, `% ${printable(cell)}: ${stage}`) } },
  )
  output.result({ ...status, result }, () => [statusLine(status), ...resultLines(result)])
  return status.finished === status.cells.length ? exitCode.done : exitCode.lossy
}

async function list(dataset: string | undefined, output: Output): Promise<number> {
  const { ablations, problems } = dataset === undefined ? { ablations: [], problems: [] } : await listAblationsAt(resolve(dataset))
  output.result({ ablations, problems: problems.map(({ id, error }) => ({ id, ...error.toWire() })), grids: builtInGridNames() }, () => [
    ...ablations.map(statusLine), ...problems.map(({ id, error }) => `${id}  ${error.message}`), `Grids that come with the program: ${builtInGridNames().join(', ')}`,
  ])
  return problems.length > 0 ? exitCode.lossy : exitCode.done
}

async function show(path: string, text: string, { table, out }: AblateOptions, output: Output): Promise<number> {
  const result = await ablationResultAt(path, text)
  return tableOut(result, table ?? null, out ?? null, output)
}

const statusLine = ({ id, recipe, split, variants, seeds, state, finished, failed, cells }: AblationStatus): string =>
  `${id}  ${recipe} on ${split}, ${variants} variants, ${seeds} seeds: ${state}, ${finished} of ${cells.length} cells finished${failed > 0 ? `, ${failed} failed` : ''}`
