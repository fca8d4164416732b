import { getGradient, registerGradient } from '@tensorflow/tfjs-core'
import { elementwiseGradients } from './elementwise-gradients.ts'
import { matmulGradients } from './matmul-gradients.ts'
import { reductionGradients } from './reduction-gradients.ts'
import { shapeGradients } from './shape-gradients.ts'

const gradients = { ...elementwiseGradients, ...reductionGradients, ...shapeGradients, ...matmulGradients }

/** Kernels whose gradient is registered. */
export const differentiable: readonly string[] = Object.keys(gradients)

/**
 * Teaches TensorFlow.js the gradients of its kernels; call it before `tf.grads`, as often as you like. Its own come as a module that plain Node cannot load beside the package's entry
 * (no file extensions, no `"type": "module"`), and bundling that would put a second copy of the library into the program. These are also leaner where a step is recorded.
 * What tfjs-node has registered already stays.
 */
export function registerGradients(): void {
  for (const [kernelName, gradient] of Object.entries(gradients)) if (getGradient(kernelName) === undefined) registerGradient({ kernelName, ...gradient })
}
