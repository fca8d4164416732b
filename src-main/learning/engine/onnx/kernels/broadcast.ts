import { broadcast_util } from '@tensorflow/tfjs-core'
import type { OnnxType, Value } from '../graph.ts'
import type { Kernel, KernelCall } from '../kernel-call.ts'

export const broadcastShape = (a: Value, b: Value): number[] => broadcast_util.assertAndGetBroadcastShape([...a.shape], [...b.shape])

/** A node over two inputs that broadcast. ONNX computes no arithmetic on bool, so bools count as 0 and 1. */
export function binary(op: string): Kernel {
  return (call) => {
    const [a, b] = [call.input('a'), call.input('b')]
    return elementwise(call, op, a, b)
  }
}

export function elementwise(call: KernelCall, op: string, a: Value, b: Value): Value {
  const shape = broadcastShape(a, b)
  if (a.dtype !== 'bool') return call.graph.add(op, [a, b], a.dtype, shape)
  const counted = call.graph.add(op, [call.graph.cast(a, 'int32'), call.graph.cast(b, 'int32')], 'int32', shape)
  return call.graph.cast(counted, 'bool')
}

/** A node over two inputs that broadcast, with a bool result; `operand`: what bools are compared as. */
export function predicate(op: string, operand: OnnxType = 'int32'): Kernel {
  return (call) => {
    const prepared = [call.input('a'), call.input('b')].map((value) => (value.dtype === 'bool' ? call.graph.cast(value, operand) : value))
    return call.graph.add(op, prepared, 'bool', broadcastShape(prepared[0], prepared[1]))
  }
}

/** A node over one float input; whole numbers are computed as floats, as the other backends do. */
export function unaryFloat(op: string, input = 'x'): Kernel {
  return (call) => {
    const x = call.graph.cast(call.input(input), 'float32')
    return call.graph.add(op, [x], 'float32', x.shape)
  }
}

/** A node over one input that keeps its type. */
export function unary(op: string, input = 'x'): Kernel {
  return (call) => {
    const x = call.input(input)
    const counted = call.graph.cast(x, x.dtype === 'bool' ? 'int32' : x.dtype)
    return call.graph.add(op, [counted], counted.dtype, x.shape)
  }
}
