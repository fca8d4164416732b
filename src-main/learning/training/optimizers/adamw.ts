import { addressOf, FlatMemory, kernelEnd, sharedKernels } from './flat-memory.ts'
import { arraysOutside, type Optimizer, type UpdateStep, type WeightRange } from './optimizer.ts'

export interface AdamWOptions {
  readonly weightDecay: number
  readonly beta1?: number
  readonly beta2?: number
  readonly epsilon?: number
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2):
 *
 *     m = b1 m + (1 - b1) g          v = b2 v + (1 - b2) g²
 *     w = w - rate ( m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + decay w )
 *
 * @example one weight 1, gradient 0.5, rate 0.1, no decay, first step: m/(1-b1) = 0.5, sqrt(v/(1-b2)) = 0.5, so w = 1 - 0.1
 */
export class AdamW implements Optimizer {
  readonly state: { readonly first: Float32Array; readonly second: Float32Array }
  readonly #ranges: readonly WeightRange[]
  readonly #options: Required<AdamWOptions>
  readonly #memory: FlatMemory

  constructor(size: number, ranges: readonly WeightRange[], options: AdamWOptions) {
    this.#memory = new FlatMemory((2 + arraysOutside) * size)
    this.state = { first: this.#memory.allocate(size), second: this.#memory.allocate(size) }
    this.#ranges = ranges
    this.#options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, ...options }
  }

  allocate(): Float32Array {
    return this.#memory.allocate(this.state.first.length)
  }

  update(weights: Float32Array, gradient: Float32Array, { rate, step, gradientScale }: UpdateStep): void {
    const { beta1, beta2, epsilon, weightDecay } = this.#options
    const { first, second } = this.state
    const stepSize = rate / (1 - beta1 ** step)
    // sqrt(v / c) + eps = (sqrt(v) + eps sqrt(c)) / sqrt(c): one division less for each weight.
    const correction = Math.sqrt(1 - beta2 ** step)
    const size = stepSize * correction
    const guard = epsilon * correction
    const kernels = sharedKernels(weights, gradient, first, second)
    for (const { from, to, decay } of this.#ranges) {
      const keep = decay ? 1 - rate * weightDecay : 1
      const rest = kernels ? kernelEnd(from, to) : from
      kernels?.adamw(
        addressOf(weights, from), addressOf(weights, rest), addressOf(gradient, from), addressOf(first, from), addressOf(second, from),
        gradientScale, beta1, 1 - beta1, beta2, 1 - beta2, keep, size, guard,
      )
      for (let i = rest; i < to; i++) {
        const slope = gradient[i] * gradientScale
        const mean = beta1 * first[i] + (1 - beta1) * slope
        const square = beta2 * second[i] + (1 - beta2) * slope * slope
        first[i] = mean
        second[i] = square
        weights[i] = weights[i] * keep - (size * mean) / (Math.sqrt(square) + guard)
      }
    }
  }
}
