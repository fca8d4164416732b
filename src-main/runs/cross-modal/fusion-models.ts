import { LabError, type FusionRecipe } from '../../contract/index.ts'
import type { Engine } from '../../learning/engine/engine.ts'
import { fusedStudentPhase, fusionPhase } from '../../learning/recipes/fusion.ts'
import type { StoredModel } from '../embedding-models.ts'
import { embeddingsOf, fittedAmong } from '../frozen-answers.ts'
import { settingOf, type PlanContext, type PlannedModel } from '../planned-models.ts'
import type { RunData } from '../run-data.ts'
import type { TrainingData } from '../training-data.ts'
import { joinedData } from './joined-data.ts'

/** What the fusion sees: the embeddings of both frozen encoders of every moment that both modalities have. `rowOf`: its row for every window of the student's set. */
export async function fusionData(run: RunData, models: readonly StoredModel[], engine: Engine): Promise<{ readonly data: TrainingData; readonly rowOf: Int32Array }> {
  if (run.teacher === null) throw new LabError('recipe-invalid', 'A fusion needs two modalities.', { path: 'teacherWindows' })
  const first = await embeddingsOf(fittedAmong(models, 'teacher'), run.teacher.data.set, engine)
  const second = await embeddingsOf(fittedAmong(models, 'encoder'), run.data.set, engine)
  return joinedData(run.data, run.teacher.pairs, { each: first.dimensions, values: first.values }, { each: second.dimensions, values: second.values })
}

export async function planFusion(recipe: FusionRecipe, { run, before, engine }: PlanContext): Promise<PlannedModel> {
  const { data } = await fusionData(run, before, engine)
  return { phase: fusionPhase(recipe, settingOf(data)), data, windows: run.windows }
}

/** The fusion's embeddings were made once, of windows as they are: neither it nor its classifier changes while the student learns. */
export async function planFusedStudent(recipe: FusionRecipe, { run, before, engine }: PlanContext): Promise<PlannedModel> {
  const { data, rowOf } = await fusionData(run, before, engine)
  const fusion = fittedAmong(before, 'fusion')
  const { dimensions, values } = await embeddingsOf(fusion, data.set, engine)
  const guidance = { pairs: rowOf, arrays: { fused: { shape: [dimensions], values } } }
  return { phase: fusedStudentPhase(recipe, settingOf(run.data), fusion.model, guidance), data: run.data, windows: run.windows }
}
