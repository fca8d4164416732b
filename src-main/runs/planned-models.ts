import { LabError, type ModelName, type Recipe, type WindowOptions } from '../contract/index.ts'
import type { Engine } from '../learning/engine/engine.ts'
import type { Phase, PhaseSetting } from '../learning/recipes/phase.ts'
import { distilledPhase, scratchPhase } from '../learning/recipes/student.ts'
import { teacherPhase } from '../learning/recipes/teacher.ts'
import { planAlignedStudent, planAlignment } from './cross-modal/clip-models.ts'
import { fusionData, planFusion, planFusedStudent } from './cross-modal/fusion-models.ts'
import { planBridgedStudent, planMatcher } from './cross-modal/sembridge-models.ts'
import type { StoredModel } from './embedding-models.ts'
import { fittedAmong, type FrozenAnswers } from './frozen-answers.ts'
import { honestTraining, requireHonestPairs } from './honest-training.ts'
import type { Pace } from './pace.ts'
import type { RunData } from './run-data.ts'
import type { TrainingData } from './training-data.ts'

/** A network that is to be fitted, and the windows that it sees. */
export interface PlannedModel {
  readonly phase: Phase
  readonly data: TrainingData
  readonly windows: WindowOptions
}

/** What models are planned with: those before it are finished. */
export interface PlanContext {
  readonly recipe: Recipe
  readonly run: RunData
  readonly before: readonly StoredModel[]
  readonly engine: Engine
  readonly seed: number
  /** What those before it say of this run's windows. */
  readonly frozen: FrozenAnswers
  /** Of planning; windows that are matched anew while a model learns ask it too. */
  readonly pace: Pace
}

/** The networks of every recipe, in the order in which they are fitted: each may ask for those before it. */
const networks: Readonly<Record<Recipe['recipe'], readonly ModelName[]>> = {
  thkd: ['teacher', 'student'], fusion: ['teacher', 'encoder', 'fusion', 'student'], clip: ['teacher', 'alignment', 'student'], sembridge: ['teacher', 'matcher', 'student'],
  teacher: ['teacher'], scratch: ['scratch'], lda: [], template: [],
}

/** The models that a recipe makes, in order; the classical ones beside every network keep it honest. */
export function modelsOf(recipe: Recipe): ModelName[] {
  const withoutMatcher = recipe.recipe === 'sembridge' && recipe.matcher.pairs === 'none'
  const fitted = networks[recipe.recipe].filter((name) => name !== 'matcher' || !withoutMatcher)
  const scratch = 'scratch' in recipe && recipe.scratch ? (['scratch'] as const) : []
  return [...fitted, ...scratch, ...(recipe.recipe === 'template' ? [] : (['lda'] as const)), 'template']
}

/**
 * @throws LabError `recipe-invalid` for a model that the recipe has not, `run-not-finished` when one that it needs is missing, `split-leaks` before anything is learnt from what tests or chooses, and those of
 *   the engine, and `cancelled`.
 */
export async function planModel(name: ModelName, context: PlanContext): Promise<PlannedModel> {
  requireHonestPairs(context.run)
  const planned = await planOf(name, context)
  honestTraining(planned.data)
  return planned
}

async function planOf(name: ModelName, context: PlanContext): Promise<PlannedModel> {
  const { recipe, run, before } = context
  const setting = settingOf(run.data)
  const own = (phase: Phase): PlannedModel => ({ phase, data: run.data, windows: run.windows })
  if (name === 'teacher' && 'teacher' in recipe) {
    const { data, windows } = run.teacher ?? run
    return { phase: teacherPhase(recipe.teacher, settingOf(data)), data, windows }
  }
  if (name === 'encoder' && 'encoder' in recipe) return own(teacherPhase(recipe.encoder, setting, 'encoder'))
  if (name === 'scratch' && 'student' in recipe) return own(scratchPhase(recipe.student, setting))
  if (name === 'student' && recipe.recipe === 'thkd') return own(distilledPhase(recipe.student, setting, fittedAmong(before, 'teacher').model))
  if (recipe.recipe === 'fusion' && name === 'fusion') return planFusion(recipe, context)
  if (recipe.recipe === 'fusion' && name === 'student') return planFusedStudent(recipe, context)
  if (recipe.recipe === 'clip' && name === 'alignment') return planAlignment(recipe, context)
  if (recipe.recipe === 'clip' && name === 'student') return planAlignedStudent(recipe, context)
  if (recipe.recipe === 'sembridge' && name === 'matcher') return await planMatcher(recipe, context)
  if (recipe.recipe === 'sembridge' && name === 'student') return planBridgedStudent(recipe, context)
  throw new LabError('recipe-invalid', `The recipe "${recipe.recipe}" has no model "${name}".`, { path: 'recipe', recipe: recipe.recipe, model: name })
}

export const settingOf = ({ classes, set }: TrainingData): PhaseSetting => ({ people: classes.subjects.length, length: set.length, channels: set.channels })

/** What a model is tested with; `null`: it recognises nobody by itself, or there is nothing of its modality to test it with. */
export async function testData(name: ModelName, { run, models, frozen }: { readonly run: RunData; readonly models: readonly StoredModel[]; readonly frozen: FrozenAnswers }, pace: Pace): Promise<TrainingData | null> {
  if (name === 'alignment' || name === 'matcher') return null
  if (name === 'fusion') return testable(await fusionData({ run, before: models, frozen }, pace).then(({ data }) => data))
  return name === 'teacher' && run.teacher ? testable(run.teacher.data) : run.data
}

const testable = (data: TrainingData): TrainingData | null => (data.test.length > 0 && data.enrolment.length > 0 ? data : null)
