import * as tf from '@tensorflow/tfjs-core'
import type { FitOptions, MarginOptions, ModelName } from '../../contract/index.ts'
import { boundScope, type Entry } from '../networks/parameter-layout.ts'
import type { Scope } from '../networks/scope.ts'
import type { Objective } from '../training/training-step.ts'
import type { FittedModel, ModelShape } from './answers.ts'

/**
 * What was made beforehand to teach a network, for every window that it learns from or for some of them: a step sees `taught:<name>`, [batch, ...shape], and `paired`, [batch], 1 where the window has such
 * values and 0 where it has none (they are 0 there).
 */
export interface Guidance {
  /** Row of `arrays` for every window of the set, -1: none. */
  readonly pairs: Int32Array
  /** `values`: [rows, ...shape]. */
  readonly arrays: Readonly<Record<string, { readonly shape: readonly number[]; readonly values: Float32Array }>>
}

/** Finds who teaches whom anew, while the student learns. */
export interface Rematch {
  /** Before which epochs, counted from 0, of `epochs`. */
  before(epoch: number, epochs: number): boolean
  /** The new `pairs`, and what is to be told with the epoch. Depends on nothing but the student and the epoch. */
  match(student: FittedModel, epoch: number): Promise<{ readonly pairs: Int32Array; readonly measures: Readonly<Record<string, number>> }>
}

/** One network to be fitted. */
export interface Phase {
  readonly guidance?: Guidance
  readonly rematch?: Rematch
  readonly name: ModelName
  readonly shape: ModelShape
  readonly fit: FitOptions
  readonly margin: MarginOptions
  /**
   * Made small. Batch: `x` [batch, time, channels], `labels` int32 [batch], `margin` rank 0, and what `guidance` has. Its weights are those of `answerOf(shape)` and what else training needs, such as exit
   * heads. The outputs `cosines` and `assessment`, [batch, people], are counted: how many windows are nearest to their own person.
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
