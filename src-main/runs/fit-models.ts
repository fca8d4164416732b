import { LabError, type FitOptions, type ModelName, type Recipe, type RunEpoch, type RunModel, type WindowOptions } from '../contract/index.ts'
import { PcaLda } from '../learning/baselines/pca-lda.ts'
import { samplesOf } from '../learning/data/window-rows.ts'
import { figuresOf } from '../learning/networks/network-figures.ts'
import { embeddingOf, networkName } from '../learning/recipes/answers.ts'
import type { Phase } from '../learning/recipes/phase.ts'
import { Answering } from '../learning/training/answering.ts'
import { fitPhase, type BatchSource, type FitContext } from '../learning/training/fit.ts'
import type { FitCheckpoint } from '../learning/training/fit-state.ts'
import { packModel, unpackModel, type ModelUse, type StoredModel } from './embedding-models.ts'
import type { FrozenAnswers } from './frozen-answers.ts'
import { paced } from './pace.ts'
import { modelsOf, planModel, type PlannedModel } from './planned-models.ts'
import type { RunData } from './run-data.ts'
import type { RunFolder } from './run-folder.ts'
import { batchSource, type TrainingData } from './training-data.ts'
import { validator } from './validation.ts'

/** What a fit needs of the world; epochs and checkpoints go to the run's folder. */
export type FitWorld = Pick<FitContext, 'engine' | 'request' | 'now' | 'memoryBytes'>

/** A model that is to be made: here, or it was taken over from another run. */
export interface ModelTurn {
  readonly taken: RunModel | null
  /** @param isMade whether it is there now. */
  end(isMade: boolean): Promise<void>
}

export interface ModelSetting {
  readonly folder: RunFolder
  readonly run: RunData
  readonly recipe: Recipe
  readonly seed: number
  readonly world: FitWorld
  readonly frozen: FrozenAnswers
  /** Models that are finished already, by an earlier sitting. */
  readonly known: readonly RunModel[]
  /** Asked before a model is made; it may wait. @throws LabError `cancelled` */
  turn(model: ModelName): Promise<ModelTurn>
  onEpoch(epoch: RunEpoch): Promise<void>
  onModel(model: RunModel): Promise<void>
  /** Checkpoints that could not be used, newest first. */
  onDamaged(damaged: readonly LabError[]): Promise<void>
  /** `done`: of this model, 0-1. */
  onProgress(model: ModelName, done: number): void
}

/**
 * Makes every model of the recipe, from where the run stands: finished ones are read, one under way goes on from its checkpoint. After a `stop` the rest is left out.
 * @throws LabError `training-impossible`, `training-diverged`, `cancelled`, `out-of-memory` with what to lower, and those of engine and disk.
 */
export async function fitModels(setting: ModelSetting): Promise<StoredModel[]> {
  const { content, damaged } = await setting.folder.checkpoint()
  if (damaged.length > 0) {
    await setting.onDamaged(damaged)
    await setting.folder.removeDamagedCheckpoints(damaged)
  }
  const checkpoint = content ? { ...(content.meta as unknown as Omit<FitCheckpoint, 'arrays'>), arrays: content.arrays } : null
  const models: StoredModel[] = []
  for (const name of modelsOf(setting.recipe)) {
    const made = await modelOf(name, models, setting, checkpoint?.phase === name ? checkpoint : null)
    if (made === null) continue
    models.push(made)
    setting.onProgress(name, 1)
  }
  return models
}

/** `null`: it is left out, after a `stop`. */
async function modelOf(name: ModelName, before: readonly StoredModel[], setting: ModelSetting, checkpoint: FitCheckpoint | null): Promise<StoredModel | null> {
  const { folder, known, world } = setting
  if (known.some((model) => model.name === name)) return unpackModel(await folder.model(name, known))
  const isClassical = name === 'lda' || name === 'template'
  const isLeftOut = (): boolean => !isClassical && checkpoint === null && world.request() === 'stop'
  if (isLeftOut()) return null
  const turn = await setting.turn(name)
  if (turn.taken) return unpackModel(await folder.model(name, [turn.taken]))
  let made: StoredModel | null = null
  try {
    if (isLeftOut()) return null
    made = isClassical ? await classicalModel(name, setting) : await networkModel(name, before, setting, checkpoint)
    return made
  } finally {
    await turn.end(made !== null)
  }
}

/** Part of a model's time that planning it takes, where there is anything to do. */
const planningShare = 0.1

/** A plan, told of and heard while it is made, and while its windows are matched anew. `null`: it was stopped before it was made. @throws LabError `cancelled` */
async function planned(name: ModelName, before: readonly StoredModel[], { run, recipe, seed, world, frozen, onProgress }: ModelSetting, isNew: boolean): Promise<(PlannedModel & { readonly share: number }) | null> {
  let [isPlanning, share] = [true, 0]
  const pace = paced((done) => {
    const request = world.request()
    if (request === 'pause' || (request === 'stop' && isNew && isPlanning)) throw new LabError('cancelled', `The run was left while windows were prepared for the model "${name}".`, { phase: name })
    if (!isPlanning) return
    share = planningShare
    onProgress(name, share * done)
  })
  try {
    const plan = await planModel(name, { run, recipe, before, seed, engine: world.engine, frozen, pace })
    isPlanning = false
    return { ...plan, share }
  } catch (thrown) {
    if (LabError.from(thrown).code === 'cancelled' && world.request() === 'stop') return null
    throw thrown
  }
}

/** `null`: it was stopped before it had learnt anything. */
async function networkModel(name: ModelName, before: readonly StoredModel[], setting: ModelSetting, checkpoint: FitCheckpoint | null): Promise<StoredModel | null> {
  const { folder, seed, world } = setting
  const plan = await planned(name, before, setting, checkpoint === null)
  if (plan === null) return null
  const { phase: asked, data, windows, share } = plan
  const batches = batchSource(data, asked.fit, seed)
  const phase: Phase = { ...asked, fit: { ...asked.fit, epochs: epochsOf(asked.fit, batches) } }
  // Towers recognise nobody by themselves: the EER of both sides together would choose by the teacher's. The newest weights count.
  const validate = phase.shape.join?.kind === 'towers' ? () => Promise.resolve({ eer: null, rank1: null }) : validator(data)
  let answering: Answering | null = null
  let fitted
  try {
    const answers = (answering = await Answering.compile(world.engine, phase.shape, 64))
    fitted = await fitPhase(
      { phase, seed, batches, validate: (model) => validate(async (samples) => (await answers.answer(samples, model.state)).embeddings) },
      {
        ...world,
        onEpoch: (epoch) => setting.onEpoch(epoch),
        onProgress: (done) => setting.onProgress(name, share + (1 - share) * done),
        save: ({ arrays, ...meta }) => folder.writeCheckpoint({ meta, arrays }),
      },
      checkpoint,
    )
  } catch (thrown) {
    throw withAdvice(thrown, phase)
  } finally {
    answering?.dispose()
  }
  if (fitted.steps === 0) return null
  const stored: StoredModel = { kind: 'network', name, use: useOf(data, windows, phase.margin.scale), model: fitted.model }
  const hash = await folder.writeModel(name, packModel(stored))
  const figures = figuresOf(embeddingOf(phase.shape), phase.shape)
  await setting.onModel({
    name, network: networkName(phase.shape), parameters: figures.parameters, macs: figures.macs, epochs: fitted.epochs, bestEpoch: fitted.bestEpoch, stoppedEarly: fitted.stoppedEarly,
    seconds: fitted.seconds, hash,
  })
  return stored
}

/** So many that the data is gone through as often as was asked, or as the fewest steps take. */
export function epochsOf({ epochs, minimumSteps }: FitOptions, { stepsPerEpoch, passesPerEpoch }: Pick<BatchSource, 'stepsPerEpoch' | 'passesPerEpoch'>): number {
  return Math.max(Math.ceil(epochs / passesPerEpoch), Math.ceil(minimumSteps / stepsPerEpoch))
}

async function classicalModel(name: 'lda' | 'template', setting: ModelSetting): Promise<StoredModel> {
  const { run: { data, windows }, recipe, folder, world } = setting
  const use = useOf(data, windows, scaleOf(recipe))
  const began = world.now()
  const options = recipe.recipe === 'lda' ? recipe : { components: 60, shrinkage: 0.1 }
  const fit = (): PcaLda => {
    const { set, training, classes } = data
    return PcaLda.fit({ values: samplesOf(set, training), length: use.length * use.channels, labels: Int32Array.from(training, (row) => classes.classOf[set.subject[row]]) }, options)
  }
  const stored: StoredModel = name === 'lda' ? { kind: 'lda', name, use, model: fit() } : { kind: 'template', name, use }
  const hash = await folder.writeModel(name, packModel(stored))
  const parameters = stored.kind === 'lda' ? stored.model.length * (stored.model.dimension + 1) : 0
  await setting.onModel({ name, network: name === 'lda' ? `PCA-${options.components} + LDA` : 'mean beat', parameters, macs: stored.kind === 'lda' ? stored.model.length * stored.model.dimension : 0, epochs: 0, bestEpoch: null, stoppedEarly: false, seconds: (world.now() - began) / 1000, hash })
  return stored
}

/** What a model is for. */
function useOf({ set, classes }: TrainingData, windows: WindowOptions, scale: number): ModelUse {
  const { rateHz, length, channels, subjects } = set
  return { windows, rateHz, length, channels, people: Array.from(classes.subjects, (subject) => subjects[subject]), scale }
}

/** What a margin loss multiplied its cosines with; the classical models take the same, so that confidences compare. */
function scaleOf(recipe: Recipe): number {
  return 'teacher' in recipe ? recipe.teacher.margin.scale : 'student' in recipe ? recipe.student.margin.scale : 32
}

/** Memory that ran out, in an engine's words or V8's, with what makes a step smaller. */
function withAdvice(thrown: unknown, { name, fit, shape }: Phase): unknown {
  const { code, message, data } = LabError.from(thrown)
  // V8 throws a RangeError for an array that it has no room for.
  if (code !== 'out-of-memory' && !(thrown instanceof RangeError && /allocation failed|invalid (typed )?array length/i.test(message))) return thrown
  const { people, windowsPerPerson } = fit
  const text =
    `There is not enough memory to train the ${name} (${shape.network.preset}) on batches of ${people} people with ${windowsPerPerson} windows of ${shape.length} samples each. ` +
    `Lower the people of a batch or the windows per person, take a narrower network, or shorter windows or a lower rate. (${message})`
  return new LabError('out-of-memory', text, { ...data, model: name, network: shape.network.preset, people, windowsPerPerson, length: shape.length, channels: shape.channels }, { cause: thrown })
}
