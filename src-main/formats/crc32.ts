/** CRC-32 of ISO 3309 (ZIP, gzip): polynomial 0xEDB88320 reflected. */
const table = Uint32Array.from({ length: 256 }, (_, value) => {
  let rest = value
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1
  return rest
})

/**
 * Checksum of `bytes`, or of what came before them as well when its checksum is given as `previous`.
 * @example crc32(asciiBytes('123456789')) // 0xcbf43926
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  let rest = ~previous
  for (let i = 0; i < bytes.length; i++) rest = (rest >>> 8) ^ table[(rest ^ bytes[i]) & 0xff]
  return ~rest >>> 0
}
