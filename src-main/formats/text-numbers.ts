const zero = 0x30
const nine = 0x39
const half = 0x35
/** Below this a further digit is one of the first fifteen: those a double always tells apart. */
const fifteenDigits = 1e14
/** For counts of microseconds since 1970, which need sixteen and are below 2^53. */
export const sixteenDigits = 9e14
const powers = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent)

/** 10^exponent, exact up to 10^22. */
export function powerOfTen(exponent: number): number {
  return exponent < powers.length ? powers[exponent] : 10 ** exponent
}

/**
 * A decimal number as text has it: `value = mantissa / 10^decimals`, exact up to 15 digits; more, as printed doubles have (0.30000000000000004), are rounded.
 * One reader is used for many cells; the fields are those of the last number read.
 */
export class NumberReader {
  mantissa = 0
  /** Digits behind the mark that are needed: `2044.0` has none. Below zero for `1e6`. */
  decimals = 0
  readonly #mark: number
  readonly #room: number

  constructor(decimalMark: '.' | ',', room = fifteenDigits) {
    this.#mark = decimalMark.charCodeAt(0)
    this.#room = room
  }

  get value(): number {
    return this.decimals >= 0 ? this.mantissa / powerOfTen(this.decimals) : this.mantissa * powerOfTen(-this.decimals)
  }

  /**
   * Reads `bytes[from..to)`; false when that is no number (nothing, text, infinity, another mark).
   * @example read(asciiBytes('-1.250e2'), 0, 8) // true; mantissa -125, decimals 0
   */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    let at = from
    const negative = bytes[at] === 0x2d
    if (at < to && (negative || bytes[at] === 0x2b)) at += 1
    let mantissa = 0
    let decimals = 0
    let digits = 0
    let behind = 0
    /** No digit fits any more. */
    let full = false
    for (; at < to; at++) {
      const byte = bytes[at]
      if (byte >= zero && byte <= nine) {
        digits += 1
        if (mantissa < this.#room) {
          mantissa = mantissa * 10 + (byte - zero)
          decimals += behind
        } else {
          if (behind === 0) decimals -= 1
          if (!full && byte >= half) mantissa += 1
          full = true
        }
      } else if (byte === this.#mark && behind === 0) behind = 1
      else break
    }
    if (digits === 0) return false
    if (at < to) {
      const exponent = readExponent(bytes, at, to)
      if (Number.isNaN(exponent)) return false
      decimals -= exponent
    }
    if (mantissa === 0) decimals = 0
    while (decimals > 0 && mantissa % 10 === 0) {
      mantissa /= 10
      decimals -= 1
    }
    this.mantissa = negative ? -mantissa : mantissa
    this.decimals = decimals
    return Number.isFinite(this.value)
  }
}

/** `e-3` as -3; NaN when it is no exponent that a double has. */
function readExponent(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[from] !== 0x65 && bytes[from] !== 0x45) return Number.NaN
  let at = from + 1
  const negative = bytes[at] === 0x2d
  if (negative || bytes[at] === 0x2b) at += 1
  if (at >= to || to - at > 3) return Number.NaN
  let exponent = 0
  for (; at < to; at++) {
    if (bytes[at] < zero || bytes[at] > nine) return Number.NaN
    exponent = exponent * 10 + (bytes[at] - zero)
  }
  return negative ? -exponent : exponent
}
