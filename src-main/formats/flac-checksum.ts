/*
 * RFC 9639, sections 9.1.8 and 9.3: CRC-8 with x^8 + x^2 + x + 1 over a frame's header, CRC-16 with x^16 + x^15 + x^2 + 1 over all of it, both
 * from 0, most significant bit first.
 */
const crc8Table = Uint8Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1
  return crc
})

const crc16Table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x8005) & 0xffff : crc << 1
  return crc
})

/** @example flacCrc8(new TextEncoder().encode('123456789'), 0, 9) // 0xf4 */
export function flacCrc8(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0
  for (let at = from; at < to; at++) crc = crc8Table[crc ^ bytes[at]]
  return crc
}

/** What each of four bytes in a row does to the sum behind them: four look-ups that wait for nothing but each other's exclusive or. */
const crc16Tables = [crc16Table, ...[1, 2, 3].map(() => new Uint16Array(256))]
for (let table = 1; table < 4; table++) {
  for (let byte = 0; byte < 256; byte++) {
    const before = crc16Tables[table - 1][byte]
    crc16Tables[table][byte] = ((before << 8) & 0xffff) ^ crc16Table[before >> 8]
  }
}

/** @example flacCrc16(new TextEncoder().encode('123456789'), 0, 9) // 0xfee8 */
export function flacCrc16(bytes: Uint8Array, from: number, to: number): number {
  const [last, third, second, first] = crc16Tables
  let crc = 0
  let at = from
  for (const whole = to - 3; at < whole; at += 4) {
    crc = first[(crc >> 8) ^ bytes[at]] ^ second[(crc & 0xff) ^ bytes[at + 1]] ^ third[bytes[at + 2]] ^ last[bytes[at + 3]]
  }
  for (; at < to; at++) crc = ((crc << 8) & 0xffff) ^ crc16Table[(crc >> 8) ^ bytes[at]]
  return crc
}
