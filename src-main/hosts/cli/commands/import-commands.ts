import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { ImportFinding, ImportPreview, ImportReport } from '../../../contract/index.ts'
import { analyseDatasetAt, importAt, previewImport, readImportRules } from '../../../services/import-tasks.ts'
import { exitCode, runCommand } from '../output.ts'

interface ImportCommandOptions {
  dataset: string
  from: string
  preset?: string
  rules?: string
  dryRun?: boolean
  json?: boolean
}

/** The built workers/jobs.ts lies beside the program. */
const workerUrl = (): URL => new URL('./jobs.js', import.meta.url)
const shown = 40

/** import, analyse. */
export function importCommands(program: Command): void {
  program
    .command('import')
    .description('bring recordings of other programs and archives into a dataset: WFDB, EDF, BDF, OpenSignals, OpenBCI, delimited text')
    .requiredOption('--dataset <folder>', 'the dataset; made where there is none')
    .requiredOption('--from <path>', 'folder or file to import')
    .option('--preset <name>', 'how subject and session follow from a file: ecg-id, ptb, bidmc, mit-bih, folder-per-subject, bids, file-per-subject; the one that fits best when left out')
    .option('--rules <file>', 'JSON file with rules that go before those of the preset')
    .option('--dry-run', 'say what would be imported and write nothing')
    .option('--json', 'print one JSON object')
    .action((options: ImportCommandOptions) =>
      runCommand(options, async (output, signal) => {
        const rules = await readImportRules(options.preset ?? null, options.rules === undefined ? null : resolve(options.rules))
        const from = resolve(options.from)
        if (options.dryRun) {
          const preview = await previewImport(from, rules, signal)
          output.result(preview, () => describePreview(preview))
          return exitCode.done
        }
        const report = await importAt(resolve(options.dataset), from, rules, {
          signal,
          onProgress: (done, total) => output.progress(done, total, 'recordings'),
          workerUrl: workerUrl(),
          now: () => Date.now(),
        })
        output.result(report, () => describeReport(report))
        return report.refused.length > 0 ? exitCode.lossy : exitCode.done
      }),
    )

  program
    .command('analyse')
    .description('find beats and judge the quality of all recordings that were not analysed yet')
    .requiredOption('--dataset <folder>', 'the dataset')
    .option('--all', 'analyse all again')
    .option('--json', 'print one JSON object')
    .action((options: { dataset: string; all?: boolean; json?: boolean }) =>
      runCommand(options, async (output, signal) => {
        const context = { signal, onProgress: (done: number, total: number | null) => output.progress(done, total, 'recordings') }
        const report = await analyseDatasetAt(resolve(options.dataset), { all: options.all === true, workerUrl: workerUrl() }, context)
        output.result(report, () => [
          `Analysed ${report.recordings} recordings.`,
          ...report.failures.map((failure) => `${failure.id}: ${failure.code}: ${failure.message}`),
        ])
        return report.failures.length > 0 ? exitCode.failed : exitCode.done
      }),
    )
}

function describeReport(report: ImportReport): string[] {
  const { subjects, recordings, flagged, refused, duplicates, seconds } = report
  return [
    `Imported ${recordings} recordings of ${subjects} subjects in ${seconds.toFixed(1)} s.`,
    ...some(`${flagged.length} are kept although something is wrong with them:`, flagged),
    ...some(`${refused.length} files could not be imported:`, refused),
    ...(duplicates.length > 0 ? [`${duplicates.length} were there already.`] : []),
  ]
}

function describePreview(preview: ImportPreview): string[] {
  const { candidates, subjects, sessions, refused, ignored, rules } = preview
  return [
    `${candidates.length} recordings of ${subjects} subjects in ${sessions} sessions, by the rules of ${rules.preset ?? 'no preset'}; ${ignored} other files.`,
    ...candidates.slice(0, shown).map((one) => `${one.file.padEnd(32)} ${(one.subject ?? '?').padEnd(12)} ${one.session.padEnd(12)} ${one.seconds.toFixed(1).padStart(9)} s  ${one.lanes.map((lane) => lane.label).join(', ')}`),
    ...(candidates.length > shown ? [`... and ${candidates.length - shown} more`] : []),
    ...some('To be kept, but something is wrong:', candidates.flatMap((one) => one.findings)),
    ...some('Cannot be imported:', refused),
  ]
}

function some(title: string, findings: readonly ImportFinding[]): string[] {
  if (findings.length === 0) return []
  const rest = findings.length > shown ? [`  ... and ${findings.length - shown} more`] : []
  return [title, ...findings.slice(0, shown).map((finding) => `  ${finding.file}: ${finding.code}: ${finding.message}`), ...rest]
}
