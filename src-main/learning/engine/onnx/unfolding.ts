import type { ConstantValues, Graph, GraphNode, Value } from './graph.ts'

/** A convolution over time, as it is found in a graph. */
export interface UnfoldedConvolution {
  /** [batch, samples, channels] */
  readonly x: Value
  readonly kernel: number
  readonly stride: number
  /** Zeros before and after the samples. */
  readonly pads: readonly [number, number]
  readonly positions: number
}

/** Recognises what `convolve` (networks/layers/convolution-1d.ts) writes down before its matrix product: samples padded, grouped by the stride, and shifted groups side by side. */
export class Unfolding {
  readonly #makers: ReadonlyMap<Value, GraphNode>
  readonly #constants: ReadonlyMap<Value, ConstantValues>

  constructor({ nodes, constants }: Graph) {
    this.#makers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)))
    this.#constants = constants
  }

  /** What `matrix` [batch x positions, kernel x channels] holds the samples of; null if it is something else. */
  of(matrix: Value): UnfoldedConvolution | null {
    const columns = this.#input(matrix, 'Reshape')
    if (columns?.shape.length !== 3) return null
    const [batch, positions, rowSize] = columns.shape
    const maker = this.#makers.get(columns)
    const parts = maker?.op === 'Concat' ? maker.inputs : [columns]
    const grouped = this.#input(parts[0], 'Slice')
    if (grouped?.shape.length !== 3 || !parts.every((part, tap) => this.#isShifted(part, grouped, tap, tap === parts.length - 1))) return null
    const { x, before } = this.#unframed(grouped)
    if (x.shape.length !== 3 || x.shape[0] !== batch) return null
    const [, length, channels] = x.shape
    const [kernel, stride] = [rowSize / channels, grouped.shape[2] / channels]
    if (!Number.isInteger(kernel) || !Number.isInteger(stride) || parts.length !== Math.ceil(kernel / stride)) return null
    const after = Math.max(0, (positions - 1) * stride + kernel - before - length)
    const fits = Math.floor((length + before + after - kernel) / stride) + 1 === positions
    return fits ? { x, kernel, stride, pads: [before, after], positions } : null
  }

  /** grouped[:, tap : tap + positions, :], of the last tap perhaps its first samples only. */
  #isShifted(part: Value, grouped: Value, tap: number, last: boolean): boolean {
    const node = this.#makers.get(part)
    if (node?.op !== 'Slice' || node.inputs[0] !== grouped || node.inputs.length !== 4) return false
    const [starts, ends, axes] = node.inputs.slice(1).map((value) => this.#integers(value))
    if (!starts || !ends || !axes || (!last && part.shape[2] !== grouped.shape[2])) return false
    const whole = [[0, grouped.shape[0]], [0, grouped.shape[1]], [0, grouped.shape[2]]]
    axes.forEach((axis, index) => (whole[axis] = [starts[index], ends[index]]))
    return axes.every((axis) => axis > 0) && whole[1][0] === tap && whole[1][1] === tap + part.shape[1] && whole[2][0] === 0 && whole[2][1] === part.shape[2]
  }

  /** What was grouped, without zeros around it. Samples cut off its end are under no kernel or count as what they are: the number of positions decides. */
  #unframed(grouped: Value): { readonly x: Value; readonly before: number } {
    const framed = this.#input(grouped, 'Reshape') ?? grouped
    const node = this.#makers.get(framed)
    if (node?.op === 'Pad') {
      const pads = this.#integers(node.inputs[1])
      const fill = node.inputs.length === 3 ? this.#constants.get(node.inputs[2]) : undefined
      const onlyTime = pads?.length === 6 && [0, 2, 3, 5].every((place) => pads[place] === 0) && pads[1] >= 0 && pads[4] >= 0
      if (onlyTime && fill?.length === 1 && fill[0] === 0) return { x: node.inputs[0], before: pads[1] }
    }
    return { x: framed, before: 0 }
  }

  #input(value: Value, op: string): Value | null {
    const node = this.#makers.get(value)
    return node?.op === op ? node.inputs[0] : null
  }

  #integers(value: Value): readonly number[] | null {
    const values = this.#constants.get(value)
    return Array.isArray(values) ? (values as readonly number[]) : null
  }
}
