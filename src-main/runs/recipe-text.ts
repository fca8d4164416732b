import { LabError, Recipe, type WindowOptions } from '../contract/index.ts'
import { crossModalContradiction } from './cross-modal/contradictions.ts'
import { repeatedKey } from './repeated-key.ts'

/** A recipe that a person wrote. @throws LabError `recipe-invalid` with the path of the field and the reason. */
export function parseRecipe(value: unknown): Recipe {
  const read = Recipe.safeParse(value)
  if (!read.success) {
    const [issue] = read.error.issues
    const field = [...issue.path, ...(issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])].map(String).join('.') || 'recipe'
    throw new LabError('recipe-invalid', `${field}: ${issue.message}`, { path: field, reason: issue.message })
  }
  refuseContradictions(read.data)
  return read.data
}

/** @throws LabError `recipe-invalid`. */
export function parseRecipeText(text: string): Recipe {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw new LabError('recipe-invalid', `The recipe is not JSON: ${reason}`, { path: '', reason })
  }
  const twice = repeatedKey(text)
  if (twice !== null) throw new LabError('recipe-invalid', `${twice}: it stands there twice`, { path: twice, reason: 'it stands there twice' })
  return parseRecipe(value)
}

/** Values that are each allowed, and together make no sense. */
function refuseContradictions(recipe: Recipe): void {
  const refuse = (path: string, reason: string): never => {
    throw new LabError('recipe-invalid', `${path}: ${reason}`, { path, reason })
  }
  refuseWindows('windows', recipe.windows, refuse)
  if ('teacherWindows' in recipe) {
    refuseWindows('teacherWindows', recipe.teacherWindows, refuse)
    const found = crossModalContradiction(recipe)
    if (found) refuse(found.path, found.reason)
  }
  if (recipe.recipe !== 'thkd') return
  const { distillation } = recipe.student
  if (distillation.logit.weight === 1) refuse('student.distillation.logit.weight', '1 leaves nothing of the labels: the class head, half of the embedding, would learn nothing of its own. Take 0.9')
  const stages = distillation.stage.weight * distillation.stage.stageWeights.reduce((sum, weight) => sum + weight, 0)
  const taught = distillation.logit.weight + stages + distillation.embedding.weight + distillation.relation.weight * (distillation.relation.distance + distillation.relation.angle)
  if (taught === 0) refuse('student.distillation', 'every level has the weight 0: nothing would be distilled. Use the recipe "scratch"')
}

function refuseWindows(path: 'windows' | 'teacherWindows', { mode, seconds, strideSeconds, filtered, rateHz, lane, quality }: WindowOptions, refuse: (path: string, reason: string) => never): void {
  if (mode === 'window' && strideSeconds > seconds) refuse(`${path}.strideSeconds`, `a stride of ${strideSeconds} s leaves signal out between windows of ${seconds} s`)
  if (filtered && rateHz < (lane === 'ecg' ? 100 : 25)) refuse(`${path}.rateHz`, `${rateHz} Hz cannot hold what the filter passes (${lane === 'ecg' ? '0.5-40' : '0.5-8'} Hz)`)
  if (quality !== null && (lane !== 'ppg' || !filtered)) refuse(`${path}.quality`, 'the gate judges the pulses of a filtered PPG, and nothing else')
}
