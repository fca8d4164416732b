import { LabError, Recipe } from '../contract/index.ts'

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
  return parseRecipe(value)
}

/** Values that are each allowed, and together make no sense. */
function refuseContradictions(recipe: Recipe): void {
  const refuse = (path: string, reason: string): never => {
    throw new LabError('recipe-invalid', `${path}: ${reason}`, { path, reason })
  }
  const { windows } = recipe
  if (windows.mode === 'window' && windows.strideSeconds > windows.seconds) refuse('windows.strideSeconds', `a stride of ${windows.strideSeconds} s leaves signal out between windows of ${windows.seconds} s`)
  if (windows.filtered && windows.rateHz < (windows.lane === 'ecg' ? 100 : 25)) refuse('windows.rateHz', `${windows.rateHz} Hz cannot hold what the filter passes (${windows.lane === 'ecg' ? '0.5-40' : '0.5-8'} Hz)`)
  if (recipe.recipe !== 'thkd') return
  const { distillation } = recipe.student
  if (distillation.logit.weight === 1) refuse('student.distillation.logit.weight', '1 leaves nothing of the labels: the class head, half of the embedding, would learn nothing of its own. Take 0.9')
  const stages = distillation.stage.weight * distillation.stage.stageWeights.reduce((sum, weight) => sum + weight, 0)
  const taught = distillation.logit.weight + stages + distillation.embedding.weight + distillation.relation.weight * (distillation.relation.distance + distillation.relation.angle)
  if (taught === 0) refuse('student.distillation', 'every level has the weight 0: nothing would be distilled. Use the recipe "scratch"')
}
