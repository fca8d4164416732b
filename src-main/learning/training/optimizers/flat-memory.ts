import { kernelBytes, kernelStride, type UpdateKernels } from './update-kernels.ts'

/** Bytes of a WebAssembly page (core specification 2.0, section 4.2.8), and of a cache line, to which arrays are aligned. */
const [page, line] = [65536, 64]

/** As much of its JavaScript interface as is used here; TypeScript knows it only together with the browser's. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Memory: new (limits: { readonly initial: number; readonly maximum: number }) => { readonly buffer: ArrayBuffer }
  readonly Instance: new (module: object, imports: object) => { readonly exports: object }
}

let module: object | null = null
const kernelsOf = new WeakMap<ArrayBufferLike, UpdateKernels>()

/**
 * Room for flat arrays that WebAssembly kernels (SIMD, some four times as fast as plain loops) can work on. The arrays are ordinary Float32Arrays over one buffer, which ONNX Runtime
 * reads and writes in place; the operating system gives their pages as they are first written. Where WebAssembly is missing, they are arrays of their own, and the plain loops do.
 * @example const memory = new FlatMemory(2 * 7_372_608); const weights = memory.allocate(7_372_608)
 */
export class FlatMemory {
  readonly #buffer: ArrayBuffer | null
  #next = 0

  /** `numbers`: of all arrays that will be allocated together; `arrays`: how many at most. */
  constructor(numbers: number, arrays = 16) {
    this.#buffer = reserve(4 * numbers + line * arrays)
  }

  /** Zeros. @throws RangeError when more is asked for than was reserved. */
  allocate(size: number): Float32Array<ArrayBuffer> {
    if (!this.#buffer) return new Float32Array(size)
    const array = new Float32Array(this.#buffer, this.#next, size)
    this.#next += Math.ceil((4 * size) / line) * line
    return array
  }
}

function reserve(bytes: number): ArrayBuffer | null {
  try {
    module ??= new WebAssembly.Module(kernelBytes())
    const pages = Math.ceil(bytes / page)
    // As many at most as at first: growing would leave every array without its memory.
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const { exports } = new WebAssembly.Instance(module, { host: { memory } })
    kernelsOf.set(memory.buffer, exports as UpdateKernels)
    return memory.buffer
  } catch {
    // No WebAssembly, no SIMD, or not so much memory in one piece.
    return null
  }
}

/** The kernels that can work on all of these arrays, or null. */
export function sharedKernels(...arrays: readonly Float32Array[]): UpdateKernels | null {
  const [{ buffer }] = arrays
  return arrays.every((array) => array.buffer === buffer) ? (kernelsOf.get(buffer) ?? null) : null
}

/** Where the part of [from, to) that kernels take ends. @example kernelEnd(3, 12) // 11 */
export const kernelEnd = (from: number, to: number): number => to - ((to - from) % kernelStride)

/** Of a number in an array, in bytes. */
export const addressOf = (array: Float32Array, index: number): number => array.byteOffset + 4 * index
