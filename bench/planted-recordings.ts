import { existsSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { EngineChoice, PairedDemo, PlantedSituation, SplitOptions, type RunRecord, type RunReport, type SeedComparison } from '../src-main/contract/index.ts'
import { defaultRules } from '../src-main/curation/default-rules.ts'
import { Dataset } from '../src-main/dataset/dataset.ts'
import { holm } from '../src-main/learning/evaluation/holm.ts'
import { compareRuns } from '../src-main/runs/compare-runs.ts'
import { executeRun } from '../src-main/runs/execute-run.ts'
import { newRun } from '../src-main/runs/new-run.ts'
import { parseRecipe } from '../src-main/runs/recipe-text.ts'
import { RunStore } from '../src-main/runs/run-store.ts'
import { createDemoDataset } from '../src-main/services/demo-dataset.ts'
import { world } from './parts/world.ts'

/** Beats per decision. */
const decisions = [1, 5]

/**
 * Recordings that `demo --paired` makes, from the board's bytes to the report: does the fused teacher's student gain where the ECG helps, not where it has no effect, and lose where it harms? bench/planted asks the
 * same of windows, faster. People who are tested come twice, those who train once; decisions by beats.
 * `npm run bench -- planted-recordings [seeds] [people] [steps] [weight] [threads] [folder]`: `weight` of the KL loss. Runs that are finished are not done again.
 */
export async function run([seeds = '3', people = '400', steps = '400', weight = '5', threads = '1', folder = join(tmpdir(), 'pulseprint-planted')]: readonly string[]): Promise<void> {
  const recipe = recipeOf(Number(people), Number(steps), Number(weight))
  const found: { situation: PlantedSituation; comparison: SeedComparison }[] = []
  for (const situation of PlantedSituation.options) {
    const dataset = await plantedAt(join(folder, `${situation}-${people}`), situation, Number(people))
    const split = await dataset.splits.get('unseen')
    const store = new RunStore(dataset.files, dataset.path)
    const all: { record: RunRecord; report: RunReport }[] = []
    for (let seed = 1; seed <= Number(seeds); seed++) {
      const { records } = await store.list()
      const known = records.find((one) => one.state === 'finished' && one.seed === seed && JSON.stringify(one.recipe) === JSON.stringify(recipe))
      const record = known ?? newRun({ split, recipe, preset: null, seed, name: situation, engine: EngineChoice.parse({ threads: Number(threads) || null }), wallMs: Date.now() })
      if (!known) await store.create(record)
      const done = known ?? (await executeRun(dataset, record.id, world()))
      all.push({ record: done, report: await store.folder(done.id).report() })
    }
    await dataset.close()
    const comparisons = decisions.map((beats) => compareRuns(all, beats))
    for (const { beats, groups } of comparisons) console.log(`${situation.padEnd(10)} k=${beats}: ${groups.map(({ model, eer }) => `${model} EER ${percent(eer?.mean)} (${percent(eer?.deviation)})`).join(', ')}`)
    found.push(...comparisons.flatMap(({ seedComparisons }) => seedComparisons.filter(({ system, reference, measure }) => system === 'student' && reference === 'scratch' && measure === 'eer').map((comparison) => ({ situation, comparison }))))
  }
  const adjusted = holm(found.map(({ comparison: { p } }) => p ?? 1))
  const results = found.map(({ situation, comparison: { beats, seeds: count, meanDifference, interval, p } }, i) => ({ situation, beats, seeds: count, meanDifference, interval, p, adjustedP: adjusted[i] }))
  for (const { situation, beats, seeds: count, meanDifference, interval, p, adjustedP } of results) {
    console.log(`${situation.padEnd(10)} k=${beats}: student - scratch ${percent(meanDifference)} points [${percent(interval?.low)}, ${percent(interval?.high)}] over ${count} seeds, p = ${p?.toPrecision(2) ?? '-'}, Holm ${adjustedP.toPrecision(2)}`)
  }
  console.log(JSON.stringify({ bench: 'planted-recordings', processors: availableParallelism(), people: Number(people), steps: Number(steps), weight: Number(weight), results }))
}

const percent = (part: number | null | undefined): string => (part == null ? '-' : (100 * part).toFixed(1))

async function plantedAt(path: string, situation: PlantedSituation, subjects: number): Promise<Dataset> {
  if (!existsSync(path)) {
    await createDemoDataset(path, { seed: 1, subjects, secondsPerRecording: 20, paired: PairedDemo.parse({ situation, pulseNoise: 0.2 }) })
    const writer = await Dataset.open(path, { access: 'write' })
    await writer.versions.create({ name: 'all', note: '', rules: defaultRules, overrides: [], candidates: await writer.candidates.collect() })
    await writer.splits.create('all', 'unseen', SplitOptions.parse({ strategy: 'subject-disjoint', test: 0.5, validation: 0 }))
    await writer.close()
  }
  return Dataset.open(path, { access: 'read' })
}

/** Small networks without a margin: people who come once are not to be told apart at any price, for what changes from day to day would be learnt with them. */
function recipeOf(people: number, steps: number, weight: number) {
  const network = { preset: 'resnet18-w16', embedding: 32 }
  const most = Math.min(40, Math.floor(people / 2))
  const fit = (minimumSteps: number, augmentation = { shiftMs: 0, amplitude: 0.1, noise: 0.1 }) => ({
    epochs: 1, minimumSteps, people: most, windowsPerPerson: 2, rate: 2e-3, weightDecay: 1e-3, schedule: { kind: 'cosine', warmUp: 0.1, floor: 0.05 }, augmentation,
  })
  const margin = { scale: 16, margin: 0 }
  const beats = { mode: 'beat', minimumCorrelation: null }
  return parseRecipe({
    recipe: 'fusion', holdOut: 0.25, evaluation: { replicates: 200, beatsPerProbe: decisions }, windows: { ...beats, lane: 'ppg', rateHz: 50 }, teacherWindows: { ...beats, lane: 'ecg', rateHz: 125 },
    teacher: { network, fit: fit(250), margin, triplet: {} }, encoder: { network, fit: fit(25), margin, triplet: {} }, fusion: { embedding: 32, fit: fit(150, { shiftMs: 0, amplitude: 0, noise: 0 }), margin },
    student: { network, fit: fit(steps), margin }, distillation: { kl: { weight, temperature: 0.1 } },
  })
}
