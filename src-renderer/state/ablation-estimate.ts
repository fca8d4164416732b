import type { AblationCell } from '../../src-main/contract/schemas/ablation.ts'
import type { Recipe, RunRecord } from '../../src-main/contract/schemas/learning.ts'
import { changesBetween } from './recipe-path.ts'

export interface AblationSize {
  /** What all variants change. */
  readonly recipe: Recipe
  /** Paths that variants change: a run may differ there and be as long. */
  readonly varied: readonly string[]
  readonly split: string
  readonly variants: number
  readonly seeds: number
}

/** How long a grid trains on this computer, s. */
export interface AblationEstimate {
  /** Every model that no variant changes is trained once per seed. */
  readonly least: number
  /** Nothing is taken over. */
  readonly most: number
  /** What it is reckoned from. */
  readonly from: RunRecord
}

/**
 * Out of the newest run on the split, of the same recipe but for what variants change, that trained all of its models itself; `null` where there is none: nobody can know.
 * @example a run of 10 min, 4 of them the student's; 3 variants, 2 seeds: least 2 · (6 + 3 · 4) = 36 min, most 2 · 3 · 10 = 60 min
 */
export function ablationEstimate({ recipe, varied, split, variants, seeds }: AblationSize, runs: readonly RunRecord[]): AblationEstimate | null {
  const isLike = (other: Recipe): boolean => other.recipe === recipe.recipe && Object.keys(changesBetween(recipe, other)).every((path) => varied.includes(path))
  const fitting = runs.filter((run) => run.state === 'finished' && run.split.name === split && isLike(run.recipe) && run.models.length > 0 && run.models.every(({ from }) => from === undefined))
  const from = fitting.reduce<RunRecord | null>((newest, run) => (newest === null || run.createdAt > newest.createdAt ? run : newest), null)
  if (from === null) return null
  const total = from.models.reduce((sum, { seconds }) => sum + seconds, 0)
  const own = from.models.filter(({ name }) => name === 'student').reduce((sum, { seconds }) => sum + seconds, 0)
  // Without a student there is nothing that a variant could leave alone.
  const shared = own === 0 ? 0 : total - own
  return { least: seeds * (shared + variants * (own || total)), most: seeds * variants * total, from }
}

/** Seconds that are left if the cells to come take as long as the median of those that are done; `null` before one is. */
export function secondsLeft(cells: readonly AblationCell[]): number | null {
  const done = new Map(cells.filter(({ state }) => state === 'finished').map(({ key, seconds }) => [key, seconds]))
  const left = new Set(cells.filter(({ state }) => state !== 'finished' && state !== 'failed').map(({ key }) => key)).size
  const sorted = [...done.values()].sort((a, b) => a - b)
  if (sorted.length === 0) return null
  const middle = sorted.length / 2
  const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2
  return left * median
}
