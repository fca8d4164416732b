import { ConstantPool } from './constant-pool.ts'
import { fuseProducts } from './fuse-products.ts'
import type { ConstantValues, Graph, GraphNode, Value } from './graph.ts'
import { sumByProduct } from './sum-by-product.ts'

/** Operators that broadcast their inputs: an input expanded beforehand may as well be broadcast by them. */
const broadcasting = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Where', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Equal', 'And', 'Or', 'Xor'])

/**
 * The same graph with less in it: equal constants once, equal nodes once (common subexpressions), no node that does nothing (a reshape to the same shape, + 0, x 1), no expansion
 * that the operator around it does by itself, factors and additions inside matrix products (`fuse-products.ts`), and nothing that no output needs. Values keep their identity.
 */
export function simplifyGraph(graph: Graph): Graph {
  return withoutUnused(withoutRepetition(sumByProduct(fuseProducts(withoutRepetition(graph)))))
}

function withoutRepetition(graph: Graph): Graph {
  const pass = new Simplifier(graph.constants)
  for (const node of graph.nodes) pass.visit(node)
  const outputs = graph.outputs.map((port) => ({ ...port, value: pass.current(port.value) }))
  return withoutUnused({ ...graph, outputs, nodes: pass.nodes })
}

class Simplifier {
  readonly nodes: GraphNode[] = []
  private readonly replaced = new Map<Value, Value>()
  private readonly makers = new Map<Value, GraphNode>()
  private readonly known = new Map<string, GraphNode>()

  constructor(private readonly constants: ReadonlyMap<Value, ConstantValues>) {
    const pool = new ConstantPool()
    for (const [value, values] of constants) this.replaced.set(value, pool.intern(value, values))
  }

  current(value: Value): Value {
    return this.replaced.get(value) ?? value
  }

  visit(original: GraphNode): void {
    const node = this.leaner({ ...original, inputs: original.inputs.map((input) => this.current(input)) })
    const same = this.unchanged(node)
    if (same) {
      this.replaced.set(node.outputs[0], same)
      return
    }
    const key = `${node.op}(${node.inputs.map((input) => input.id).join()})${JSON.stringify(node.attributes)}${node.outputs.length}`
    const earlier = this.known.get(key)
    if (earlier) {
      node.outputs.forEach((output, index) => this.replaced.set(output, earlier.outputs[index]))
      return
    }
    this.known.set(key, node)
    this.nodes.push(node)
    for (const output of node.outputs) this.makers.set(output, node)
  }

  /** The node with inputs that come from further up, where that gives the same result. */
  private leaner(node: GraphNode): GraphNode {
    if (node.op === 'Reshape') {
      const maker = this.makers.get(node.inputs[0])
      return maker?.op === 'Reshape' ? { ...node, inputs: [maker.inputs[0], node.inputs[1]] } : node
    }
    if (!broadcasting.has(node.op)) return node
    const inputs = [...node.inputs]
    for (const [index, input] of inputs.entries()) {
      const maker = this.makers.get(input)
      if (maker?.op !== 'Expand') continue
      const bare = inputs.map((value, place) => (place === index ? maker.inputs[0] : value))
      if (sameShape(broadcast(bare), node.outputs[0].shape)) inputs[index] = maker.inputs[0]
    }
    return { ...node, inputs }
  }

  /** The input that the node would only repeat, or null. */
  private unchanged(node: GraphNode): Value | null {
    const [first, second] = node.inputs
    const [output] = node.outputs
    const keeps = (value: Value) => value.dtype === output.dtype && sameShape(value.shape, output.shape)
    switch (node.op) {
      case 'Identity':
        return first
      case 'Reshape':
      case 'Expand':
      case 'Cast':
        return keeps(first) ? first : null
      case 'Transpose':
        return isIdentity(node) ? first : null
      case 'Add':
        if (this.isNumber(second, 0) && keeps(first)) return first
        return this.isNumber(first, 0) && keeps(second) ? second : null
      case 'Mul':
        if (this.isNumber(second, 1) && keeps(first)) return first
        return this.isNumber(first, 1) && keeps(second) ? second : null
      case 'Sub':
        return this.isNumber(second, 0) && keeps(first) ? first : null
      case 'Div':
        return this.isNumber(second, 1) && keeps(first) ? first : null
      default:
        return null
    }
  }

  /** A constant of one element, itself or expanded. */
  private isNumber(value: Value, number: number): boolean {
    const maker = this.makers.get(value)
    const values = this.constants.get(maker?.op === 'Expand' ? maker.inputs[0] : value)
    return values?.length === 1 && values[0] === number
  }
}

/** Nodes and constants that lead to an output. Inputs stay, used or not: they are what the caller passes. */
function withoutUnused(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map((port) => port.value))
  const nodes: GraphNode[] = []
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output))) continue
    for (const input of node.inputs) needed.add(input)
    nodes.push(node)
  }
  return { ...graph, nodes: nodes.reverse(), constants: new Map([...graph.constants].filter(([value]) => needed.has(value))) }
}

function broadcast(values: readonly Value[]): number[] {
  const rank = Math.max(...values.map((value) => value.shape.length))
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = values.map((value) => value.shape[axis - rank + value.shape.length] ?? 1)
    return sizes.find((size) => size !== 1) ?? 1
  })
}

function isIdentity(node: GraphNode): boolean {
  const { perm } = node.attributes
  return 'ints' in perm && perm.ints.every((axis, index) => axis === index)
}

const sameShape = (one: readonly number[], other: readonly number[]): boolean => one.length === other.length && one.every((size, axis) => size === other[axis])
