import { addressOf, kernelEnd, sharedKernels } from './optimizers/flat-memory.ts'

/** Length (L2) of the whole gradient. NaN or infinite where any of it is. */
export function gradientNorm(gradient: Float32Array): number {
  const kernels = sharedKernels(gradient)
  if (kernels) {
    const end = kernelEnd(0, gradient.length)
    let squares = kernels.squares(addressOf(gradient, 0), addressOf(gradient, end))
    for (let i = end; i < gradient.length; i++) squares += gradient[i] * gradient[i]
    return Math.sqrt(squares)
  }
  // Four sums side by side: one would make every addition wait for the one before.
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  const whole = gradient.length - (gradient.length % 4)
  for (let i = 0; i < whole; i += 4) {
    a += gradient[i] * gradient[i]
    b += gradient[i + 1] * gradient[i + 1]
    c += gradient[i + 2] * gradient[i + 2]
    d += gradient[i + 3] * gradient[i + 3]
  }
  for (let i = whole; i < gradient.length; i++) a += gradient[i] * gradient[i]
  return Math.sqrt(a + b + c + d)
}

/** What to multiply the gradient with so that it is no longer than `limit` (Pascanu et al. 2013). @example clippingScale(10, 5) // 0.5 */
export function clippingScale(norm: number, limit: number | null): number {
  return limit !== null && norm > limit ? limit / norm : 1
}
