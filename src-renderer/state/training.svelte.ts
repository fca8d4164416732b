import { LabError } from '../../src-main/contract/errors.ts'
import { RecipeName, RecipePreset, type EngineChoice, type EngineStatus, type Recipe, type RunRecord } from '../../src-main/contract/schemas/learning.ts'
import type { ModalityCoverage } from '../../src-main/contract/schemas/coverage.ts'
import type { SplitReport } from '../../src-main/contract/schemas/split.ts'
import { valueAt, withValue, type FieldValue } from './recipe-path.ts'
import { usualWeight, withUsualTemperature } from './recipe-switches.ts'
import { problemsOf } from './recipe-text.ts'
import { RunPlan } from './run-plan.svelte.ts'

export const recipeNames = RecipeName.options
export const presetNames = RecipePreset.options

/** The levels of THKD's loss that can be switched. */
export type Level = 'logit' | 'stage' | 'embedding' | 'relation'

/** The run that is being made, one for each seed. */
export class TrainingState extends RunPlan {
  /** Who is where in the chosen split; `null` while it is not known. */
  splitReport = $state.raw<SplitReport | null>(null)
  /** Who of the split has which signal, for recipes of two; `null` while it is not known, or of no interest. */
  coverage = $state.raw<ModalityCoverage | null>(null)
  engines = $state.raw<readonly EngineStatus[] | null>(null)
  /** Rises when all of it was forgotten for another dataset: views read it and load again. */
  generation = $state(0)
  /** Weights before they were switched off, by recipe and path: switching on again gives them back. */
  readonly #weights = new Map<string, number>()
  /** The split and the student's signal that `coverage` is, or will be, of. */
  #coverageOf = ''
  readonly problems = $derived(this.recipe === null ? new Map<string, string>() : problemsOf(this.recipe))

  get ready(): boolean {
    return this.recipe !== null && this.check !== null && !this.checking && this.error === null && this.problems.size === 0 && this.seeds !== null && !this.starting
  }

  override clear(): void {
    super.clear()
    this.generation++
    this.splitReport = null
    this.coverage = null
    this.#coverageOf = ''
  }

  /** Reads the engines and keeps the chosen split if there is still one of that name, else takes the newest. */
  async begin(splits: readonly { name: string; problem: string | null }[]): Promise<void> {
    const usable = splits.filter(({ problem }) => problem === null)
    const known = usable.some(({ name }) => name === this.split)
    if (this.engines === null) void this.refreshEngines()
    // Recordings may have come or gone since.
    this.#coverageOf = ''
    void this.#readCoverage()
    if (known && this.recipe !== null) return
    if (!known) this.split = usable.at(-1)?.name ?? ''
    if (this.split === '') return
    await this.fill()
  }

  async refreshEngines(): Promise<void> {
    try {
      this.engines = await this.connection.call('learning.engines', {})
    } catch (thrown) {
      // The run itself says what is wrong; the form still offers automatic.
      console.warn('Pulseprint: the engines could not be listed', LabError.from(thrown).message)
    }
  }

  chooseSplit(name: string): Promise<void> {
    this.split = name
    return this.edited ? this.#look() : this.fill()
  }

  chooseRecipe(name: RecipeName): Promise<void> {
    this.recipeName = name
    return this.fill()
  }

  chooseEngine(change: Partial<EngineChoice>): void {
    this.engine = { ...this.engine, ...change }
  }

  /** Takes a recipe that was edited, or read from text. */
  edit(recipe: Recipe): void {
    this.recipe = recipe
    this.recipeName = recipe.recipe
    this.edited = true
    void this.checkNow()
  }

  /** Another run's split, recipe and engine, to be changed and started again. */
  reuse(run: RunRecord): void {
    this.choices++
    this.split = run.split.name
    this.engine = run.engine
    this.preset = run.preset ?? this.preset
    this.recipe = run.recipe
    this.recipeName = run.recipe.recipe
    this.edited = run.preset === null
    this.name = ''
    void this.#look()
  }

  /** Back to what the preset gives. */
  reset(): Promise<void> {
    return this.fill()
  }

  /** Another value of one field. Whether it may have it, `problems` says. */
  set(path: string, value: FieldValue): void {
    if (this.recipe === null || valueAt(this.recipe, path) === value) return
    const changed = withValue(this.recipe, path, value)
    this.edit(path === 'base.form' ? withUsualTemperature(this.recipe, changed) : changed)
  }

  /** Switches a loss off (weight 0) or on with the weight that it had. */
  toggle(path: string): void {
    const { recipe } = this
    const weight = recipe === null ? undefined : valueAt(recipe, path)
    if (recipe === null || typeof weight !== 'number') return
    const key = `${recipe.recipe} ${path}`
    if (weight > 0) this.#weights.set(key, weight)
    this.set(path, weight > 0 ? 0 : (this.#weights.get(key) ?? usualWeight(recipe.recipe, path)))
  }

  /** A level of THKD's distillation. */
  toggleLevel(level: Level): void {
    this.toggle(`student.distillation.${level}.weight`)
  }

  /** One of THKD's four stages, from 0. */
  toggleStage(index: number): void {
    this.toggle(`student.distillation.stage.stageWeights.${index}`)
  }

  override async checkNow(): Promise<void> {
    const { recipe, split } = this
    if (recipe === null || split === '') return
    void this.#readCoverage()
    this.error = null
    if (this.problems.size > 0) {
      this.check = null
      return
    }
    await this.ask({ split, recipe })
  }

  /** One run per seed, in their order. @throws LabError; runs queued before that stay queued. */
  async start(): Promise<RunRecord[]> {
    const { recipe, seeds, split, engine } = this
    if (recipe === null || seeds === null) throw new LabError('state-conflict', 'There is no recipe to start.')
    this.starting = true
    const queued: RunRecord[] = []
    try {
      for (const seed of seeds) {
        queued.push(await this.connection.call('runs.start', { split, recipe, preset: this.edited ? null : this.preset, seed, name: this.name.trim(), engine }))
      }
    } finally {
      this.starting = false
    }
    return queued
  }

  protected override fill(): Promise<void> {
    return super.fill((choice) => this.#readSplit(choice))
  }

  async #look(): Promise<void> {
    const choice = ++this.choices
    this.check = null
    try {
      await this.#readSplit(choice)
      await this.checkNow()
    } catch (thrown) {
      if (choice === this.choices) this.error = LabError.from(thrown)
    }
  }

  async #readSplit(choice: number): Promise<void> {
    if (this.split === '' || this.splitReport?.split.name === this.split) return
    this.splitReport = null
    const report = await this.connection.call('splits.get', { name: this.split })
    if (choice === this.choices) this.splitReport = report
  }

  async #readCoverage(): Promise<void> {
    const { recipe, split } = this
    if (recipe === null || split === '' || !('teacherWindows' in recipe)) {
      this.coverage = null
      this.#coverageOf = ''
      return
    }
    const student = recipe.windows.lane
    if (this.#coverageOf === `${split} ${student}`) return
    this.#coverageOf = `${split} ${student}`
    this.coverage = null
    try {
      const coverage = await this.connection.call('splits.coverage', { name: split, student })
      if (this.#coverageOf === `${split} ${student}`) this.coverage = coverage
    } catch (thrown) {
      // The check itself says what is wrong with the split.
      console.warn('Pulseprint: the signals of the split could not be listed', LabError.from(thrown).message)
    }
  }
}
