import { LabError } from '../../../contract/errors.ts'
import { BatchArithmetic } from './batch-arithmetic.ts'
import { fitNumber, fitSize } from './batch-fit.ts'
import { sameValues } from './constant-pool.ts'
import type { ConstantValues, Dimension, Graph, GraphNode, Value } from './graph.ts'

export interface Recording {
  readonly batch: number
  readonly graph: Graph
}

/**
 * One graph for every batch out of recordings of the same step at three batch sizes. What is equal in all is taken as it is. A number that differs - in a shape, a slice's end, a pad, a
 * mean's divisor - must be a power of the batch, times and plus a constant: it is fitted to two recordings, checked against the third, and computed in the graph from the input's shape.
 * @throws LabError `engine-failed` where the step does something else with the batch, such as one operation per row, or a table whose size is the batch.
 */
export function mergeBatches(recordings: readonly Recording[], batched: readonly string[]): Graph {
  const [{ graph: base }, ...others] = recordings
  const batches = recordings.map((recording) => recording.batch)
  for (const { graph } of others) checkSameNodes(base, graph)
  const open = new Map<Value, readonly Dimension[]>()
  const counterparts = others.map(({ graph }) => valuesById(graph))
  for (const value of valuesById(base).values()) {
    const shapes = [value, ...counterparts.map((values) => counterpart(values, value))].map((each) => each.shape)
    const dimensions = value.shape.map((_, axis) => {
      const sizes = shapes.map((shape) => shape[axis])
      return fitSize(sizes, batches) ?? refuse(`a tensor has ${sizes.join(', ')} elements along an axis at batches of ${batches.join(', ')}`)
    })
    if (dimensions.some((dimension) => typeof dimension !== 'number')) open.set(value, dimensions)
  }

  const source = base.inputs.find((port) => port.name === batched[0])
  if (!source) throw new LabError('engine-failed', `The step has no input ${batched[0]}.`, { input: batched[0] })
  const arithmetic = new BatchArithmetic(source.value, Math.max(...valuesById(base).keys()) + 1)
  const users = new Map(base.nodes.flatMap((node) => node.inputs.map((input) => [input, node] as const)))
  const constants = new Map<Value, ConstantValues>()
  const replaced = new Map<Value, Value>()
  for (const [value, values] of base.constants) {
    const versions = [values, ...others.map(({ graph }, index) => graph.constants.get(counterpart(counterparts[index], value)) ?? refuse('constants differ'))]
    if (versions.every((version) => sameValues(version, values))) constants.set(value, values)
    else if (value.dtype === 'int64') followSizes(value, versions)
    else if (values.length === 1) replaced.set(value, arithmetic.scalar(fitNumber(versions.map(([number]) => number), batches) ?? refuse('a constant depends on it'), value.dtype, value.shape))
    else refuse(`a table of ${value.shape.join(' x ')} numbers depends on it; make it from an input`)
  }

  function followSizes(value: Value, versions: readonly ConstantValues[]): void {
    const sizes = Array.from(versions[0], (_, index) => fitSize(versions.map((version) => version[index]), batches) ?? refuse(`${users.get(value)?.op ?? 'an operation'} is given sizes that do not follow it`))
    const varying = sizes.filter((size) => typeof size !== 'number')
    // Reshape works out one size by itself; beside a 0 it could not.
    if (users.get(value)?.op === 'Reshape' && varying.length === 1 && !sizes.includes(0)) constants.set(value, sizes.map((size) => (typeof size === 'number' ? size : -1)))
    else replaced.set(value, arithmetic.list(sizes))
  }

  const nodes = base.nodes.map((node) => ({ ...node, inputs: node.inputs.map((input) => replaced.get(input) ?? input) }))
  const port = <P extends Graph['inputs'][number]>(each: P): P => ({ ...each, dimensions: open.get(each.value) ?? each.dimensions })
  return {
    inputs: base.inputs.map(port),
    outputs: base.outputs.map((each) => port({ ...each, value: replaced.get(each.value) ?? each.value })),
    nodes: [...arithmetic.nodes, ...nodes],
    constants: new Map([...constants, ...arithmetic.constants]),
    open,
  }
}

function checkSameNodes(base: Graph, other: Graph): void {
  const describe = (node: GraphNode | undefined) => (node ? `${node.op}(${node.inputs.map((input) => input.id).join()})${JSON.stringify(node.attributes)}${node.outputs.map((output) => output.id).join()}` : '')
  for (let index = 0; index < Math.max(base.nodes.length, other.nodes.length); index++) {
    if (describe(base.nodes[index]) !== describe(other.nodes[index])) refuse(`its operations differ from the ${index + 1}th on (${(base.nodes[index] ?? other.nodes[index]).op})`)
  }
}

function valuesById(graph: Graph): Map<number, Value> {
  const values = [...graph.inputs.map((port) => port.value), ...graph.constants.keys(), ...graph.nodes.flatMap((node) => node.outputs)]
  return new Map(values.map((value) => [value.id, value]))
}

function counterpart(values: ReadonlyMap<number, Value>, value: Value): Value {
  const found = values.get(value.id)
  return found?.shape.length === value.shape.length ? found : refuse('a tensor has more dimensions at one batch than at another')
}

function refuse(what: string): never {
  throw new LabError('engine-failed', `This step cannot be compiled for every batch size: ${what}.`, { engine: 'onnx' })
}
