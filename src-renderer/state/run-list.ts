import type { ModelName, RunRecord, RunState } from '../../src-main/contract/schemas/learning.ts'
import type { RunReport } from '../../src-main/contract/schemas/report.ts'

export type RunSort = 'created' | 'name' | 'state' | 'recipe' | 'split' | 'seed' | 'eer' | 'rank1' | 'duration'

/** A model of a run with its headline, `null` where nothing was reported. */
export interface Headline {
  readonly model: ModelName
  readonly beats: number
  readonly eer: number | null
  readonly interval: { readonly low: number; readonly high: number } | null
  readonly rank1: number | null
}

/** What a run is about comes first: a student is what the whole run was for. */
const importance: Record<ModelName, number> = { student: 0, teacher: 1, fusion: 2, encoder: 3, scratch: 4, lda: 5, template: 6, alignment: 7, matcher: 8 }

/** At the first number of beats that was asked for; the chief model first. */
export function headlinesOf(report: RunReport): Headline[] {
  return Object.entries(report.systems)
    .flatMap(([model, system]) => {
      if (system === undefined) return []
      const [first] = system.evaluation.byBeats
      return [{ model: model as ModelName, beats: first.beats, eer: first.eer.value, interval: first.eer.interval, rank1: first.identification.rank1.value }]
    })
    .sort((a, b) => importance[a.model] - importance[b.model])
}

export function chiefHeadline(report: RunReport | null | undefined): Headline | null {
  if (report == null) return null
  return headlinesOf(report)[0] ?? null
}

/** Being worked on first. */
const stateOrder: readonly RunState[] = ['running', 'paused', 'interrupted', 'queued', 'failed', 'stopped', 'finished']

const natural = new Intl.Collator('en', { numeric: true })

export interface RunFilter {
  readonly text: string
  readonly state: RunState | 'all'
  readonly recipe: string
  readonly split: string
}

/** Runs that fit the filter, sorted; those without the figure that is sorted by come last in either direction. */
export function arrangeRuns(runs: readonly RunRecord[], reports: ReadonlyMap<string, RunReport | null>, filter: RunFilter, sort: RunSort, descending: boolean): RunRecord[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter((word) => word !== '')
  const fits = (run: RunRecord): boolean => {
    if (filter.state !== 'all' && run.state !== filter.state) return false
    if (filter.recipe !== '' && run.recipe.recipe !== filter.recipe) return false
    if (filter.split !== '' && run.split.name !== filter.split) return false
    const text = `${run.name} ${run.id} ${run.recipe.recipe} ${run.split.name} ${run.split.version} ${run.preset ?? ''} ${run.seed}`.toLowerCase()
    return words.every((word) => text.includes(word))
  }
  const figure = (run: RunRecord): number | null => {
    if (sort === 'seed') return run.seed
    if (sort === 'duration') return run.seconds
    if (sort === 'state') return stateOrder.indexOf(run.state)
    if (sort === 'created') return Date.parse(run.createdAt)
    const chief = chiefHeadline(reports.get(run.id))
    return sort === 'eer' ? (chief?.eer ?? null) : (chief?.rank1 ?? null)
  }
  const text = (run: RunRecord): string => (sort === 'name' ? run.name || run.id : sort === 'split' ? run.split.name : run.recipe.recipe)
  const sign = descending ? -1 : 1
  const newest = (a: RunRecord, b: RunRecord) => Date.parse(b.createdAt) - Date.parse(a.createdAt) || (a.id < b.id ? 1 : -1)
  return runs.filter(fits).sort((a, b) => {
    if (sort === 'name' || sort === 'split' || sort === 'recipe') return sign * natural.compare(text(a), text(b)) || newest(a, b)
    const [x, y] = [figure(a), figure(b)]
    if (x === null || y === null) return Number(x === null) - Number(y === null) || newest(a, b)
    return sign * (x - y) || newest(a, b)
  })
}
