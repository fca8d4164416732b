import { LabError, type FusionRecipe } from '../../contract/index.ts'
import { fusedStudentPhase, fusionPhase } from '../../learning/recipes/fusion.ts'
import { fittedAmong } from '../frozen-answers.ts'
import { partOf, type Pace } from '../pace.ts'
import { settingOf, type PlanContext, type PlannedModel } from '../planned-models.ts'
import type { TrainingData } from '../training-data.ts'
import { joinedData } from './joined-data.ts'

/** What the fusion sees: the embeddings of both frozen encoders of every moment that both modalities have. `rowOf`: its row for every window of the student's set. */
export async function fusionData({ run, before, frozen }: Pick<PlanContext, 'run' | 'before' | 'frozen'>, pace: Pace): Promise<{ readonly data: TrainingData; readonly rowOf: Int32Array }> {
  if (run.teacher === null) throw new LabError('recipe-invalid', 'A fusion needs two modalities.', { path: 'teacherWindows' })
  const first = await frozen.embeddingsOf(fittedAmong(before, 'teacher'), run.teacher.data.set, partOf(pace, 0, 0.5))
  const second = await frozen.embeddingsOf(fittedAmong(before, 'encoder'), run.data.set, partOf(pace, 0.5, 1))
  return joinedData(run.data, run.teacher.pairs, { each: first.dimensions, values: first.values }, { each: second.dimensions, values: second.values })
}

export async function planFusion(recipe: FusionRecipe, context: PlanContext): Promise<PlannedModel> {
  const { data } = await fusionData(context, context.pace)
  return { phase: fusionPhase(recipe, settingOf(data)), data, windows: context.run.windows }
}

/** The fusion's embeddings were made once, of windows as they are: neither it nor its classifier changes while the student learns. */
export async function planFusedStudent(recipe: FusionRecipe, context: PlanContext): Promise<PlannedModel> {
  const { run, before, frozen, pace } = context
  const { data, rowOf } = await fusionData(context, partOf(pace, 0, 0.8))
  const fusion = fittedAmong(before, 'fusion')
  const { dimensions, values } = await frozen.embeddingsOf(fusion, data.set, partOf(pace, 0.8, 1))
  const guidance = { pairs: rowOf, arrays: { fused: { shape: [dimensions], values } } }
  return { phase: fusedStudentPhase(recipe, settingOf(run.data), fusion.model, guidance), data: run.data, windows: run.windows }
}
