import type { Kernels } from '../kernel-call.ts'
import { broadcastShape, predicate } from './broadcast.ts'
import type { Value } from '../graph.ts'

/** Comparisons, logic and choice. */
export const comparisonKernels: Kernels = {
  Less: predicate('Less'),
  LessEqual: predicate('LessOrEqual'),
  Greater: predicate('Greater'),
  GreaterEqual: predicate('GreaterOrEqual'),
  Equal: predicate('Equal'),
  NotEqual: (call) => {
    const equal = predicate('Equal')(call) as Value
    return call.graph.add('Not', [equal], 'bool', equal.shape)
  },
  LogicalAnd: (call) => logical(call.input('a'), call.input('b'), (values, shape) => call.graph.add('And', values, 'bool', shape)),
  LogicalOr: (call) => logical(call.input('a'), call.input('b'), (values, shape) => call.graph.add('Or', values, 'bool', shape)),
  LogicalNot: (call) => {
    const x = call.input('x')
    return call.graph.add('Not', [x], 'bool', x.shape)
  },
  IsNan: (call) => {
    const x = call.graph.cast(call.input('x'), 'float32')
    return call.graph.add('IsNaN', [x], 'bool', x.shape)
  },
  Select: (call) => {
    const [condition, t, e] = [call.input('condition'), call.input('t'), call.input('e')]
    // A condition of a lower rank chooses whole rows (tf.where of old); ONNX broadcasts from the back.
    const rows = condition.shape.length < t.shape.length ? call.graph.reshape(condition, [...condition.shape, ...t.shape.slice(condition.shape.length).map(() => 1)]) : condition
    return call.graph.add('Where', [rows, t, e], t.dtype, t.shape)
  },
}

function logical(a: Value, b: Value, add: (values: Value[], shape: number[]) => Value): Value {
  return add([a, b], broadcastShape(a, b))
}
