import { customGrad, type Tensor } from '@tensorflow/tfjs-core'

export interface Saved {
  readonly value: Tensor
  /** What `backward` needs; anything else that `forward` made is gone by then. */
  readonly saved: readonly Tensor[]
}

/**
 * An operation with a gradient written by hand, where TensorFlow.js's own would pass over memory more often than needed. `backward` gets the gradient of the value and the saved tensors
 * and returns one gradient per input, in order and of its shape.
 */
export function withGradient(inputs: readonly Tensor[], forward: () => Saved, backward: (gradient: Tensor, saved: readonly Tensor[]) => Tensor[]): Tensor {
  return customGrad((...args) => {
    const save = args[args.length - 1] as (tensors: Tensor[]) => void
    const { value, saved } = forward()
    save([...saved])
    return { value, gradFunc: (gradient: Tensor, kept: Tensor[]) => backward(gradient, kept) }
  })(...inputs)
}
