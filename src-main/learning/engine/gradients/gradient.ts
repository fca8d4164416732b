import { broadcast_util, reshape, sum, zeros, type GradConfig, type NamedAttrMap, type Tensor } from '@tensorflow/tfjs-core'

/** The gradient of one TensorFlow.js kernel: per input a function that makes it. */
export interface Gradient extends Omit<GradConfig, 'kernelName'> {
  readonly gradFunc: GradConfig['gradFunc']
}
export type Gradients = Readonly<Record<string, Gradient>>

/** Gradient of a kernel with one output. */
export const gradient = (keep: Omit<Gradient, 'gradFunc'>, inputs: (dy: Tensor, saved: Tensor[], attributes: NamedAttrMap) => Record<string, () => Tensor>): Gradient => ({
  ...keep,
  gradFunc: (dy, saved, attributes) => inputs(Array.isArray(dy) ? dy[0] : dy, saved, attributes),
})

/** Of a function of `x`: the derivative is made of x. */
export const ofInput = (derivative: (dy: Tensor, x: Tensor, attributes: NamedAttrMap) => Tensor): Gradient =>
  gradient({ inputsToSave: ['x'] }, (dy, [x], attributes) => ({ x: () => derivative(dy, x, attributes) }))

/** Of a function of `x`: the derivative is made of its result. */
export const ofOutput = (derivative: (dy: Tensor, y: Tensor, attributes: NamedAttrMap) => Tensor): Gradient =>
  gradient({ outputsToSave: [true] }, (dy, [y], attributes) => ({ x: () => derivative(dy, y, attributes) }))

/** Of a function of `a` and `b`, which broadcast. */
export const ofPair = (a: (dy: Tensor, a: Tensor, b: Tensor) => Tensor, b: (dy: Tensor, a: Tensor, b: Tensor) => Tensor): Gradient =>
  gradient({ inputsToSave: ['a', 'b'] }, (dy, [first, second]) => ({
    a: () => unbroadcast(a(dy, first, second), first.shape),
    b: () => unbroadcast(b(dy, first, second), second.shape),
  }))

/** Of a function that is flat, or whose result is no float. */
export const flat = (...inputs: readonly string[]): Gradient =>
  gradient({ inputsToSave: [...inputs] }, (_, saved) => Object.fromEntries(inputs.map((name, index) => [name, () => zeros(saved[index].shape)])))

/** Adds up what broadcasting had repeated. */
export function unbroadcast(value: Tensor, shape: readonly number[]): Tensor {
  const axes = broadcast_util.getReductionAxes([...shape], value.shape)
  return reshape(axes.length > 0 ? sum(value, axes) : value, [...shape])
}

/** An attribute that is one or more axes, or null for all. */
export function axesOf(attribute: NamedAttrMap[string] | undefined, rank: number): number[] {
  if (attribute === null || attribute === undefined || (Array.isArray(attribute) && attribute.length === 0)) return Array.from({ length: rank }, (_, axis) => axis)
  const axes = Array.isArray(attribute) ? attribute : [attribute]
  return axes.map((axis) => (Number(axis) < 0 ? Number(axis) + rank : Number(axis)))
}
