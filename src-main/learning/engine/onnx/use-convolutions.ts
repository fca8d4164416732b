import { sizeOf, type Attributes, type ConstantValues, type Dimension, type Graph, type GraphNode, type Value } from './graph.ts'
import { simplifyGraph } from './simplify-graph.ts'
import { Unfolding, type UnfoldedConvolution } from './unfolding.ts'

/**
 * For inference: products of unfolded samples with constant weights become `Conv` nodes, for which ONNX Runtime arranges constant weights in blocks beforehand and unfolds nothing. They want
 * channels before samples; what lies between two of them - adding a vector of biases or a shortcut, Relu - is done in that layout, too, where ONNX Runtime makes it part of the convolution.
 * Weights that only come with each run would have to be rearranged each time: those stay products, and with them all of training.
 * @example resnet34-w64 for batch 1: 36 `Conv` instead of 36 `Gemm` with 100 `Slice`, 33 `Pad` and 33 `Concat`
 */
export function useConvolutions(graph: Graph): Graph {
  const pass = new Convolutions(graph)
  for (const node of graph.nodes) pass.visit(node)
  return pass.found ? simplifyGraph({ ...graph, nodes: pass.nodes, open: pass.open, constants: pass.constants }) : graph
}

class Convolutions {
  found = false
  readonly nodes: GraphNode[] = []
  readonly open: Map<Value, readonly Dimension[]>
  readonly constants: Map<Value, ConstantValues>
  readonly #unfolding: Unfolding
  /** Values known as [batch, channels, 1, samples], too. */
  readonly #inner = new Map<Value, Value>()
  readonly #convolutions = new Map<Value, GraphNode>()
  readonly #fixed: Set<Value>
  readonly #uses = new Map<Value, number>()
  #nextId: number

  constructor(graph: Graph) {
    this.open = new Map(graph.open)
    this.constants = new Map(graph.constants)
    this.#unfolding = new Unfolding(graph)
    this.#fixed = new Set(graph.constants.keys())
    for (const { inputs } of graph.nodes) for (const input of inputs) this.#uses.set(input, (this.#uses.get(input) ?? 0) + 1)
    for (const { value } of graph.outputs) this.#uses.set(value, Infinity)
    const values = [...graph.inputs.map(({ value }) => value), ...graph.constants.keys(), ...graph.nodes.flatMap((node) => node.outputs)]
    this.#nextId = values.reduce((most, { id }) => Math.max(most, id), -1) + 1
  }

  visit(node: GraphNode): void {
    const [output] = node.outputs
    if (node.inputs.every((input) => this.#fixed.has(input))) for (const each of node.outputs) this.#fixed.add(each)
    const [x] = node.inputs
    const known = this.#inner.get(x)
    if (node.op === 'Reshape' && known && isOuter(known, output)) this.#inner.set(output, known)
    const inner = node.op === 'Gemm' ? this.#convolution(node) : this.#pointwise(node)
    if (!inner) {
      this.nodes.push(node)
      return
    }
    this.#inner.set(output, inner)
    this.#outer(inner, output)
  }

  /** Relu, a sum of two, or a sum with a vector, of what is known in the inner layout. */
  #pointwise({ op, inputs }: GraphNode): Value | null {
    const [x, y] = inputs
    const inner = this.#inner.get(x)
    if (!inner) return null
    if (op === 'Relu') return this.#like(inner, op, [inner])
    if (op !== 'Add') return null
    const other = this.#inner.get(y)
    if (other && sizeOf(inner.shape) === sizeOf(other.shape) && x.shape.length === y.shape.length) return this.#like(inner, op, [inner, other])
    const convolution = this.#convolutions.get(inner)
    const isBias = y.shape.length === 1 && y.shape[0] === inner.shape[1] && x.shape[x.shape.length - 1] === inner.shape[1]
    return convolution?.inputs.length === 2 && isBias && this.#uses.get(x) === 1 ? this.#like(inner, 'Conv', [...convolution.inputs, y], convolution.attributes) : null
  }

  #convolution({ inputs, attributes }: GraphNode): Value | null {
    const [matrix, weights, bias] = inputs
    const plain = Object.entries(attributes).every(([name, attribute]) => name.startsWith('trans') && 'int' in attribute && attribute.int === 0)
    const unfolded = plain && this.#fixed.has(weights) && (!bias || bias.shape.length === 1) ? this.#unfolding.of(matrix) : null
    if (!unfolded || this.open.get(unfolded.x)?.slice(1).some((dimension) => typeof dimension !== 'number')) return null
    this.found = true
    const { x, kernel, stride, pads, positions } = unfolded
    const [width, channels] = [weights.shape[1], x.shape[2]]
    const samples = this.#inner.get(x) ?? this.#toInner(unfolded)
    const ofTaps = this.#reshape(weights, [kernel, channels, width])
    const kernels = this.#reshape(this.#add('Transpose', [ofTaps], [width, channels, kernel], undefined, { perm: { ints: [2, 1, 0] } }), [width, channels, 1, kernel])
    const made = { kernel_shape: { ints: [1, kernel] }, strides: { ints: [1, stride] }, pads: { ints: [0, pads[0], 0, pads[1]] } }
    return this.#add('Conv', [samples, kernels, ...(bias ? [bias] : [])], [x.shape[0], width, 1, positions], this.open.get(x)?.[0], made)
  }

  #toInner({ x }: UnfoldedConvolution): Value {
    const [batch, length, channels] = x.shape
    const turned = this.#add('Transpose', [x], [batch, channels, length], this.open.get(x)?.[0], { perm: { ints: [0, 2, 1] } })
    const inner = this.#reshape(turned, [batch, channels, 1, length])
    this.#inner.set(x, inner)
    return inner
  }

  /** Makes `output` out of its inner form: unused, it disappears. */
  #outer(inner: Value, output: Value): void {
    const [batch, channels, , samples] = inner.shape
    const flat = this.#reshape(inner, [batch, channels, samples])
    const turned = this.#add('Transpose', [flat], [batch, samples, channels], this.open.get(flat)?.[0], { perm: { ints: [0, 2, 1] } })
    this.nodes.push({ op: 'Reshape', inputs: [turned, this.#sizes(output.shape, this.open.has(output))], outputs: [output], attributes: {} })
  }

  #reshape(value: Value, shape: readonly number[]): Value {
    const first = this.open.get(value)?.[0]
    return this.#add('Reshape', [value, this.#sizes(shape, first !== undefined)], shape, first)
  }

  /** With an open first dimension: that one follows from the others. */
  #sizes(shape: readonly number[], open: boolean): Value {
    const value: Value = { id: this.#nextId++, dtype: 'int64', shape: [shape.length] }
    this.constants.set(value, shape.map((size, axis) => (open && axis === 0 ? -1 : size)))
    return value
  }

  #like(inner: Value, op: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.#add(op, inputs, inner.shape, this.open.get(inner)?.[0], attributes)
  }

  #add(op: string, inputs: readonly Value[], shape: readonly number[], first: Dimension | undefined, attributes: Attributes = {}): Value {
    const output: Value = { id: this.#nextId++, dtype: 'float32', shape }
    if (first !== undefined && typeof first !== 'number') this.open.set(output, [first, ...shape.slice(1)])
    const node = { op, inputs, outputs: [output], attributes }
    this.nodes.push(node)
    if (op === 'Conv') this.#convolutions.set(output, node)
    return output
  }
}

/** Is `value` [batch, samples, channels] of [batch, channels, 1, samples]? */
function isOuter(inner: Value, { shape }: Value): boolean {
  const [batch, channels, , samples] = inner.shape
  return shape.length === 3 && shape[0] === batch && shape[1] === samples && shape[2] === channels
}
