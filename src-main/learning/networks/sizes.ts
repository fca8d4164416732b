import type { Tensor } from '@tensorflow/tfjs-core'

/** The tensor's dimensions as plain numbers: TensorFlow.js types them as a union of tuples that cannot be indexed. */
export const sizes = (x: Tensor): readonly number[] => x.shape

/** Size of the last dimension. @example lastSize of [batch, time, channels] is the number of channels */
export const lastSize = (x: Tensor): number => sizes(x)[x.shape.length - 1]
