/** Fields of a protobuf message: wire types 0, 2 and 5 (https://protobuf.dev/programming-guides/encoding/). */
function* fieldsOf(bytes: Uint8Array): Generator<{ field: number; content: Uint8Array }> {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const key = varint()
    const [field, kind] = [Math.floor(key / 8), key % 8]
    if (kind === 0) {
      varint()
      continue
    }
    const length = kind === 5 ? 4 : varint()
    yield { field, content: bytes.subarray(at, at + length) }
    at += length
  }
}

/** `metadata_props` of an ONNX file: field 14 of ModelProto, key 1 and value 2 (onnx.proto3). A reader of its own, for the runtimes' JavaScript gives no access to them. */
export function metadataOf(file: Uint8Array): Record<string, string> {
  const text = (content: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(content)
  return Object.fromEntries(
    [...fieldsOf(file)].filter(({ field }) => field === 14).map(({ content }) => {
      const parts = new Map([...fieldsOf(content)].map((part) => [part.field, text(part.content)]))
      return [parts.get(1) ?? '', parts.get(2) ?? '']
    }),
  )
}
