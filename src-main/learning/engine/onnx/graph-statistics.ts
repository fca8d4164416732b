import { bytesPerElement, shapeAt, sizeOf, type Graph, type GraphNode, type Value } from './graph.ts'

export interface GraphStatistics {
  /** Nodes by operator. */
  readonly operators: Readonly<Record<string, number>>
  readonly nodes: number
  /** Multiply-accumulates of matrix products and convolutions in one run. */
  readonly macs: number
  readonly constantBytes: number
  /** The most bytes of results that are alive at once, if each is freed after its last use: a lower bound of what an engine holds. */
  readonly peakBytes: number
  /** Bytes of all results together: what one run writes. */
  readonly writtenBytes: number
}

/** Results that share their input's memory. */
const views = new Set(['Reshape', 'Identity', 'Squeeze', 'Unsqueeze'])

/**
 * Counts what one run of a graph does, at `batch` where it depends on one.
 * @example describeGraph(traceStep(step, specs)).macs // [32, 64] x [64, 90]: 184320
 */
export function describeGraph(graph: Graph, batch = 1): GraphStatistics {
  const size = (value: Value) => sizeOf(shapeAt(graph, value, batch))
  const bytes = (value: Value) => size(value) * bytesPerElement[value.dtype]
  const operators: Record<string, number> = {}
  let [macs, writtenBytes] = [0, 0]
  for (const node of graph.nodes) {
    operators[node.op] = (operators[node.op] ?? 0) + 1
    macs += macsOf(graph, node, batch)
    if (!views.has(node.op)) writtenBytes += node.outputs.reduce((sum, output) => sum + bytes(output), 0)
  }
  const constantBytes = [...graph.constants.keys()].reduce((sum, value) => sum + bytes(value), 0)
  return { operators, nodes: graph.nodes.length, macs, constantBytes, writtenBytes, peakBytes: peak(graph, bytes) }
}

function macsOf(graph: Graph, node: GraphNode, batch: number): number {
  const shape = (value: Value) => shapeAt(graph, value, batch)
  const output = sizeOf(shape(node.outputs[0]))
  if (node.op === 'MatMul') return output * (shape(node.inputs[0]).at(-1) ?? 1)
  if (node.op === 'Gemm') {
    const { transA } = node.attributes
    return output * shape(node.inputs[0])[transA && 'int' in transA && transA.int === 1 ? 0 : 1]
  }
  // Weights: [out, in / groups, ...kernel]; transposed: [in, out / groups, ...kernel].
  if (node.op === 'Conv') return output * sizeOf(shape(node.inputs[1]).slice(1))
  return node.op === 'ConvTranspose' ? sizeOf(shape(node.inputs[0])) * sizeOf(shape(node.inputs[1]).slice(1)) : 0
}

/** Walks the nodes, adding what each makes and taking away what is used for the last time. A view lives in the memory of what it shows. */
function peak(graph: Graph, bytes: (value: Value) => number): number {
  const owners = new Map<Value, Value>()
  const owner = (value: Value) => owners.get(value) ?? value
  for (const node of graph.nodes) if (views.has(node.op)) owners.set(node.outputs[0], owner(node.inputs[0]))
  const lastUse = new Map<Value, number>()
  graph.nodes.forEach((node, index) => [...node.inputs, ...node.outputs].forEach((value) => lastUse.set(owner(value), index)))
  for (const port of graph.outputs) lastUse.set(owner(port.value), Infinity)
  const made = new Set<Value>()
  let [alive, most] = [0, 0]
  graph.nodes.forEach((node, index) => {
    for (const output of node.outputs) {
      if (owner(output) !== output) continue
      made.add(output)
      alive += bytes(output)
    }
    most = Math.max(most, alive)
    for (const value of new Set([...node.inputs, ...node.outputs].map(owner))) {
      if (lastUse.get(value) === index && made.delete(value)) alive -= bytes(value)
    }
  })
  return most
}
