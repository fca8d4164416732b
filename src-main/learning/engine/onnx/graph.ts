/** What a value of the graph holds. Tensors of a step are float32, int32 and bool; int64 is what ONNX wants for shapes, axes and pads, uint8 what quantised products are made of. */
export type OnnxType = 'float32' | 'int32' | 'int64' | 'bool' | 'uint8'

/** One tensor of the graph: an input, a constant or the result of a node. */
export interface Value {
  readonly id: number
  readonly dtype: OnnxType
  readonly shape: readonly number[]
}

export type Attribute = { readonly int: number } | { readonly float: number } | { readonly ints: readonly number[] } | { readonly text: string }
export type Attributes = Readonly<Record<string, Attribute>>

export interface GraphNode {
  /** ONNX operator type of the default domain, such as `Gemm`. */
  readonly op: string
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly attributes: Attributes
}

/** Row-major. int64 values are plain numbers: what they count fits 2^53. */
export type ConstantValues = Float32Array | Int32Array | Uint8Array | readonly number[]

/** A dimension that depends on the batch: `times` x batch^`power` + `plus`. */
export interface BatchDimension {
  readonly times: number
  readonly power: number
  readonly plus: number
}
export type Dimension = number | BatchDimension

/** A named input or output. `dimensions` is `value.shape` with what depends on the batch left open. */
export interface Port {
  readonly name: string
  readonly value: Value
  readonly dimensions: readonly Dimension[]
}

/** Nodes are in an order in which they can be executed. */
export interface Graph {
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  readonly nodes: readonly GraphNode[]
  readonly constants: ReadonlyMap<Value, ConstantValues>
  /** Values whose shape depends on the batch; `shape` is theirs at the batch that was recorded. */
  readonly open: ReadonlyMap<Value, readonly Dimension[]>
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

/** Bytes of one element, ONNX's raw_data layout (bool takes a byte). */
export const bytesPerElement: Readonly<Record<OnnxType, number>> = { float32: 4, int32: 4, int64: 8, bool: 1, uint8: 1 }

/** @example dimensionAt({ times: 2, power: 1, plus: 1 }, 32) // 65 */
export function dimensionAt(dimension: Dimension, batch: number): number {
  return typeof dimension === 'number' ? dimension : dimension.times * batch ** dimension.power + dimension.plus
}

/** The shape of a value at another batch than the one that was recorded. */
export function shapeAt(graph: Graph, value: Value, batch: number): readonly number[] {
  return graph.open.get(value)?.map((dimension) => dimensionAt(dimension, batch)) ?? value.shape
}

/**
 * Writes down a graph node by node, as the step asks for it. Nothing is shared or left out here, so that recordings of the same step at different batch sizes have the same
 * nodes in the same order (`symbolic-batch.ts`); `simplifyGraph` does both afterwards.
 */
export class GraphRecorder {
  private readonly inputs: Port[] = []
  private readonly nodes: GraphNode[] = []
  private readonly constants = new Map<Value, ConstantValues>()
  private nextId = 0

  /** A value that no node has made yet. */
  private value(dtype: OnnxType, shape: readonly number[]): Value {
    return { id: this.nextId++, dtype, shape: [...shape] }
  }

  input(name: string, dtype: OnnxType, shape: readonly number[]): Value {
    const value = this.value(dtype, shape)
    this.inputs.push({ name, value, dimensions: value.shape })
    return value
  }

  /** A node with one output. */
  add(op: string, inputs: readonly Value[], dtype: OnnxType, shape: readonly number[], attributes: Attributes = {}): Value {
    const output = this.value(dtype, shape)
    this.nodes.push({ op, inputs, outputs: [output], attributes })
    return output
  }

  /** A node with several outputs. */
  addMany(op: string, inputs: readonly Value[], outputs: readonly { readonly dtype: OnnxType; readonly shape: readonly number[] }[], attributes: Attributes = {}): Value[] {
    const values = outputs.map(({ dtype, shape }) => this.value(dtype, shape))
    this.nodes.push({ op, inputs, outputs: values, attributes })
    return values
  }

  /**
   * A constant. An array that repeats one number is a scalar, expanded in the graph: TensorFlow.js writes whole arrays for `ones` and `fill`, and the model would grow to tens of megabytes.
   * The values are not copied before the model is written.
   */
  constant(values: ConstantValues, dtype: OnnxType, shape: readonly number[]): Value {
    if (values.length > 1 && isUniform(values)) return this.expand(this.scalar(values[0], dtype), shape)
    const value = this.value(dtype, shape)
    this.constants.set(value, values)
    return value
  }

  scalar(number: number, dtype: OnnxType): Value {
    const value = this.value(dtype, [])
    this.constants.set(value, typedValues([number], dtype))
    return value
  }

  /** A list of int64, as ONNX takes shapes, axes, starts and pads. */
  integers(values: readonly number[]): Value {
    const value = this.value('int64', [values.length])
    this.constants.set(value, values)
    return value
  }

  /** Broadcasts to `shape`. */
  expand(value: Value, shape: readonly number[]): Value {
    return this.add('Expand', [value, this.integers(shape)], value.dtype, shape)
  }

  reshape(value: Value, shape: readonly number[]): Value {
    // Without allowzero, a 0 would mean "as in the input".
    return this.add('Reshape', [value, this.integers(shape)], value.dtype, shape, shape.includes(0) ? { allowzero: { int: 1 } } : {})
  }

  cast(value: Value, dtype: OnnxType): Value {
    if (value.dtype === dtype) return value
    return this.add('Cast', [value], dtype, value.shape, { to: { int: elementTypes[dtype] } })
  }

  finish(outputs: readonly { readonly name: string; readonly value: Value }[]): Graph {
    const ports = outputs.map(({ name, value }) => ({ name, value, dimensions: value.shape }))
    return { inputs: this.inputs, outputs: ports, nodes: this.nodes, constants: this.constants, open: new Map() }
  }
}

/** TensorProto.DataType, onnx.proto3. */
export const elementTypes: Readonly<Record<OnnxType, number>> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 }

export function typedValues(values: readonly number[], dtype: OnnxType): ConstantValues {
  if (dtype === 'float32') return Float32Array.from(values)
  if (dtype === 'int32') return Int32Array.from(values)
  return dtype === 'int64' ? values : Uint8Array.from(values)
}

/** The same number everywhere; -0 is not 0, and NaN is NaN. */
function isUniform(values: ConstantValues): boolean {
  const first = values[0]
  for (let index = 1; index < values.length; index++) if (!Object.is(values[index], first)) return false
  return true
}
