import { LabError, type FitOptions, type RunEpoch } from '../../contract/index.ts'
import type { Engine, Specs } from '../engine/engine.ts'
import type { ParameterLayout } from '../networks/parameter-layout.ts'
import { initialStatistics, initialWeights } from '../networks/parameter-layout.ts'
import { marginAt } from '../objectives/margin-schedule.ts'
import { compactModel, type FittedModel } from '../recipes/answers.ts'
import type { Phase } from '../recipes/phase.ts'
import { FitState, type FitCheckpoint } from './fit-state.ts'
import { GuidanceBatch, guidanceSpecs } from './guidance-batch.ts'
import { clippingScale, gradientNorm } from './gradient-clipping.ts'
import { MaskSource } from './masks.ts'
import type { Optimizer } from './optimizers/optimizer.ts'
import { makeOptimizer } from './optimizers/make-optimizer.ts'
import { learningRate } from './schedule.ts'
import { describeObjective, TrainingStep, type StepResult } from './training-step.ts'
import { updateAverage } from './weight-average.ts'

/** Where batches come from: each is a function of its place alone, so that a resumed run sees what an uninterrupted one does. */
export interface BatchSource {
  readonly stepsPerEpoch: number
  /** Times that an epoch goes through the data. */
  readonly passesPerEpoch: number
  /** `x`: [batch, time, channels]. Epochs and steps count from 0. Returns which windows of the set they are. */
  fill(epoch: number, step: number, x: Float32Array, labels: Int32Array): Int32Array
}

export interface FitPlan {
  readonly phase: Phase
  readonly seed: number
  readonly batches: BatchSource
  /** How good these weights are on the validation part; a lower EER is better, `null` is worst. */
  validate(model: FittedModel): Promise<{ readonly eer: number | null; readonly rank1: number | null }>
}

/** What the world around a fit gives to it. */
export interface FitContext {
  readonly engine: Engine
  /** Asked after every step. `pause`: save and leave (`cancelled`); `stop`: be content with the best so far. */
  request(): 'go' | 'pause' | 'stop'
  /** Milliseconds, monotonic. */
  now(): number
  memoryBytes(): number
  onEpoch(epoch: RunEpoch): Promise<void>
  /** Part of this phase that is done, 0-1. */
  onProgress(done: number): void
  save(checkpoint: FitCheckpoint): Promise<void>
}

export interface Fitted {
  /** The best on validation. */
  readonly model: FittedModel
  readonly epochs: number
  readonly bestEpoch: number | null
  readonly stoppedEarly: boolean
  readonly steps: number
  /** All sittings together. */
  readonly seconds: number
}

/**
 * Fits one network: rate, batch, gradient, clip, update, average, and after every epoch validate, keep the best, checkpoint. From a checkpoint it goes on exactly where that was made.
 * @throws LabError `training-diverged`, `cancelled` (paused), and those of the engine and of `context`.
 */
export async function fitPhase(plan: FitPlan, context: FitContext, resumed: FitCheckpoint | null = null): Promise<Fitted> {
  const { phase } = plan
  const { fit } = phase
  const batch = fit.people * fit.windowsPerPerson
  const specs: Specs = {
    ...guidanceSpecs(phase.guidance, batch),
    x: { shape: [batch, phase.shape.length, phase.shape.channels], dtype: 'float32' }, labels: { shape: [batch], dtype: 'int32' }, margin: { shape: [], dtype: 'float32' },
  }
  const layout = describeObjective(phase.objective, specs)
  const optimizer = makeOptimizer(fit, layout)
  const fresh = (): FitState => FitState.fresh(phase.name, { weights: initialWeights(layout, plan.seed), statistics: initialStatistics(layout) }, optimizer, fit.averageDecay !== null)
  const state = resumed ? FitState.from(resumed, phase.name, layout, optimizer) : fresh()
  state.pairs ??= phase.rematch && phase.guidance ? phase.guidance.pairs.slice() : null
  const training = await TrainingStep.compile(context.engine, layout, phase.objective, specs, optimizer.allocate())
  try {
    await new Fitting(plan, context, layout, training, optimizer, state).run()
  } finally {
    training.dispose()
  }
  return {
    model: compactModel(phase.shape, layout, state.best ?? state.validated()), epochs: state.epoch, bestEpoch: state.bestEpoch, stoppedEarly: state.epoch < fit.epochs, steps: state.steps,
    seconds: state.seconds,
  }
}

/** One fit under way. */
class Fitting {
  readonly #x: Float32Array
  readonly #labels: Int32Array
  readonly #margin = new Float32Array(1)
  readonly #masks: MaskSource
  readonly #guide: GuidanceBatch | null
  readonly #fit: FitOptions
  /** Milliseconds since the epoch began that went into data, and the time it began. */
  #waited = 0
  #began = 0
  /** Until when `state.seconds` counts. */
  #counted = 0
  #stepsHere = 0
  #stopped = false

  constructor(
    readonly plan: FitPlan,
    readonly context: FitContext,
    readonly layout: ParameterLayout,
    readonly training: TrainingStep,
    readonly optimizer: Optimizer,
    readonly state: FitState,
  ) {
    this.#fit = plan.phase.fit
    const batch = this.#fit.people * this.#fit.windowsPerPerson
    this.#x = new Float32Array(batch * plan.phase.shape.length * plan.phase.shape.channels)
    this.#labels = new Int32Array(batch)
    this.#guide = plan.phase.guidance ? new GuidanceBatch(plan.phase.guidance, batch) : null
    this.#masks = new MaskSource(layout.masks, `${plan.phase.name} masks`, plan.seed)
  }

  get #allSteps(): number {
    return this.#fit.epochs * this.plan.batches.stepsPerEpoch
  }

  async run(): Promise<void> {
    const { state } = this
    // A run that was left, and is now to be content with what it had.
    this.#stopped = this.context.request() === 'stop'
    this.#counted = this.context.now()
    while (state.epoch < this.#fit.epochs && !this.#stopped && !this.#hasWaitedEnough()) {
      this.#began = this.context.now()
      this.#waited = 0
      this.#stepsHere = 0
      await this.#rematch()
      while (state.stepInEpoch < this.plan.batches.stepsPerEpoch && !this.#stopped) await this.#step()
      if (!this.#stopped) await this.#endEpoch()
    }
    this.#count()
  }

  #count(): void {
    const now = this.context.now()
    this.state.seconds += (now - this.#counted) / 1000
    this.#counted = now
  }

  #hasWaitedEnough(): boolean {
    const { patience } = this.#fit
    return patience !== null && this.state.waited >= patience
  }

  /** Whoever is resumed within an epoch goes on with the pairs of its beginning. */
  async #rematch(): Promise<void> {
    const { state, layout, plan: { phase } } = this
    if (!phase.rematch || state.stepInEpoch > 0 || !phase.rematch.before(state.epoch, this.#fit.epochs)) return
    const { pairs, measures } = await phase.rematch.match(compactModel(phase.shape, layout, state.validated()), state.epoch)
    state.pairs = pairs
    state.measures = measures
  }

  async #step(): Promise<void> {
    const { state, context, plan, training } = this
    const began = context.now()
    const rows = plan.batches.fill(state.epoch, state.stepInEpoch, this.#x, this.#labels)
    const taught = this.#guide?.of(rows, state.pairs)
    this.#margin[0] = marginAt(state.steps / this.#allSteps, plan.phase.margin.margin)
    const masks = this.#masks.at(state.steps)
    this.#waited += context.now() - began
    const result = await training.run({ ...taught, x: this.#x, labels: this.#labels, margin: this.#margin }, state.current, masks)
    this.#update(result)
    context.onProgress(state.steps / this.#allSteps)
    const request = context.request()
    if (request === 'stop') this.#stopped = true
    if (request === 'pause') {
      this.#count()
      await context.save(state.checkpoint())
      throw new LabError('cancelled', `Training was paused in epoch ${state.epoch + 1}.`, { phase: plan.phase.name, epoch: state.epoch + 1 })
    }
  }

  #update({ total, terms, outputs }: StepResult): void {
    const { state, training, optimizer } = this
    const norm = gradientNorm(training.gradient)
    if (!Number.isFinite(total) || !Number.isFinite(norm)) {
      const where = { phase: this.plan.phase.name, epoch: state.epoch + 1, step: state.steps + 1 }
      throw new LabError('training-diverged', `The ${where.phase}'s loss is ${total} and its gradient ${norm} in epoch ${where.epoch}, step ${where.step}.`, { ...where, terms: { ...terms } })
    }
    const rate = this.#rate()
    state.steps++
    state.stepInEpoch++
    this.#stepsHere++
    optimizer.update(state.current.weights, training.gradient, { rate, step: state.steps, gradientScale: clippingScale(norm, this.#fit.clipNorm) })
    if (state.average && this.#fit.averageDecay !== null) updateAverage(state.average, state.current.weights, this.#fit.averageDecay, state.steps)
    state.add({ total, ...terms, ...(outputs.assessment ? { assessed: accuracy(outputs.assessment, this.#labels) } : {}) }, norm, outputs.cosines ? accuracy(outputs.cosines, this.#labels) : null)
  }

  #rate(): number {
    return learningRate(this.#fit.rate, this.#fit.schedule, { step: this.state.steps, steps: this.#allSteps, drops: this.state.plateau.drops })
  }

  async #endEpoch(): Promise<void> {
    const { state, context, plan } = this
    const rate = this.#rate()
    const trained = context.now()
    const milliseconds = Math.max(1e-3, trained - this.#began)
    const validation = await plan.validate(compactModel(plan.phase.shape, this.layout, state.validated()))
    const best = state.judge(validation.eer, this.#fit.schedule.kind === 'plateau' ? this.#fit.schedule.patience : null)
    const means = state.endEpoch()
    this.#count()
    // Told first: who is ended in between tells it again, and no epoch is missing.
    await context.onEpoch({
      phase: plan.phase.name, epoch: state.epoch, epochs: this.#fit.epochs, steps: state.steps, terms: { ...means.terms, ...state.measures }, trainAccuracy: means.accuracy, validation, rate,
      gradientNorm: means.norm, windowsPerSecond: (1000 * this.#stepsHere * this.#labels.length) / milliseconds, idle: this.#waited / milliseconds,
      memoryBytes: context.memoryBytes(), seconds: (context.now() - this.#began) / 1000, best,
    })
    state.measures = {}
    await context.save(state.checkpoint())
  }
}

/** Part of the rows whose largest cosine is their own centre's. */
function accuracy(cosines: Float32Array | Int32Array, labels: Int32Array): number {
  const people = cosines.length / labels.length
  let right = 0
  for (let row = 0; row < labels.length; row++) {
    let best = 0
    for (let person = 1; person < people; person++) if (cosines[row * people + person] > cosines[row * people + best]) best = person
    if (best === labels[row]) right++
  }
  return right / labels.length
}
