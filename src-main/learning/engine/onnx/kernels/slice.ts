import { slice_util } from '@tensorflow/tfjs-core'
import type { GraphRecorder, Value } from '../graph.ts'
import type { Kernels } from '../kernel-call.ts'

/** Parts of tensors. */
export const sliceKernels: Kernels = {
  Slice: (call) => {
    const x = call.input('x')
    const begin = call.numbers('begin')
    const size = call.numbers('size')
    const starts = x.shape.map((_, axis) => begin[axis] ?? 0)
    const sizes = x.shape.map((whole, axis) => (size[axis] === undefined || size[axis] < 0 ? whole - starts[axis] : size[axis]))
    return slice(call.graph, x, starts, starts.map((start, axis) => start + sizes[axis]), sizes)
  },
  StridedSlice: (call) => {
    const x = call.input('x')
    const numbers = (name: string) => [...call.numbers(name)]
    const { finalShapeSparse, finalShape, isIdentity, begin, end, strides } = slice_util.sliceInfo(
      [...x.shape],
      numbers('begin'),
      numbers('end'),
      numbers('strides'),
      call.number('beginMask'),
      call.number('endMask'),
      call.number('ellipsisMask'),
      call.number('newAxisMask'),
      call.number('shrinkAxisMask'),
    )
    if (isIdentity) return call.graph.reshape(x, finalShape)
    const axes = strides.map((_, axis) => axis)
    // Backwards to before the first element: ONNX wants an end below -size, since -1 is the last element.
    const ends = end.map((stop, axis) => (strides[axis] < 0 && stop < 0 ? -x.shape[axis] - 1 : stop))
    const { graph } = call
    const sizes = begin.map((start, axis) => Math.max(0, Math.ceil((end[axis] - start) / strides[axis])))
    const part = graph.add('Slice', [x, ...[begin, ends, axes, strides].map((list) => graph.integers(list))], x.dtype, sizes)
    return sameSizes(sizes, finalShape) ? part : graph.reshape(part, finalShapeSparse.length === finalShape.length ? finalShapeSparse : finalShape)
  },
  Reverse: (call) => {
    const x = call.input('x')
    const axes = call.axes('dims', x.shape.length)
    if (axes.length === 0 || x.shape.length === 0) return x
    const lists = [axes.map(() => -1), axes.map((axis) => -x.shape[axis] - 1), axes, axes.map(() => -1)]
    return call.graph.add('Slice', [x, ...lists.map((list) => call.graph.integers(list))], x.dtype, x.shape)
  },
}

/** Only the axes that are cut are named. */
export function slice(graph: GraphRecorder, x: Value, starts: readonly number[], ends: readonly number[], shape: readonly number[]): Value {
  const axes = x.shape.flatMap((size, axis) => (starts[axis] === 0 && ends[axis] === size ? [] : [axis]))
  if (axes.length === 0) return x
  return graph.add('Slice', [x, graph.integers(axes.map((axis) => starts[axis])), graph.integers(axes.map((axis) => ends[axis])), graph.integers(axes)], x.dtype, shape)
}

const sameSizes = (one: readonly number[], other: readonly number[]): boolean => one.length === other.length && one.every((size, axis) => size === other[axis])
