import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'
import type { GraphRecorder, Value } from './graph.ts'

/** Writes the nodes of one TensorFlow.js kernel and returns its result. */
export type Kernel = (call: KernelCall) => Value | readonly Value[]
export type Kernels = Readonly<Record<string, Kernel>>

/** One call of a kernel while a step is recorded: its inputs as graph values, its attributes with their types checked. */
export class KernelCall {
  constructor(
    readonly name: string,
    readonly graph: GraphRecorder,
    private readonly tensors: NamedTensorInfoMap,
    private readonly attributes: NamedAttrMap,
    private readonly valueOf: (info: TensorInfo) => Value,
  ) {}

  input(name: string): Value {
    const info = this.tensors[name]
    if (!info) throw new Error(`${this.name} was called without its input ${name}.`)
    return this.valueOf(info)
  }

  optional(name: string): Value | null {
    const info = this.tensors[name]
    return info ? this.valueOf(info) : null
  }

  /** All inputs of a kernel that takes a list of them, in order. */
  list(): Value[] {
    return Object.values(this.tensors).flatMap((info) => (info ? [this.valueOf(info)] : []))
  }

  number(name: string): number {
    const value = this.attributes[name]
    if (typeof value === 'number') return value
    throw new Error(`${this.name} was called without a number ${name}.`)
  }

  numbers(name: string): readonly number[] {
    const value = this.attributes[name]
    if (typeof value === 'number') return [value]
    if (Array.isArray(value) && value.every((item) => typeof item === 'number')) return value as number[]
    throw new Error(`${this.name} was called without numbers ${name}.`)
  }

  /** Pairs, as paddings are. */
  pairs(name: string): readonly (readonly [number, number])[] {
    const value = this.attributes[name]
    if (Array.isArray(value)) return (value as unknown[]).map((pair) => pairOf(pair, this.name, name))
    throw new Error(`${this.name} was called without pairs of numbers ${name}.`)
  }

  flag(name: string): boolean {
    return this.attributes[name] === true
  }

  text(name: string): string {
    const value = this.attributes[name]
    if (typeof value === 'string') return value
    throw new Error(`${this.name} was called without a word ${name}.`)
  }

  /** Axes counted from the front, ascending; none given (null, or an empty list) means all of them. */
  axes(name: string, rank: number): readonly number[] {
    const value = this.attributes[name]
    if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return Array.from({ length: rank }, (_, axis) => axis)
    return [...this.numbers(name)].map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b)
  }

  axis(name: string, rank: number): number {
    const [axis] = this.numbers(name)
    return axis < 0 ? axis + rank : axis
  }
}

function pairOf(value: unknown, kernel: string, name: string): readonly [number, number] {
  if (Array.isArray(value) && typeof value[0] === 'number' && typeof value[1] === 'number') return [value[0], value[1]]
  throw new Error(`${kernel} was called without pairs of numbers ${name}.`)
}
