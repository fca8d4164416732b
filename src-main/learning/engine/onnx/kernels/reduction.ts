import type { GraphRecorder, OnnxType, Value } from '../graph.ts'
import type { Kernel, KernelCall, Kernels } from '../kernel-call.ts'

/** Sums, means and extremes over axes, running sums, the positions of extremes, and the k largest. */
export const reductionKernels: Kernels = {
  Sum: (call) => {
    const x = call.input('x')
    const counted = call.graph.cast(x, x.dtype === 'bool' ? 'int32' : x.dtype)
    return reduce(call.graph, 'ReduceSum', counted, call.axes('axis', x.shape.length), call.flag('keepDims'))
  },
  Mean: (call) => {
    const x = call.graph.cast(call.input('x'), 'float32')
    return reduce(call.graph, 'ReduceMean', x, call.axes('axis', x.shape.length), call.flag('keepDims'))
  },
  Prod: (call) => {
    const x = call.input('x')
    return reduce(call.graph, 'ReduceProd', call.graph.cast(x, x.dtype === 'bool' ? 'int32' : x.dtype), call.axes('axis', x.shape.length), call.flag('keepDims'))
  },
  Max: (call) => extreme(call, 'ReduceMax', 'reductionIndices'),
  Min: (call) => extreme(call, 'ReduceMin', 'axis'),
  All: (call) => truth(call, 'ReduceMin'),
  Any: (call) => truth(call, 'ReduceMax'),
  ArgMax: position('ArgMax'),
  ArgMin: position('ArgMin'),
  Cumsum: (call) => {
    const x = call.input('x')
    const axis = call.graph.scalar(call.axis('axis', x.shape.length), 'int32')
    return call.graph.add('CumSum', [x, axis], x.dtype, x.shape, { exclusive: { int: Number(call.flag('exclusive')) }, reverse: { int: Number(call.flag('reverse')) } })
  },
  TopK: (call) => {
    const x = call.input('x')
    const k = call.number('k')
    const shape = [...x.shape.slice(0, -1), k]
    const [values, indices] = call.graph.addMany('TopK', [x, call.graph.integers([k])], [{ dtype: x.dtype, shape }, { dtype: 'int64', shape }], { axis: { int: -1 } })
    return [values, call.graph.cast(indices, 'int32')]
  },
}

export function reducedShape(shape: readonly number[], axes: readonly number[], keep: boolean): number[] {
  return keep ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size)) : shape.filter((_, axis) => !axes.includes(axis))
}

function reduce(graph: GraphRecorder, op: string, x: Value, axes: readonly number[], keep: boolean, dtype: OnnxType = x.dtype): Value {
  // ONNX reads an empty list of axes as all of them.
  if (axes.length === 0) return x
  return graph.add(op, [x, graph.integers(axes)], dtype, reducedShape(x.shape, axes, keep), { keepdims: { int: Number(keep) } })
}

/** ONNX Runtime's ReduceMax and ReduceMin drop NaN: a row that holds one must give NaN, or a diverged network looks alive. */
function extreme(call: KernelCall, op: 'ReduceMax' | 'ReduceMin', axesName: string): Value {
  const { graph } = call
  const x = call.input('x')
  const axes = call.axes(axesName, x.shape.length)
  const keep = call.flag('keepDims')
  const counted = graph.cast(x, x.dtype === 'bool' ? 'int32' : x.dtype)
  const result = reduce(graph, op, counted, axes, keep)
  if (x.dtype !== 'float32') return graph.cast(result, x.dtype)
  const missing = graph.cast(graph.add('IsNaN', [x], 'bool', x.shape), 'int32')
  const some = graph.cast(reduce(graph, 'ReduceMax', missing, axes, keep), 'bool')
  return graph.add('Where', [some, graph.scalar(NaN, 'float32'), result], 'float32', result.shape)
}

function truth(call: KernelCall, op: 'ReduceMax' | 'ReduceMin'): Value {
  const x = call.input('x')
  return call.graph.cast(reduce(call.graph, op, call.graph.cast(x, 'int32'), call.axes('axis', x.shape.length), call.flag('keepDims')), 'bool')
}

function position(op: string): Kernel {
  return (call) => {
    const x = call.input('x')
    const axis = call.axis('axis', x.shape.length)
    const shape = x.shape.filter((_, index) => index !== axis)
    const counted = call.graph.cast(x, x.dtype === 'bool' ? 'int32' : x.dtype)
    return call.graph.cast(call.graph.add(op, [counted], 'int64', shape, { axis: { int: axis }, keepdims: { int: 0 } }), 'int32')
  }
}
