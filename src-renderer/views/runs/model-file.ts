import { joinedModels, type ModelName, type RunRecord } from '../../../src-main/contract/schemas/learning.ts'

/**
 * Where a model is written unless a person says otherwise: in `folder`, named after the run, in letters that every file system takes.
 *
 * @example modelFile('/data/lab-models', run named 'THKD, v1', 'student') // '/data/lab-models/THKD-v1-student.onnx'
 */
export function modelFile(folder: string, run: Pick<RunRecord, 'id' | 'name' | 'recipe' | 'seed'>, model: ModelName): string {
  const plain = run.name.normalize('NFKD').replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '')
  const name = plain === '' ? `${run.recipe.recipe}-seed${run.seed}-${run.id.slice(-6)}` : plain
  const between = folder.includes('\\') && !folder.includes('/') ? '\\' : '/'
  return `${folder.replace(/[\\/]+$/, '')}${between}${name}-${model}.onnx`
}

/** Whether a model can be a file of its own: the template compares with the mean beats of people, who stay in the dataset; others need two signals at once. */
export function exportable({ name }: { readonly name: ModelName }): boolean {
  return name !== 'template' && !joinedModels.includes(name)
}
