import { addressOf, FlatMemory, kernelEnd, sharedKernels } from './flat-memory.ts'
import { arraysOutside, type Optimizer, type UpdateStep, type WeightRange } from './optimizer.ts'

export interface SgdOptions {
  /** Added to the gradient, as the recipes that use SGD mean it (L2, not decoupled). */
  readonly weightDecay: number
  readonly momentum?: number
}

/**
 * Stochastic gradient descent with Nesterov's momentum (Sutskever et al. 2013 in the form that PyTorch uses):
 *
 *     u = momentum u + g             w = w - rate ( g + momentum u )        g includes decay w
 *
 * @example one weight 1, gradient 0.5, rate 0.1, momentum 0.9, first step: u = 0.5, w = 1 - 0.1 (0.5 + 0.45) = 0.905
 */
export class Sgd implements Optimizer {
  readonly state: { readonly velocity: Float32Array }
  readonly #ranges: readonly WeightRange[]
  readonly #weightDecay: number
  readonly #momentum: number
  readonly #memory: FlatMemory

  constructor(size: number, ranges: readonly WeightRange[], { weightDecay, momentum = 0.9 }: SgdOptions) {
    this.#memory = new FlatMemory((1 + arraysOutside) * size)
    this.state = { velocity: this.#memory.allocate(size) }
    this.#ranges = ranges
    this.#weightDecay = weightDecay
    this.#momentum = momentum
  }

  allocate(): Float32Array {
    return this.#memory.allocate(this.state.velocity.length)
  }

  update(weights: Float32Array, gradient: Float32Array, { rate, gradientScale }: UpdateStep): void {
    const { velocity } = this.state
    const momentum = this.#momentum
    const kernels = sharedKernels(weights, gradient, velocity)
    for (const { from, to, decay } of this.#ranges) {
      const pull = decay ? this.#weightDecay : 0
      const rest = kernels ? kernelEnd(from, to) : from
      kernels?.sgd(addressOf(weights, from), addressOf(weights, rest), addressOf(gradient, from), addressOf(velocity, from), gradientScale, pull, momentum, rate)
      for (let i = rest; i < to; i++) {
        const slope = gradient[i] * gradientScale + pull * weights[i]
        const speed = momentum * velocity[i] + slope
        velocity[i] = speed
        weights[i] -= rate * (slope + momentum * speed)
      }
    }
  }
}
