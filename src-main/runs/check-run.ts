import type { FitOptions, ModelName, NetworkOptions, Recipe, RunCheck } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { figuresOf } from '../learning/networks/network-figures.ts'
import { embeddingOf, networkName, type ModelShape } from '../learning/recipes/answers.ts'
import { joinOf } from '../learning/recipes/join-of.ts'
import { windowFacts } from './execute-run.ts'
import { epochsOf } from './fit-models.ts'
import { modelsOf } from './planned-models.ts'
import { runData, type RunData } from './run-data.ts'
import { batchSource, type TrainingData } from './training-data.ts'

/** What a run would be. Cuts the windows, which the run then finds in the cache. @throws LabError `training-impossible`, `pairs-missing` and those of `buildWindowSet`. */
export async function checkRun(dataset: Dataset, splitName: string, recipe: Recipe, { signal }: { readonly signal: AbortSignal }): Promise<RunCheck> {
  const split = await dataset.splits.get(splitName)
  const run = await runData(dataset, split, recipe, { signal })
  const { data } = run
  const facts = windowFacts(run)
  const { length } = data.set
  const models: RunCheck['models'] = []
  const stepsPerEpoch: RunCheck['stepsPerEpoch'] = {}
  const epochs: RunCheck['epochs'] = {}
  for (const name of modelsOf(recipe)) {
    const planned = planOf(name, recipe, run)
    if (planned === null) {
      models.push({ name, network: name === 'lda' ? 'PCA + LDA' : 'mean beat', parameters: 0, macs: null, trainingBytes: null })
      continue
    }
    const { shape, fit } = planned
    const figures = figuresOf(embeddingOf(shape), shape)
    // Weights, gradient and two moments, beside what the batch takes.
    const trainingBytes = 16 * figures.parameters + figures.activationBytes * fit.people * fit.windowsPerPerson
    models.push({ name, network: networkName(shape), parameters: figures.parameters, macs: figures.macs, trainingBytes })
    const source = batchSource(windowsFor(name, recipe, run), fit, 1)
    stepsPerEpoch[name] = source.stepsPerEpoch
    epochs[name] = epochsOf(fit, source)
  }
  return {
    recipe, models, stepsPerEpoch, epochs, heldOut: data.heldOut, closedSet: data.closedSet,
    windows: { byRole: facts.byRole, subjects: facts.subjects, trainingSubjects: data.classes.subjects.length, length, dropped: facts.dropped, unmeasured: facts.unmeasured },
  }
}

/** The network of a model and how it will be fitted; `null` for a classical one. */
function planOf(name: ModelName, recipe: Recipe, { data: { set, classes }, teacher }: RunData): { readonly shape: ModelShape; readonly fit: FitOptions } | null {
  const people = classes.subjects.length
  const single = ({ network, fit }: { network: NetworkOptions; fit: FitOptions }, { length, channels } = set, heads: 1 | 2 = 1) => ({ fit, shape: { network, heads, people, length, channels } })
  if (name === 'teacher' && 'teacher' in recipe) return single(recipe.teacher, teacher?.data.set ?? set)
  if (name === 'encoder' && 'encoder' in recipe) return single(recipe.encoder)
  if ((name === 'student' || name === 'scratch') && 'student' in recipe) return single(recipe.student, set, 2)
  const joined = joinOf(recipe, { teacher: teacher?.data.set.length ?? 0, student: set.length })
  if (joined === null || name === 'lda' || name === 'template') return null
  const { join, network, fit } = joined
  return { fit, shape: { network, join, heads: 1, people, length: join.first.length + join.second.length, channels: 1 } }
}

/** What a model learns from: its modality's windows, or those moments that both modalities have. */
function windowsFor(name: ModelName, recipe: Recipe, { data, teacher }: RunData): TrainingData {
  if (teacher === null) return data
  const pseudo = name === 'matcher' && recipe.recipe === 'sembridge' && recipe.matcher.pairs === 'pseudo'
  if (name === 'teacher' || pseudo) return teacher.data
  return name === 'fusion' || name === 'alignment' || name === 'matcher' ? { ...data, training: data.training.filter((row) => teacher.pairs[row] >= 0) } : data
}
