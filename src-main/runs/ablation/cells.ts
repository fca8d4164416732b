import type { Ablation, AblationCell, AblationStatus, AblationSummary, Recipe, RunRecord } from '../../contract/index.ts'
import { canonicalJson } from '../../curation/canonical-json.ts'
import { sha256 } from '../../dataset/hashes.ts'

/** One variant with one seed, before there is a run. */
export interface PlannedCell {
  readonly variant: string
  readonly recipe: Recipe
  readonly seed: number
  readonly key: string
}

/** What a cell is: a run with the same key is the same experiment. Threads are no part of it. @param recipe as it was written */
export function cellKey({ program, split, engine: { engine, provider } }: Pick<Ablation, 'program' | 'split' | 'engine'>, recipe: unknown, seed: number): string {
  return sha256(canonicalJson({ program, split: split.hash, engine, provider, recipe, seed }))
}

/** Variant by variant, each with every seed: programs that share a grid begin with different seeds, and find the models of theirs when they come to the next variant. */
export function cellsOf(ablation: Ablation): PlannedCell[] {
  return ablation.variants.flatMap(({ name, recipe, asWritten = recipe }) => ablation.seeds.map((seed) => ({ variant: name, recipe, seed, key: cellKey(ablation, asWritten, seed) })))
}

/** The run of every cell that has one; of several the finished one, else the newest. */
export function runsByCell(records: readonly RunRecord[]): Map<string, RunRecord> {
  const found = new Map<string, RunRecord>()
  for (const record of records) {
    if (record.cell === undefined) continue
    const before = found.get(record.cell)
    if (before === undefined || record.state === 'finished' || (before.state !== 'finished' && record.id > before.id)) found.set(record.cell, record)
  }
  return found
}

/** How far an ablation is, by what the dataset's runs say. */
export function statusOf(ablation: Ablation, records: readonly RunRecord[]): AblationStatus {
  const runs = runsByCell(records)
  const cells = cellsOf(ablation).map(({ variant, seed, key }): AblationCell => {
    const run = runs.get(key)
    return { variant, seed, key, run: run?.id ?? null, state: run?.state ?? 'waiting', seconds: run?.seconds ?? 0, error: run?.error ?? null }
  })
  const of = (state: AblationCell['state']): number => cells.filter((cell) => cell.state === state).length
  const [finished, failed] = [of('finished'), of('failed')]
  const { id, name, createdAt, program, split, variants, seeds } = ablation
  return {
    id, name, createdAt, program, recipe: variants[0].recipe.recipe, split: split.name, variants: variants.length, seeds: seeds.length, finished, failed, cells, ablation,
    state: of('running') > 0 ? 'running' : finished + failed === cells.length ? 'finished' : 'incomplete',
  }
}

export function summaryOf({ ablation: _, cells, ...rest }: AblationStatus): AblationSummary {
  return { ...rest, cells: cells.length }
}
