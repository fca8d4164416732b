import { existsSync, mkdirSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { EngineChoice, LabError, SplitOptions, type DatasetSplit, type Estimate, type FitOptions, type Recipe, type RunComparison, type RunRecord, type RunReport, type SplitOptionsInput } from '../src-main/contract/index.ts'
import { defaultRules } from '../src-main/curation/default-rules.ts'
import { groupBy } from '../src-main/curation/order.ts'
import { Dataset } from '../src-main/dataset/dataset.ts'
import { recipeOf } from '../src-main/learning/recipes/recipe-presets.ts'
import { compareRuns } from '../src-main/runs/compare-runs.ts'
import { executeRun } from '../src-main/runs/execute-run.ts'
import { newRun, recipeForSplit } from '../src-main/runs/new-run.ts'
import { parseRecipe } from '../src-main/runs/recipe-text.ts'
import { RunStore } from '../src-main/runs/run-store.ts'
import { importAt, readImportRules } from '../src-main/services/import-tasks.ts'
import { publicData } from '../test/signal/physionet.ts'
import { world } from './parts/world.ts'

/**
 * BIDMC has eight minutes of nearly every patient, made in one go: both protocols are within one session, and say nothing of another day.
 * `seen`: everybody's earlier half is learnt and enrolled, the later half tests, with half a minute between them; the last fifth of the earlier half chooses the epoch.
 * `unseen`: half of the patients are learnt as a whole; the others enrol with their earlier half and are tested with the later one. The epoch is chosen by those learnt who have two records.
 */
const protocols: readonly { readonly split: string; readonly options: SplitOptionsInput }[] = [
  { split: 'seen', options: { strategy: 'chronological', test: 0.5, validation: 0, guardSeconds: 30, windowSeconds: 5 } },
  { split: 'unseen', options: { strategy: 'chronological', subjectDisjoint: true, test: 0.5, validation: 0, guardSeconds: 30, windowSeconds: 5 } },
]
const recipes = ['fusion', 'clip', 'sembridge'] as const
type CrossModalName = (typeof recipes)[number]
/** Windows of a decision; 0: all that a recording has. */
const decisions = [1, 5, 0]

/**
 * What a PPG student gains from an ECG teacher on BIDMC (ECG II and PLETH of 46 patients): each recipe's student beside its twin that nobody taught, with intervals, over several seeds. SemBridge is denied the
 * windows that were recorded together. Runs that are finished are not done again.
 * `npm run bench -- cross-modal [recipes] [seeds] [steps] [threads] [folder] [splits]`: `steps` of the student; the teachers take a quarter of them; `threads` 0: all cores.
 */
export async function run([names = recipes.join(','), seeds = '3', steps = '800', threads = '1', folder = join(tmpdir(), 'pulseprint-cross-modal'), splits = 'seen,unseen']: readonly string[]): Promise<void> {
  const from = publicData('bidmc')
  if (from === null) return
  const dataset = await bidmcAt(folder, from)
  const store = new RunStore(dataset.files, dataset.path)
  const all: { record: RunRecord; report: RunReport }[] = []
  for (let seed = 1; seed <= Number(seeds); seed++) {
    for (const splitName of splits.split(',')) {
      const split = await dataset.splits.get(splitName)
      for (const name of recipes.filter((one) => names.split(',').includes(one))) {
        const recipe = recipeFor(name, split, Number(steps))
        const known = (await store.list()).records.find((one) => one.split.hash === split.hash && one.seed === seed && JSON.stringify(one.recipe) === JSON.stringify(recipe))
        const record = known ?? newRun({ split, recipe, preset: null, seed, name: `${name}, ${splitName}`, engine: EngineChoice.parse({ threads: Number(threads) || null }), wallMs: Date.now() })
        if (!known) await store.create(record)
        const done = record.state === 'finished' ? record : await executed(dataset, record)
        if (done === null) continue
        const report = await store.folder(record.id).report()
        all.push({ record: done, report })
        const matching = (await store.folder(record.id).epochs()).reduce((sum, { terms }) => sum + ('matching seconds' in terms ? terms['matching seconds'] : 0), 0)
        tell(done, report, matching)
      }
    }
  }
  await dataset.close()
  const comparisons = decisions.map((beats) => compareRuns(all, beats))
  summarise(comparisons)
  for (const [name, runs] of groupBy(all, ({ record }) => `${record.recipe.recipe}, ${record.split.name}`)) compareSeeds(name, runs)
  console.log(JSON.stringify({ bench: 'cross-modal', processors: availableParallelism(), steps: Number(steps), groups: comparisons.map(({ beats, groups }) => ({ beats, groups })) }))
}

async function bidmcAt(folder: string, from: string): Promise<Dataset> {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'bidmc')
  if (!existsSync(path)) {
    await importAt(path, from, await readImportRules('bidmc', null), { signal: new AbortController().signal, onProgress: () => undefined, workerUrl: null, now: () => Date.now() })
    const writer = await Dataset.open(path, { access: 'write' })
    await writer.versions.create({ name: 'all', note: '', rules: [...defaultRules, { kind: 'has-lanes', lane: 'ecg', count: 1 }, { kind: 'has-lanes', lane: 'ppg', count: 1 }], overrides: [], candidates: await writer.candidates.collect() })
    for (const { split, options } of protocols) await writer.splits.create('all', split, SplitOptions.parse(options))
    await writer.close()
  }
  const dataset = await Dataset.open(path, { access: 'read' })
  for (const { split } of protocols) {
    const { assignments, leftOut } = await dataset.splits.get(split)
    const people = (role: string): number => new Set(assignments.filter((one) => one.role === role).map(({ subject }) => subject)).size
    console.log(`${split}: ${people('train')} people train, ${people('enrol')} enrol, ${people('test')} are tested; ${leftOut.length} recordings left out`)
  }
  return dataset
}

/** The quick networks, each for so many steps; a step sees 64 windows. */
function recipeFor(name: CrossModalName, split: DatasetSplit, steps: number): Recipe {
  const planned = recipeForSplit(recipeOf(name, 'quick'), split)
  // A ResNet knows its people by then: nine in ten windows of the training part and more.
  const teaching = Math.round(steps / 4)
  const lasting = <O extends { fit: FitOptions }>(options: O, count: number): O => ({ ...options, fit: { ...options.fit, epochs: 1, minimumSteps: count } })
  return parseRecipe({
    ...planned,
    holdOut: 0.2,
    ...('teacher' in planned ? { teacher: lasting(planned.teacher, teaching) } : {}),
    ...('encoder' in planned ? { encoder: lasting(planned.encoder, teaching) } : {}),
    ...('fusion' in planned ? { fusion: lasting(planned.fusion, teaching) } : {}),
    ...(planned.recipe === 'clip' ? { alignment: lasting(planned.alignment, teaching) } : {}),
    ...(planned.recipe === 'sembridge' ? { matcher: lasting(planned.matcher, teaching), excludeSynchronous: true } : {}),
    ...('student' in planned ? { student: lasting(planned.student, steps) } : {}),
    evaluation: { ...planned.evaluation, beatsPerProbe: decisions, replicates: 500 },
  })
}

/** A run that cannot be done is told, and the study goes on without it. */
async function executed(dataset: Dataset, { id, name, seed }: RunRecord): Promise<RunRecord | null> {
  try {
    return await executeRun(dataset, id, world())
  } catch (thrown) {
    const { code, message } = LabError.from(thrown)
    console.log(`\n${name}, seed ${seed}: FAILED, ${code}: ${message}`)
    return null
  }
}

const points = (part: number | null): string => (part === null ? '-' : (100 * part).toFixed(1))
const estimate = ({ value, interval }: Estimate): string => `${points(value)}${interval ? ` [${points(interval.low)}, ${points(interval.high)}]` : ''}`
const windowsWord = (beats: number): string => (beats === 0 ? 'k=all' : `k=${beats}`)

/** Where time went beside the networks (windows, guidance, evaluation) is what the run took longer than all of them. Matching is within the student's time. */
function tell(record: RunRecord, { systems, comparisons, leaks }: RunReport, matchingSeconds: number): void {
  const spent = record.models.map(({ name, seconds }) => `${name} ${Math.round(seconds)}`)
  const others = record.seconds - record.models.reduce((sum, { seconds }) => sum + seconds, 0)
  console.log(`\n${record.name}, seed ${record.seed}: ${Math.round(record.seconds)} s on ${record.ran?.engine ?? '-'} (${spent.join(', ')}, all else ${Math.round(others)}${matchingSeconds > 0 ? `; matching ${matchingSeconds.toFixed(1)}` : ''})${leaks.length > 0 ? ` LEAKS: ${leaks.map(({ message }) => message).join('; ')}` : ''}`)
  for (const [name, system] of Object.entries(systems)) {
    if (!system) continue
    const figures = system.evaluation.byBeats.map(({ beats, eer, identification }) => `${windowsWord(beats)} EER ${estimate(eer)} rank-1 ${estimate(identification.rank1)}`.padEnd(58))
    console.log(`  ${name.padEnd(9)} ${figures.join(' ')} ${system.evaluation.subjects.tested} people, permuted EER ${points(system.evaluation.permutation?.eer ?? null)}`)
  }
  for (const { measure, beats, difference, interval, adjustedP, verdict } of comparisons.filter((one) => one.system === 'student' && one.reference === 'scratch')) {
    console.log(`  student - scratch, ${windowsWord(beats)}, ${measure}: ${points(difference)}${interval ? ` [${points(interval.low)}, ${points(interval.high)}]` : ''}, p (Holm) ${adjustedP?.toPrecision(2) ?? '-'}: ${verdict}`)
  }
}

function summarise(comparisons: readonly RunComparison[]): void {
  const spread = (value: { mean: number; deviation: number } | null): string => (value ? `${points(value.mean)} (${points(value.deviation)})` : '-').padStart(13)
  console.log(`\nmean over the seeds (deviation), EER and rank-1 at ${decisions.map(windowsWord).join(', ')}`)
  comparisons[0].groups.forEach(({ recipe, split, model, seeds }, i) => {
    console.log(`${split.padEnd(7)} ${recipe.padEnd(10)} ${model.padEnd(9)} ${seeds} seeds ${comparisons.map(({ groups }) => `${spread(groups[i].eer)} ${spread(groups[i].rank1)}`).join('  |')}`)
  })
}

/** The student against its twin over the seeds, within one recipe and split. */
function compareSeeds(name: string, runs: Parameters<typeof compareRuns>[0]): void {
  for (const beats of decisions) {
    for (const { system, reference, measure, seeds, meanDifference, interval, p } of compareRuns(runs, beats).seedComparisons.filter((one) => one.system === 'student' && one.reference === 'scratch')) {
      console.log(`${name}: ${windowsWord(beats)} ${system} - ${reference}, ${measure}: ${points(meanDifference)} points [${interval ? `${points(interval.low)}, ${points(interval.high)}` : '-'}], p = ${p?.toPrecision(2) ?? '-'} over ${seeds} seeds`)
    }
  }
}
