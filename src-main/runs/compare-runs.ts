import type { ModelName, RunComparison, RunRecord, RunReport, SeedComparison } from '../contract/index.ts'
import { comparePairedSeeds } from '../learning/evaluation/paired-seeds.ts'

export interface ReportedRun {
  readonly record: RunRecord
  readonly report: RunReport
}

type Row = RunComparison['rows'][number]
/** With the people that it was tested on. */
type TestedRow = Row & { readonly tested: number }
type Group = RunComparison['groups'][number]

/** Models that are worth a pair: the student's twin and its teacher, and the classical baseline for all. */
const pairs: readonly (readonly [ModelName, ModelName])[] = [['student', 'scratch'], ['student', 'teacher'], ['student', 'lda'], ['teacher', 'lda'], ['scratch', 'lda']]

/** Runs side by side; those that differ in their seed alone are summarised, and their models compared in pairs of equal seeds. @param beats of a decision; a run without it has `null` figures */
export function compareRuns(runs: readonly ReportedRun[], beats: number): RunComparison {
  const bySetting = new Map<string, TestedRow[]>()
  for (const { record, report } of runs) {
    const key = settingOf(record)
    bySetting.set(key, [...(bySetting.get(key) ?? []), ...rowsOf(record, report, beats)])
  }
  const settings = [...bySetting.values()]
  return {
    beats, rows: runs.flatMap(({ record, report }) => rowsOf(record, report, beats).map(({ tested: _, ...row }) => row)), groups: settings.flatMap((rows) => [...byModel(rows).values()].map(summary)),
    seedComparisons: settings.flatMap((rows) => seedComparisons(rows, beats)),
  }
}

/** All but the seed: two recipes of one name may differ in any value. */
const settingOf = ({ recipe, split }: RunRecord): string => JSON.stringify([recipe, split.name, split.hash])

function byModel(rows: readonly Row[]): Map<ModelName, Row[]> {
  const models = new Map<ModelName, Row[]>()
  for (const row of rows) models.set(row.model, [...(models.get(row.model) ?? []), row])
  return models
}

const unknown = { value: null, interval: null }

function rowsOf(record: RunRecord, report: RunReport, beats: number): TestedRow[] {
  return Object.entries(report.systems).flatMap(([name, system]) => {
    if (!system) return []
    const model = name as ModelName
    const { evaluation, figures } = system
    const found = evaluation.byBeats.find((one) => one.beats === beats)
    const trained = record.models.find((one) => one.name === model)
    return {
      run: record.id, name: record.name, recipe: record.recipe.recipe, split: record.split.name, seed: record.seed, model, engine: report.facts.engine.engine, tested: evaluation.subjects.tested,
      eer: found?.eer ?? unknown, rank1: found?.identification.rank1 ?? unknown,
      eceBefore: evaluation.calibration?.before.ece ?? null, eceAfter: evaluation.calibration?.after?.ece ?? null,
      parameters: figures?.parameters ?? null, macs: figures?.macs ?? null, latencyMs: figures?.latencyMs?.p50 ?? null, seconds: trained?.seconds ?? null,
    }
  })
}

function summary(rows: readonly Row[]): Group {
  const [{ recipe, split, model }] = rows
  const spread = (values: readonly (number | null)[]): Group['eer'] => {
    const known = values.filter((value) => value !== null)
    if (known.length === 0) return null
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length
    const deviation = known.length > 1 ? Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1)) : 0
    return { mean, deviation }
  }
  return { recipe, split, model, seeds: new Set(rows.map(({ seed }) => seed)).size, eer: spread(rows.map(({ eer }) => eer.value)), rank1: spread(rows.map(({ rank1 }) => rank1.value)) }
}

/** Within one setting: values of the same seeds, one run each. */
function seedComparisons(rows: readonly TestedRow[], beats: number): SeedComparison[] {
  return pairs.flatMap(([system, reference]) => (['eer', 'rank1'] as const).flatMap((measure) => paired(rows, system, reference, measure, beats)))
}

function paired(rows: readonly TestedRow[], system: ModelName, reference: ModelName, measure: 'eer' | 'rank1', beats: number): SeedComparison[] {
  const bySeed = (model: ModelName): Map<number, number> => new Map(rows.flatMap((row) => (row.model === model && row[measure].value !== null ? [[row.seed, row[measure].value]] : [])))
  const [first, second] = [bySeed(system), bySeed(reference)]
  const seeds = [...first.keys()].filter((seed) => second.has(seed)).sort((a, b) => a - b)
  if (seeds.length < 2) return []
  const values = (of: ReadonlyMap<number, number>): number[] => seeds.map((seed) => of.get(seed) ?? Number.NaN)
  const subjects = Math.min(...rows.filter(({ model, seed }) => (model === system || model === reference) && seeds.includes(seed)).map(({ tested }) => tested))
  return [{ system, reference, measure, beats, subjects, ...comparePairedSeeds(values(first), values(second)) }]
}
