import { resolve } from 'node:path'
import type { Command } from 'commander'
import { DatasetVersion, LabError, type ExclusionReason, type VersionDiff, type VersionSummary } from '../../../contract/index.ts'
import { createVersionAt, diffVersionsAt, listVersionsAt, readRules } from '../../../services/curation-tasks.ts'
import { exitCode, runCommand } from '../output.ts'

interface VersionOptions {
  dataset: string
  json?: boolean
}

/** version create, list, diff. */
export function versionCommands(program: Command): void {
  const version = program.command('version').description('freeze what the rules keep, and compare what was frozen')

  version
    .command('create')
    .description('freeze the recordings that the rules keep, with their content hashes')
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--name <name>', 'name of the version, for example v1')
    .option('--rules <file>', 'JSON file {"rules": [...]}; without it: finished recordings of people who agreed, without damaged spans, of which 10 s are left')
    .option('--note <text>', 'what it is for', '')
    .option('--json', 'print one JSON object')
    .action((options: VersionOptions & { name: string; rules?: string; note: string }) =>
      runCommand(options, async (output, signal) => {
        const name = DatasetVersion.shape.name.safeParse(options.name)
        if (!name.success) throw new LabError('usage-invalid', `"${options.name}" cannot be the name of a version: letters, digits, dot, dash or underscore; 1 to 64 characters.`, { option: 'name' })
        const rules = await readRules(options.rules === undefined ? null : resolve(options.rules))
        const made = await createVersionAt(resolve(options.dataset), { name: name.data, note: options.note, rules, overrides: [], signal })
        const kept = seconds(made)
        output.result(
          {
            name: made.name, hash: made.hash, recordings: made.entries.length, subjects: count(made.entries.map(({ subject }) => subject)),
            sessions: count(made.entries.map(({ subject, session }) => `${subject} ${session}`)), seconds: kept, cut: made.entries.filter(isCut).length,
            excluded: made.excluded.map(({ recording, subject, reasons }) => ({ recording, subject, reasons: reasons.map(({ text }) => text) })), rules: made.rules,
          },
          () => [
            `Froze ${made.entries.length} recordings of ${count(made.entries.map(({ subject }) => subject))} subjects (${kept.toFixed(0)} s) as ${made.name}, hash ${made.hash.slice(0, 12)}.`,
            `Of ${made.entries.filter(isCut).length} only a part is kept; ${made.excluded.length} are excluded.`,
            ...made.excluded.map(({ recording, subject, reasons }) => `${subject}/${recording}  ${inWords(reasons)}`),
          ],
        )
        return exitCode.done
      }),
    )

  version
    .command('list')
    .description('list the versions')
    .requiredOption('--dataset <folder>', 'the dataset')
    .option('--json', 'print one JSON object')
    .action((options: VersionOptions) =>
      runCommand(options, async (output) => {
        const versions = await listVersionsAt(resolve(options.dataset))
        output.result({ versions }, () => (versions.length === 0 ? ['No versions yet.'] : versions.map(describe)))
        return versions.some(({ problem }) => problem !== null) ? exitCode.failed : exitCode.done
      }),
    )

  version
    .command('diff')
    .description('what changed from one version to another')
    .argument('<a>', 'the earlier version')
    .argument('<b>', 'the later version')
    .requiredOption('--dataset <folder>', 'the dataset')
    .option('--json', 'print one JSON object')
    .action((a: string, b: string, options: VersionOptions) =>
      runCommand(options, async (output) => {
        const diff = await diffVersionsAt(resolve(options.dataset), a, b)
        output.result(diff, () => describeDiff(diff))
        return exitCode.done
      }),
    )
}

const count = (values: readonly string[]): number => new Set(values).size
const isCut = ({ spans, rows }: DatasetVersion['entries'][number]): boolean => spans.length !== 1 || spans[0].from > 0 || spans[0].to < rows
const seconds = ({ entries }: DatasetVersion): number => entries.reduce((sum, { spans, rateHz }) => sum + spans.reduce((rows, { from, to }) => rows + to - from, 0) / rateHz, 0)
const inWords = (reasons: readonly ExclusionReason[]): string => reasons.map(({ text }) => text).join(' ')

function describe({ name, createdAt, recordings, subjects, seconds: kept, excluded, missing, changed, problem, note }: VersionSummary): string {
  if (problem !== null) return `${name.padEnd(12)} ${problem}`
  const broken = missing + changed > 0 ? `  ${changed} changed, ${missing} gone` : ''
  return `${name.padEnd(12)} ${createdAt}  ${recordings} recordings of ${subjects} subjects, ${kept.toFixed(0)} s, ${excluded} excluded${broken}${note === '' ? '' : `  ${note}`}`
}

function describeDiff(diff: VersionDiff): string[] {
  const rows = (spans: VersionDiff['spansChanged'][number]['before']): string => spans.map(({ from, to }) => `${from}-${to}`).join(' ')
  return [
    `${diff.added.length} added, ${diff.removed.length} removed, ${diff.contentChanged.length} with other content, ${diff.spansChanged.length} with other rows, ${diff.subjectChanged.length} with another subject.`,
    ...(diff.rulesChanged ? ['The rules are different.'] : []),
    ...diff.added.map((recording) => `+ ${recording}`),
    ...diff.removed.map(({ recording, reasons }) => `- ${recording}  ${inWords(reasons)}`),
    ...diff.contentChanged.map((recording) => `~ ${recording}  other content`),
    ...diff.spansChanged.map(({ recording, before, after }) => `~ ${recording}  rows ${rows(before)} -> ${rows(after)}`),
    ...diff.subjectChanged.map(({ recording, before, after }) => `~ ${recording}  ${before} -> ${after}`),
  ]
}
