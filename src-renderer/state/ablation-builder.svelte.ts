import { LabError } from '../../src-main/contract/errors.ts'
import { AblationGrid, AblationLabel, type Ablation } from '../../src-main/contract/schemas/ablation.ts'
import { EngineChoice, Recipe, type ModelName, type RecipeName, type RecipePreset, type RunCheck } from '../../src-main/contract/schemas/learning.ts'
import { freeName, type Beside, type Row, type Variant } from './ablation-rows.ts'
import type { Connection } from './connection.svelte.ts'
import { Latest } from './latest.ts'
import { changesBetween, fieldsOf, valueAt, withValue, type FieldValue } from './recipe-path.ts'
import { formChoices, usualWeight, weightSwitches } from './recipe-switches.ts'
import { problemsOf } from './recipe-text.ts'
import { readSeeds } from './seeds.ts'

/** As the lab: more cells are a mistake, not a plan. */
const mostCells = 2000

export type BuilderProblem = 'name' | 'seeds' | 'no-variant' | 'names' | 'twice' | 'baseline' | 'cells' | 'values'

interface Wish {
  readonly split: string
  readonly recipe: Recipe
}

/** A grid that is being made: a recipe, the variants of it, the rows beside them and the seeds. Nothing is trained before it is started. */
export class AblationBuilder {
  split = $state('')
  recipeName = $state<RecipeName>('fusion')
  preset = $state<RecipePreset>('quick')
  /** What every variant changes; `null` until the lab has filled it in. */
  base = $state.raw<Recipe | null>(null)
  /** Edited, and therefore written out in the grid. */
  edited = $state(false)
  name = $state('')
  variants = $state.raw<readonly Variant[]>([])
  beside = $state.raw<readonly Beside[]>([])
  baseline = $state<number | null>(null)
  seedsText = $state('1-3')
  engine = $state.raw<EngineChoice>(EngineChoice.parse({}))
  /** The model that variants are judged by; `null`: the recipe's usual one. */
  model = $state<ModelName | null>(null)
  beats = $state.raw<readonly number[] | null>(null)
  check = $state.raw<RunCheck | null>(null)
  error = $state.raw<LabError | null>(null)
  checking = $state(false)
  starting = $state(false)
  #added = $state.raw<readonly string[]>([])
  #keys = 0
  /** Something was chosen: it is not to be replaced by where one begins. */
  #begun = false
  #choices = 0
  readonly #connection: Connection
  readonly #checks: Latest<Wish, RunCheck>

  readonly seeds = $derived(readSeeds(this.seedsText))
  readonly cells = $derived(this.variants.length * (this.seeds?.length ?? 0))
  /** Fields that the table shows: the recipe's losses and their forms, what variants change, and what was asked for. */
  readonly columns = $derived(
    this.base === null
      ? []
      : [...new Set([...weightSwitches[this.base.recipe].map(({ path }) => path), ...(formChoices[this.base.recipe] ?? []), ...this.variants.flatMap(({ changes }) => Object.keys(changes)), ...this.#added])],
  )
  /** What else could vary. */
  readonly otherFields = $derived(this.base === null ? [] : fieldsOf(this.base).map(([path]) => path).filter((path) => !this.columns.includes(path)))
  readonly rows = $derived<readonly Row[]>([...this.variants, ...this.beside])
  /** What is wrong with a variant's recipe: by its key, then by path. */
  readonly wrong = $derived(
    new Map(this.variants.flatMap((variant) => {
      const recipe = this.recipeOf(variant)
      const problems = recipe === null ? new Map<string, string>() : problemsOf(recipe)
      return problems.size > 0 ? [[variant.key, problems] as const] : []
    })),
  )
  readonly problems = $derived(this.#problems())

  constructor(connection: Connection) {
    this.#connection = connection
    this.#checks = new Latest(
      (wish) => connection.call('runs.check', wish),
      (check, wish) => {
        if (wish.recipe !== this.base || wish.split !== this.split) return
        this.check = check
        this.error = null
      },
      (thrown, wish) => {
        if (wish.recipe !== this.base || wish.split !== this.split) return
        this.check = null
        this.error = LabError.from(thrown)
      },
    )
  }

  get ready(): boolean {
    return this.base !== null && this.split !== '' && this.check !== null && !this.checking && this.problems.length === 0 && !this.starting
  }

  clear(): void {
    this.#choices++
    this.#begun = false
    this.split = ''
    this.base = null
    this.edited = false
    this.check = null
    this.error = null
    this.name = ''
    this.variants = []
    this.beside = []
    this.baseline = null
    this.#added = []
  }

  /** Keeps what was begun; else it is the grid of the chosen recipe, on the newest split. */
  async begin(splits: readonly { name: string; problem: string | null }[], grids: readonly AblationGrid[]): Promise<void> {
    const usable = splits.filter(({ problem }) => problem === null)
    const isKnown = usable.some(({ name }) => name === this.split)
    const newest = usable.at(-1)?.name ?? ''
    if (!this.#begun) {
      if (!isKnown) this.split = newest
      return this.chooseRecipe(this.recipeName, grids)
    }
    if (!isKnown) return this.chooseSplit(newest)
    if (this.base !== null) return this.#checkNow()
    if (!this.checking) return this.#fill()
  }

  /** A grid that is to be edited, of `readGrid` or of the program's own; its split is taken where it names one. */
  async load(grid: AblationGrid): Promise<void> {
    this.#begun = true
    if (grid.split !== undefined) this.split = grid.split
    this.name = grid.name
    this.seedsText = grid.seeds.join(', ')
    this.engine = grid.engine
    this.model = grid.model ?? null
    this.beats = grid.beats ?? null
    this.#added = []
    this.variants = Object.entries(grid.variants ?? {}).map(([name, changes]) => ({ key: this.#keys++, name, changes }))
    this.beside = Object.entries(grid.also).map(([name, model]) => ({ key: this.#keys++, name, model }))
    this.baseline = this.rows.find(({ name }) => name === grid.baseline)?.key ?? null
    if (typeof grid.recipe === 'string') {
      this.recipeName = grid.recipe
      this.preset = grid.preset ?? 'quick'
      await this.#fill()
    } else {
      await this.takeRecipe(Recipe.parse(grid.recipe))
    }
  }

  /** One that was started: its recipes as variants of their preset's, or of the first. */
  async loadAblation(ablation: Ablation): Promise<void> {
    const { name, split, seeds, engine, model, beats, preset, variants, also, baseline } = ablation
    this.#begun = true
    Object.assign(this, { name, split: split.name, seedsText: seeds.join(', '), engine, model, beats, recipeName: variants[0].recipe.recipe })
    this.#added = []
    this.variants = []
    if (preset !== null) {
      this.preset = preset
      await this.#fill()
    }
    if (preset === null || this.base === null) await this.takeRecipe(variants[0].recipe)
    const { base } = this
    this.variants = variants.map((variant) => ({ key: this.#keys++, name: variant.name, changes: base === null ? {} : changesBetween(base, variant.recipe) }))
    this.beside = also.map((row) => ({ key: this.#keys++, ...row }))
    this.baseline = this.rows.find((row) => row.name === baseline)?.key ?? null
  }

  /** Another recipe begins with its own table, or with one variant that changes nothing. */
  async chooseRecipe(name: RecipeName, grids: readonly AblationGrid[]): Promise<void> {
    const grid = grids.find(({ recipe }) => recipe === name)
    if (grid) return this.load({ ...grid, preset: this.preset, seeds: this.seeds ?? grid.seeds, engine: this.engine })
    this.#begun = true
    this.recipeName = name
    this.name = name
    this.model = null
    this.beats = null
    this.#added = []
    this.beside = []
    this.variants = [{ key: this.#keys++, name: 'baseline', changes: {} }]
    this.baseline = this.variants[0].key
    await this.#fill()
  }

  choosePreset(preset: RecipePreset): Promise<void> {
    this.preset = preset
    return this.#fill()
  }

  chooseSplit(name: string): Promise<void> {
    this.split = name
    return this.edited ? this.#checkNow() : this.#fill()
  }

  /** A recipe with every value filled in: variants change it from now on, and the grid has it written out. Variants of another recipe do not fit it. */
  async takeRecipe(recipe: Recipe): Promise<void> {
    this.#choices++
    if (this.base !== null && this.base.recipe !== recipe.recipe) this.#forgetChangesBut(recipe)
    this.base = recipe
    this.recipeName = recipe.recipe
    this.edited = true
    await this.#checkNow()
  }

  add(name: string): void {
    this.variants = [...this.variants, { key: this.#keys++, name: freeName(this.rows, name), changes: {} }]
  }

  copy(key: number): void {
    const at = this.variants.findIndex((variant) => variant.key === key)
    const from = this.variants[at]
    if (from === undefined) return
    this.variants = this.variants.toSpliced(at + 1, 0, { key: this.#keys++, name: freeName(this.rows, from.name), changes: { ...from.changes } })
  }

  remove(key: number): void {
    this.variants = this.variants.filter((variant) => variant.key !== key)
    this.beside = this.beside.filter((row) => row.key !== key)
    if (this.baseline === key) this.baseline = null
  }

  rename(key: number, name: string): void {
    const renamed = <R extends Row>(row: R): R => (row.key === key ? { ...row, name: name.trim() } : row)
    this.variants = this.variants.map(renamed)
    this.beside = this.beside.map(renamed)
  }

  addBeside(model: ModelName, name: string): void {
    this.beside = [...this.beside, { key: this.#keys++, name: freeName(this.rows, name), model }]
  }

  addColumn(path: string): void {
    this.#added = [...this.#added, path]
  }

  /** What a variant has at a field, changed or not. */
  valueOf(variant: Variant, path: string): FieldValue {
    const value = path in variant.changes ? variant.changes[path] : valueAt(this.base, path)
    return typeof value === 'object' || value === undefined ? null : (value as FieldValue)
  }

  /** What equals the recipe is no change. */
  set(key: number, path: string, value: FieldValue): void {
    this.variants = this.variants.map((variant) => {
      if (variant.key !== key) return variant
      const others = Object.entries(variant.changes).filter(([name]) => name !== path)
      return { ...variant, changes: Object.fromEntries(value === valueAt(this.base, path) ? others : [...others, [path, value]]) }
    })
  }

  /** Switches a loss of one variant off, or on with the recipe's own weight, or the usual one. */
  toggle(key: number, path: string): void {
    const variant = this.variants.find((one) => one.key === key)
    if (variant === undefined || this.base === null) return
    const own = valueAt(this.base, path)
    if (Number(this.valueOf(variant, path)) > 0) this.set(key, path, 0)
    else this.set(key, path, typeof own === 'number' && own > 0 ? own : usualWeight(this.base.recipe, path))
  }

  /** The name of an earlier variant that is the same recipe: both are one cell. */
  sameAs(variant: Variant): string | null {
    const text = (one: Variant) => JSON.stringify(this.columns.map((path) => this.valueOf(one, path)))
    const first = this.variants.find((one) => text(one) === text(variant))
    return first === undefined || first.key === variant.key ? null : first.name
  }

  recipeOf({ changes }: Variant): Recipe | null {
    if (this.base === null) return null
    return Object.entries(changes).reduce<Recipe>((recipe, [path, value]) => (valueAt(recipe, path) === undefined ? recipe : withValue(recipe, path, value)), this.base)
  }

  /** The grid as the terminal takes it too. */
  grid(): AblationGrid {
    const { seeds, base } = this
    return AblationGrid.parse({
      name: this.name.trim(), split: this.split, ...(this.edited && base !== null ? { recipe: base } : { recipe: this.recipeName, preset: this.preset }),
      variants: Object.fromEntries(this.variants.map(({ name, changes }) => [name, changes])), also: Object.fromEntries(this.beside.map(({ name, model }) => [name, model])), seeds: seeds ?? [], engine: this.engine,
      baseline: this.rows.find(({ key }) => key === this.baseline)?.name ?? '', ...(this.model === null ? {} : { model: this.model }), ...(this.beats === null ? {} : { beats: [...this.beats] }),
    })
  }

  #problems(): BuilderProblem[] {
    const names = this.rows.map(({ name }) => name)
    const found: [BuilderProblem, boolean][] = [
      ['name', !AblationGrid.shape.name.safeParse(this.name.trim()).success],
      ['seeds', this.seeds === null],
      ['no-variant', this.variants.length === 0],
      ['names', names.some((name) => !AblationLabel.safeParse(name).success)],
      ['twice', new Set(names).size < names.length],
      ['baseline', !this.rows.some(({ key }) => key === this.baseline)],
      ['cells', this.cells > mostCells],
      ['values', this.wrong.size > 0 || (this.base !== null && problemsOf(this.base).size > 0)],
    ]
    return found.flatMap(([problem, is]) => (is ? [problem] : []))
  }

  #forgetChangesBut(recipe: Recipe): void {
    this.variants = this.variants.map((variant) => ({ ...variant, changes: Object.fromEntries(Object.entries(variant.changes).filter(([path]) => valueAt(recipe, path) !== undefined)) }))
    this.#added = this.#added.filter((path) => valueAt(recipe, path) !== undefined)
    this.beside = []
    if (!this.rows.some(({ key }) => key === this.baseline)) this.baseline = this.variants[0]?.key ?? null
  }

  async #fill(): Promise<void> {
    const choice = ++this.#choices
    this.check = null
    this.error = null
    this.checking = true
    try {
      const base = await this.#connection.call('learning.recipe', { recipe: this.recipeName, preset: this.preset, split: this.split === '' ? null : this.split })
      if (choice !== this.#choices) return
      this.base = base
      this.edited = false
      await this.#checkNow()
    } catch (thrown) {
      if (choice !== this.#choices) return
      this.base = null
      this.error = LabError.from(thrown)
    } finally {
      if (choice === this.#choices) this.checking = false
    }
  }

  /** Whether the split can train what all variants change. */
  async #checkNow(): Promise<void> {
    const { base, split } = this
    if (base === null || split === '' || problemsOf(base).size > 0) return
    this.checking = true
    try {
      await this.#checks.request({ split, recipe: base })
    } finally {
      this.checking = false
    }
  }
}
