// BITalino (r)evolution wire format, from the firmware (BITalinoWorld/firmware-bitalino-revolution 1097047) and revolution-python-api.

/** Bytes of a live frame for 1..6 channels; index 0 is unused. */
export const bitalinoFrameBytes = [0, 3, 4, 6, 7, 8, 8] as const

/** First converter resolution: the first four selected channels have 10 bits, the fifth and sixth only the upper 6. */
export function bitalinoBits(position: number): 6 | 10 {
  return position < 4 ? 10 : 6
}

// One step of the CRC-4 (x^4 + x + 1, initial value 0): crc = step[crc] ^ nibble, high nibble first.
const step = [0x0, 0x3, 0x6, 0x5, 0xc, 0xf, 0xa, 0x9, 0xb, 0x8, 0xd, 0xe, 0x7, 0x4, 0x1, 0x2]

/**
 * CRC-4 of `length` bytes whose last nibble is the CRC's own place (it is not read).
 * @example bitalinoCrc(Uint8Array.of(0x00, 0x98, 0x50), 0, 3) // 0xf
 */
export function bitalinoCrc(bytes: Uint8Array, offset: number, length: number): number {
  let crc = 0
  for (let index = 0; index < length - 1; index += 1) {
    const value = bytes[offset + index]
    crc = step[crc] ^ (value >> 4)
    crc = step[crc] ^ (value & 15)
  }
  crc = step[crc] ^ (bytes[offset + length - 1] >> 4)
  return step[crc]
}

/**
 * The CRC is linear, so a byte's share of the check depends only on its value and its distance from the end of the frame. The XOR of all
 * shares is 0 for a valid frame: `shares[(distance << 8) | byte]`, one table look-up per byte and no chain of dependent steps.
 */
export const bitalinoCrcShares: Uint8Array = (() => {
  const shares = new Uint8Array(8 << 8)
  const frame = new Uint8Array(8)
  for (let distance = 0; distance < 8; distance += 1) {
    for (let value = 0; value < 256; value += 1) {
      frame.fill(0)
      frame[7 - distance] = value
      const received = distance === 0 ? value & 15 : 0
      shares[(distance << 8) | value] = bitalinoCrc(frame, 0, 8) ^ received
    }
  }
  return shares
})()

/** Whether `length` bytes at `offset` are a frame with a correct CRC. False rate on random bytes: 1/16. */
export function bitalinoFrameValid(bytes: Uint8Array, offset: number, length: number): boolean {
  let sum = 0
  let place = (length - 1) << 8
  for (let index = offset; place >= 0; index += 1, place -= 256) sum ^= bitalinoCrcShares[place | bytes[index]]
  return sum === 0
}

/**
 * Writes one live frame. `values`: counts of the selected channels in ascending order, 10 bit (the fifth and sixth 6 bit).
 * `digital`: I1 I2 O1 O2 as bits 3..0.
 * @example encodeBitalinoFrame([512, 300, 1023, 1], 5, 9) // 10 C0 FF 2C 01 98 59
 */
export function encodeBitalinoFrame(values: ArrayLike<number>, sequence: number, digital: number): Uint8Array {
  const channels = values.length
  const value = (index: number): number => (index < channels ? values[index] : 0)
  const [a1, a2, a3, a4, a5, a6] = [value(0), value(1), value(2), value(3), value(4), value(5)]
  const full = Uint8Array.of(
    ((a5 & 3) << 6) | (a6 & 63),
    ((a4 & 15) << 4) | ((a5 >> 2) & 15),
    ((a3 & 3) << 6) | ((a4 >> 4) & 63),
    (a3 >> 2) & 255,
    a2 & 255,
    ((a1 & 63) << 2) | ((a2 >> 8) & 3),
    ((digital & 15) << 4) | ((a1 >> 6) & 15),
    (sequence & 15) << 4,
  )
  const frame = full.slice(8 - bitalinoFrameBytes[channels])
  frame[frame.length - 1] |= bitalinoCrc(frame, 0, frame.length)
  return frame
}
