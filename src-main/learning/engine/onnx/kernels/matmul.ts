import { sizeOf, type Value } from '../graph.ts'
import type { KernelCall, Kernels } from '../kernel-call.ts'
import { leakyRelu, clip } from './activation.ts'
import { broadcastShape } from './broadcast.ts'
import { transpose } from './shape.ts'

/** Matrix products. */
export const matmulKernels: Kernels = {
  BatchMatMul: (call) => multiply(call, call.input('a'), call.input('b'), call.flag('transposeA'), call.flag('transposeB')),
  _FusedMatMul: (call) => {
    const product = multiply(call, call.input('a'), call.input('b'), call.flag('transposeA'), call.flag('transposeB'))
    const bias = call.optional('bias')
    const sum = bias ? call.graph.add('Add', [product, bias], product.dtype, broadcastShape(product, bias)) : product
    return activated(call, sum)
  },
}

/** a: [..., m, k], b: [..., k, n]; leading dimensions broadcast. */
function multiply(call: KernelCall, a: Value, b: Value, transposeA: boolean, transposeB: boolean): Value {
  const rowsOf = (value: Value, transposed: boolean) => value.shape[value.shape.length - (transposed ? 1 : 2)]
  const [m, n] = [rowsOf(a, transposeA), rowsOf(b, !transposeB)]
  const outer = broadcastShape({ ...a, shape: a.shape.slice(0, -2) }, { ...b, shape: b.shape.slice(0, -2) })
  const shape = [...outer, m, n]
  if (a.dtype === 'float32' && sizeOf(a.shape.slice(0, -2)) === 1 && sizeOf(b.shape.slice(0, -2)) === 1) {
    // Gemm transposes for free.
    const attributes = { transA: { int: Number(transposeA) }, transB: { int: Number(transposeB) } }
    const product = call.graph.add('Gemm', [flat(call, a), flat(call, b)], 'float32', [m, n], attributes)
    return shape.length === 2 ? product : call.graph.reshape(product, shape)
  }
  // One matrix for the whole batch: ONNX Runtime makes one product of it if it has two dimensions.
  const shared = sizeOf(b.shape.slice(0, -2)) === 1 && b.shape.length <= a.shape.length ? flat(call, b) : b
  return call.graph.add('MatMul', [swapped(call, a, transposeA), swapped(call, shared, transposeB)], a.dtype, shape)
}

function flat(call: KernelCall, value: Value): Value {
  return value.shape.length === 2 ? value : call.graph.reshape(value, value.shape.slice(-2))
}

function swapped(call: KernelCall, value: Value, swap: boolean): Value {
  if (!swap) return value
  const rank = value.shape.length
  return transpose(call, value, [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2])
}

function activated(call: KernelCall, x: Value): Value {
  const activation = call.text('activation')
  const simple: Readonly<Record<string, string>> = { relu: 'Relu', elu: 'Elu', sigmoid: 'Sigmoid' }
  if (activation === 'linear') return x
  if (activation in simple) return call.graph.add(simple[activation], [x], 'float32', x.shape)
  if (activation === 'relu6') return clip(call.graph, x, 0, 6)
  if (activation === 'leakyrelu') return leakyRelu(call.graph, x, call.number('leakyreluAlpha'))
  if (activation === 'prelu') return call.graph.add('PRelu', [x, call.input('preluActivationWeights')], 'float32', x.shape)
  throw new Error(`A matrix product with the activation ${activation} cannot be recorded.`)
}
