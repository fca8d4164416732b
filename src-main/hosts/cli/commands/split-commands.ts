import { resolve } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { DatasetSplit, LabError, SplitOptions, SplitStrategy, type LeakFinding, type SplitReport, type SplitRole, type SplitSummary } from '../../../contract/index.ts'
import { checkSplitAt, createSplitAt, listSplitsAt, showSplitAt, trialsAt } from '../../../services/curation-tasks.ts'
import { wholeNumber } from '../arguments.ts'
import { exitCode, runCommand } from '../output.ts'

interface DatasetOption {
  dataset: string
  json?: boolean
}

interface CreateOptions extends DatasetOption {
  version: string
  name: string
  strategy: SplitStrategy
  seed: number
  validation?: number
  test?: number
  unknown?: number
  guard?: number
  window?: number
  folds?: number
  fold?: number
  subjectDisjoint?: boolean
}

/** split create, check, show. */
export function splitCommands(program: Command): void {
  // The program's own --version is asked before any command; after one, --version names a version of the dataset.
  program.enablePositionalOptions()
  const split = program.command('split').description('divide a version into training and test, and prove that nothing leaks')

  split
    .command('create')
    .description('make a split of a version; a split that leaks is refused')
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--version <name>', 'the version')
    .requiredOption('--name <name>', 'name of the split, for example s1')
    .requiredOption('--strategy <strategy>', `one of ${SplitStrategy.options.join(', ')}`, strategy)
    .option('--seed <number>', 'same version, options and seed, same bytes', wholeNumber, 1)
    .option('--validation <share>', 'share that validates, 0 to 0.5', share)
    .option('--test <share>', 'share that tests, where the strategy divides by shares', share)
    .option('--unknown <share>', 'open-set: part of the test subjects that is never enrolled', share)
    .option('--guard <seconds>', 'seconds between two roles of one recording', secondsOf)
    .option('--window <seconds>', 'length of the windows that will be cut', secondsOf)
    .option('--folds <number>', 'number of folds', wholeNumber)
    .option('--fold <number>', 'which fold this is, from 0', wholeNumber)
    .option('--subject-disjoint', 'train, validate and test on different people')
    .option('--json', 'print one JSON object')
    .action((options: CreateOptions) =>
      runCommand(options, async (output) => {
        const name = DatasetSplit.shape.name.safeParse(options.name)
        if (!name.success) throw new LabError('usage-invalid', `"${options.name}" cannot be the name of a split: letters, digits, dot, dash or underscore; 1 to 64 characters.`, { option: 'name' })
        const report = await createSplitAt(resolve(options.dataset), options.version, name.data, splitOptions(options))
        output.result(summary(report), () => describe(report))
        return exitCode.done
      }),
    )

  split
    .command('check')
    .description('look for leaks again: exit code 1 when there is one')
    .argument('<name>', 'the split')
    .requiredOption('--dataset <folder>', 'the dataset')
    .option('--json', 'print one JSON object')
    .action((name: string, options: DatasetOption) =>
      runCommand(options, async (output, signal) => {
        const findings = await checkSplitAt(resolve(options.dataset), name, signal)
        const leaks = findings.some(({ severity }) => severity === 'block')
        output.result({ split: name, leaks, findings }, () => [`${name} ${leaks ? 'leaks.' : name === 'diagnostic-leaky' ? 'is made of random beats, and says so.' : 'does not leak.'}`, ...findings.map(inWords)])
        return leaks ? exitCode.failed : exitCode.done
      }),
    )

  split
    .command('show')
    .description('show one split, or list all')
    .argument('[name]', 'the split')
    .requiredOption('--dataset <folder>', 'the dataset')
    .option('--trials', 'print the trial list: 1 or 0, enrolled, probe')
    .option('--json', 'print one JSON object')
    .action((name: string | undefined, options: DatasetOption & { trials?: boolean }) =>
      runCommand(options, async (output) => {
        const dataset = resolve(options.dataset)
        if (name === undefined) {
          if (options.trials) throw new LabError('usage-invalid', 'Say which split to list the trials of.', { option: 'trials' })
          const splits = await listSplitsAt(dataset)
          output.result({ splits }, () => (splits.length === 0 ? ['No splits yet.'] : splits.map(describeSummary)))
          return splits.some(({ problem }) => problem !== null) ? exitCode.failed : exitCode.done
        }
        if (options.trials) {
          const { lines } = await trialsAt(dataset, name)
          const trials = [...lines]
          output.result({ split: name, trials }, () => trials)
          return exitCode.done
        }
        const report = await showSplitAt(dataset, name)
        output.result(report, () => describe(report))
        return report.findings.some(({ severity }) => severity === 'block') ? exitCode.failed : exitCode.done
      }),
    )
}

/** Commander parses single options; what they are together is the contract's. @throws LabError `usage-invalid`. */
function splitOptions({ strategy: how, seed, validation, test, unknown, guard, window, folds, fold, subjectDisjoint }: CreateOptions): SplitOptions {
  const read = SplitOptions.safeParse({ strategy: how, seed, validation, test, unknown, guardSeconds: guard, windowSeconds: window, folds, fold, subjectDisjoint })
  if (read.success) return read.data
  const { path, message } = read.error.issues[0]
  throw new LabError('usage-invalid', `--${path.map(String).join('.')}: ${message}.`, { option: path.map(String).join('.') })
}

function strategy(text: string): SplitStrategy {
  const read = SplitStrategy.safeParse(text)
  if (!read.success) throw new InvalidArgumentError(`one of ${SplitStrategy.options.join(', ')}`)
  return read.data
}

function share(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value < 1)) throw new InvalidArgumentError('a share from 0 to 0.9')
  return value
}

function secondsOf(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && Number.isFinite(value))) throw new InvalidArgumentError('seconds, 0 or more')
  return value
}

const roles: readonly SplitRole[] = ['train', 'enrol', 'validation', 'test']

function countsOf({ assignments }: DatasetSplit): Record<SplitRole, { subjects: number; recordings: number }> {
  const of = (role: SplitRole): { subjects: number; recordings: number } => {
    const own = assignments.filter((assignment) => assignment.role === role)
    return { subjects: new Set(own.map(({ subject }) => subject)).size, recordings: own.length }
  }
  return { train: of('train'), validation: of('validation'), enrol: of('enrol'), test: of('test') }
}

/** The whole split is in its file; what a script wants to know at once is here. */
function summary({ split, findings, support }: SplitReport) {
  const { name, version, versionHash, options, hash, unknownSubjects, leftOut } = split
  return {
    name, version, versionHash, strategy: options.strategy, seed: options.seed, hash, roles: countsOf(split), unknownSubjects: unknownSubjects.length,
    leftOut: { subjects: new Set(leftOut.map(({ subject }) => subject)).size, recordings: leftOut.length }, findings, support,
  }
}

function describe({ split, findings, support }: SplitReport): string[] {
  const counts = countsOf(split)
  return [
    `${split.name}: ${split.options.strategy} of ${split.version}, seed ${split.options.seed}, hash ${split.hash.slice(0, 12)}`,
    ...roles.filter((role) => counts[role].recordings > 0).map((role) => `  ${role.padEnd(10)} ${counts[role].recordings} recordings of ${counts[role].subjects} subjects`),
    ...(split.unknownSubjects.length > 0 ? [`  never enrolled: ${split.unknownSubjects.join(', ')}`] : []),
    ...(split.leftOut.length > 0 ? [`  ${split.leftOut.length} recordings are left out: ${reasons(split)}`] : []),
    ...support.sentences.map((sentence) => `  ${sentence}`),
    ...findings.map(inWords),
  ]
}

function reasons({ leftOut }: DatasetSplit): string {
  const counts = new Map<string, number>()
  for (const { reason } of leftOut) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join('; ')
}

const inWords = ({ severity, check, message }: LeakFinding): string => `${severity === 'block' ? 'LEAK' : 'note'}  ${check}: ${message}`

function describeSummary({ name, version, strategy: how, seed, subjects, recordings, problem }: SplitSummary): string {
  if (problem !== null) return `${name.padEnd(12)} ${problem}`
  return `${name.padEnd(12)} ${how} of ${version}, seed ${seed}: ${subjects} subjects, ${roles.filter((role) => recordings[role] > 0).map((role) => `${recordings[role]} ${role}`).join(', ')}`
}
