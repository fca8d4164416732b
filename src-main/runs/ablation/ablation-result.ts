import { decisionUnit, LabError, type Ablation, type AblationResult, type DecisionUnit, type ModelName, type Recipe, type RunId, type RunRecord } from '../../contract/index.ts'
import type { Dataset } from '../../dataset/dataset.ts'
import { canonicalJson } from '../../curation/canonical-json.ts'
import { readDraws } from '../draws-file.ts'
import { RunStore } from '../run-store.ts'
import { cellsOf, runsByCell, statusOf, type PlannedCell } from './cells.ts'
import { isSameModel } from './model-key.ts'
import { tableOf, type SourceRow, type SourceRun } from './table-statistics.ts'

/** What the finished cells of an ablation show. @throws LabError `run-invalid` for a finished run whose report or draws are damaged. */
export async function ablationResult(dataset: Dataset, ablation: Ablation): Promise<AblationResult> {
  const store = new RunStore(dataset.files, dataset.path)
  const { records } = await store.list()
  const byCell = runsByCell(records)
  const sources = new Map<string, SourceRun>()
  const cells = cellsOf(ablation)
  for (const { key } of cells) {
    const record = byCell.get(key)
    if (record?.state === 'finished' && !sources.has(key)) sources.set(key, await sourceOf(store, dataset, record))
  }
  const { name, split, program, baseline, seeds, beats } = ablation
  const rows = rowsOf(ablation, cells, sources)
  return {
    title: name, split: split.name, strategy: split.strategy, program, baseline, unit: unitOf(ablation.variants), seeds, tables: beats.map((number) => tableOf(rows, number)),
    missing: statusOf(ablation, records).cells.flatMap(({ variant, seed, state, error, key }) => (sources.has(key) ? [] : [{ variant, seed, state, error }])),
  }
}

/** A beat is a window, too: runs of both kinds are counted in windows. */
const unitOf = (settings: readonly { readonly recipe: Recipe }[]): DecisionUnit => (settings.every(({ recipe }) => decisionUnit(recipe) === 'beat') ? 'beat' : 'window')

async function sourceOf(store: RunStore, { files }: Dataset, record: RunRecord): Promise<SourceRun> {
  const folder = store.folder(record.id)
  return { record, report: await folder.report(), draws: await readDraws(files, folder.path) }
}

/** The baseline first, then the variants, and the models beside them last, as the papers have it. */
function rowsOf({ variants, also, model, baseline }: Ablation, cells: readonly PlannedCell[], sources: ReadonlyMap<string, SourceRun>): SourceRow[] {
  const variantRows = variants.map(({ name }): SourceRow => ({
    name, kind: 'variant', model, baseline: name === baseline, runs: cells.flatMap((cell) => (cell.variant === name ? (sources.get(cell.key) ?? []) : [])),
  }))
  const alsoRows = also.map((row): SourceRow => ({ name: row.name, kind: 'also', model: row.model, baseline: row.name === baseline, runs: besideVariants(row.model, variants[0], cells, sources) }))
  const rows = [...variantRows, ...alsoRows]
  return [...rows.filter((row) => row.baseline), ...rows.filter((row) => !row.baseline)]
}

/** For every seed the first variant's own model, or the very same one of another variant's run. */
function besideVariants(model: ModelName, first: Ablation['variants'][number], cells: readonly PlannedCell[], sources: ReadonlyMap<string, SourceRun>): SourceRun[] {
  const seeds = new Set(cells.map(({ seed }) => seed))
  return [...seeds].flatMap((seed) => {
    const cell = cells.find((one) => one.seed === seed && sources.has(one.key) && (one.variant === first.name || isSameModel(model, one.recipe, first.recipe)))
    return cell ? (sources.get(cell.key) ?? []) : []
  })
}

/** The same kind of table of chosen runs: one row per model of every setting, runs that differ in their seed alone in one. @throws LabError `report-not-found`, `request-invalid` for runs of several splits. */
export async function tableOfRuns(dataset: Dataset, ids: readonly RunId[]): Promise<AblationResult> {
  const store = new RunStore(dataset.files, dataset.path)
  const sources: SourceRun[] = []
  for (const id of new Set(ids)) sources.push(await sourceOf(store, dataset, await store.folder(id).record()))
  const [{ record, report }] = sources
  const other = sources.find((source) => source.record.split.hash !== record.split.hash)
  if (other) throw new LabError('request-invalid', `The runs ${record.id} and ${other.record.id} are of different splits: one table cannot compare them.`, { runs: [record.id, other.record.id] })
  const settings = new Map<string, SourceRun[]>()
  for (const source of sources) {
    const key = canonicalJson(source.record.recipe)
    settings.set(key, [...(settings.get(key) ?? []), source])
  }
  const rows = [...settings.values()].flatMap((runs, place) => modelRows(runs, settings.size === 1 ? null : settingName(runs[0].record, place)))
  const baseline = rows.find(({ model }) => model === 'scratch') ?? rows[0]
  const marked = rows.map((row) => ({ ...row, baseline: row === baseline }))
  const beats = [...new Set(sources.flatMap((source) => source.record.recipe.evaluation.beatsPerProbe))]
  return {
    title: 'Chosen runs', split: record.split.name, strategy: record.split.strategy, program: report.facts.program, baseline: baseline.name, unit: unitOf(sources.map((source) => source.record)), seeds: [...new Set(sources.map((source) => source.record.seed))].sort((a, b) => a - b),
    tables: beats.map((number) => tableOf([...marked.filter((row) => row.baseline), ...marked.filter((row) => !row.baseline)], number)), missing: [],
  }
}

function modelRows(runs: readonly SourceRun[], name: string | null): SourceRow[] {
  const models = [...new Set(runs.flatMap(({ report }) => Object.keys(report.systems) as ModelName[]))]
  return models.map((model) => ({ name: name === null ? model : `${name}: ${model}`, kind: 'variant', model, baseline: false, runs: runs.filter(({ report }) => report.systems[model] !== undefined) }))
}

/** A cell is called by its variant, another run by its name; without one by its recipe and place. */
function settingName({ name, cell, recipe: { recipe } }: RunRecord, place: number): string {
  if (cell !== undefined) return name.split('/').slice(1, -1).join('/') || name
  return name === '' ? `${recipe} ${place + 1}` : name
}
