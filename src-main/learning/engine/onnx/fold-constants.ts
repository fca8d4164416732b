import { sizeOf, type ConstantValues, type Graph, type GraphNode, type Value } from './graph.ts'
import { simplifyGraph } from './simplify-graph.ts'

/** What a batch norm at inference is made of, and what shapes it. */
const unary: Readonly<Record<string, (x: number) => number>> = { Sqrt: Math.sqrt, Reciprocal: (x) => 1 / x, Neg: (x) => -x, Exp: Math.exp }
const binary: Readonly<Record<string, (x: number, y: number) => number>> = { Add: (x, y) => x + y, Sub: (x, y) => x - y, Mul: (x, y) => x * y, Div: (x, y) => x / y }

/**
 * The same graph with what depends on constants alone computed beforehand, rounded to float32 after every operation as in a runtime. Elementwise operations and reshapes; anything else stays a node.
 * @example weights x (gamma / sqrt(variance + epsilon)) of a batch norm become one constant
 */
export function foldConstants(graph: Graph): Graph {
  const constants = new Map(graph.constants)
  const nodes: GraphNode[] = []
  // An expanded constant is as good as the constant wherever an operation broadcasts; written out, it would only be large.
  const expanded = new Map<Value, Value>()
  const floats = (value: Value): { values: Float32Array; shape: readonly number[] } | null => {
    const source = expanded.get(value) ?? value
    const values = constants.get(source)
    return values instanceof Float32Array ? { values, shape: source.shape } : null
  }
  for (const node of graph.nodes) {
    const [output] = node.outputs
    if (node.op === 'Expand' && floats(node.inputs[0])) expanded.set(output, expanded.get(node.inputs[0]) ?? node.inputs[0])
    const folded = graph.open.has(output) ? null : foldedNode(node, floats)
    if (folded) constants.set(output, folded)
    else nodes.push(node)
  }
  return simplifyGraph({ ...graph, nodes, constants })
}

function foldedNode({ op, inputs, outputs: [output] }: GraphNode, floats: (value: Value) => { values: Float32Array; shape: readonly number[] } | null): ConstantValues | null {
  if (output.dtype !== 'float32') return null
  if (op === 'Reshape') {
    const source = floats(inputs[0])
    return source && source.values.length === sizeOf(output.shape) ? source.values : null
  }
  const operands = inputs.map(floats)
  if (operands.length === 0 || operands.includes(null)) return null
  const [first, second] = operands.map((operand) => operand && broadcastTo(operand, output.shape))
  if (op in unary && first) return first.map(unary[op])
  return op in binary && first && second ? first.map((value, i) => binary[op](value, second[i])) : null
}

/** NumPy's rules: shapes are aligned at their ends, and a 1 repeats. */
function broadcastTo({ values, shape }: { readonly values: Float32Array; readonly shape: readonly number[] }, to: readonly number[]): Float32Array {
  const size = sizeOf(to)
  if (values.length === size) return values
  const strides = to.map((_, axis) => {
    const own = axis - to.length + shape.length
    return own < 0 || shape[own] === 1 ? 0 : sizeOf(shape.slice(own + 1))
  })
  const result = new Float32Array(size)
  for (let at = 0; at < size; at++) {
    let rest = at
    let from = 0
    for (let axis = to.length - 1; axis >= 0; axis--) {
      from += (rest % to[axis]) * strides[axis]
      rest = Math.floor(rest / to[axis])
    }
    result[at] = values[from]
  }
  return result
}
