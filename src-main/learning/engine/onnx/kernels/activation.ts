import type { GraphRecorder, Value } from '../graph.ts'
import type { Kernels } from '../kernel-call.ts'
import { unary, unaryFloat } from './broadcast.ts'

/** Activation functions and softmax. ONNX Runtime lets NaN through all of them (test/learning/engine/onnx-kernels.test.ts). */
export const activationKernels: Kernels = {
  Relu: unary('Relu'),
  Relu6: (call) => clip(call.graph, call.input('x'), 0, 6),
  LeakyRelu: (call) => leakyRelu(call.graph, call.input('x'), call.number('alpha')),
  Prelu: (call) => {
    const x = call.input('x')
    return call.graph.add('PRelu', [x, call.input('alpha')], 'float32', x.shape)
  },
  Elu: unaryFloat('Elu'),
  Selu: (call) => {
    const x = call.graph.cast(call.input('x'), 'float32')
    // Klambauer et al. 2017, as tfjs-core's SELU_SCALEALPHA and SELU_SCALE.
    return call.graph.add('Selu', [x], 'float32', x.shape, { alpha: { float: 1.6732632423543772 }, gamma: { float: 1.0507009873554805 } })
  },
  Softplus: unaryFloat('Softplus'),
  Sigmoid: unaryFloat('Sigmoid'),
  Tanh: unaryFloat('Tanh'),
  Step: (call) => {
    const { graph } = call
    const x = graph.cast(call.input('x'), 'float32')
    const positive = graph.add('Greater', [x, graph.scalar(0, 'float32')], 'bool', x.shape)
    const step = graph.add('Where', [positive, graph.scalar(1, 'float32'), graph.scalar(call.number('alpha'), 'float32')], 'float32', x.shape)
    return graph.add('Where', [graph.add('IsNaN', [x], 'bool', x.shape), x, step], 'float32', x.shape)
  },
  ClipByValue: (call) => clip(call.graph, call.input('x'), call.number('clipValueMin'), call.number('clipValueMax')),
  Softmax: (call) => {
    const x = call.input('logits')
    return call.graph.add('Softmax', [x], 'float32', x.shape, { axis: { int: call.axis('dim', x.shape.length) } })
  },
  LogSoftmax: (call) => {
    const x = call.input('logits')
    return call.graph.add('LogSoftmax', [x], 'float32', x.shape, { axis: { int: call.axis('axis', x.shape.length) } })
  },
}

export function leakyRelu(graph: GraphRecorder, x: Value, alpha: number): Value {
  return graph.add('LeakyRelu', [x], 'float32', x.shape, { alpha: { float: alpha } })
}

export function clip(graph: GraphRecorder, x: Value, low: number, high: number): Value {
  return graph.add('Clip', [x, graph.scalar(low, x.dtype), graph.scalar(high, x.dtype)], x.dtype, x.shape)
}
