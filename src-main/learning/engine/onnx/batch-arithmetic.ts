import type { BatchNumber } from './batch-fit.ts'
import { elementTypes, typedValues, type Attributes, type ConstantValues, type Dimension, type GraphNode, type OnnxType, type Value } from './graph.ts'

/** Nodes that compute sizes and numbers from the batch: the first dimension of an input. */
export class BatchArithmetic {
  readonly nodes: GraphNode[] = []
  readonly constants = new Map<Value, ConstantValues>()
  private readonly batch: Value

  /** `nextId`: the first id that no value of the graph has. */
  constructor(
    input: Value,
    private nextId: number,
  ) {
    this.batch = this.node('Shape', [input], 'int64', [1], { start: { int: 0 }, end: { int: 1 } })
  }

  /** int64 list of sizes. */
  list(sizes: readonly Dimension[]): Value {
    const parts: Value[] = []
    let known: number[] = []
    const flush = () => {
      if (known.length > 0) parts.push(this.constant(known, 'int64', [known.length]))
      known = []
    }
    for (const size of sizes) {
      if (typeof size === 'number') {
        known.push(size)
        continue
      }
      flush()
      parts.push(this.number(this.batch, size, 'int64', [1]))
    }
    flush()
    return parts.length === 1 ? parts[0] : this.node('Concat', parts, 'int64', [sizes.length], { axis: { int: 0 } })
  }

  scalar(fit: BatchNumber, dtype: OnnxType, shape: readonly number[]): Value {
    const batch = this.node('Cast', [this.batch], 'float32', [1], { to: { int: elementTypes.float32 } })
    const result = this.number(batch, fit, 'float32', [1])
    const typed = dtype === 'float32' ? result : this.node('Cast', [result], dtype, [1], { to: { int: elementTypes[dtype] } })
    return this.node('Reshape', [typed, this.constant([...shape], 'int64', [shape.length])], dtype, shape)
  }

  private number(batch: Value, { times, power, plus }: BatchNumber, dtype: 'int64' | 'float32', shape: readonly number[]): Value {
    const known = (value: number) => this.constant(typedValues([value], dtype), dtype, shape)
    const factor = Math.abs(power) === 2 ? this.node('Mul', [batch, batch], dtype, shape) : batch
    const scaled = power < 0 ? this.node('Div', [known(times), factor], dtype, shape) : times === 1 ? factor : this.node('Mul', [factor, known(times)], dtype, shape)
    return plus === 0 ? scaled : this.node('Add', [scaled, known(plus)], dtype, shape)
  }

  private constant(values: ConstantValues, dtype: OnnxType, shape: readonly number[]): Value {
    const value = { id: this.nextId++, dtype, shape }
    this.constants.set(value, values)
    return value
  }

  private node(op: string, inputs: readonly Value[], dtype: OnnxType, shape: readonly number[], attributes: Attributes = {}): Value {
    const output = { id: this.nextId++, dtype, shape }
    this.nodes.push({ op, inputs, outputs: [output], attributes })
    return output
  }
}
