import type { Value } from '../graph.ts'
import type { KernelCall, Kernels } from '../kernel-call.ts'
import { onnxTypeOf } from '../tensor-types.ts'

/** Look-ups by index and their inverse. */
export const gatherKernels: Kernels = {
  GatherV2: (call) => {
    const x = call.input('x')
    const indices = call.graph.cast(call.input('indices'), 'int32')
    const axis = call.axis('axis', x.shape.length)
    const batchDimensions = call.number('batchDims')
    if (batchDimensions !== 0) throw new Error('Only gather with batchDims 0 can be recorded.')
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]
    return call.graph.add('Gather', [x, indices], x.dtype, shape, { axis: { int: axis } })
  },
  OneHot: (call) => {
    const indices = call.graph.cast(call.input('indices'), 'int32')
    const dtype = onnxTypeOf(call.text('dtype'))
    return oneHot(call, indices, call.number('depth'), call.graph.scalar(call.number('onValue'), dtype), call.graph.scalar(call.number('offValue'), dtype))
  },
  // x: [n, ...], segmentIds: [n] -> [numSegments, ...]: a matrix product with the one-hot ids, which adds what lands in the same place.
  UnsortedSegmentSum: (call) => {
    const { graph } = call
    const x = call.input('x')
    const segments = call.number('numSegments')
    const ids = graph.reshape(graph.cast(call.input('segmentIds'), 'int32'), [x.shape[0]])
    const hot = oneHot(call, ids, segments, graph.scalar(1, 'float32'), graph.scalar(0, 'float32'))
    const rest = x.shape.slice(1)
    const columns = rest.reduce((product, size) => product * size, 1)
    const rows = graph.reshape(graph.cast(x, 'float32'), [x.shape[0], columns])
    const sum = graph.add('Gemm', [hot, rows], 'float32', [segments, columns], { transA: { int: 1 } })
    return graph.cast(graph.reshape(sum, [segments, ...rest]), x.dtype)
  },
}

/** [...] -> [..., depth]. An index outside 0..depth-1 is off everywhere. */
function oneHot(call: KernelCall, indices: Value, depth: number, on: Value, off: Value): Value {
  const { graph } = call
  const shape = [...indices.shape, depth]
  const places = graph.constant(Int32Array.from({ length: depth }, (_, index) => index), 'int32', [depth])
  const hits = graph.add('Equal', [graph.reshape(indices, [...indices.shape, 1]), places], 'bool', shape)
  return graph.add('Where', [hits, on, off], on.dtype, shape)
}
