import { bytesPerElement, elementTypes, type Attribute, type ConstantValues, type Dimension, type Graph, type GraphNode, type OnnxType, type Port, type Value } from './graph.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

/** Operator set 20 has every operator that is recorded; IR version 9 came with it (onnx 1.15). Later runtimes take both. */
export const operatorSet = 20
export const irVersion = 9

export interface ModelText {
  /** Version of the program that wrote the model. */
  readonly producerVersion: string
  readonly graphName: string
  readonly description?: string
  /** Free key-value pairs that travel with the model (`metadata_props`). */
  readonly metadata?: Readonly<Record<string, string>>
}

/**
 * A graph as the bytes of an `.onnx` file (ModelProto, proto3 encoding; field numbers from onnx.proto3).
 * @example writeModel(graph, { producerVersion: '0.1.0', graphName: 'encoder', metadata: { 'pulseprint.rate_hz': '100' } })
 */
export function writeModel(graph: Graph, text: ModelText): Uint8Array {
  const model = new ProtobufWriter()
  model.integer(1, irVersion)
  model.text(2, 'pulseprint')
  model.text(3, text.producerVersion)
  if (text.description) model.text(6, text.description)
  model.message(7, (writer) => writeGraph(writer, graph, text.graphName))
  model.message(8, (writer) => {
    writer.text(1, '')
    writer.integer(2, operatorSet)
  })
  for (const [key, value] of Object.entries(text.metadata ?? {})) {
    model.message(14, (writer) => {
      writer.text(1, key)
      writer.text(2, value)
    })
  }
  return model.finish()
}

function writeGraph(writer: ProtobufWriter, graph: Graph, name: string): void {
  const names = nameValues(graph)
  const nameOf = (value: Value): string => {
    const found = names.get(value)
    if (found === undefined) throw new Error(`Value ${value.id} is used before any node of the graph makes it.`)
    return found
  }
  for (const [index, node] of graph.nodes.entries()) writer.message(1, (part) => writeNode(part, node, `${node.op}_${index}`, nameOf))
  // An output that is an input, a constant, or another output under a second name needs a node of its own.
  for (const port of graph.outputs) {
    if (nameOf(port.value) === port.name) continue
    writer.message(1, (part) => writeNode(part, { op: 'Identity', inputs: [port.value], outputs: [], attributes: {} }, `Identity_${port.name}`, nameOf, [port.name]))
  }
  writer.text(2, name)
  for (const [value, values] of graph.constants) writer.message(5, (part) => writeTensor(part, value, values, nameOf(value)))
  for (const port of graph.inputs) writer.message(11, (part) => writePort(part, port))
  for (const port of graph.outputs) writer.message(12, (part) => writePort(part, port))
}

/** Inputs and outputs keep their names; the rest is numbered in order, so that the same step always gives the same bytes. */
function nameValues(graph: Graph): Map<Value, string> {
  const names = new Map<Value, string>()
  const ports = [...graph.inputs, ...graph.outputs].map((port) => port.name)
  const taken = new Set(ports)
  if (taken.size < ports.length) throw new Error('Two inputs or outputs of the model have the same name.')
  for (const port of graph.inputs) names.set(port.value, port.name)
  const made = new Set(graph.nodes.flatMap((node) => node.outputs))
  for (const port of graph.outputs) if (made.has(port.value) && !names.has(port.value)) names.set(port.value, port.name)
  let next = 0
  const number = (value: Value, prefix: string) => {
    if (names.has(value)) return
    let name = `${prefix}${next++}`
    while (taken.has(name)) name = `${prefix}${next++}`
    names.set(value, name)
  }
  for (const value of graph.constants.keys()) number(value, 'c')
  for (const value of made) number(value, 'v')
  return names
}

function writeNode(writer: ProtobufWriter, node: GraphNode, name: string, nameOf: (value: Value) => string, outputs?: readonly string[]): void {
  for (const input of node.inputs) writer.text(1, nameOf(input))
  for (const output of outputs ?? node.outputs.map(nameOf)) writer.text(2, output)
  writer.text(3, name)
  writer.text(4, node.op)
  for (const [key, attribute] of Object.entries(node.attributes)) writer.message(5, (part) => writeAttribute(part, key, attribute))
}

/** AttributeProto.AttributeType: FLOAT 1, INT 2, STRING 3, INTS 7. */
function writeAttribute(writer: ProtobufWriter, name: string, attribute: Attribute): void {
  writer.text(1, name)
  if ('float' in attribute) {
    writer.float(2, attribute.float)
    writer.integer(20, 1)
  } else if ('int' in attribute) {
    writer.integer(3, attribute.int)
    writer.integer(20, 2)
  } else if ('text' in attribute) {
    writer.text(4, attribute.text)
    writer.integer(20, 3)
  } else {
    for (const value of attribute.ints) writer.integer(8, value)
    writer.integer(20, 7)
  }
}

function writeTensor(writer: ProtobufWriter, value: Value, values: ConstantValues, name: string): void {
  for (const size of value.shape) writer.integer(1, size)
  writer.integer(2, elementTypes[value.dtype])
  writer.text(8, name)
  writer.bytes(9, rawBytes(values, value.dtype))
}

/** Little-endian (onnx.proto3, TensorProto.raw_data), as every machine that Electron runs on keeps its arrays. */
function rawBytes(values: ConstantValues, dtype: OnnxType): Uint8Array {
  if (dtype === 'int64') return new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer)
  if (!ArrayBuffer.isView(values) || values.BYTES_PER_ELEMENT !== bytesPerElement[dtype]) throw new Error(`A ${dtype} constant is kept in another kind of array.`)
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function writePort(writer: ProtobufWriter, port: Port): void {
  writer.text(1, port.name)
  writer.message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.integer(1, elementTypes[port.value.dtype])
      tensor.message(2, (shape) => {
        for (const dimension of port.dimensions) {
          shape.message(1, (part) => (typeof dimension === 'number' ? part.integer(1, dimension) : part.text(2, dimensionName(dimension))))
        }
      })
    }),
  )
}

/** @example dimensionName({ times: 2, power: 1, plus: -1 }) // '2*batch-1' */
export function dimensionName(dimension: Exclude<Dimension, number>): string {
  const power = dimension.power === 1 ? 'batch' : `batch^${dimension.power}`
  const product = dimension.times === 1 ? power : `${dimension.times}*${power}`
  if (dimension.plus === 0) return product
  return dimension.plus > 0 ? `${product}+${dimension.plus}` : `${product}${dimension.plus}`
}
