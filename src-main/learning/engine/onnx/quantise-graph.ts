import { foldConstants } from './fold-constants.ts'
import { elementTypes, sizeOf, type ConstantValues, type Dimension, type Graph, type GraphNode, type Value } from './graph.ts'
import { simplifyGraph } from './simplify-graph.ts'

/** Smaller matrices cost more to quantise around than they save. */
const fewestWeights = 1024
/** The middle of uint8. Signed weights would be smaller by nothing, and on processors without VNNI ONNX Runtime adds products of uint8 and int8 in 16 bits, which overflow; uint8 by uint8 does not. */
const zeroPoint = 128
const largest = 127

export interface QuantisedGraph {
  readonly graph: Graph
  /** Products that compute with whole numbers now, and the weights in them. */
  readonly products: number
  readonly weights: number
}

/**
 * The same graph with its matrix products by constant weights done in 8 bits ("dynamic quantisation"): weights are rounded once, each output channel with a scale of its own; what they are
 * multiplied with is rounded while it runs, by its own range (ONNX: DynamicQuantizeLinear, MatMulInteger). The range is that of the whole batch, so that a row's result depends a little on its
 * neighbours. Biases, normalisations and products of two activations stay in float32.
 * @example weights [64, 90] take 5,760 bytes and 90 scales instead of 23,040 bytes
 */
export function quantiseGraph(traced: Graph): QuantisedGraph {
  // A batch norm's scale belongs to the weights that are rounded.
  const graph = foldConstants(traced)
  const pass = new Quantiser(graph)
  for (const node of graph.nodes) pass.visit(node)
  return { graph: simplifyGraph({ ...graph, nodes: pass.nodes, constants: pass.constants, open: pass.open }), products: pass.products, weights: pass.weights }
}

interface Matrix {
  readonly values: Float32Array
  readonly rows: number
  readonly columns: number
}

class Quantiser {
  readonly nodes: GraphNode[] = []
  readonly constants: Map<Value, ConstantValues>
  readonly open: Map<Value, readonly Dimension[]>
  products = 0
  weights = 0
  readonly #makers: ReadonlyMap<Value, GraphNode>
  readonly #activations = new Map<Value, readonly [Value, Value, Value]>()
  readonly #matrices = new Map<string, { readonly values: Value; readonly scales: Value }>()
  readonly #zero: Value
  #nextId: number

  constructor(graph: Graph) {
    this.constants = new Map(graph.constants)
    this.open = new Map(graph.open)
    this.#makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)))
    const values = [...graph.inputs.map(({ value }) => value), ...graph.constants.keys(), ...this.#makers.keys()]
    this.#nextId = values.reduce((highest, { id }) => Math.max(highest, id), 0) + 1
    this.#zero = this.#value('uint8', [])
    this.constants.set(this.#zero, Uint8Array.of(zeroPoint))
  }

  visit(node: GraphNode): void {
    const matrix = this.#weightsOf(node)
    if (!matrix) {
      this.nodes.push(node)
      return
    }
    const [left, right, bias] = node.inputs
    const [output] = node.outputs
    const dimensions = this.open.get(output)
    const [rounded, scale, zero] = this.#activation(left)
    const { values, scales } = this.#matrix(right, matrix, node)
    const add = (op: string, inputs: readonly Value[], dtype: Value['dtype'], like: Value, attributes: GraphNode['attributes'] = {}): Value => {
      const made = this.#value(dtype, like.shape)
      if (like === output && dimensions) this.open.set(made, dimensions)
      this.nodes.push({ op, inputs, outputs: [made], attributes })
      return made
    }
    const product = add('MatMulInteger', [rounded, values, zero, this.#zero], 'int32', output)
    const floats = add('Cast', [product], 'float32', output, { to: { int: elementTypes.float32 } })
    const both = add('Mul', [scale, scales], 'float32', scales)
    // The order in which ONNX Runtime finds it and makes one kernel of it (MatMulIntegerToFloat).
    const result = bias ? add('Mul', [floats, both], 'float32', output) : output
    if (bias) this.nodes.push({ op: 'Add', inputs: [result, bias], outputs: [output], attributes: {} })
    else this.nodes.push({ op: 'Mul', inputs: [floats, both], outputs: [output], attributes: {} })
    this.products++
    this.weights += matrix.values.length
  }

  /** The constant matrix that a node multiplies by, as [in, out]; null when it does something else. */
  #weightsOf(node: GraphNode): Matrix | null {
    if (node.op !== 'MatMul' && node.op !== 'Gemm') return null
    const [left, right] = node.inputs
    if (isSet(node, 'transA') || 'beta' in node.attributes || right.shape.length !== 2 || sizeOf(right.shape) < fewestWeights || this.#constant(left)) return null
    const values = this.#constant(right)
    if (!values) return null
    const [first, second] = right.shape
    return isTransposed(node) ? { values: transposed(values, first, second), rows: second, columns: first } : { values, rows: first, columns: second }
  }

  /** A constant, or one that only got another shape. */
  #constant(value: Value): Float32Array | null {
    const values = this.constants.get(value)
    if (values) return values instanceof Float32Array ? values : null
    const maker = this.#makers.get(value)
    return maker?.op === 'Reshape' ? this.#constant(maker.inputs[0]) : null
  }

  /** Rounded values, scale and zero point, made once for all products with it. */
  #activation(value: Value): readonly [Value, Value, Value] {
    const known = this.#activations.get(value)
    if (known) return known
    const made = [this.#value('uint8', value.shape), this.#value('float32', []), this.#value('uint8', [])] as const
    const dimensions = this.open.get(value)
    if (dimensions) this.open.set(made[0], dimensions)
    this.nodes.push({ op: 'DynamicQuantizeLinear', inputs: [value], outputs: made, attributes: {} })
    this.#activations.set(value, made)
    return made
  }

  /** Gemm's alpha becomes part of the scales. */
  #matrix(source: Value, matrix: Matrix, node: GraphNode): { readonly values: Value; readonly scales: Value } {
    const { alpha } = node.attributes
    const factor = alpha && 'float' in alpha ? alpha.float : 1
    const key = `${source.id} ${isTransposed(node)} ${factor}`
    const known = this.#matrices.get(key)
    if (known) return known
    const { values, scales } = quantiseColumns(matrix)
    const made = { values: this.#value('uint8', [matrix.rows, matrix.columns]), scales: this.#value('float32', [matrix.columns]) }
    this.constants.set(made.values, values)
    this.constants.set(made.scales, scales.map((scale) => scale * factor))
    this.#matrices.set(key, made)
    return made
  }

  #value(dtype: Value['dtype'], shape: readonly number[]): Value {
    return { id: this.#nextId++, dtype, shape: [...shape] }
  }
}

/**
 * Every column by its largest magnitude: w is about (q - 128) x scale, off by half a scale at most.
 * @example columns [[127], [-63.4]] -> values [255, 65], scales [1]
 */
export function quantiseColumns({ values, rows, columns }: Matrix): { values: Uint8Array; scales: Float32Array } {
  const scales = new Float32Array(columns)
  for (let at = 0; at < values.length; at++) scales[at % columns] = Math.max(scales[at % columns], Math.abs(values[at]) / largest)
  const rounded = new Uint8Array(rows * columns)
  for (let at = 0; at < values.length; at++) {
    const scale = scales[at % columns]
    rounded[at] = zeroPoint + (scale === 0 ? 0 : Math.max(-largest, Math.min(largest, Math.round(values[at] / scale))))
  }
  return { values: rounded, scales }
}

const isSet = ({ attributes }: GraphNode, name: string): boolean => name in attributes && 'int' in attributes[name] && attributes[name].int !== 0
const isTransposed = (node: GraphNode): boolean => isSet(node, 'transB')

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length)
  for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) turned[column * rows + row] = values[row * columns + column]
  return turned
}
