import { broadcastTo, cast, cumsum, div, equal, exp, expandDims, eye, mul, onesLike, oneHot, prod, reshape, scalar, sub, sum, transpose, where, zeros, type NamedAttrMap, type Tensor } from '@tensorflow/tfjs-core'
import { axesOf, flat, gradient, ofOutput, type Gradient, type Gradients } from './gradient.ts'

/** Of sums, means, extremes, softmax and the k largest. */
export const reductionGradients: Gradients = {
  Sum: gradient({ inputsToSave: ['x'] }, (dy, [x], { axis }) => ({ x: () => broadcastTo(kept(dy, x, axis), x.shape) })),
  Mean: gradient({ inputsToSave: ['x'] }, (dy, [x], { axis }) => ({ x: () => broadcastTo(div(kept(dy, x, axis), scalar(x.size / dy.size)), x.shape) })),
  Max: ofExtreme('reductionIndices'),
  Min: ofExtreme('axis'),
  Prod: gradient({ inputsToSave: ['x'] }, (dy, [x], { axis }) => ({ x: () => mul(kept(dy, x, axis), productOfOthers(x, axesOf(axis, x.rank))) })),
  ArgMax: flat('x'),
  ArgMin: flat('x'),
  Softmax: gradient({ outputsToSave: [true] }, (dy, [y], { dim }) => ({
    logits: () => {
      const weighted = mul(dy, y)
      return sub(weighted, mul(sum(weighted, Number(dim), true), y))
    },
  })),
  LogSoftmax: gradient({ outputsToSave: [true] }, (dy, [y], { axis }) => ({ logits: () => sub(dy, mul(sum(dy, Number(axis), true), exp(y))) })),
  Cumsum: ofOutput((dy, _, { axis, exclusive, reverse }) => cumsum(dy, Number(axis), Boolean(exclusive), !reverse)),
  TopK: {
    inputsToSave: ['x'],
    outputsToSave: [false, true],
    gradFunc: (dys, [x, indices]) => ({
      x: () => {
        const [dy] = Array.isArray(dys) ? dys : [dys]
        const size = x.shape[x.rank - 1]
        if (size === 1) return reshape(dy, x.shape)
        return sum(mul(cast(oneHot(cast(indices, 'int32'), size), 'float32'), expandDims(dy, -1)), -2)
      },
    }),
  },
  OneHot: gradient({ inputsToSave: ['indices'] }, (_, [indices]) => ({ indices: () => zeros(indices.shape) })),
}

/** dy with the reduced axes back in it, as 1. */
function kept(dy: Tensor, x: Tensor, axis: NamedAttrMap[string] | undefined): Tensor {
  const axes = axesOf(axis, x.rank)
  return reshape(
    dy,
    x.shape.map((size, index) => (axes.includes(index) ? 1 : size)),
  )
}

/** All elements that are the extreme take the whole gradient, as in TensorFlow.js. */
function ofExtreme(axesName: string): Gradient {
  return gradient({ inputsToSave: ['x'], outputsToSave: [true] }, (dy, [x, y], attributes) => ({
    x: () => mul(kept(dy, x, attributes[axesName]), cast(equal(x, kept(y, x, attributes[axesName])), 'float32')),
  }))
}

/** For each element the product of the others along the axes, zeros or not: [..., n] -> [..., n, n] with ones on the diagonal, multiplied up. Meant for small n. */
function productOfOthers(x: Tensor, axes: readonly number[]): Tensor {
  const rest = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis))
  const order = [...rest, ...axes]
  const moved = transpose(x, order)
  const count = axes.reduce((product, axis) => product * x.shape[axis], 1)
  const table = broadcastTo(reshape(moved, [-1, 1, count]), [x.size / count, count, count])
  const others = prod(where(broadcastTo(cast(eye(count), 'bool'), table.shape), onesLike(table), table), -1)
  return transpose(
    reshape(others, moved.shape),
    order.map((_, axis) => order.indexOf(axis)),
  )
}
