import { LabError } from '../../src-main/contract/errors.ts'
import { EngineChoice, RecipeName, RecipePreset, type EngineStatus, type Recipe, type RunCheck, type RunRecord } from '../../src-main/contract/schemas/learning.ts'
import type { ModalityCoverage } from '../../src-main/contract/schemas/coverage.ts'
import type { SplitReport } from '../../src-main/contract/schemas/split.ts'
import type { Connection } from './connection.svelte.ts'
import { Latest } from './latest.ts'
import { valueAt, withValue, type FieldValue } from './recipe-path.ts'
import { usualWeight } from './recipe-switches.ts'
import { problemsOf } from './recipe-text.ts'
import { readSeeds } from './seeds.ts'

export const recipeNames = RecipeName.options
export const presetNames = RecipePreset.options

/** The levels of THKD's loss that can be switched. */
export type Level = 'logit' | 'stage' | 'embedding' | 'relation'

interface Wish {
  readonly split: string
  readonly recipe: Recipe
}

/** The run that is being made: what it is to be of, whether it can be, and its start. Nothing is trained before `start`. */
export class TrainingState {
  split = $state('')
  /** Who is where in the chosen split; `null` while it is not known. */
  splitReport = $state.raw<SplitReport | null>(null)
  /** Who of the split has which signal, for recipes of two; `null` while it is not known, or of no interest. */
  coverage = $state.raw<ModalityCoverage | null>(null)
  recipeName = $state<RecipeName>('thkd')
  preset = $state<RecipePreset>('quick')
  /** `null` until the lab has filled it in. */
  recipe = $state.raw<Recipe | null>(null)
  /** Differs from what the preset gives. */
  edited = $state(false)
  seedsText = $state('1')
  name = $state('')
  engine = $state.raw<EngineChoice>(EngineChoice.parse({}))
  engines = $state.raw<readonly EngineStatus[] | null>(null)
  check = $state.raw<RunCheck | null>(null)
  error = $state.raw<LabError | null>(null)
  checking = $state(false)
  starting = $state(false)
  /** Rises when all of it was forgotten for another dataset: views read it and load again. */
  generation = $state(0)
  /** Weights before they were switched off, by recipe and path: switching on again gives them back. */
  readonly #weights = new Map<string, number>()
  readonly #connection: Connection
  readonly #checks: Latest<Wish, RunCheck>
  /** The split and the student's signal that `coverage` is, or will be, of. */
  #coverageOf = ''
  /** Rises with every choice of recipe, preset or split: an answer to an older one comes too late. */
  #choices = 0
  readonly seeds = $derived(readSeeds(this.seedsText))
  readonly problems = $derived(this.recipe === null ? new Map<string, string>() : problemsOf(this.recipe))

  constructor(connection: Connection) {
    this.#connection = connection
    this.#checks = new Latest(
      (wish) => connection.call('runs.check', wish),
      (check, wish) => {
        if (wish.recipe !== this.recipe || wish.split !== this.split) return
        this.check = check
        this.error = null
      },
      (thrown, wish) => {
        if (wish.recipe !== this.recipe || wish.split !== this.split) return
        this.check = null
        this.error = LabError.from(thrown)
      },
    )
  }

  get ready(): boolean {
    return this.recipe !== null && this.check !== null && !this.checking && this.error === null && this.problems.size === 0 && this.seeds !== null && !this.starting
  }

  clear(): void {
    this.generation++
    this.#choices++
    this.split = ''
    this.splitReport = null
    this.coverage = null
    this.#coverageOf = ''
    this.recipe = null
    this.edited = false
    this.check = null
    this.error = null
    this.name = ''
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
    await this.#fill()
  }

  async refreshEngines(): Promise<void> {
    try {
      this.engines = await this.#connection.call('learning.engines', {})
    } catch (thrown) {
      // The run itself says what is wrong; the form still offers automatic.
      console.warn('Pulseprint: the engines could not be listed', LabError.from(thrown).message)
    }
  }

  chooseSplit(name: string): Promise<void> {
    this.split = name
    return this.edited ? this.#look() : this.#fill()
  }

  chooseRecipe(name: RecipeName): Promise<void> {
    this.recipeName = name
    return this.#fill()
  }

  choosePreset(preset: RecipePreset): Promise<void> {
    this.preset = preset
    return this.#fill()
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
    this.#choices++
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
    return this.#fill()
  }

  /** Another value of one field. Whether it may have it, `problems` says. */
  set(path: string, value: FieldValue): void {
    if (this.recipe !== null && valueAt(this.recipe, path) !== value) this.edit(withValue(this.recipe, path, value))
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

  /** Asks what a run would be made of. A recipe that is wrong in itself is not sent. */
  async checkNow(): Promise<void> {
    const { recipe, split } = this
    if (recipe === null || split === '') return
    void this.#readCoverage()
    this.error = null
    if (this.problems.size > 0) {
      this.check = null
      return
    }
    this.checking = true
    try {
      await this.#checks.request({ split, recipe })
    } finally {
      this.checking = false
    }
  }

  /** One run per seed, in their order. @throws LabError; runs queued before that stay queued. */
  async start(): Promise<RunRecord[]> {
    const { recipe, seeds, split, engine } = this
    if (recipe === null || seeds === null) throw new LabError('state-conflict', 'There is no recipe to start.')
    this.starting = true
    const queued: RunRecord[] = []
    try {
      for (const seed of seeds) {
        queued.push(await this.#connection.call('runs.start', { split, recipe, preset: this.edited ? null : this.preset, seed, name: this.name.trim(), engine }))
      }
    } finally {
      this.starting = false
    }
    return queued
  }

  /** The recipe of the preset, fitted to the split; then what it would be. */
  async #fill(): Promise<void> {
    const choice = ++this.#choices
    this.check = null
    this.error = null
    this.checking = true
    try {
      const [recipe] = await Promise.all([
        this.#connection.call('learning.recipe', { recipe: this.recipeName, preset: this.preset, split: this.split === '' ? null : this.split }),
        this.#readSplit(choice),
      ])
      if (choice !== this.#choices) return
      this.recipe = recipe
      this.edited = false
      await this.checkNow()
    } catch (thrown) {
      if (choice !== this.#choices) return
      this.recipe = null
      this.error = LabError.from(thrown)
    } finally {
      if (choice === this.#choices) this.checking = false
    }
  }

  async #look(): Promise<void> {
    const choice = ++this.#choices
    this.check = null
    try {
      await this.#readSplit(choice)
      await this.checkNow()
    } catch (thrown) {
      if (choice === this.#choices) this.error = LabError.from(thrown)
    }
  }

  async #readSplit(choice: number): Promise<void> {
    if (this.split === '' || this.splitReport?.split.name === this.split) return
    this.splitReport = null
    const report = await this.#connection.call('splits.get', { name: this.split })
    if (choice === this.#choices) this.splitReport = report
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
      const coverage = await this.#connection.call('splits.coverage', { name: split, student })
      if (this.#coverageOf === `${split} ${student}`) this.coverage = coverage
    } catch (thrown) {
      // The check itself says what is wrong with the split.
      console.warn('Pulseprint: the signals of the split could not be listed', LabError.from(thrown).message)
    }
  }
}
