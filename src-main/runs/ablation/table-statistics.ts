import type { AblationComparison, AblationFigure, AblationRow, AblationTable, ComparisonVerdict, Estimate, ModelName, RunRecord, RunReport } from '../../contract/index.ts'
import { pairedDifference } from '../../learning/evaluation/bootstrap.ts'
import { subjectsToRank } from '../../learning/evaluation/compare.ts'
import { holm } from '../../learning/evaluation/holm.ts'
import { comparePairedSeeds } from '../../learning/evaluation/paired-seeds.ts'
import { significant, significantOrNull } from '../../learning/evaluation/significant.ts'
import { studentLimit } from '../../learning/evaluation/student-t.ts'
import type { StoredDraws } from '../draws-file.ts'

/** A finished run, with the values of its models on every draw of people where it has them. */
export interface SourceRun {
  readonly record: RunRecord
  readonly report: RunReport
  readonly draws: ReadonlyMap<ModelName, StoredDraws> | null
}

/** One row of a table: one model of runs that differ in their seed alone. */
export interface SourceRow extends Pick<AblationRow, 'name' | 'kind' | 'model' | 'baseline'> {
  readonly runs: readonly SourceRun[]
}

type Measure = 'eer' | 'rank1'
const level = 0.05
const unknown: Estimate = { value: null, interval: null }

/**
 * Rows with their figures, each against the baseline: paired t test over the seeds that both have; where that is one, the paired bootstrap over people. Holm over all rows of one measure and number of beats.
 * @example differences to the baseline of -1, -2 and -3 points over three seeds: t = -3.46, p = 0.074, no significant difference
 */
export function tableOf(rows: readonly SourceRow[], beats: number): AblationTable {
  const baseline = rows.find((row) => row.baseline)
  const figures = { eer: figuresOf(rows, baseline, 'eer', beats), rank1: figuresOf(rows, baseline, 'rank1', beats) }
  const subjects = new Set(rows.flatMap((row) => row.runs.flatMap((run) => systemOf(row, run)?.evaluation.subjects.tested ?? [])))
  return {
    beats,
    subjects: subjects.size === 1 ? [...subjects][0] : null,
    rows: rows.map((row, place) => {
      const { name, kind, model, baseline: isBaseline } = row
      const trained = row.runs.flatMap(({ record }) => record.models.find((one) => one.name === model) ?? [])
      return {
        name, kind, model, baseline: isBaseline, eer: figures.eer[place], rank1: figures.rank1[place], parameters: trained.at(0)?.parameters ?? null,
        seconds: trained.length === 0 ? null : significant(mean(trained.map(({ seconds }) => seconds))),
        runs: row.runs.map((run) => ({ seed: run.record.seed, run: run.record.id, eer: estimateOf(row, run, 'eer', beats), rank1: estimateOf(row, run, 'rank1', beats) })),
      }
    }),
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

const systemOf = ({ model }: Pick<SourceRow, 'model'>, { report }: SourceRun): RunReport['systems'][ModelName] => report.systems[model]

function estimateOf(row: SourceRow, run: SourceRun, measure: Measure, beats: number): Estimate {
  const found = systemOf(row, run)?.evaluation.byBeats.find((one) => one.beats === beats)
  return (measure === 'eer' ? found?.eer : found?.identification.rank1) ?? unknown
}

/** Value by seed; of two runs with one seed the first. */
function bySeed(row: SourceRow, measure: Measure, beats: number): Map<number, { readonly value: number; readonly run: SourceRun; readonly interval: Estimate['interval'] }> {
  const found = new Map<number, { value: number; run: SourceRun; interval: Estimate['interval'] }>()
  for (const run of row.runs) {
    const { value, interval } = estimateOf(row, run, measure, beats)
    if (value !== null && !found.has(run.record.seed)) found.set(run.record.seed, { value, run, interval })
  }
  return found
}

function figuresOf(rows: readonly SourceRow[], baseline: SourceRow | undefined, measure: Measure, beats: number): AblationFigure[] {
  const compared = rows.map((row) => (baseline === undefined || row === baseline ? null : compare(row, baseline, measure, beats)))
  const tested = compared.filter((one) => one !== null && one.p !== null)
  const adjusted = holm(tested.map((one) => one?.p ?? 1))
  return rows.map((row, place) => {
    const one = compared[place]
    const at = tested.indexOf(one)
    const adjustedP = at === -1 ? null : significant(adjusted[at])
    return { ...spreadOf(row, measure, beats), comparison: one && { ...one.comparison, p: one.p, adjustedP, verdict: verdictOf(one, adjustedP, measure) } }
  })
}

function spreadOf(row: SourceRow, measure: Measure, beats: number): Omit<AblationFigure, 'comparison'> {
  const own = [...bySeed(row, measure, beats).values()]
  const values = own.map(({ value }) => value)
  const seeds = values.length
  if (seeds === 0) return { mean: null, deviation: null, interval: null, seeds }
  const centre = mean(values)
  if (seeds === 1) return { mean: significant(centre), deviation: null, interval: own[0].interval, seeds }
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (seeds - 1))
  const half = (studentLimit(level, seeds - 1) * deviation) / Math.sqrt(seeds)
  return { mean: significant(centre), deviation: significant(deviation), interval: { low: significant(centre - half), high: significant(centre + half) }, seeds }
}

interface Compared {
  readonly comparison: Omit<AblationComparison, 'p' | 'adjustedP' | 'verdict'>
  readonly p: number | null
  readonly subjects: number
}

function compare(row: SourceRow, baseline: SourceRow, measure: Measure, beats: number): Compared {
  const [own, other] = [bySeed(row, measure, beats), bySeed(baseline, measure, beats)]
  const pairs = [...own].flatMap(([seed, first]) => {
    const second = other.get(seed)
    // Trials of another split are other trials.
    return second && second.run.record.split.hash === first.run.record.split.hash ? [{ first, second }] : []
  })
  // The fewest of any seed: no verdict rests on more people than that.
  const subjects = pairs.length === 0 ? 0 : Math.min(...pairs.map(({ first }) => systemOf(row, first.run)?.evaluation.subjects.tested ?? 0))
  if (pairs.length === 0) return { comparison: { difference: null, interval: null, test: 'none', seeds: 0, dz: null }, p: null, subjects }
  if (pairs.length > 1) {
    const { meanDifference, interval, p, dz, seeds } = comparePairedSeeds(pairs.map(({ first }) => first.value), pairs.map(({ second }) => second.value))
    return { comparison: { difference: meanDifference, interval, test: 'paired-seeds', seeds, dz }, p, subjects }
  }
  const [{ first, second }] = pairs
  const difference = significantOrNull(first.value - second.value)
  const [a, b] = [drawsOf(first.run, row.model, measure, beats), drawsOf(second.run, baseline.model, measure, beats)]
  if (a === null || b === null || !onSameDraws(a.of, b.of)) return { comparison: { difference, interval: null, test: 'none', seeds: 1, dz: null }, p: null, subjects }
  const { interval, p } = pairedDifference(a.draws, b.draws, a.of.people.count)
  return { comparison: { difference, interval, test: 'subject-bootstrap', seeds: 1, dz: null }, p, subjects: a.of.people.count }
}

function drawsOf({ draws }: SourceRun, model: ModelName, measure: Measure, beats: number): { readonly of: StoredDraws; readonly draws: Float64Array } | null {
  const of = draws?.get(model)
  const found = of?.byBeats.find((one) => one.beats === beats)
  return of && found ? { of, draws: found[measure].draws } : null
}

const onSameDraws = (a: StoredDraws, b: StoredDraws): boolean => a.seed === b.seed && a.replicates === b.replicates && a.people.mark === b.people.mark

/** Whichever test was made: fewer people cannot rank variants (recognition.md B5). Over seeds it speaks about luck in training on these people, and of nobody else. */
function verdictOf({ comparison: { difference, test }, subjects }: Compared, adjustedP: number | null, measure: Measure): ComparisonVerdict {
  if (difference === null || test === 'none') return 'not-comparable'
  if (subjects < subjectsToRank) return 'too-few-subjects'
  if (difference === 0) return 'no-significant-difference'
  // Seeds that all differ by the very same amount: no test can be made of that.
  if (adjustedP === null) return 'not-comparable'
  if (adjustedP >= level) return 'no-significant-difference'
  return difference < 0 === (measure === 'eer') ? 'better' : 'worse'
}
