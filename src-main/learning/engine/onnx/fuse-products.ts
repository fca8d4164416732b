import { sizeOf, typedValues, type Attributes, type ConstantValues, type Graph, type OnnxType, type Value } from './graph.ts'

interface MutableNode {
  op: string
  inputs: Value[]
  readonly outputs: Value[]
  attributes: Attributes
}

/**
 * Lets `Gemm` do what it does for nothing, where otherwise a node would pass over all numbers once more: a factor before or behind a matrix product becomes its alpha, and the addition of a
 * vector to its rows its third input. A factor that is also summed up is multiplied into the sum.
 */
export function fuseProducts(graph: Graph): Graph {
  const fusion = new Fusion(graph)
  fusion.moveFactors()
  fusion.addVectors()
  return fusion.finish()
}

class Fusion {
  private readonly nodes: MutableNode[] = []
  private readonly makers = new Map<Value, MutableNode>()
  private readonly usersOf = new Map<Value, Set<MutableNode>>()
  private readonly constants: Map<Value, ConstantValues>
  private readonly outputs: ReadonlySet<Value>
  private nextId: number

  constructor(private readonly graph: Graph) {
    for (const node of graph.nodes) this.insert(this.nodes.length, { ...node, inputs: [...node.inputs], outputs: [...node.outputs] })
    this.constants = new Map(graph.constants)
    this.outputs = new Set(graph.outputs.map((port) => port.value))
    const ids = [...graph.inputs.map((port) => port.value), ...graph.constants.keys(), ...graph.nodes.flatMap((node) => node.outputs)].map((value) => value.id)
    this.nextId = ids.reduce((most, id) => Math.max(most, id), -1) + 1
  }

  /** Multiplications by a number: out of the way, backwards into the product that made x or forwards into those that take it. */
  moveFactors(): void {
    for (const node of [...this.nodes]) {
      const scaled = this.scaling(node)
      if (!scaled || this.outputs.has(node.outputs[0])) continue
      if (this.intoMaker(scaled.x, scaled.factor) || this.intoUsers(node.outputs[0], scaled.factor)) this.replace(node, scaled.x)
    }
  }

  /** Add(Gemm, vector): only where nothing else needs the product by itself. */
  addVectors(): void {
    for (const node of [...this.nodes]) {
      const parts = this.vectorAddition(node)
      if (!parts) continue
      const { product, vector } = parts
      const at = this.nodes.indexOf(node)
      this.remove(node)
      this.insert(at, { op: 'Gemm', inputs: [...product.inputs, vector], outputs: node.outputs, attributes: product.attributes })
      this.remove(product)
    }
  }

  finish(): Graph {
    return { ...this.graph, nodes: this.nodes, constants: this.constants }
  }

  private scaling(node: MutableNode): { readonly x: Value; readonly factor: number } | null {
    if (node.op !== 'Mul' || node.outputs[0].dtype !== 'float32') return null
    for (const [x, other] of [node.inputs, node.inputs.toReversed()]) {
      const values = this.constants.get(other)
      if (values?.length === 1 && sizeOf(x.shape) === sizeOf(node.outputs[0].shape) && x.shape.length === node.outputs[0].shape.length) return { x, factor: values[0] }
    }
    return null
  }

  /** Multiplies what made `value`, if that is a product (with or without a vector added to it) that is used for nothing else. */
  private intoMaker(value: Value, factor: number): boolean {
    const maker = this.maker(value)
    if (!maker || this.users(value).length !== 1 || this.outputs.has(value)) return false
    if (maker.op === 'Reshape') return this.intoMaker(maker.inputs[0], factor)
    if (maker.op === 'Gemm' && maker.inputs.length === 2) {
      scale(maker, factor)
      return true
    }
    const addition = this.vectorAddition(maker)
    if (!addition) return false
    scale(addition.product, factor)
    this.exchange(maker, addition.vector, this.scaledBefore(maker, addition.vector, factor))
    return true
  }

  /** Multiplies everything that is made of `value`, if that is linear in it: products and sums, through reshapes. */
  private intoUsers(value: Value, factor: number): boolean {
    const linear: MutableNode[] = []
    const follow = (each: Value): boolean =>
      !this.outputs.has(each) &&
      this.users(each).every((user) => {
        if (user.op === 'Reshape' && user.inputs[0] === each) return follow(user.outputs[0])
        // Twice in one product it would count twice; in the place of the vector, alpha does not reach it.
        const product = user.op === 'Gemm' && user.inputs.length === 2 && user.inputs.filter((input) => this.isView(input, value)).length === 1
        if (!product && !(user.op === 'ReduceSum' && user.inputs[0] === each && !this.graph.open.has(user.outputs[0]))) return false
        linear.push(user)
        return true
      })
    if (!follow(value) || linear.length === 0) return false
    for (const user of linear) {
      if (user.op === 'Gemm') scale(user, factor)
      else this.scaleAfter(user, factor)
    }
    return true
  }

  /** Is `view` the value itself, perhaps in another shape? */
  private isView(view: Value, value: Value): boolean {
    if (view === value) return true
    const maker = this.maker(view)
    return maker?.op === 'Reshape' && this.isView(maker.inputs[0], value)
  }

  /** Gemm and a vector as long as its rows, where the product is used by nothing but this addition. */
  private vectorAddition(node: MutableNode): { readonly product: MutableNode; readonly vector: Value } | null {
    if (node.op !== 'Add') return null
    for (const [sum, vector] of [node.inputs, node.inputs.toReversed()]) {
      const product = this.maker(sum)
      const fits = product?.op === 'Gemm' && product.inputs.length === 2 && vector.shape.length === 1 && vector.shape[0] === sum.shape[1]
      if (fits && this.users(sum).length === 1 && !this.outputs.has(sum)) return { product, vector }
    }
    return null
  }

  private scaledBefore(node: MutableNode, value: Value, factor: number): Value {
    const output = this.value(value.dtype, value.shape)
    this.insert(this.nodes.indexOf(node), { op: 'Mul', inputs: [value, this.number(factor)], outputs: [output], attributes: {} })
    return output
  }

  private scaleAfter(node: MutableNode, factor: number): void {
    const [output] = node.outputs
    const bare = this.value(output.dtype, output.shape)
    node.outputs[0] = bare
    this.makers.set(bare, node)
    this.insert(this.nodes.indexOf(node) + 1, { op: 'Mul', inputs: [bare, this.number(factor)], outputs: [output], attributes: {} })
  }

  private replace(node: MutableNode, by: Value): void {
    for (const user of this.users(node.outputs[0])) this.exchange(user, node.outputs[0], by)
    this.remove(node)
  }

  private exchange(node: MutableNode, input: Value, by: Value): void {
    node.inputs = node.inputs.map((each) => (each === input ? by : each))
    this.usersOf.get(input)?.delete(node)
    this.use(by, node)
  }

  private insert(at: number, node: MutableNode): void {
    this.nodes.splice(at, 0, node)
    for (const output of node.outputs) this.makers.set(output, node)
    for (const input of node.inputs) this.use(input, node)
  }

  private remove(node: MutableNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1)
    for (const input of node.inputs) this.usersOf.get(input)?.delete(node)
    for (const output of node.outputs) if (this.makers.get(output) === node) this.makers.delete(output)
  }

  private use(value: Value, node: MutableNode): void {
    const users = this.usersOf.get(value)
    if (users) users.add(node)
    else this.usersOf.set(value, new Set([node]))
  }

  private maker(value: Value): MutableNode | undefined {
    return this.makers.get(value)
  }

  private users(value: Value): MutableNode[] {
    return [...(this.usersOf.get(value) ?? [])]
  }

  private number(factor: number): Value {
    const value = this.value('float32', [])
    this.constants.set(value, typedValues([factor], 'float32'))
    return value
  }

  private value(dtype: OnnxType, shape: readonly number[]): Value {
    return { id: this.nextId++, dtype, shape: [...shape] }
  }
}

function scale(product: MutableNode, factor: number): void {
  const { alpha } = product.attributes
  product.attributes = { ...product.attributes, alpha: { float: (alpha && 'float' in alpha ? alpha.float : 1) * factor } }
}
