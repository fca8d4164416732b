import * as tf from '@tensorflow/tfjs-core'
import { engine } from '@tensorflow/tfjs-core'

type T = tf.Tensor
/** Values of an input: away from zero, above zero, within -0.9..0.9, small whole numbers, or 0 and 1. */
export type Kind = 'real' | 'positive' | 'unit' | 'integer' | 'truth'

export interface KernelCase {
  /** TensorFlow.js's name of the kernel that this case is there for. */
  readonly kernel: string
  readonly note?: string
  readonly inputs: readonly (readonly [Kind, ...number[]])[]
  readonly apply: (...inputs: T[]) => T
  /** The inputs whose gradients are compared too; default: all float ones. */
  readonly by?: readonly number[]
  /** What the cpu backend computes instead, where it has no such kernel. */
  readonly oracle?: (...inputs: T[]) => T
}

const real34 = ['real', 3, 4] as const
const one = (kernel: string, apply: (x: T) => T, input: readonly [Kind, ...number[]] = real34, by?: readonly number[]): KernelCase => ({ kernel, inputs: [input], apply, by })
const pairs = (kernel: string, apply: (a: T, b: T) => T, kind: Kind = 'real', by?: readonly number[]): KernelCase[] => [
  { kernel, inputs: [[kind, 3, 4], [kind, 3, 4]], apply, by },
  { kernel, note: 'a row', inputs: [[kind, 3, 4], [kind, 4]], apply, by },
  { kernel, note: 'a column and a row', inputs: [[kind, 3, 1], [kind, 1, 4]], apply, by },
  { kernel, note: 'a scalar', inputs: [[kind], [kind, 2, 3]], apply, by },
]
const integers = (kernel: string, apply: (a: T, b: T) => T): KernelCase => ({ kernel, note: 'whole numbers', inputs: [['integer', 3, 4], ['integer', 4]], apply })
const kernel = (name: string, inputs: Record<string, T>, attrs: Record<string, unknown> = {}): T => engine().runKernel(name, inputs, attrs as never) as T

export const arithmeticCases: KernelCase[] = [
  ...pairs('Add', tf.add), integers('Add', tf.add),
  ...pairs('Sub', tf.sub), integers('Sub', tf.sub),
  ...pairs('Multiply', tf.mul), integers('Multiply', tf.mul),
  ...pairs('RealDiv', tf.div), integers('FloorDiv', (a, b) => tf.floorDiv(tf.sub(a, tf.scalar(2, 'int32')), tf.sub(tf.mul(b, tf.scalar(2, 'int32')), tf.scalar(3, 'int32')))),
  ...pairs('FloorDiv', tf.floorDiv, 'real', []),
  ...pairs('Maximum', tf.maximum), integers('Maximum', tf.maximum),
  ...pairs('Minimum', tf.minimum), integers('Minimum', tf.minimum),
  ...pairs('Pow', tf.pow, 'positive'), one('Pow', (x) => tf.pow(x, tf.scalar(2)), real34),
  ...pairs('SquaredDifference', tf.squaredDifference),
  { kernel: 'AddN', inputs: [real34, real34, real34], apply: (...all) => tf.addN(all) },
  one('Square', tf.square), one('Neg', tf.neg), one('Abs', tf.abs), one('Neg', tf.neg, ['integer', 5]), one('Abs', (x) => tf.abs(tf.sub(x, tf.scalar(2, 'int32'))), ['integer', 5]),
  one('Sign', tf.sign), one('Floor', tf.floor), one('Ceil', tf.ceil), one('Round', tf.round), one('Round', (x) => tf.round(tf.mul(tf.cast(x, 'float32'), tf.scalar(0.5))), ['integer', 9]),
  one('Exp', tf.exp), one('Log', tf.log, ['positive', 3, 4]), one('Sqrt', tf.sqrt, ['positive', 3, 4]), one('Rsqrt', tf.rsqrt, ['positive', 3, 4]),
  one('Reciprocal', tf.reciprocal), one('Erf', tf.erf), one('Sin', tf.sin), one('Cos', tf.cos), one('Tan', tf.tan, ['unit', 3, 4]), one('Sinh', tf.sinh), one('Cosh', tf.cosh),
  one('Asin', tf.asin, ['unit', 3, 4]), one('Acos', tf.acos, ['unit', 3, 4]), one('Atan', tf.atan),
  one('Log1p', tf.log1p, ['positive', 3, 4]), one('Log1p', (x) => tf.log1p(tf.mul(x, tf.scalar(1e-6))), real34), one('Expm1', tf.expm1), one('Expm1', (x) => tf.expm1(tf.mul(x, tf.scalar(1e-5))), real34),
]

export const comparisonCases: KernelCase[] = [
  ...(['Less', 'LessEqual', 'Greater', 'GreaterEqual', 'Equal', 'NotEqual'] as const).flatMap((name) => {
    const apply = { Less: tf.less, LessEqual: tf.lessEqual, Greater: tf.greater, GreaterEqual: tf.greaterEqual, Equal: tf.equal, NotEqual: tf.notEqual }[name]
    return [...pairs(name, apply, 'real', []), integers(name, apply)]
  }),
  ...(['LogicalAnd', 'LogicalOr'] as const).map((name): KernelCase => {
    const apply = { LogicalAnd: tf.logicalAnd, LogicalOr: tf.logicalOr }[name]
    return { kernel: name, inputs: [['truth', 3, 4], ['truth', 4]], apply: (a, b) => apply(tf.cast(a, 'bool'), tf.cast(b, 'bool')) }
  }),
  one('LogicalNot', (x) => tf.logicalNot(tf.cast(x, 'bool')), ['truth', 6]),
  one('IsNan', (x) => tf.isNaN(tf.log(x)), real34, []),
  { kernel: 'Select', inputs: [['truth', 3, 4], real34, real34], apply: (c, a, b) => tf.where(tf.cast(c, 'bool'), a, b) },
  { kernel: 'Select', note: 'a row of conditions', inputs: [['truth', 4], real34, ['real']], apply: (c, a, b) => tf.where(tf.cast(c, 'bool'), a, b) },
  { kernel: 'Select', note: 'by comparison', inputs: [real34, real34], apply: (a, b) => tf.where(tf.greater(a, b), tf.mul(a, a), b) },
]

export const activationCases: KernelCase[] = [
  one('Relu', tf.relu), one('Relu6', (x) => tf.relu6(tf.mul(x, tf.scalar(5)))), one('LeakyRelu', (x) => tf.leakyRelu(x, 0.1)), one('Elu', tf.elu), one('Selu', tf.selu, real34, []),
  { kernel: 'Prelu', inputs: [real34, ['positive', 4]], apply: tf.prelu, by: [] },
  one('Softplus', tf.softplus), one('Sigmoid', tf.sigmoid), one('Tanh', tf.tanh), one('Step', (x) => tf.step(x, 0.5)), one('ClipByValue', (x) => tf.clipByValue(x, -0.75, 1.25)),
  one('Softmax', (x) => tf.softmax(x)), one('Softmax', (x) => tf.softmax(tf.mul(x, tf.scalar(50))), ['real', 2, 3, 5], []),
  { kernel: 'LogSoftmax', inputs: [real34], apply: (x) => kernel('LogSoftmax', { logits: x }, { axis: 1 }), oracle: (x) => tf.logSoftmax(x) }, one('Max', (x) => tf.logSoftmax(x)),
]

export const reductionCases: KernelCase[] = [
  ...(['Sum', 'Mean', 'Max', 'Min', 'Prod'] as const).flatMap((name): KernelCase[] => {
    const reduce = { Sum: tf.sum, Mean: tf.mean, Max: tf.max, Min: tf.min, Prod: tf.prod }[name]
    return [
      one(name, (x) => reduce(x)), one(name, (x) => reduce(x, -1)), one(name, (x) => reduce(x, 0, true)), one(name, (x) => reduce(x, [0, 2]), ['real', 2, 3, 2]), one(name, (x) => reduce(x, [1], true), ['real', 2, 3, 2]),
    ]
  }),
  one('Sum', (x) => tf.sum(x, 0), ['integer', 3, 4]), one('Max', (x) => tf.max(x, 0), ['integer', 3, 4]), one('Min', (x) => tf.min(x, 0), ['integer', 3, 4]), one('Sum', (x) => tf.sum(tf.cast(x, 'bool'), 1), ['truth', 3, 4]),
  one('All', (x) => tf.all(tf.cast(x, 'bool'), 1), ['truth', 3, 2]), one('Any', (x) => tf.any(tf.cast(x, 'bool'), 1), ['truth', 3, 2]),
  one('ArgMax', (x) => tf.argMax(x, -1)), one('ArgMax', (x) => tf.argMax(x, 0)), one('ArgMin', (x) => tf.argMin(x, 1)),
  one('Cumsum', (x) => tf.cumsum(x, 1)), one('Cumsum', (x) => tf.cumsum(x, 1, true)), one('Cumsum', (x) => tf.cumsum(x, 1, false, true)),
  one('TopK', (x) => tf.topk(x, 2).values), one('TopK', (x) => tf.topk(x, 2).indices, real34, []),
]

export const shapeCases: KernelCase[] = [
  one('Identity', (x) => tf.clone(x)), one('Cast', (x) => tf.cast(x, 'float32')), one('Cast', (x) => tf.cast(x, 'float32'), ['integer', 4]), one('Cast', (x) => tf.cast(x, 'int32'), real34, []), one('Cast', (x) => tf.cast(x, 'bool'), ['integer', 4]),
  one('Reshape', (x) => tf.reshape(x, [2, -1])), one('Reshape', (x) => tf.reshape(x, []), ['real', 1, 1]), one('ExpandDims', (x) => tf.expandDims(x, 1)),
  one('Transpose', (x) => tf.transpose(x)), one('Transpose', (x) => tf.transpose(x, [2, 0, 1]), ['real', 2, 3, 4]),
  { kernel: 'Concat', inputs: [['real', 2, 3], ['real', 2, 1], ['real', 2, 2]], apply: (...all) => tf.concat(all, 1) }, { kernel: 'Concat', inputs: [['real', 2, 3], ['real', 1, 3]], apply: (...all) => tf.concat(all, 0) },
  { kernel: 'Pack', inputs: [real34, real34], apply: (...all) => tf.stack(all, 1) }, { kernel: 'Pack', inputs: [real34, real34], apply: (...all) => tf.stack(all, -1), by: [] },
  one('Unpack', (x) => tf.add(tf.unstack(x, 1)[0], tf.unstack(x, 1)[2])),
  one('SplitV', (x) => tf.mul(tf.split(x, 2, 1)[0], tf.split(x, 2, 1)[1])), one('SplitV', (x) => tf.split(x, [1, 3], 1)[1]),
  one('Tile', (x) => tf.tile(x, [2, 3])), one('Tile', (x) => tf.tile(x, [3, 2, 1]), ['real', 1, 2, 3]), one('Tile', (x) => tf.broadcastTo(x, [2, 3, 4]), ['real', 3, 1]),
  { kernel: 'BroadcastTo', inputs: [['real', 1, 4]], apply: (x) => kernel('BroadcastTo', { x }, { shape: [3, 4], inputShape: [1, 4] }), oracle: (x) => tf.broadcastTo(x, [3, 4]) },
  one('Fill', (x) => tf.add(x, tf.fill([3, 4], 2.5))), one('OnesLike', (x) => tf.onesLike(x)), one('ZerosLike', (x) => tf.zerosLike(x)), one('Add', (x) => tf.add(x, tf.ones([2, 3, 4]))),
  one('PadV2', (x) => tf.pad(x, [[1, 2], [0, 3]], 0.5)), one('MirrorPad', (x) => tf.mirrorPad(x, [[1, 2], [0, 3]], 'reflect'), real34, []),
  one('Slice', (x) => tf.slice(x, [1, 0], [2, 3])), one('Slice', (x) => tf.slice(x, [1], [1]), ['real', 3, 2, 2]), one('Slice', (x) => tf.slice(x, [0, 2], [-1, -1])),
  one('StridedSlice', (x) => tf.stridedSlice(x, [0, 1], [3, 4], [2, 2]), real34, []), one('StridedSlice', (x) => tf.stridedSlice(x, [2, 0], [0, 4], [-1, 3], 1, 0), real34, []),
  one('StridedSlice', (x) => tf.stridedSlice(x, [1, 0], [2, 4], [1, 1], 0, 0, 0, 0, 1), real34, []), one('StridedSlice', (x) => tf.stridedSlice(x, [0, -1], [3, -4], [1, -1], 0, 2), real34, []),
  one('Reverse', (x) => tf.reverse(x, 1)), one('Reverse', (x) => tf.reverse(x, [0, 2]), ['real', 2, 3, 2]),
]

export const productCases: KernelCase[] = [
  ...[[false, false], [true, false], [false, true], [true, true]].flatMap(([ta, tb]): KernelCase[] => {
    const side = (rows: number, columns: number, swap: boolean) => (swap ? [columns, rows] : [rows, columns])
    const apply = (a: T, b: T) => tf.matMul(a, b, ta, tb)
    const note = `${ta ? 'a transposed' : ''} ${tb ? 'b transposed' : ''}`
    return [
      { kernel: 'BatchMatMul', note, inputs: [['real', ...side(3, 4, ta)], ['real', ...side(4, 2, tb)]], apply },
      { kernel: 'BatchMatMul', note: `${note} batch`, inputs: [['real', 2, ...side(3, 4, ta)], ['real', 2, ...side(4, 2, tb)]], apply },
      { kernel: 'BatchMatMul', note: `${note} one for all`, inputs: [['real', 3, ...side(2, 4, ta)], ['real', 1, ...side(4, 2, tb)]], apply },
      { kernel: 'BatchMatMul', note: `${note} heads`, inputs: [['real', 2, 2, ...side(2, 3, ta)], ['real', 2, 2, ...side(3, 2, tb)]], apply },
    ]
  }),
  { kernel: 'BatchMatMul', note: 'two dimensions for all', inputs: [['real', 3, 2, 4], ['real', 4, 2]], apply: (a, b) => tf.matMul(a, b) },
  ...(['relu', 'linear', 'sigmoid', 'elu'] as const).map((activation): KernelCase => ({ kernel: '_FusedMatMul', inputs: [['real', 3, 4], ['real', 4, 2], ['real', 2]], apply: (a, b, bias) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation }), by: [] })),
  { kernel: 'GatherV2', inputs: [['real', 5, 3], ['integer', 4]], apply: (x, i) => tf.gather(x, i as tf.Tensor1D) },
  { kernel: 'GatherV2', note: 'along columns', inputs: [['real', 2, 5, 2], ['integer', 3]], apply: (x, i) => tf.gather(x, i as tf.Tensor1D, 1) },
  { kernel: 'GatherV2', note: 'by a table', inputs: [['real', 5, 3], ['integer', 2, 2]], apply: (x, i) => tf.gather(x, i as tf.Tensor1D) },
  one('OneHot', (i) => tf.oneHot(i as tf.Tensor1D, 3), ['integer', 6]), one('OneHot', (i) => tf.oneHot(i as tf.Tensor1D, 5, 2, -1, 'float32'), ['integer', 6]),
  { kernel: 'UnsortedSegmentSum', inputs: [['real', 6, 2], ['integer', 6]], apply: (x, i) => tf.unsortedSegmentSum(x, i as tf.Tensor1D, 4), by: [] },
]

export const kernelCases: readonly KernelCase[] = [...arithmeticCases, ...comparisonCases, ...activationCases, ...reductionCases, ...shapeCases, ...productCases]
