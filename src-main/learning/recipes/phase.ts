import * as tf from '@tensorflow/tfjs-core'
import type { FitOptions, MarginOptions, ModelName } from '../../contract/index.ts'
import { boundScope, type Entry } from '../networks/parameter-layout.ts'
import type { Scope } from '../networks/scope.ts'
import type { Objective } from '../training/training-step.ts'
import type { FittedModel, ModelShape } from './answers.ts'

/** One network to be fitted. */
export interface Phase {
  readonly name: ModelName
  readonly shape: ModelShape
  readonly fit: FitOptions
  readonly margin: MarginOptions
  /**
   * Made small. Batch: `x` [batch, time, channels], `labels` int32 [batch], `margin` rank 0. Its weights are those of `answerOf(shape)` and what else training needs, such as exit
   * heads.
   */
  readonly objective: Objective
}

/** The people and windows that a phase is for. */
export interface PhaseSetting {
  readonly people: number
  readonly length: number
  readonly channels: number
}

/** A fitted model inside another one's step: its weights are constants there, its forward pass the one of inference. */
export function frozen<Output>({ layout, state }: FittedModel, run: (scope: Scope) => Output): Output {
  const constants = (entries: readonly Entry[], flat: Float32Array) =>
    Object.fromEntries(entries.map(({ name, shape, offset, size }) => [name, tf.tensor(flat.slice(offset, offset + size), [...shape])]))
  const bindings = { weights: constants(layout.weights, state.weights), statistics: constants(layout.statistics, state.statistics) }
  return run(boundScope(layout, bindings, { training: false }).scope)
}
