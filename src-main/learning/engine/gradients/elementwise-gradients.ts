import { add, cast, clone, cos, cosh, div, exp, greater, greaterEqual, less, lessEqual, log, logicalAnd, mul, neg, pow, scalar, sigmoid, sign, sin, sinh, sqrt, square, sub, where, zerosLike, type Tensor } from '@tensorflow/tfjs-core'
import { flat, gradient, ofInput, ofOutput, ofPair, unbroadcast, type Gradients } from './gradient.ts'

const float = (x: Tensor) => cast(x, 'float32')

/** Of arithmetic and the elementary functions. Where a function has a corner, the derivative is that of one side, as noted. */
export const elementwiseGradients: Gradients = {
  Add: ofPair((dy) => dy, (dy) => dy),
  Sub: ofPair((dy) => dy, (dy) => neg(dy)),
  Multiply: ofPair((dy, _, b) => mul(dy, float(b)), (dy, a) => mul(dy, float(a))),
  RealDiv: ofPair((dy, _, b) => div(dy, float(b)), (dy, a, b) => neg(div(mul(dy, float(a)), square(float(b))))),
  // Equal: the first takes all.
  Maximum: ofPair((dy, a, b) => mul(dy, float(greaterEqual(a, b))), (dy, a, b) => mul(dy, float(less(a, b)))),
  Minimum: ofPair((dy, a, b) => mul(dy, float(lessEqual(a, b))), (dy, a, b) => mul(dy, float(greater(a, b)))),
  SquaredDifference: ofPair((dy, a, b) => mul(dy, mul(scalar(2), sub(a, b))), (dy, a, b) => mul(dy, mul(scalar(2), sub(b, a)))),
  Pow: gradient({ inputsToSave: ['a', 'b'], outputsToSave: [true] }, (dy, [base, exponent, y]) => ({
    a: () => unbroadcast(mul(dy, mul(float(exponent), pow(base, sub(exponent, scalar(1, exponent.dtype as 'float32' | 'int32'))))), base.shape),
    // The logarithm of what is not positive is no number; there the power does not vary with its exponent either.
    b: () => unbroadcast(mul(dy, mul(y, where(greater(base, scalar(0)), log(base), zerosLike(base)))), exponent.shape),
  })),
  // Copies: what collects the gradients disposes of them one by one.
  AddN: gradient({ saveAllInputs: true }, (dy, inputs) => Object.fromEntries(inputs.map((_, index) => [index, () => clone(dy)]))),
  Select: gradient({ inputsToSave: ['condition'] }, (dy, [condition]) => ({
    condition: () => zerosLike(float(condition)),
    t: () => where(condition, dy, zerosLike(dy)),
    e: () => where(condition, zerosLike(dy), dy),
  })),
  Square: ofInput((dy, x) => mul(dy, mul(float(x), scalar(2)))),
  Neg: ofInput((dy) => neg(dy)),
  // 0 at 0.
  Abs: ofInput((dy, x) => mul(dy, sign(float(x)))),
  Exp: ofOutput((dy, y) => mul(dy, y)),
  Expm1: ofInput((dy, x) => mul(dy, exp(x))),
  Log: ofInput((dy, x) => div(dy, float(x))),
  Log1p: ofInput((dy, x) => div(dy, add(float(x), scalar(1)))),
  Sqrt: ofOutput((dy, y) => div(mul(dy, scalar(0.5)), y)),
  Rsqrt: ofOutput((dy, y) => mul(mul(dy, scalar(-0.5)), mul(y, square(y)))),
  Reciprocal: ofOutput((dy, y) => neg(mul(dy, square(y)))),
  Erf: ofInput((dy, x) => mul(dy, mul(exp(neg(square(x))), scalar(2 / Math.sqrt(Math.PI))))),
  Sin: ofInput((dy, x) => mul(dy, cos(float(x)))),
  Cos: ofInput((dy, x) => neg(mul(dy, sin(float(x))))),
  Tan: ofInput((dy, x) => div(dy, square(cos(x)))),
  Sinh: ofInput((dy, x) => mul(dy, cosh(float(x)))),
  Cosh: ofInput((dy, x) => mul(dy, sinh(float(x)))),
  Asin: ofInput((dy, x) => div(dy, sqrt(sub(scalar(1), square(float(x)))))),
  Acos: ofInput((dy, x) => neg(div(dy, sqrt(sub(scalar(1), square(float(x))))))),
  Atan: ofInput((dy, x) => div(dy, add(scalar(1), square(float(x))))),
  // 0 at 0. Multiplied, not chosen, so that a NaN on its way back is not lost.
  Relu: ofOutput((dy, y) => mul(dy, float(greater(y, scalar(0))))),
  Relu6: ofInput((dy, x) => mul(dy, float(logicalAnd(greater(x, scalar(0)), lessEqual(x, scalar(6)))))),
  LeakyRelu: ofInput((dy, x, { alpha }) => where(greater(x, scalar(0)), dy, mul(dy, scalar(Number(alpha))))),
  Elu: ofOutput((dy, y) => where(greater(y, scalar(0)), dy, mul(dy, add(y, scalar(1))))),
  Softplus: ofInput((dy, x) => mul(dy, sigmoid(x))),
  Sigmoid: ofOutput((dy, y) => mul(dy, mul(y, sub(scalar(1), y)))),
  Tanh: ofOutput((dy, y) => mul(dy, sub(scalar(1), square(y)))),
  // Both bounds count as inside.
  ClipByValue: ofInput((dy, x, { clipValueMin, clipValueMax }) => mul(dy, float(logicalAnd(greaterEqual(x, scalar(Number(clipValueMin))), lessEqual(x, scalar(Number(clipValueMax))))))),
  Cast: gradient({}, (dy) => ({ x: () => float(dy) })),
  Identity: gradient({}, (dy) => ({ x: () => float(dy) })),
  ...Object.fromEntries(['Step', 'Sign', 'Floor', 'Ceil', 'Round', 'ZerosLike', 'OnesLike', 'LogicalNot', 'IsNan'].map((name) => [name, flat('x')])),
  ...Object.fromEntries(
    ['FloorDiv', 'Less', 'LessEqual', 'Greater', 'GreaterEqual', 'Equal', 'NotEqual', 'LogicalAnd', 'LogicalOr'].map((name) => [name, flat('a', 'b')]),
  ),
}
