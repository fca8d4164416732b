import type { ModelName, Recipe } from '../../contract/index.ts'
import { canonicalJson } from '../../curation/canonical-json.ts'
import { sha256 } from '../../dataset/hashes.ts'

/** Everything outside of the recipe that a model comes from. */
export interface ModelOrigin {
  readonly program: string
  readonly splitHash: string
  readonly seed: number
  /** Content hashes of the windows: the student's modality, and the teacher's where there are two. */
  readonly windows: readonly string[]
  readonly engine: { readonly name: string; readonly provider: string; readonly version: string }
}

/** How a student is taught. Fields that are not known here count as something that every model depends on. */
const teaching = {
  thkd: ['student.distillation'], fusion: ['distillation'], clip: ['distillation'], sembridge: ['base', 'alignment', 'weights', 'rematch'], teacher: [], scratch: [], lda: [], template: [],
} as const satisfies Record<Recipe['recipe'], readonly string[]>

/** The models that others are made from, or compared with, and the fields that they do not depend on beside those of `teaching`. */
const independent: Partial<Record<ModelName, readonly string[]>> = {
  teacher: ['student', 'encoder', 'fusion', 'matcher', 'excludeSynchronous'],
  encoder: ['teacher', 'student', 'fusion'],
  fusion: ['student'],
  alignment: [],
  matcher: [],
  scratch: ['teacher', 'encoder', 'fusion', 'matcher', 'excludeSynchronous'],
  // Their confidences take the scale of the teacher's margin, or the student's.
  lda: ['encoder', 'fusion', 'matcher', 'excludeSynchronous'],
}

/**
 * What of a recipe a model depends on; `null` for one that is what a cell is about, or is made in no time. Where a field might matter it counts: training once too often costs time, once too little the truth.
 * @example dependsOn('teacher', recipe) // the recipe without student and distillation
 */
export function dependsOn(model: ModelName, recipe: Recipe): Record<string, unknown> | null {
  const fields = independent[model]
  // Where nobody is taught, every model is what the cell is about.
  if (fields === undefined || teaching[recipe.recipe].length === 0) return null
  const left = structuredClone(recipe) as unknown as Record<string, unknown>
  // Neither how models are judged nor which others are made changes one.
  for (const path of ['evaluation', 'scratch', ...teaching[recipe.recipe], ...fields]) remove(left, path.split('.'))
  // There it is a model, which only the student is made from; in SemBridge it is a part of the student's loss.
  if (recipe.recipe === 'clip' && model !== 'alignment') delete left.alignment
  return left
}

function remove(holder: Record<string, unknown>, [name, ...rest]: readonly string[]): void {
  const inner = holder[name]
  if (rest.length === 0) delete holder[name]
  else if (typeof inner === 'object' && inner !== null) remove(inner as Record<string, unknown>, rest)
}

/** Two models with one key are the same model. `null`: it is not shared. */
export function modelKey(model: ModelName, recipe: Recipe, origin: ModelOrigin): string | null {
  const parts = dependsOn(model, recipe)
  return parts && sha256(canonicalJson({ model, recipe: parts, ...origin }))
}

/** Whether two recipes make the same model of everything else equal. */
export function isSameModel(model: ModelName, a: Recipe, b: Recipe): boolean {
  const [left, right] = [dependsOn(model, a), dependsOn(model, b)]
  return left !== null && right !== null && canonicalJson(left) === canonicalJson(right)
}
