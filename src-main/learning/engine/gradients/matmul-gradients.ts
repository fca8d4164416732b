import { matMul, reshape, type Tensor } from '@tensorflow/tfjs-core'
import { gradient, unbroadcast, type Gradients } from './gradient.ts'

/** Of matrix products: again matrix products, with the transposes left to them. */
export const matmulGradients: Gradients = {
  BatchMatMul: gradient({ inputsToSave: ['a', 'b'] }, (dy, [a, b], { transposeA, transposeB }) => ({
    a: () => unbroadcast(transposeA ? matMul(b, dy, Boolean(transposeB), true) : matMul(dy, b, false, !transposeB), a.shape),
    b: () => (isShared(a, b) && !transposeA ? ofShared(dy, a, b, Boolean(transposeB)) : unbroadcast(transposeB ? matMul(dy, a, true, Boolean(transposeA)) : matMul(a, dy, !transposeA, false), b.shape)),
  })),
}

/** One matrix b for all of a batch. */
const isShared = (a: Tensor, b: Tensor): boolean => a.rank > 2 && b.shape.slice(0, -2).every((size) => size === 1)

/** All rows of the batch in one product, instead of one product per element and their sum. */
function ofShared(dy: Tensor, a: Tensor, b: Tensor, transposed: boolean): Tensor {
  const rows = reshape(a, [-1, a.shape[a.rank - 1]])
  const changes = reshape(dy, [-1, dy.shape[dy.rank - 1]])
  return reshape(transposed ? matMul(changes, rows, true, false) : matMul(rows, changes, true, false), b.shape)
}
