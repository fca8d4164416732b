import { LabError } from '../../src-main/contract/errors.ts'
import { EngineChoice, type Recipe, type RecipeName, type RecipePreset, type RunCheck } from '../../src-main/contract/schemas/learning.ts'
import type { Connection } from './connection.svelte.ts'
import { Latest } from './latest.ts'
import { readSeeds } from './seeds.ts'

interface Wish {
  readonly split: string
  readonly recipe: Recipe
}

/** What is going to be trained, and whether it can be: a split, the recipe of a preset or an edited one, seeds and an engine. Nothing is trained before it is started. */
export abstract class RunPlan {
  split = $state('')
  recipeName = $state<RecipeName>('thkd')
  preset = $state<RecipePreset>('quick')
  /** `null` until the lab has filled it in. */
  recipe = $state.raw<Recipe | null>(null)
  /** Differs from what the preset gives. */
  edited = $state(false)
  seedsText = $state('1')
  name = $state('')
  engine = $state.raw<EngineChoice>(EngineChoice.parse({}))
  /** What the split gives to train `recipe` with. */
  check = $state.raw<RunCheck | null>(null)
  error = $state.raw<LabError | null>(null)
  checking = $state(false)
  starting = $state(false)
  /** Rises with every choice of recipe, preset or split: an answer to an older one comes too late. */
  protected choices = 0
  protected readonly connection: Connection
  readonly #checks: Latest<Wish, RunCheck>
  readonly seeds = $derived(readSeeds(this.seedsText))

  constructor(connection: Connection) {
    this.connection = connection
    const isWanted = (wish: Wish): boolean => wish.recipe === this.recipe && wish.split === this.split
    this.#checks = new Latest(
      (wish) => connection.call('runs.check', wish),
      (check, wish) => {
        if (!isWanted(wish)) return
        this.check = check
        this.error = null
      },
      (thrown, wish) => {
        if (!isWanted(wish)) return
        this.check = null
        this.error = LabError.from(thrown)
      },
    )
  }

  choosePreset(preset: RecipePreset): Promise<void> {
    this.preset = preset
    return this.fill()
  }

  /** Asks what the split gives to train the recipe with. A recipe that is wrong in itself is not sent. */
  abstract checkNow(): Promise<void>

  protected async ask(wish: Wish): Promise<void> {
    this.checking = true
    try {
      await this.#checks.request(wish)
    } finally {
      this.checking = false
    }
  }

  /** The recipe of the preset, fitted to the split; then what it would be. `beside`: read at the same time. */
  protected async fill(beside: (choice: number) => Promise<void> = () => Promise.resolve()): Promise<void> {
    const choice = ++this.choices
    this.check = null
    this.error = null
    this.checking = true
    try {
      const [recipe] = await Promise.all([
        this.connection.call('learning.recipe', { recipe: this.recipeName, preset: this.preset, split: this.split === '' ? null : this.split }),
        beside(choice),
      ])
      if (choice !== this.choices) return
      this.recipe = recipe
      this.edited = false
      await this.checkNow()
    } catch (thrown) {
      if (choice !== this.choices) return
      this.recipe = null
      this.error = LabError.from(thrown)
    } finally {
      if (choice === this.choices) this.checking = false
    }
  }

  /** All of it belonged to another dataset. */
  clear(): void {
    this.choices++
    this.split = ''
    this.recipe = null
    this.edited = false
    this.check = null
    this.error = null
    this.name = ''
  }
}
