/** `A0 n 8 x i24be aux[6] Cx` (OpenBCI_Cyton_Library 24e1c42; the dongle puts A0 in place of the board's 41). */
export const packetBytes = 33
export const channelsPerPacket = 8
export const auxAt = 26
export const stopAt = 32
export const startByte = 0xa0

/** Stop bytes tell what the 6 aux bytes are. Only C0 (accelerometer) becomes lanes; C3 and C5 are the first packet after time stamps were turned on. */
export const stopAccelerometer = 0xc0
export const stopLast = 0xc6

/** Full range of the ADS1299's 24-bit codes. */
export const adcMinimum = -8388608
export const adcMaximum = 8388607

/** ADS1299 gains by the code that the `x` command takes. */
export const adcGains = [1, 2, 4, 6, 8, 12, 24] as const

/**
 * Counts per millivolt at a gain: full scale 2^23-1 is 4.5 V / gain (OpenBCI documentation, Cyton data format).
 * @example countsPerMillivolt(24) // 44739.237 (0.0223517 uV per count)
 */
export function countsPerMillivolt(gain: number): number {
  return (adcMaximum * gain) / 4500
}

export function readI24(data: Uint8Array, at: number): number {
  return ((data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8)) >> 8
}

export function readI16(data: Uint8Array, at: number): number {
  return ((data[at] << 24) | (data[at + 1] << 16)) >> 16
}

export function writeI24(data: Uint8Array, at: number, value: number): void {
  data[at] = (value >> 16) & 255
  data[at + 1] = (value >> 8) & 255
  data[at + 2] = value & 255
}

export function writeI16(data: Uint8Array, at: number, value: number): void {
  data[at] = (value >> 8) & 255
  data[at + 1] = value & 255
}
