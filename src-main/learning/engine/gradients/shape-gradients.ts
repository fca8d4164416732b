import { cast, concat, matMul, oneHot, pad, reshape, reverse, slice, split, stack, sum, transpose, unstack, type Tensor } from '@tensorflow/tfjs-core'
import { axesOf, flat, gradient, ofInput, unbroadcast, type Gradients } from './gradient.ts'

/** Of what only moves numbers about. */
export const shapeGradients: Gradients = {
  Reshape: ofInput((dy, x) => reshape(dy, x.shape)),
  ExpandDims: gradient({ inputsToSave: ['input'] }, (dy, [input]) => ({ input: () => reshape(dy, input.shape) })),
  Transpose: ofInput((dy, _, { perm }) => {
    const order = perm as number[]
    return transpose(
      dy,
      order.map((_axis, index) => order.indexOf(index)),
    )
  }),
  Concat: gradient({ saveAllInputs: true }, (dy, inputs, { axis }) => {
    const along = axesOf(axis, dy.rank)[0]
    const parts = split(
      dy,
      inputs.map((input) => input.shape[along]),
      along,
    )
    return Object.fromEntries(parts.map((part, index) => [index, () => part]))
  }),
  Pack: gradient({ saveAllInputs: true }, (dy, _, { axis }) => Object.fromEntries(unstack(dy, Number(axis)).map((part, index) => [index, () => part]))),
  Unpack: { gradFunc: (dys, _, { axis }) => ({ value: () => stack(listed(dys), Number(axis)) }) },
  SplitV: { gradFunc: (dys, _, { axis }) => ({ x: () => concat(listed(dys), Number(axis)) }) },
  Slice: ofInput((dy, x, { begin }) => {
    const starts = Array.isArray(begin) ? begin.map(Number) : [Number(begin)]
    return pad(
      dy,
      x.shape.map((size, axis): [number, number] => {
        const start = starts[axis] ?? 0
        return [start, size - start - dy.shape[axis]]
      }),
    )
  }),
  PadV2: ofInput((dy, x, { paddings }) =>
    slice(
      dy,
      (paddings as number[][]).map(([before]) => before),
      x.shape,
    ),
  ),
  Tile: ofInput((dy, x, { reps }) => untile(dy, x.shape, reps as number[])),
  BroadcastTo: ofInput((dy, x) => unbroadcast(dy, x.shape)),
  Reverse: ofInput((dy, _, { dims }) => reverse(dy, dims as number | number[])),
  GatherV2: gradient({ inputsToSave: ['x', 'indices'] }, (dy, [x, indices], { axis, batchDims }) => {
    if (Number(batchDims) !== 0) throw new Error('There is no gradient of gather with batchDims.')
    return { x: () => scattered(dy, x, indices, axesOf(axis, x.rank)[0]), indices: () => flatIndices(indices) }
  }),
}

const listed = (dys: Tensor | Tensor[]): Tensor[] => (Array.isArray(dys) ? dys : [dys])

const flatIndices = (indices: Tensor): Tensor => flat('x').gradFunc(indices, [indices], {}).x()

/** Adds up the copies that tile made: an axis of r copies of s is [r, s]. */
function untile(dy: Tensor, shape: readonly number[], repeats: readonly number[]): Tensor {
  const sizes: number[] = []
  const copies: number[] = []
  shape.forEach((size, axis) => {
    if (repeats[axis] > 1) copies.push(sizes.push(repeats[axis]) - 1)
    if (repeats[axis] === 1 || size !== 1) sizes.push(size)
  })
  return reshape(copies.length > 0 ? sum(reshape(dy, sizes), copies) : dy, [...shape])
}

/** What was gathered goes back to its place; what was gathered twice is added: one product with the one-hot indices, which every engine has. */
function scattered(dy: Tensor, x: Tensor, indices: Tensor, axis: number): Tensor {
  const places = Array.from({ length: indices.rank }, (_, index) => axis + index)
  const rest = dy.shape.map((_, index) => index).filter((index) => !places.includes(index))
  const size = x.shape[axis]
  const rows = reshape(transpose(dy, [...places, ...rest]), [indices.size, -1])
  const added = size === 1 ? sum(rows, 0, true) : matMul(cast(oneHot(reshape(cast(indices, 'int32'), [indices.size]), size), 'float32'), rows, true)
  const others = x.shape.filter((_, index) => index !== axis)
  const order = [axis, ...x.shape.map((_, index) => index).filter((index) => index !== axis)]
  return transpose(
    reshape(added, [size, ...others]),
    order.map((_, index) => order.indexOf(index)),
  )
}
