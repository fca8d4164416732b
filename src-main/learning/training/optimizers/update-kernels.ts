import { assemble, f32x4, f64, f64x2, get, i32, set, whileLoop, type Code, type FunctionCode } from './wasm-assembler.ts'

/** Numbers that one turn of a kernel's loop takes; what is left over is the caller's. */
export const kernelStride = 4

/** Addresses are in bytes; `end` is one past the last weight that is changed, a multiple of `kernelStride` weights after the first. */
export interface UpdateKernels {
  /** Sum of squares, in 64 bits. */
  squares(start: number, end: number): number
  adamw(
    weights: number, end: number, gradient: number, first: number, second: number,
    scale: number, beta1: number, rest1: number, beta2: number, rest2: number, keep: number, size: number, guard: number,
  ): void
  sgd(weights: number, end: number, gradient: number, velocity: number, scale: number, pull: number, momentum: number, rate: number): void
}

/** While local 0 is below local 1: the body, then all `pointers` one vector further. */
const alongArrays = (pointers: readonly number[], body: Code): Code =>
  whileLoop(i32.lessUnsigned(get(0), get(1)), [...body, ...pointers.flatMap((local) => set(local, i32.add(get(local), i32.const(4 * kernelStride))))])

/** Parameters start, end; locals: two sums. */
const squares: FunctionCode = {
  name: 'squares', parameters: ['i32', 'i32'], results: ['f64'], locals: ['v128', 'v128', 'v128'],
  body: [
    ...alongArrays([0], [0, 1].flatMap((half) => {
      const [value, sum] = [4, 2 + half]
      return [...set(value, f64x2.loadFloats(get(0), 8 * half)), ...set(sum, f64x2.add(get(sum), f64x2.mul(get(value), get(value))))]
    })),
    ...set(2, f64x2.add(get(2), get(3))),
    ...f64.add(f64x2.lane(get(2), 0), f64x2.lane(get(2), 1)),
  ],
}

/** AdamW.update, four weights at a time. */
function adamw(): FunctionCode {
  const [weights, , gradient, first, second] = [0, 1, 2, 3, 4]
  const numbers = [5, 6, 7, 8, 9, 10, 11, 12]
  // The numbers four times over: locals 13 to 20.
  const [scale, beta1, rest1, beta2, rest2, keep, size, guard] = numbers.map((local) => get(local + numbers.length))
  const [slope, mean, square] = [21, 22, 23]
  return {
    name: 'adamw', parameters: ['i32', 'i32', 'i32', 'i32', 'i32', ...numbers.map(() => 'f32' as const)], results: [], locals: Array.from({ length: 11 }, () => 'v128' as const),
    body: [
      ...numbers.flatMap((local) => set(local + numbers.length, f32x4.splat(get(local)))),
      ...alongArrays([weights, gradient, first, second], [
        ...set(slope, f32x4.mul(f32x4.load(get(gradient)), scale)),
        ...set(mean, f32x4.add(f32x4.mul(f32x4.load(get(first)), beta1), f32x4.mul(get(slope), rest1))),
        ...set(square, f32x4.add(f32x4.mul(f32x4.load(get(second)), beta2), f32x4.mul(f32x4.mul(get(slope), rest2), get(slope)))),
        ...f32x4.store(get(first), get(mean)),
        ...f32x4.store(get(second), get(square)),
        ...f32x4.store(get(weights), f32x4.sub(f32x4.mul(f32x4.load(get(weights)), keep), f32x4.div(f32x4.mul(get(mean), size), f32x4.add(f32x4.sqrt(get(square)), guard)))),
      ]),
    ],
  }
}

/** Sgd.update, four weights at a time. */
function sgd(): FunctionCode {
  const [weights, , gradient, velocity] = [0, 1, 2, 3]
  const numbers = [4, 5, 6, 7]
  const [scale, pull, momentum, rate] = numbers.map((local) => get(local + numbers.length))
  const [slope, speed] = [12, 13]
  return {
    name: 'sgd', parameters: ['i32', 'i32', 'i32', 'i32', ...numbers.map(() => 'f32' as const)], results: [], locals: Array.from({ length: 6 }, () => 'v128' as const),
    body: [
      ...numbers.flatMap((local) => set(local + numbers.length, f32x4.splat(get(local)))),
      ...alongArrays([weights, gradient, velocity], [
        ...set(slope, f32x4.add(f32x4.mul(f32x4.load(get(gradient)), scale), f32x4.mul(f32x4.load(get(weights)), pull))),
        ...set(speed, f32x4.add(f32x4.mul(f32x4.load(get(velocity)), momentum), get(slope))),
        ...f32x4.store(get(velocity), get(speed)),
        ...f32x4.store(get(weights), f32x4.sub(f32x4.load(get(weights)), f32x4.mul(rate, f32x4.add(get(slope), f32x4.mul(momentum, get(speed)))))),
      ]),
    ],
  }
}

/** The kernels as a module, to be instantiated with `host.memory`. */
export const kernelBytes = (): Uint8Array<ArrayBuffer> => assemble([squares, adamw(), sgd()])
