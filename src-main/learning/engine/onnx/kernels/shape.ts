import { sizeOf, type Value } from '../graph.ts'
import type { KernelCall, Kernels } from '../kernel-call.ts'
import { onnxTypeOf } from '../tensor-types.ts'

/** Shapes, types, joins and repetitions. */
export const shapeKernels: Kernels = {
  Identity: (call) => call.input('x'),
  Cast: (call) => cast(call, call.input('x')),
  Reshape: (call) => {
    const x = call.input('x')
    return call.graph.reshape(x, inferred(call.numbers('shape'), sizeOf(x.shape)))
  },
  ExpandDims: (call) => {
    const x = call.input('input')
    const dimension = call.axis('dim', x.shape.length + 1)
    return call.graph.reshape(x, [...x.shape.slice(0, dimension), 1, ...x.shape.slice(dimension)])
  },
  Transpose: (call) => transpose(call, call.input('x'), call.numbers('perm')),
  Concat: (call) => {
    const all = call.list()
    return concat(call, all, call.axis('axis', all[0].shape.length))
  },
  Pack: (call) => {
    const all = call.list()
    const axis = call.axis('axis', all[0].shape.length + 1)
    return concat(call, all.map((value) => call.graph.reshape(value, [...value.shape.slice(0, axis), 1, ...value.shape.slice(axis)])), axis)
  },
  Unpack: (call) => {
    const x = call.input('value')
    const axis = call.axis('axis', x.shape.length)
    const parts = split(call, x, axis, Array.from({ length: x.shape[axis] }, () => 1))
    return parts.map((part) => call.graph.reshape(part, x.shape.filter((_, index) => index !== axis)))
  },
  SplitV: (call) => {
    const x = call.input('x')
    const axis = call.axis('axis', x.shape.length)
    return split(call, x, axis, splitSizes(call, x.shape[axis]))
  },
  Tile: (call) => {
    const x = call.input('x')
    const repeats = call.numbers('reps')
    const shape = x.shape.map((size, axis) => size * repeats[axis])
    // tf.broadcastTo arrives here too: what repeats single elements is an Expand, which the operators around it can do without.
    if (x.shape.every((size, axis) => size === 1 || repeats[axis] === 1)) return call.graph.expand(x, shape)
    return call.graph.add('Tile', [x, call.graph.integers(repeats)], x.dtype, shape)
  },
  BroadcastTo: (call) => call.graph.expand(call.input('x'), call.numbers('shape')),
  Fill: (call) => {
    const shape = call.numbers('shape')
    const value = call.graph.scalar(call.number('value'), onnxTypeOf(call.text('dtype')))
    return shape.length === 0 ? value : call.graph.expand(value, shape)
  },
  OnesLike: (call) => like(call, 1),
  ZerosLike: (call) => like(call, 0),
  PadV2: (call) => {
    const x = call.input('x')
    const pairs = call.pairs('paddings')
    const fill = call.graph.scalar(call.number('constantValue'), x.dtype)
    return pad(call, x, pairs, { mode: { text: 'constant' } }, [fill])
  },
  MirrorPad: (call) => {
    // The edge itself is repeated by `symmetric` only; ONNX has just the other one.
    if (call.text('mode') !== 'reflect') throw new Error('Only mirrorPad with reflect can be recorded.')
    return pad(call, call.input('x'), call.pairs('paddings'), { mode: { text: 'reflect' } }, [])
  },
}

function cast(call: KernelCall, x: Value): Value {
  return call.graph.cast(x, onnxTypeOf(call.text('dtype')))
}

function like(call: KernelCall, number: number): Value {
  const x = call.input('x')
  const value = call.graph.scalar(number, x.dtype)
  return x.shape.length === 0 ? value : call.graph.expand(value, x.shape)
}

export function transpose(call: KernelCall, x: Value, permutation: readonly number[]): Value {
  return call.graph.add('Transpose', [x], x.dtype, permutation.map((axis) => x.shape[axis]), { perm: { ints: permutation } })
}

function concat(call: KernelCall, values: readonly Value[], axis: number): Value {
  const [first] = values
  const shape = first.shape.map((size, index) => (index === axis ? values.reduce((sum, value) => sum + value.shape[axis], 0) : size))
  // TensorFlow.js leaves out empty parts, whatever their other sizes.
  const filled = values.filter((value) => sizeOf(value.shape) > 0)
  if (filled.length === 1) return filled[0]
  return call.graph.add('Concat', filled.length > 0 ? filled : [first], first.dtype, shape, { axis: { int: axis } })
}

export function split(call: KernelCall, x: Value, axis: number, sizes: readonly number[]): Value[] {
  if (sizes.length === 1) return [x]
  const outputs = sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((whole, index) => (index === axis ? size : whole)) }))
  return call.graph.addMany('Split', [x, call.graph.integers(sizes)], outputs, { axis: { int: axis } })
}

function splitSizes(call: KernelCall, whole: number): number[] {
  const given = call.numbers('numOrSizeSplits')
  if (given.length === 1) return Array.from({ length: given[0] }, () => whole / given[0])
  const known = given.reduce((sum, size) => sum + Math.max(size, 0), 0)
  return given.map((size) => (size < 0 ? whole - known : size))
}

function pad(call: KernelCall, x: Value, pairs: readonly (readonly [number, number])[], attributes: Readonly<Record<string, { readonly text: string }>>, fill: readonly Value[]): Value {
  const shape = x.shape.map((size, axis) => pairs[axis][0] + size + pairs[axis][1])
  const pads = call.graph.integers([...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)])
  return call.graph.add('Pad', [x, pads, ...fill], x.dtype, shape, attributes)
}

/** A -1 in a shape stands for what is left. */
function inferred(shape: readonly number[], size: number): number[] {
  const known = shape.reduce((product, part) => (part < 0 ? product : product * part), 1)
  return shape.map((part) => (part < 0 ? size / known : part))
}
