import { AblationGrid, AblationId, AblationLabel, LabError, SembridgeRecipe, withoutHidden, type Ablation, type DatasetSplit, type DatasetVersion, type ModelName, type Recipe, type RecipeChanges } from '../../contract/index.ts'
import { canonicalJson } from '../../curation/canonical-json.ts'
import { sha256 } from '../../dataset/hashes.ts'
import { recipeOf } from '../../learning/recipes/recipe-presets.ts'
import { recipeForSplit } from '../new-run.ts'
import { modelsOf } from '../planned-models.ts'
import { parseRecipe } from '../recipe-text.ts'
import { isNestedDeeper, repeatedKey } from '../repeated-key.ts'

/** A grid has a handful of levels. It is checked by functions that call themselves for every level, and 9,000 are more than their stack has room for. */
const mostLevels = 32

/** More cells than this are a mistake in an axis, not a plan. */
const mostCells = 2000

const refuse = (path: string, reason: string): LabError => new LabError('grid-invalid', `${path === '' ? 'The grid' : path}: ${reason}`, { path, reason })

/** A grid that a person wrote. @throws LabError `grid-invalid` with the path of the field and the reason. */
export function parseGrid(value: unknown): AblationGrid {
  const read = AblationGrid.safeParse(value)
  if (!read.success) {
    const { path, reason } = deepest(read.error.issues[0])
    throw refuse(path.map(String).join('.'), reason)
  }
  const grid = read.data
  if ((grid.variants === undefined) === (grid.axes === undefined)) throw refuse('variants', 'a grid has either variants or axes')
  if (Object.keys(grid.variants ?? grid.axes ?? {}).length === 0) throw refuse(grid.variants ? 'variants' : 'axes', 'there is nothing in it')
  if (new Set(grid.seeds).size < grid.seeds.length) throw refuse('seeds', 'a seed stands there twice')
  if (typeof grid.recipe !== 'string' && grid.preset !== undefined) throw refuse('preset', 'it belongs to a recipe that is named; this one is written out')
  return grid
}

/** @throws LabError `grid-invalid`. */
export function parseGridText(text: string): AblationGrid {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (thrown) {
    throw refuse('', `it is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }
  if (isNestedDeeper(text, mostLevels)) throw refuse('', `it is nested deeper than ${mostLevels} levels`)
  const twice = repeatedKey(text)
  if (twice !== null) throw refuse(twice, 'it stands there twice')
  return parseGrid(value)
}

interface Issue {
  readonly code?: string
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly keys?: readonly string[]
  readonly errors?: readonly (readonly Issue[])[]
  /** Of a key that is refused: why. */
  readonly issues?: readonly Issue[]
}

/** Of a field that may be one thing or another, the complaint that got furthest into it. */
function deepest({ path, message, keys, errors = [], issues = [] }: Issue): { readonly path: readonly PropertyKey[]; readonly reason: string } {
  const inner = errors.flatMap((issues) => issues.slice(0, 1)).map(deepest).sort((a, b) => b.path.length - a.path.length).at(0)
  if (inner && inner.path.length > 0) return { path: [...path, ...inner.path], reason: inner.reason }
  return { path: [...path, ...(keys ?? []).slice(0, 1)], reason: inner?.reason ?? issues.at(0)?.message ?? message }
}

export interface AblationPlan {
  readonly split: DatasetSplit
  /** The split's: a recipe by name takes no more people a batch than have its signals. */
  readonly version?: Pick<DatasetVersion, 'entries'>
  readonly program: string
  readonly wallMs: number
}

/** A grid with every variant's recipe, made and checked before anything else is. @throws LabError `grid-invalid` with the path of the field and the reason. */
export function planAblation(grid: AblationGrid, { split, version, program, wallMs }: AblationPlan): Ablation {
  const base = baseRecipe(grid, split, version)
  const preset = typeof grid.recipe === 'string' ? (grid.preset ?? 'quick') : null
  const variants = changesOf(grid).map(({ name, path, changes }) => ({ name, recipe: changedRecipe(base, { ...formsTemperature(grid, base, changes), ...changes }, path) }))
  const rows = [...variants.map(({ name }) => name), ...Object.keys(grid.also)]
  const twice = rows.find((name, place) => rows.indexOf(name) < place)
  if (twice !== undefined) throw refuse('also', `there are two rows "${twice}"`)
  if (!rows.includes(grid.baseline)) throw refuse('baseline', `there is no row "${grid.baseline}"; there are ${rows.join(', ')}`)
  if (variants.length * grid.seeds.length > mostCells) throw refuse('seeds', `${variants.length} variants with ${grid.seeds.length} seeds are more than ${mostCells} cells`)
  const model = grid.model ?? usualModel(base)
  const beats = grid.beats ?? base.evaluation.beatsPerProbe
  for (const { name, recipe } of variants) {
    if (!modelsOf(recipe).includes(model)) throw refuse('model', `the variant "${name}" has no model "${model}"`)
    const without = beats.find((number) => !recipe.evaluation.beatsPerProbe.includes(number))
    if (without !== undefined) throw refuse('beats', `the variant "${name}" is not evaluated with ${without} beats`)
  }
  for (const [name, of] of Object.entries(grid.also)) if (!modelsOf(variants[0].recipe).includes(of)) throw refuse(`also.${name}`, `the variant "${variants[0].name}" has no model "${of}"`)
  const content = {
    name: grid.name, program, split: { name: split.name, hash: split.hash, strategy: split.options.strategy }, preset, variants, model, also: Object.entries(grid.also).map(([name, of]) => ({ name, model: of })), seeds: grid.seeds,
    engine: grid.engine, baseline: grid.baseline, beats,
  }
  return { formatVersion: 1, id: idOf(content), createdAt: new Date(wallMs).toISOString(), ...content }
}

/** Threads change how long a cell takes, not what it is. */
function idOf(content: Omit<Ablation, 'id' | 'formatVersion' | 'createdAt'>): AblationId {
  const { engine: { engine, provider } } = content
  return AblationId.parse(`${content.name}-${sha256(canonicalJson({ ...content, engine: { engine, provider } })).slice(0, 12)}`)
}

function baseRecipe({ recipe, preset }: AblationGrid, split: DatasetSplit, version: AblationPlan['version']): Recipe {
  if (typeof recipe === 'string') return recipeForSplit(recipeOf(recipe, preset ?? 'quick'), split, version ?? null)
  return inGrid('recipe', () => parseRecipe(recipe))
}

/** A form has a temperature of its own, which a recipe that says none takes; so does a variant that is of another form. */
function formsTemperature({ recipe }: AblationGrid, base: Recipe, changes: RecipeChanges): RecipeChanges {
  const form = changes['base.form']
  const said = typeof recipe === 'object' && typeof recipe.base === 'object' && recipe.base !== null && 'temperature' in recipe.base
  const read = SembridgeRecipe.shape.base.safeParse({ form })
  return base.recipe !== 'sembridge' || form === undefined || said || !read.success ? {} : { 'base.temperature': read.data.temperature }
}

const usualModel = (recipe: Recipe): ModelName => (modelsOf(recipe).includes('student') ? 'student' : modelsOf(recipe)[0])

interface Changes {
  readonly name: string
  readonly path: string
  readonly changes: RecipeChanges
}

function changesOf({ variants, axes }: AblationGrid): Changes[] {
  if (variants) return Object.entries(variants).map(([name, changes]) => ({ name, path: `variants.${name}`, changes }))
  const levels = Object.entries(axes ?? {}).map(([axis, given]): Changes[] =>
    Array.isArray(given)
      ? given.map((value) => ({ name: `${axis.split('.').at(-1) ?? axis} ${typeof value === 'string' ? value : JSON.stringify(value)}`, path: `axes.${axis}`, changes: { [axis]: value } }))
      : Object.entries(given).map(([name, changes]) => ({ name, path: `axes.${axis}.${name}`, changes })),
  )
  const product = levels.reduce((sum, { length }) => sum * length, 1)
  if (product > mostCells) throw refuse('axes', `their product is ${product} variants, more than ${mostCells} cells`)
  const all = levels.reduce<Changes[]>((before, axis) => before.flatMap((left) => axis.map((right) => bothOf(left, right))), [{ name: '', path: 'axes', changes: {} }])
  for (const { name } of all) {
    const read = AblationLabel.safeParse(name)
    if (!read.success) throw refuse('axes', name.length > 60 ? `"${name}" is too long a name for a row; name the levels` : `"${withoutHidden(name)}" is no name for a row (${read.error.issues[0].message}); name the levels`)
  }
  return all
}

const bothOf = (left: Changes, right: Changes): Changes => ({ name: left.name === '' ? right.name : `${left.name}, ${right.name}`, path: right.path, changes: { ...left.changes, ...right.changes } })

function changedRecipe(base: Recipe, changes: RecipeChanges, path: string): Recipe {
  const recipe = structuredClone(base) as unknown as Record<string, unknown>
  for (const [dotted, value] of Object.entries(changes)) setAt(recipe, dotted, value, `${path}.${dotted}`)
  return inGrid(path, () => parseRecipe(recipe))
}

/** Every field is in a parsed recipe: one that is not there is misspelt. */
function setAt(recipe: Record<string, unknown>, dotted: string, value: unknown, path: string): void {
  const names = dotted.split('.')
  if (dotted === 'recipe') throw refuse(path, 'all variants are of one recipe')
  let at: unknown = recipe
  for (const [place, name] of names.entries()) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) throw refuse(path, `the recipe has no field "${names.slice(0, place + 1).join('.')}"`)
    const holder = at as Record<string, unknown>
    if (place === names.length - 1) holder[name] = value
    else at = holder[name]
  }
}

function inGrid<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    if (!(thrown instanceof LabError) || thrown.code !== 'recipe-invalid') throw thrown
    const { path: field, reason } = thrown.data
    throw refuse([path, field].filter((part) => part !== '').map(String).join('.'), String(reason))
  }
}
