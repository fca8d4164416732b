/** Weights [from, to) of the flat array that are decayed, or not. */
export interface WeightRange {
  readonly from: number
  readonly to: number
  readonly decay: boolean
}

export interface UpdateStep {
  /** Learning rate. */
  readonly rate: number
  /** Steps done, this one included: from 1. */
  readonly step: number
  /** The gradient is multiplied by this first: clipping. */
  readonly gradientScale: number
}

/** How often an optimizer's `allocate` can be called: for weights, gradient, and a moving average of the weights. */
export const arraysOutside = 3

/** Changes weights in place, in one pass over flat arrays of the same length. */
export interface Optimizer {
  /** What it remembers between steps, each as long as the weights; a checkpoint holds them. */
  readonly state: Readonly<Record<string, Float32Array>>
  /** A new array of zeros as long as the weights, for these or for the gradient. `update` takes any arrays, and is some four times as fast with weights and gradient that come from here. */
  allocate(): Float32Array
  update(weights: Float32Array, gradient: Float32Array, step: UpdateStep): void
}
