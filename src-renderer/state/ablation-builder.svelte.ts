import { AblationGrid, AblationLabel, type Ablation } from '../../src-main/contract/schemas/ablation.ts'
import { Recipe, type ModelName, type RecipeName } from '../../src-main/contract/schemas/learning.ts'
import { freeName, type Beside, type Row, type Variant } from './ablation-rows.ts'
import type { Connection } from './connection.svelte.ts'
import { changesBetween, fieldsOf, valueAt, withValue, type FieldValue } from './recipe-path.ts'
import { formChoices, usualWeight, weightSwitches } from './recipe-switches.ts'
import { problemsOf } from './recipe-text.ts'
import { RunPlan } from './run-plan.svelte.ts'

/** As the lab: more cells are a mistake, not a plan. */
const mostCells = 2000

export type BuilderProblem = 'name' | 'seeds' | 'no-variant' | 'names' | 'twice' | 'baseline' | 'cells' | 'values'

/** A grid that is being made: variants of the recipe, and the rows beside them, each with every seed. An edited recipe is written out in the grid. */
export class AblationBuilder extends RunPlan {
  variants = $state.raw<readonly Variant[]>([])
  beside = $state.raw<readonly Beside[]>([])
  baseline = $state<number | null>(null)
  /** The model that variants are judged by; `null`: the recipe's usual one. */
  model = $state<ModelName | null>(null)
  beats = $state.raw<readonly number[] | null>(null)
  #added = $state.raw<readonly string[]>([])
  #keys = 0
  /** Something was chosen: it is not to be replaced by where one begins. */
  #begun = false
  readonly cells = $derived(this.variants.length * (this.seeds?.length ?? 0))
  /** Fields that the table shows: the recipe's losses and their forms, what variants change, and what was asked for. */
  readonly columns = $derived(
    this.recipe === null
      ? []
      : [...new Set([...weightSwitches[this.recipe.recipe].map(({ path }) => path), ...(formChoices[this.recipe.recipe] ?? []), ...this.variants.flatMap(({ changes }) => Object.keys(changes)), ...this.#added])],
  )
  /** What else could vary. */
  readonly otherFields = $derived(this.recipe === null ? [] : fieldsOf(this.recipe).map(([path]) => path).filter((path) => !this.columns.includes(path)))
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
    super(connection)
    this.recipeName = 'fusion'
    this.seedsText = '1-3'
  }

  get ready(): boolean {
    return this.recipe !== null && this.split !== '' && this.check !== null && !this.checking && this.problems.length === 0 && !this.starting
  }

  override clear(): void {
    super.clear()
    this.#begun = false
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
    if (this.recipe !== null) return this.checkNow()
    if (!this.checking) return this.fill()
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
      await this.fill()
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
      await this.fill()
    }
    if (preset === null || this.recipe === null) await this.takeRecipe(variants[0].recipe)
    const base = this.recipe
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
    await this.fill()
  }

  chooseSplit(name: string): Promise<void> {
    this.split = name
    return this.edited ? this.checkNow() : this.fill()
  }

  /** A recipe with every value filled in: variants change it from now on, and the grid has it written out. Variants of another recipe do not fit it. */
  async takeRecipe(recipe: Recipe): Promise<void> {
    this.choices++
    if (this.recipe !== null && this.recipe.recipe !== recipe.recipe) this.#forgetChangesBut(recipe)
    this.recipe = recipe
    this.recipeName = recipe.recipe
    this.edited = true
    await this.checkNow()
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
  valueIn(variant: Variant, path: string): FieldValue {
    const value = path in variant.changes ? variant.changes[path] : valueAt(this.recipe, path)
    return typeof value === 'object' || value === undefined ? null : (value as FieldValue)
  }

  /** What equals the recipe is no change. */
  set(key: number, path: string, value: FieldValue): void {
    this.variants = this.variants.map((variant) => {
      if (variant.key !== key) return variant
      const others = Object.entries(variant.changes).filter(([name]) => name !== path)
      return { ...variant, changes: Object.fromEntries(value === valueAt(this.recipe, path) ? others : [...others, [path, value]]) }
    })
  }

  /** Switches a loss of one variant off, or on with the recipe's own weight, or the usual one. */
  toggle(key: number, path: string): void {
    const variant = this.variants.find((one) => one.key === key)
    if (variant === undefined || this.recipe === null) return
    const own = valueAt(this.recipe, path)
    if (Number(this.valueIn(variant, path)) > 0) this.set(key, path, 0)
    else this.set(key, path, typeof own === 'number' && own > 0 ? own : usualWeight(this.recipe.recipe, path))
  }

  /** The name of an earlier variant that is the same recipe: both are one cell. */
  sameAs(variant: Variant): string | null {
    const text = (one: Variant) => JSON.stringify(this.columns.map((path) => this.valueIn(one, path)))
    const first = this.variants.find((one) => text(one) === text(variant))
    return first === undefined || first.key === variant.key ? null : first.name
  }

  recipeOf({ changes }: Variant): Recipe | null {
    if (this.recipe === null) return null
    return Object.entries(changes).reduce<Recipe>((recipe, [path, value]) => (valueAt(recipe, path) === undefined ? recipe : withValue(recipe, path, value)), this.recipe)
  }

  /** The grid as the terminal takes it too. */
  grid(): AblationGrid {
    const { seeds, recipe } = this
    return AblationGrid.parse({
      name: this.name.trim(), split: this.split, ...(this.edited && recipe !== null ? { recipe } : { recipe: this.recipeName, preset: this.preset }),
      variants: Object.fromEntries(this.variants.map(({ name, changes }) => [name, changes])), also: Object.fromEntries(this.beside.map(({ name, model }) => [name, model])), seeds: seeds ?? [], engine: this.engine,
      baseline: this.rows.find(({ key }) => key === this.baseline)?.name ?? '', ...(this.model === null ? {} : { model: this.model }), ...(this.beats === null ? {} : { beats: [...this.beats] }),
    })
  }

  override async checkNow(): Promise<void> {
    const { recipe, split } = this
    if (recipe === null || split === '' || problemsOf(recipe).size > 0) return
    await this.ask({ split, recipe })
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
      ['values', this.wrong.size > 0 || (this.recipe !== null && problemsOf(this.recipe).size > 0)],
    ]
    return found.flatMap(([problem, is]) => (is ? [problem] : []))
  }

  #forgetChangesBut(recipe: Recipe): void {
    this.variants = this.variants.map((variant) => ({ ...variant, changes: Object.fromEntries(Object.entries(variant.changes).filter(([path]) => valueAt(recipe, path) !== undefined)) }))
    this.#added = this.#added.filter((path) => valueAt(recipe, path) !== undefined)
    this.beside = []
    if (!this.rows.some(({ key }) => key === this.baseline)) this.baseline = this.variants[0]?.key ?? null
  }
}
