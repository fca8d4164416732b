import { LabError, type ClipRecipe } from '../../contract/index.ts'
import { alignedStudentPhase, alignmentPhase } from '../../learning/recipes/clip.ts'
import { fittedAmong } from '../frozen-answers.ts'
import { partOf, type Pace } from '../pace.ts'
import { settingOf, type PlanContext, type PlannedModel } from '../planned-models.ts'
import type { TrainingData } from '../training-data.ts'
import { joinedData, samplesAsRows, type Rows } from './joined-data.ts'

interface AlignmentData {
  readonly data: TrainingData
  /** The row of `data` for every window of the student's set, -1: it has no partner. */
  readonly rowOf: Int32Array
  /** Dimensions of the teacher's embedding, with which every row begins. */
  readonly teacherWidth: number
}

/** What the towers see: the frozen teacher's embedding, then the window of the student's modality, of every moment that both have. */
async function alignmentData({ run, before, frozen }: PlanContext, pace: Pace): Promise<AlignmentData> {
  if (run.teacher === null) throw new LabError('recipe-invalid', 'An alignment needs two modalities.', { path: 'teacherWindows' })
  const { dimensions, values } = await frozen.embeddingsOf(fittedAmong(before, 'teacher'), run.teacher.data.set, pace)
  return { ...joinedData(run.data, run.teacher.pairs, { each: dimensions, values }, samplesAsRows(run.data.set)), teacherWidth: dimensions }
}

export async function planAlignment(recipe: ClipRecipe, context: PlanContext): Promise<PlannedModel> {
  const { run, pace } = context
  const { data } = await alignmentData(context, pace)
  const { people } = settingOf(data)
  return { phase: alignmentPhase(recipe, { people, length: run.data.set.length }), data, windows: run.windows }
}

/** The teacher's embeddings, and the same behind their frozen head, were made once, of windows as they are. */
export async function planAlignedStudent(recipe: ClipRecipe, context: PlanContext): Promise<PlannedModel> {
  const { run, before, frozen, pace } = context
  const { data, rowOf, teacherWidth } = await alignmentData(context, partOf(pace, 0, 0.5))
  const alignment = fittedAmong(before, 'alignment')
  const { dimensions, values } = await frozen.embeddingsOf(alignment, data.set, partOf(pace, 0.5, 1))
  const taught = (rows: Rows, width: number) => ({ shape: [width], values: beginnings(rows, width) })
  // Of towers the embedding is both sides', the teacher's first.
  const arrays = { teacher: taught(samplesAsRows(data.set), teacherWidth), aligned: taught({ each: dimensions, values }, recipe.alignment.projection) }
  const models = { teacher: fittedAmong(before, 'teacher').model, alignment: alignment.model }
  return { phase: alignedStudentPhase(recipe, settingOf(run.data), models, { pairs: rowOf, arrays }), data: run.data, windows: run.windows }
}

/** The first `width` values of every row. */
function beginnings({ each, values }: Rows, width: number): Float32Array {
  const count = values.length / each
  const picked = new Float32Array(count * width)
  for (let row = 0; row < count; row++) picked.set(values.subarray(row * each, row * each + width), row * width)
  return picked
}
