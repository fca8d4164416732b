import { resolve } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { EngineChoice, EngineName, LabError, ModelName, RecipeName, RecipePreset, RunName, RunRecord, SubjectCode, type RunProgress, type TableFormat } from '../../../contract/index.ts'
import {
  enginesAt, enrolAt, evaluateRunAt, exportModelAt, findRunAt, identifyAt, listRunsAt, removeRunAt, reportAt, resumeAt, runRecordAt, showRunAt, trainAt, usualModel, type LearningCommand,
} from '../../../services/learning-tasks.ts'
import { tableOfRunsAt } from '../../../services/ablation-tasks.ts'
import { wholeNumber } from '../arguments.ts'
import { exitCode, runCommand, type Output } from '../output.ts'
import { describeRun, percent, printable, reportLines, runSummary } from '../run-words.ts'
import { tableFormat, tableOut } from '../table-output.ts'

interface DatasetOption {
  dataset: string
  json?: boolean
}

interface TrainOptions extends DatasetOption {
  split?: string
  recipe?: string
  preset: RecipePreset
  recipeFile?: string
  seed: number
  name: string
  engine: EngineChoice['engine']
  provider: EngineChoice['provider']
  threads?: number
  resume?: string
}

/** The built workers/trainer.ts lies beside the built program. */
const trainer = new URL('./trainer.js', import.meta.url)

/** train, runs, evaluate, report, export-model, enrol, identify, engines. */
export function learningCommands(program: Command): void {
  program
    .command('train')
    .description('train on a split: a teacher and its student, or a baseline; Ctrl-C saves where it is')
    .requiredOption('--dataset <folder>', 'the dataset')
    .option('--split <name>', 'the split')
    .option('--recipe <recipe>', `one of ${RecipeName.options.join(', ')}`, 'thkd')
    .option('--preset <preset>', `how much is done: ${RecipePreset.options.join(', ')}`, oneOf(RecipePreset.options), 'quick')
    .option('--recipe-file <file>', 'a recipe as JSON, instead of --recipe and --preset')
    .option('--seed <number>', 'of everything that is drawn', wholeNumber, 1)
    .option('--name <text>', 'a name for the run', runName, '')
    .option('--engine <engine>', `auto, ${EngineName.options.join(', ')}`, oneOf(['auto', ...EngineName.options]), 'auto')
    .option('--provider <provider>', 'where the onnx engine computes: auto, cpu, cuda, dml, webgpu, coreml', oneOf(['auto', 'cpu', 'cuda', 'dml', 'webgpu', 'coreml']), 'auto')
    .option('--threads <number>', 'threads of the engine', threadCount)
    .option('--resume <run>', 'go on with this run instead of beginning one')
    .option('--json', 'print one JSON object')
    .action((options: TrainOptions) =>
      runCommand(options, async (output, signal) => {
        const path = resolve(options.dataset)
        const command = learning(output, signal)
        const { record, report } = options.resume === undefined ? await trainAt({ path, ...trainOptions(options) }, command) : await resumeAt(path, await findRunAt(path, options.resume), command)
        output.result(runSummary(record, report), () => [...describeRun(record), ...reportLines(record, report)])
        return exitCode.done
      }),
    )

  program
    .command('runs')
    .description('list all runs, or show one')
    .argument('[run]', 'id, its beginning, or name')
    .requiredOption('--dataset <folder>', 'the dataset')
    .option('--remove', 'remove the run: models, report and templates')
    .option('--json', 'print one JSON object')
    .action((run: string | undefined, options: DatasetOption & { remove?: boolean }) =>
      runCommand(options, async (output) => {
        const path = resolve(options.dataset)
        if (run === undefined) {
          const { records, problems } = await listRunsAt(path)
          output.result({ runs: records, problems: problems.map(({ id, error }) => ({ id, ...error.toWire() })) }, () => [...records.map(runLine), ...problems.map(({ id, error }) => `${id}  ${printable(error.message)}`)])
          return problems.length > 0 ? exitCode.lossy : exitCode.done
        }
        const id = await findRunAt(path, run)
        if (options.remove) {
          await removeRunAt(path, id)
          output.result({ removed: id }, () => [`${id} is removed.`])
          return exitCode.done
        }
        const { record, epochs, report } = await showRunAt(path, id)
        output.result({ record, epochs, report }, () => [...describeRun(record), ...(report ? reportLines(record, report) : [])])
        return exitCode.done
      }),
    )

  program
    .command('evaluate')
    .description('evaluate the models of a run again')
    .argument('<run>', 'id, its beginning, or name')
    .requiredOption('--dataset <folder>', 'the dataset')
    .option('--json', 'print one JSON object')
    .action((run: string, options: DatasetOption) =>
      runCommand(options, async (output, signal) => {
        const path = resolve(options.dataset)
        const id = await findRunAt(path, run)
        await evaluateRunAt(path, id, learning(output, signal))
        const { record, report } = await reportAt(path, id)
        output.result(report, () => reportLines(record, report))
        return exitCode.done
      }),
    )

  program
    .command('report')
    .description('show the report of a run, and where its page is; or a table of several runs')
    .argument('<runs...>', 'ids, their beginnings, or names; one, unless --table is given')
    .requiredOption('--dataset <folder>', 'the dataset')
    .option('--table', 'a table of these runs: figures, and every model against the student from scratch')
    .option('--format <format>', 'of the table: latex, csv or html', tableFormat)
    .option('--out <file>', 'write the table there', fileName)
    .option('--json', 'print one JSON object')
    .action((runs: string[], options: DatasetOption & { table?: boolean; format?: TableFormat; out?: string }) =>
      runCommand(options, async (output) => {
        const path = resolve(options.dataset)
        if (options.table) return tableOut(await tableOfRunsAt(path, runs), options.format ?? (options.out === undefined ? null : 'latex'), options.out ?? null, output)
        if (runs.length > 1 || options.format !== undefined || options.out !== undefined) throw new LabError('usage-invalid', 'Several runs, --format and --out belong to --table.', { option: 'table' })
        const { record, report, folder } = await reportAt(path, await findRunAt(path, runs[0]))
        output.result(report, () => [...reportLines(record, report), `Page: ${folder}/report.html`])
        return exitCode.done
      }),
    )

  program
    .command('export-model')
    .description('write a trained network as ONNX, checked against the trainer, with its model card')
    .argument('<run>', 'id, its beginning, or name')
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--out <file>', 'the ONNX file', fileName)
    .option('--model <name>', 'of the run; the student when left out', oneOf(ModelName.options))
    .option('--int8', 'a quantised file beside it, where it holds its accuracy')
    .option('--json', 'print one JSON object')
    .action((run: string, options: DatasetOption & { out: string; model?: ModelName; int8?: boolean }) =>
      runCommand(options, async (output, signal) => {
        const path = resolve(options.dataset)
        const { id, model } = await modelOf(path, run, options.model)
        const done = await exportModelAt(path, { run: id, model, out: options.out, quantised: options.int8 === true }, learning(output, signal))
        output.result(done, () => [
          `${done.out}: ${done.parameters} parameters, ${done.bytes} bytes; differs from the trainer by ${done.largestDifference.toExponential(1)} at most.`,
          ...(done.quantised ? [`${done.quantised.kept ? done.quantised.out : 'The int8 file did not hold its accuracy and was not kept'}: mean cosine ${done.quantised.meanCosine.toFixed(4)}, EER ${percent(done.quantised.eerBefore)} -> ${percent(done.quantised.eerAfter)}.`] : []),
          `Model card: ${done.card}`,
        ])
        return exitCode.done
      }),
    )

  program
    .command('enrol')
    .description('make templates of people, so that a run can recognise them')
    .argument('<recordings...>', 'recordings (ids or their beginnings), or subjects: all their recordings')
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--run <run>', 'id, its beginning, or name')
    .option('--model <name>', 'of the run; the student when left out', oneOf(ModelName.options))
    .option('--json', 'print one JSON object')
    .action((recordings: string[], options: DatasetOption & { run: string; model?: ModelName }) =>
      runCommand(options, async (output, signal) => {
        const path = resolve(options.dataset)
        const { id, model } = await modelOf(path, options.run, options.model)
        const gallery = await enrolAt(path, { run: id, model, recordings }, learning(output, signal))
        output.result(gallery, () => gallery.templates.map(({ subject, windows, sessions }) => `${subject}  ${windows} windows of ${sessions} ${sessions === 1 ? 'session' : 'sessions'}`))
        return exitCode.done
      }),
    )

  program
    .command('identify')
    .description('say who a recording is of, or whether it is of the person claimed')
    .requiredOption('--dataset <folder>', 'the dataset')
    .requiredOption('--run <run>', 'id, its beginning, or name')
    .requiredOption('--record <record>', 'a recording of the dataset, or the path of a WFDB record or EDF file', fileName)
    .option('--model <name>', 'of the run; the student when left out', oneOf(ModelName.options))
    .option('--claim <subject>', 'verify that it is this person', claimed)
    .option('--beats <number>', 'beats that the decision rests on; 0: all', wholeNumber, 0)
    .option('--json', 'print one JSON object')
    .action((options: DatasetOption & { run: string; record: string; model?: ModelName; claim?: SubjectCode; beats: number }) =>
      runCommand(options, async (output, signal) => {
        const path = resolve(options.dataset)
        const { id, model } = await modelOf(path, options.run, options.model)
        const decision = await identifyAt(path, { run: id, model, record: options.record, claim: options.claim ?? null, beats: options.beats }, learning(output, signal))
        output.result(decision, () => [
          decision.claim === null ? (decision.subject ?? 'unknown') : decision.accepted ? `${decision.claim}: accepted` : `${decision.claim}: refused`,
          `${decision.beats} beats (${decision.refused} refused); ${decision.threshold === null ? 'no threshold: the run has no validation' : `threshold ${decision.threshold.toFixed(3)}`}`,
          ...decision.candidates.slice(0, 5).map(({ subject, score }) => `  ${subject}  ${score.toFixed(3)}`),
        ])
        return exitCode.done
      }),
    )

  program
    .command('engines')
    .description('say which engines can train here, and why the others cannot')
    .option('--json', 'print one JSON object')
    .action((options: { json?: boolean }) =>
      runCommand(options, async (output, signal) => {
        const engines = await enginesAt(learning(output, signal))
        output.result({ engines }, () => engines.map(({ name, available, version, threads, providers, reason }) => (available ? `${name.padEnd(11)} ${version}, ${threads} threads, ${providers.join(', ')}` : `${name.padEnd(11)} not here: ${reason}`)))
        return exitCode.done
      }),
    )
}

function learning(output: Output, signal: AbortSignal): LearningCommand {
  const stages = new Set<string>()
  return {
    trainer,
    signal,
    listener: {
      onProgress: ({ done, stage, etaSeconds }: RunProgress) => {
        if (!stages.has(stage) && !output.json) output.note(stageWords[stage])
        stages.add(stage)
        output.progress(Math.round(done * 1000) / 10, 100, `% ${stage}${etaSeconds === null ? '' : `, ${Math.ceil(etaSeconds)} s left`}`)
      },
      onDone: (done) => output.progress(Math.round(done * 1000) / 10, 100, '%'),
    },
  }
}

const stageWords: Readonly<Record<RunProgress['stage'], string>> = {
  waiting: 'Waiting', windows: 'Cutting windows', compiling: 'Compiling', teacher: 'Training the teacher', encoder: 'Training the second encoder', fusion: 'Training the fusion', alignment: 'Aligning both modalities', matcher: 'Training the matcher', student: 'Training the student', scratch: 'Training the student from scratch', lda: 'PCA and LDA',
  template: 'Mean beats', evaluating: 'Evaluating', done: 'Done',
}

function trainOptions({ split, recipe, preset, recipeFile, seed, name, engine, provider, threads }: TrainOptions) {
  if (split === undefined) throw new LabError('usage-invalid', '--split is needed, or --resume.', { option: 'split' })
  const known = RecipeName.safeParse(recipe)
  if (recipeFile === undefined && !known.success) throw new LabError('usage-invalid', `--recipe is one of ${RecipeName.options.join(', ')}.`, { option: 'recipe' })
  // Other engines have no providers: whoever asks for one must not be given another engine without a word.
  if (provider !== 'auto' && engine !== 'auto' && engine !== 'onnx') throw new LabError('usage-invalid', `--provider is one of the engine onnx; --engine ${engine} has none.`, { option: 'provider' })
  return {
    split, seed, name, engine: EngineChoice.parse({ engine: provider === 'auto' ? engine : 'onnx', provider, threads: threads ?? null }),
    recipe: recipeFile === undefined ? { name: known.data ?? 'thkd', preset } : { file: recipeFile },
  }
}

async function modelOf(path: string, run: string, model: ModelName | undefined) {
  const id = await findRunAt(path, run)
  return { id, model: model ?? usualModel(await runRecordAt(path, id)) }
}

function runLine({ id, name, state, recipe, split, seed, createdAt, models }: RunRecord): string {
  return [id, state.padEnd(11), recipe.recipe.padEnd(8), split.name.padEnd(16), `seed ${seed}`, createdAt.slice(0, 16).replace('T', ' '), models.map((model) => model.name).join(' '), printable(name)].join('  ').trimEnd()
}

function oneOf<T extends string>(options: readonly T[]) {
  return (text: string): T => {
    const found = options.find((option) => option === text)
    if (found === undefined) throw new InvalidArgumentError(`It is one of ${options.join(', ')}.`)
    return found
  }
}

export function threadCount(text: string): number {
  const read = EngineChoice.shape.threads.safeParse(wholeNumber(text))
  if (!read.success || read.data === null) throw new InvalidArgumentError('It is a whole number from 1 to 256.')
  return read.data
}

/** One line, as lists of runs show it. */
function runName(text: string): string {
  if (!RunName.safeParse(text).success) throw new InvalidArgumentError('It is one line of at most 120 characters, all of which can be seen.')
  return text
}

function fileName(text: string): string {
  if (text.trim() === '' || /[\\/]$/.test(text)) throw new InvalidArgumentError('It is the name of a file.')
  return text
}

function claimed(text: string): SubjectCode {
  const read = SubjectCode.safeParse(text)
  if (!read.success) throw new InvalidArgumentError('It is no subject code.')
  return read.data
}

