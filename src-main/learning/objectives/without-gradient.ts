import * as tf from '@tensorflow/tfjs-core'

/**
 * The value of `make()`, seen as a constant by every gradient: what TensorFlow.js lacks as "stop gradient". Nothing of `make` is recorded, so ops that have no gradient
 * (comparisons, argMax) are welcome in it and a traced backward graph holds no node for it.
 * @example with x = 3: the gradient of x · withoutGradient(() => tf.square(x)) is 9, not 27
 */
export function withoutGradient<Kind extends tf.Tensor>(make: () => Kind): Kind {
  // A custom gradient of no inputs is on no path from any variable. The clone keeps a tensor that `make` only passes on from being cut off everywhere else.
  return tf.customGrad<Kind>(() => ({ value: tf.clone(make()), gradFunc: () => [] }))()
}
