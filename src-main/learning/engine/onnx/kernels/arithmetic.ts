import type { Value } from '../graph.ts'
import type { KernelCall, Kernels } from '../kernel-call.ts'
import { binary, elementwise, unary, unaryFloat } from './broadcast.ts'

/** Sums, products, powers and the elementary functions. */
export const arithmeticKernels: Kernels = {
  Add: binary('Add'),
  Sub: binary('Sub'),
  Multiply: binary('Mul'),
  RealDiv: binary('Div'),
  FloorDiv: (call) => floorDivide(call, call.input('a'), call.input('b')),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Pow: binary('Pow'),
  AddN: (call) => call.list().reduce((sum, value) => elementwise(call, 'Add', sum, value)),
  SquaredDifference: (call) => {
    const difference = elementwise(call, 'Sub', call.input('a'), call.input('b'))
    return elementwise(call, 'Mul', difference, difference)
  },
  Square: (call) => {
    const x = call.input('x')
    return elementwise(call, 'Mul', x, x)
  },
  Neg: unary('Neg'),
  Abs: unary('Abs'),
  Sign: unary('Sign'),
  Floor: unary('Floor'),
  Ceil: unary('Ceil'),
  // Both round halves to even.
  Round: unary('Round'),
  Exp: unaryFloat('Exp'),
  Log: unaryFloat('Log'),
  Sqrt: unaryFloat('Sqrt'),
  Reciprocal: unaryFloat('Reciprocal'),
  Erf: unaryFloat('Erf'),
  Sin: unaryFloat('Sin'),
  Cos: unaryFloat('Cos'),
  Tan: unaryFloat('Tan'),
  Sinh: unaryFloat('Sinh'),
  Cosh: unaryFloat('Cosh'),
  Asin: unaryFloat('Asin'),
  Acos: unaryFloat('Acos'),
  Atan: unaryFloat('Atan'),
  Rsqrt: (call) => {
    const x = call.graph.cast(call.input('x'), 'float32')
    return call.graph.add('Reciprocal', [call.graph.add('Sqrt', [x], 'float32', x.shape)], 'float32', x.shape)
  },
  Log1p: (call) => log1p(call, call.graph.cast(call.input('x'), 'float32')),
  Expm1: (call) => expm1(call, call.graph.cast(call.input('x'), 'float32')),
}

/** ONNX divides whole numbers towards zero; TensorFlow.js towards minus infinity, and the result is whole whatever was divided. */
function floorDivide(call: KernelCall, a: Value, b: Value): Value {
  const { graph } = call
  if (a.dtype === 'float32') {
    const quotient = elementwise(call, 'Div', a, b)
    return graph.cast(graph.add('Floor', [quotient], 'float32', quotient.shape), 'int32')
  }
  const quotient = elementwise(call, 'Div', a, b)
  const rest = elementwise(call, 'Sub', a, elementwise(call, 'Mul', quotient, b))
  const zero = graph.scalar(0, 'int32')
  const uneven = graph.add('Not', [graph.add('Equal', [rest, zero], 'bool', rest.shape)], 'bool', rest.shape)
  const opposite = graph.add('Xor', [graph.add('Less', [rest, zero], 'bool', rest.shape), graph.add('Less', [b, zero], 'bool', b.shape)], 'bool', rest.shape)
  const down = graph.add('And', [uneven, opposite], 'bool', rest.shape)
  return elementwise(call, 'Sub', quotient, graph.cast(down, 'int32'))
}

/**
 * log(1 + x) without losing small x: with u = 1 + x as rounded, log(u) * x / (u - 1), and x itself where u is 1 (Higham, Accuracy and Stability of Numerical Algorithms,
 * 2nd ed., section 1.14.1). Infinity stays as log gives it.
 */
function log1p(call: KernelCall, x: Value): Value {
  const { graph } = call
  const one = graph.scalar(1, 'float32')
  const node = (op: string, ...inputs: Value[]) => graph.add(op, inputs, 'float32', x.shape)
  const u = node('Add', x, one)
  const logarithm = node('Log', u)
  const corrected = node('Mul', logarithm, node('Div', x, node('Sub', u, one)))
  const tiny = graph.add('Equal', [u, one], 'bool', x.shape)
  const infinite = graph.add('Equal', [u, graph.scalar(Infinity, 'float32')], 'bool', x.shape)
  return node('Where', tiny, x, node('Where', infinite, logarithm, corrected))
}

/** exp(x) - 1 = tanh(x / 2) * (exp(x) + 1), exact for small x; exp(x) - 1 itself where exp(x) overflows the product. */
function expm1(call: KernelCall, x: Value): Value {
  const { graph } = call
  const node = (op: string, ...inputs: Value[]) => graph.add(op, inputs, 'float32', x.shape)
  const one = graph.scalar(1, 'float32')
  const exponential = node('Exp', x)
  return node('Mul', node('Tanh', node('Mul', x, graph.scalar(0.5, 'float32'))), node('Add', exponential, one))
}
