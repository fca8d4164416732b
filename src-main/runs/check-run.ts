import type { Recipe, RunCheck } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { figuresOf } from '../learning/networks/network-figures.ts'
import { networkOf } from '../learning/recipes/features.ts'
import { windowFacts } from './execute-run.ts'
import { epochsOf, modelsOf } from './fit-models.ts'
import { batchSource, trainingData } from './training-data.ts'
import { windowOptionsOf } from './window-options.ts'
import { buildWindowSet } from './window-sets.ts'

/** What a run would be. Cuts the windows, which the run then finds in the cache. @throws LabError `training-impossible` and those of `buildWindowSet`. */
export async function checkRun(dataset: Dataset, splitName: string, recipe: Recipe, { signal }: { readonly signal: AbortSignal }): Promise<RunCheck> {
  const split = await dataset.splits.get(splitName)
  const built = await buildWindowSet(dataset, split, windowOptionsOf(recipe.windows), { signal })
  const data = trainingData(built.set, split, recipe, built.report)
  const facts = windowFacts(built, data)
  const { length, channels } = built.set
  const models: RunCheck['models'] = []
  const stepsPerEpoch: RunCheck['stepsPerEpoch'] = {}
  const epochs: RunCheck['epochs'] = {}
  for (const name of modelsOf(recipe)) {
    const options = name === 'teacher' && 'teacher' in recipe ? recipe.teacher : (name === 'student' || name === 'scratch') && 'student' in recipe ? recipe.student : null
    if (options === null) {
      models.push({ name, network: name === 'lda' ? 'PCA + LDA' : 'mean beat', parameters: 0, macs: null, trainingBytes: null })
      continue
    }
    const { people, windowsPerPerson } = options.fit
    const figures = figuresOf(networkOf(options.network), { length, channels })
    // Weights, gradient and two moments, beside what the batch takes.
    const trainingBytes = 16 * figures.parameters + figures.activationBytes * people * windowsPerPerson
    models.push({ name, network: options.network.preset, parameters: figures.parameters, macs: figures.macs, trainingBytes })
    const source = batchSource(data, options.fit, 1)
    stepsPerEpoch[name] = source.stepsPerEpoch
    epochs[name] = epochsOf(options.fit, source)
  }
  return {
    recipe, models, stepsPerEpoch, epochs, heldOut: data.heldOut, closedSet: data.closedSet,
    windows: { byRole: facts.byRole, subjects: facts.subjects, trainingSubjects: data.classes.subjects.length, length, dropped: facts.dropped },
  }
}
