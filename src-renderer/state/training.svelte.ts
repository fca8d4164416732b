import { LabError } from '../../src-main/contract/errors.ts'
import { EngineChoice, RecipeName, RecipePreset, type DistillationOptions, type EngineStatus, type Recipe, type RunCheck, type RunRecord } from '../../src-main/contract/schemas/learning.ts'
import type { SplitReport } from '../../src-main/contract/schemas/split.ts'
import type { Connection } from './connection.svelte.ts'
import { Latest } from './latest.ts'
import { problemsOf } from './recipe-text.ts'
import { readSeeds } from './seeds.ts'

export const recipeNames = RecipeName.options
export const presetNames = RecipePreset.options

/** The levels of THKD's loss that can be switched. */
export const levels = ['logit', 'stage', 'embedding', 'relation'] as const
export type Level = (typeof levels)[number]

interface Wish {
  readonly split: string
  readonly recipe: Recipe
}

/** The run that is being made: what it is to be of, whether it can be, and its start. Nothing is trained before `start`. */
export class TrainingState {
  split = $state('')
  /** Who is where in the chosen split; `null` while it is not known. */
  splitReport = $state.raw<SplitReport | null>(null)
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
  /** Weights before they were switched off, by level (and `stage 1` ...): switching on again gives them back. */
  readonly #weights = new Map<string, number>()
  readonly #connection: Connection
  readonly #checks: Latest<Wish, RunCheck>
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

  /** The weight of a level, in one place for all of their shapes. */
  static weightOf(options: DistillationOptions, level: Level): number {
    return options[level].weight
  }

  /** Switches a level of the distillation off (weight 0) or on with the weight that it had. */
  toggleLevel(level: Level): void {
    const { recipe } = this
    if (recipe?.recipe !== 'thkd') return
    const { distillation } = recipe.student
    const weight = TrainingState.weightOf(distillation, level)
    if (weight > 0) this.#weights.set(level, weight)
    const next = weight > 0 ? 0 : (this.#weights.get(level) ?? usualWeight[level])
    this.edit({ ...recipe, student: { ...recipe.student, distillation: { ...distillation, [level]: { ...distillation[level], weight: next } } } })
  }

  /** The same for one of the four stages. */
  toggleStage(index: number): void {
    const { recipe } = this
    if (recipe?.recipe !== 'thkd') return
    const { distillation } = recipe.student
    const weights: typeof distillation.stage.stageWeights = [...distillation.stage.stageWeights]
    const key = `stage ${index + 1}`
    const weight = weights[index]
    if (weight > 0) this.#weights.set(key, weight)
    weights[index] = weight > 0 ? 0 : (this.#weights.get(key) ?? usualStageWeight)
    this.edit({ ...recipe, student: { ...recipe.student, distillation: { ...distillation, stage: { ...distillation.stage, stageWeights: weights } } } })
  }

  /** Asks what a run would be made of. A recipe that is wrong in itself is not sent. */
  async checkNow(): Promise<void> {
    const { recipe, split } = this
    if (recipe === null || split === '') return
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
}

/** recognition.md A1: α = 0.5, λ_f = 1, w = ¼ each, λ_e = 1, λ_r = 0.1. */
const usualWeight: Record<Level, number> = { logit: 0.5, stage: 1, embedding: 1, relation: 0.1 }
const usualStageWeight = 0.25
