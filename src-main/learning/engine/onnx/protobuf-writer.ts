/**
 * The proto3 wire format as far as ONNX needs it (https://protobuf.dev/programming-guides/encoding/): varints, 32-bit floats, and length-delimited text, bytes and messages.
 * Big byte arrays are kept by reference until `finish`.
 * @example const writer = new ProtobufWriter(); writer.integer(1, 150); writer.finish() // 08 96 01
 */
export class ProtobufWriter {
  private readonly parts: Uint8Array[] = []
  private length = 0

  /** int32, int64 or enum: negative numbers take ten bytes. */
  integer(field: number, value: number): void {
    this.push(varint(field * 8))
    this.push(varint(value))
  }

  float(field: number, value: number): void {
    this.push(varint(field * 8 + 5))
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    this.push(bytes)
  }

  text(field: number, value: string): void {
    this.bytes(field, new TextEncoder().encode(value))
  }

  bytes(field: number, value: Uint8Array): void {
    this.push(varint(field * 8 + 2))
    this.push(varint(value.length))
    this.push(value)
  }

  message(field: number, write: (writer: ProtobufWriter) => void): void {
    const inner = new ProtobufWriter()
    write(inner)
    this.push(varint(field * 8 + 2))
    this.push(varint(inner.length))
    for (const part of inner.parts) this.push(part)
  }

  finish(): Uint8Array {
    const result = new Uint8Array(this.length)
    let position = 0
    for (const part of this.parts) {
      result.set(part, position)
      position += part.length
    }
    return result
  }

  private push(bytes: Uint8Array): void {
    this.parts.push(bytes)
    this.length += bytes.length
  }
}

/** Seven bits a byte, lowest first. Two's complement of 64 bits for negative numbers. */
function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value)) throw new Error(`${value} is no integer that ONNX can hold.`)
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  do {
    const low = Number(rest & 127n)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 128 : low)
  } while (rest > 0n)
  return Uint8Array.from(bytes)
}
