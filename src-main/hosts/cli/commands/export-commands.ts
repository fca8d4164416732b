import { resolve } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { ExportFormat, ExportOptions, LabError, type ExportReport, type MergeReport } from '../../../contract/index.ts'
import { exportAt, mergeAt } from '../../../services/export-tasks.ts'
import { positiveNumber, wholeNumber } from '../arguments.ts'
import { exitCode, runCommand } from '../output.ts'

interface ExportCommandOptions {
  dataset: string
  version: string
  split?: string
  format: ExportFormat
  out: string
  annotator?: string
  mode?: string
  lane?: string
  rate?: number
  seconds?: number
  stride?: number
  beats?: number
  unfiltered?: boolean
  keepDates?: boolean
  json?: boolean
}

interface MergeCommandOptions {
  dataset: string
  from: string
  renameConflicts?: string
  sameSubjects?: boolean
  json?: boolean
}

const shown = 40

/** export, merge. */
export function exportCommands(program: Command): void {
  // The program's own --version is asked before any command; after one, --version names a version of the dataset.
  program.enablePositionalOptions()
  program
    .command('export')
    .description('write a version, and a split of it, for other programs, with datasheet, Croissant metadata and hashes; what identifies people stays in the dataset')
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--version <name>', 'the version')
    .option('--split <name>', 'a split of this version; windows get their role')
    .requiredOption('--format <format>', `one of ${ExportFormat.options.join(', ')}; npz and parquet hold windows`, format)
    .requiredOption('--out <folder>', 'an empty or new folder')
    .option('--annotator <name>', 'layer whose beats and labels go along; without it those of the detectors')
    .option('--mode <mode>', 'windows: beat, summary-beat, fixed')
    .option('--lane <kind>', 'windows: ecg or ppg')
    .option('--rate <hz>', 'windows: samples per second', positiveNumber)
    .option('--seconds <s>', 'fixed windows: length', positiveNumber)
    .option('--stride <s>', 'fixed windows: from one to the next', positiveNumber)
    .option('--beats <number>', 'summary beats: beats per group', wholeNumber)
    .option('--unfiltered', 'windows: without the band-pass')
    .option('--keep-dates', 'true dates and times, recordings by their own ids')
    .option('--json', 'print one JSON object')
    .action((options: ExportCommandOptions) =>
      runCommand(options, async (output, signal) => {
        const report = await exportAt(resolve(options.dataset), exportOptions(options), { signal, onProgress: (done, total) => output.progress(done, total, 'recordings') })
        output.result(report, () => describeExport(report))
        return report.missing.length > 0 ? exitCode.lossy : exitCode.done
      }),
    )

  program
    .command('merge')
    .description("take everything of another station's dataset into this one; conflicts are found before anything is changed")
    .requiredOption('--dataset <folder>', 'the dataset that grows')
    .requiredOption('--from <folder>', 'the other dataset, which stays as it is')
    .option('--rename-conflicts <prefix>', "put this before their codes, versions and splits whose names are somebody or something else's here")
    .option('--same-subjects', 'equal codes are the same people')
    .option('--json', 'print one JSON object')
    .action((options: MergeCommandOptions) =>
      runCommand(options, async (output, signal) => {
        const { renameConflicts = null, sameSubjects = false } = options
        if (renameConflicts !== null && sameSubjects) throw new LabError('usage-invalid', 'Choose one of --rename-conflicts and --same-subjects.', { option: 'same-subjects' })
        if (renameConflicts !== null && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,15}$/.test(renameConflicts)) {
          throw new LabError('usage-invalid', `"${renameConflicts}" cannot begin a code: letters, digits, dot, dash or underscore; 1 to 16 characters.`, { option: 'rename-conflicts' })
        }
        const context = { signal, onProgress: (done: number, total: number | null) => output.progress(done, total, 'recordings') }
        const report = await mergeAt(resolve(options.dataset), resolve(options.from), { renameConflicts, sameSubjects }, context)
        output.result(report, () => describeMerge(report))
        return exitCode.done
      }),
    )
}

function format(text: string): ExportFormat {
  const read = ExportFormat.safeParse(text)
  if (!read.success) throw new InvalidArgumentError(`one of ${ExportFormat.options.join(', ')}`)
  return read.data
}

/** Commander parses single options; what they are together is the contract's. @throws LabError `usage-invalid`. */
function exportOptions({ version, split, format: to, out, annotator, keepDates, mode, lane, rate, seconds, stride, beats, unfiltered }: ExportCommandOptions): ExportOptions {
  const window = { mode: mode ?? 'beat', lane, rateHz: rate, seconds, strideSeconds: stride, beatsPerGroup: beats, filtered: unfiltered !== true }
  const read = ExportOptions.safeParse({ version, split, format: to, out: resolve(out), annotator, keepDates, window })
  if (read.success) return read.data
  const { path, message } = read.error.issues[0]
  throw new LabError('usage-invalid', `--${String(path.at(-1))}: ${message}.`, { option: String(path.at(-1)) })
}

function describeExport({ out, format: as, files, bytes, recordings, windows, changed, missing, seconds }: ExportReport): string[] {
  return [
    `Exported ${recordings} recordings${windows === null ? '' : `, ${windows} windows,`} as ${as} to ${out}: ${files} files, ${(bytes / 1e6).toFixed(1)} MB, in ${seconds.toFixed(1)} s.`,
    ...some(`${changed.length} values are not written as they are stored:`, changed.map(({ file, message }) => `${file}: ${message}`)),
    ...some(`${missing.length} recordings are gone since the version was frozen, or their subjects withdrew:`, missing),
  ]
}

function describeMerge({ subjects, recordings, same, renamed, versions, splits }: MergeReport): string[] {
  return [
    `Took in ${recordings} recordings, ${subjects} new subjects, ${versions} versions and ${splits} splits; ${same} recordings were here already.`,
    ...some(`${renamed.length} have another name here:`, renamed.map(({ from, to }) => `${from} -> ${to}`)),
  ]
}

function some(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return []
  return [title, ...lines.slice(0, shown).map((line) => `  ${line}`), ...(lines.length > shown ? [`  ... and ${lines.length - shown} more`] : [])]
}
