import { existsSync, mkdirSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { EngineChoice, RecipePreset, type ModelName, type Recipe, type RunComparison, type RunRecord, type RunReport } from '../src-main/contract/index.ts'
import { Dataset } from '../src-main/dataset/dataset.ts'
import { recipeOf } from '../src-main/learning/recipes/recipe-presets.ts'
import { compareRuns } from '../src-main/runs/compare-runs.ts'
import { executeRun } from '../src-main/runs/execute-run.ts'
import { newRun, recipeForSplit } from '../src-main/runs/new-run.ts'
import { RunStore } from '../src-main/runs/run-store.ts'
import { divide, ecgIdDataset, protocols } from '../test/learning/identify.ts'
import { publicData } from '../test/signal/physionet.ts'
import { world } from './parts/world.ts'

/** record 1 -> record 2, last day, subject-disjoint. */
const asked = ['first-second', 'last-day', 'disjoint-1']

/**
 * THKD on ECG-ID's raw channel: LDA, scratch student, teacher and distilled student with intervals, over several seeds. Runs that are finished already are not done again.
 * `npm run bench -- distil [preset] [seeds] [folder] [splits] [steps] [threads]`: `steps` of the student at least (the teacher's: a third), 0 as the preset has them; `threads` 0: all cores.
 */
export async function run([preset = 'quick', seeds = '3', folder = join(tmpdir(), 'pulseprint-distil'), splits = asked.join(','), steps = '0', threads = '0']: readonly string[]): Promise<void> {
  const from = publicData('ecgiddb')
  if (from === null) return
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'ecg-id')
  if (!existsSync(path)) await (await ecgIdDataset(path, from)).close()
  const writer = await Dataset.open(path, { access: 'write' })
  const known = new Set((await writer.splits.list()).map(({ name }) => name))
  const chosen = protocols.filter(({ split }) => splits.split(',').includes(split))
  for (const protocol of chosen) if (!known.has(protocol.split)) await divide(writer, protocol)
  await writer.close()
  const dataset = await Dataset.open(path, { access: 'read' })
  const store = new RunStore(dataset.files, dataset.path)
  const all: { record: RunRecord; report: RunReport }[] = []
  for (let seed = 1; seed <= Number(seeds); seed++) {
    for (const { name, split: splitName } of chosen) {
      const split = await dataset.splits.get(splitName)
      const planned = recipeForSplit(recipeOf('thkd', RecipePreset.parse(preset)), split)
      const recipe = withSteps({ ...planned, windows: { ...planned.windows, channel: 0 } }, Number(steps))
      const done = (await store.list()).records.find((one) => one.split.name === splitName && one.seed === seed && one.preset === preset)
      const record = done ?? newRun({ split, recipe, preset: RecipePreset.parse(preset), seed, name, engine: EngineChoice.parse({ threads: Number(threads) || null }), wallMs: Date.now() })
      if (!done) await store.create(record)
      const finished = record.state === 'finished' ? record : await executeRun(dataset, record.id, world())
      all.push({ record: finished, report: await store.folder(record.id).report() })
      tell(finished, await store.folder(record.id).report())
    }
  }
  await dataset.close()
  const comparisons = [1, 5].map((beats) => compareRuns(all, beats))
  console.log('\nmean over the seeds (deviation)                     k=1: EER, rank-1                 k=5: EER, rank-1')
  comparisons[0].groups.forEach((group, i) => console.log(`${group.split.padEnd(20)} ${group.model.padEnd(10)} ${String(group.seeds).padStart(2)} seeds      ${spread(group)}    ${spread(comparisons[1].groups[i])}`))
  for (const { seedComparisons, beats } of comparisons) {
    for (const { system, reference, measure, meanDifference, interval, p } of seedComparisons) {
      console.log(`k=${beats} ${system} - ${reference}, ${measure}: ${points(meanDifference)} points [${interval ? `${points(interval.low)}, ${points(interval.high)}` : '-'}], p = ${p?.toPrecision(2) ?? '-'} over the seeds`)
    }
  }
  console.log(JSON.stringify({ bench: 'distil', processors: availableParallelism(), preset, groups: comparisons.map(({ beats, groups }) => ({ beats, groups })) }))
}

function withSteps(recipe: Recipe, steps: number): Recipe {
  if (recipe.recipe !== 'thkd' || steps === 0) return recipe
  const { teacher, student } = recipe
  return { ...recipe, teacher: { ...teacher, fit: { ...teacher.fit, minimumSteps: Math.round(steps / 3) } }, student: { ...student, fit: { ...student.fit, minimumSteps: steps } } }
}

const models: readonly ModelName[] = ['template', 'lda', 'scratch', 'teacher', 'student']
const points = (part: number): string => (100 * part).toFixed(1)

function tell(record: RunRecord, report: RunReport): void {
  console.log(`\n${record.split.name}, seed ${record.seed}: ${Math.round(record.seconds)} s on ${record.ran?.engine ?? '-'}`)
  for (const name of models) {
    const evaluation = report.systems[name]?.evaluation
    if (!evaluation) continue
    const figures = [1, 5].map((beats) => {
      const found = evaluation.byBeats.find((one) => one.beats === beats)
      const interval = found?.eer.interval
      return `EER ${points(found?.eer.value ?? Number.NaN)} [${interval ? `${points(interval.low)}, ${points(interval.high)}` : '-'}] rank-1 ${points(found?.identification.rank1.value ?? Number.NaN)}`
    })
    const { calibration } = evaluation
    console.log(`  ${name.padEnd(9)} k=1 ${figures[0].padEnd(40)} k=5 ${figures[1].padEnd(40)} ECE ${calibration ? `${points(calibration.before.ece)} -> ${calibration.after ? points(calibration.after.ece) : '-'}` : '-'} %, permuted EER ${points(evaluation.permutation?.eer ?? Number.NaN)}`)
  }
}

function spread({ eer, rank1 }: RunComparison['groups'][number]): string {
  const of = (value: { mean: number; deviation: number } | null): string => (value ? `${points(value.mean)} (${points(value.deviation)})` : '-').padStart(13)
  return `${of(eer)} ${of(rank1)}`
}
