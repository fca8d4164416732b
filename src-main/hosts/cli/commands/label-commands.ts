import { resolve } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { LabelKind, LabError, type AgreementReport, type Label, type LabelLayer } from '../../../contract/index.ts'
import { addLabel, agreementAt, exportLabels, listLabels, type LabelFormat } from '../../../services/label-tasks.ts'
import { wholeNumber } from '../arguments.ts'
import { exitCode, runCommand } from '../output.ts'

interface LabelOptions {
  dataset: string
  json?: boolean
}

interface AddOptions extends LabelOptions {
  recording: string
  annotator: string
  kind: LabelKind
  value: string
  lane?: string
  row?: number
  toRow?: number
  from?: number
  to?: number
  basis?: string
}

/** label list, add, export; agree. */
export function labelCommands(program: Command): void {
  const label = program.command('label').description('list, add and export labels')

  label
    .command('list')
    .description('list the layers of a recording, or the labels of one')
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--recording <id>', 'id of the recording or its first letters')
    .option('--annotator <name>', 'the layer')
    .option('--json', 'print one JSON object')
    .action((options: LabelOptions & { recording: string; annotator?: string }) =>
      runCommand(options, async (output) => {
        const listed = await listLabels(resolve(options.dataset), options.recording, options.annotator ?? null)
        output.result(listed, () => [
          ...(listed.layers.length === 0 ? ['No labels yet.'] : listed.layers.map(describeLayer)),
          ...(listed.labels?.map(describeLabel) ?? []),
        ])
        return exitCode.done
      }),
    )

  label
    .command('add')
    .description('add one label to a layer')
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--recording <id>', 'id of the recording or its first letters')
    .requiredOption('--annotator <name>', 'the layer; a new one is made')
    .requiredOption('--kind <kind>', LabelKind.options.join(', '), labelKind)
    .option('--value <text>', 'beat: WFDB mnemonic (N, V); rhythm: (N, (AFIB; quality: good, fair, bad; else text', '')
    .option('--lane <lane>', 'id of the lane; all when left out')
    .option('--row <number>', 'row that it begins at', wholeNumber)
    .option('--to-row <number>', 'row behind its last one; a moment when left out', wholeNumber)
    .option('--from <seconds>', 'begin, in seconds from the start', seconds)
    .option('--to <seconds>', 'end, in seconds from the start', seconds)
    .option('--basis <layer>', 'a new layer starts from the beats of this one')
    .option('--json', 'print one JSON object')
    .action((options: AddOptions) =>
      runCommand(options, async (output) => {
        const { recording, annotator, kind, value, lane, row, toRow, from, to, basis } = options
        const typed = { recording, annotator, kind, value, lane: lane ?? null, row: row ?? null, toRow: toRow ?? null, fromSeconds: from ?? null, toSeconds: to ?? null, basis: basis ?? null }
        const added = await addLabel(resolve(options.dataset), typed)
        output.result(added, () => [`Added ${kind} ${value} at row ${added.label.row}${added.label.toRow === null ? '' : `..${added.label.toRow}`} to ${annotator}.`, describeLayer(added.layer)])
        return exitCode.done
      }),
    )

  label
    .command('export')
    .description('write one layer as a file')
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--recording <id>', 'id of the recording or its first letters')
    .requiredOption('--annotator <name>', 'the layer')
    .requiredOption('--out <file>', 'file to write')
    .option('--format <format>', 'atr (WFDB annotations), json or csv', labelFormat, 'atr')
    .option('--json', 'print one JSON object')
    .action((options: LabelOptions & { recording: string; annotator: string; out: string; format: LabelFormat }) =>
      runCommand(options, async (output) => {
        const written = await exportLabels(resolve(options.dataset), options.recording, options.annotator, options.format, resolve(options.out))
        output.result(written, () => [`Wrote ${written.labels} labels of ${written.annotator} to ${written.out}`])
        return exitCode.done
      }),
    )

  program
    .command('agree')
    .description("compare two annotators: Cohen's kappa per kind and matched beats")
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--annotators <names...>', 'the two layers')
    .option('--recording <ids...>', 'ids or their first letters; all recordings that have both layers when left out')
    .option('--kinds <kinds...>', LabelKind.options.join(', '), collectKinds)
    .option('--json', 'print one JSON object')
    .action((options: LabelOptions & { annotators: string[]; recording?: string[]; kinds?: LabelKind[] }) =>
      runCommand(options, async (output, signal) => {
        const [first, second, ...more] = options.annotators
        if (second === undefined || more.length > 0) throw new LabError('usage-invalid', '--annotators takes two names.', { option: 'annotators' })
        const report = await agreementAt(resolve(options.dataset), [first, second], options.recording ?? null, options.kinds ?? ['beat', 'rhythm', 'quality', 'exclude'], signal)
        output.result(report, () => describeAgreement(report))
        return exitCode.done
      }),
    )
}

function labelKind(text: string): LabelKind {
  const kind = LabelKind.safeParse(text)
  if (!kind.success) throw new InvalidArgumentError(`one of ${LabelKind.options.join(', ')}`)
  return kind.data
}

const collectKinds = (text: string, before: LabelKind[] | undefined): LabelKind[] => [...(before ?? []), labelKind(text)]

function labelFormat(text: string): LabelFormat {
  if (text !== 'atr' && text !== 'json' && text !== 'csv') throw new InvalidArgumentError('one of atr, json, csv')
  return text
}

function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw new InvalidArgumentError('a number of seconds, 0 or greater')
  return value
}

function describeLayer({ annotator, origin, basis, beats, labels, updatedAt }: LabelLayer): string {
  return `${annotator.padEnd(24)} ${origin.padEnd(9)} ${String(beats).padStart(7)} beats ${String(labels).padStart(5)} labels${basis === null ? '' : `  on ${basis}`}  ${updatedAt ?? ''}`.trimEnd()
}

function describeLabel({ row, toRow, lane, kind, value }: Label): string {
  return `  ${`${row}${toRow === null ? '' : `..${toRow}`}`.padEnd(18)} ${(lane ?? 'all').padEnd(10)} ${kind.padEnd(9)} ${value}`
}

function describeAgreement({ annotators, recordings, beats, kappas }: AgreementReport): string[] {
  const figure = (value: number | null): string => (value === null ? 'not defined' : value.toFixed(4))
  return [
    `${annotators[0]} and ${annotators[1]} on ${recordings} recordings`,
    `beats      ${beats.first} and ${beats.second}, ${beats.matched} matched within ${beats.windowSeconds * 1000} ms: F1 ${figure(beats.f1)}`,
    ...kappas.map(({ kind, kappa, observed, items }) => `${kind.padEnd(10)} kappa ${figure(kappa)} over ${items} ${kind === 'beat' ? 'beats' : 'rows'}${items === 0 ? '' : `, ${(observed * 100).toFixed(1)} % the same`}`),
  ]
}
