import { flacInvalid, type FlacBits } from './flac-bits.ts'

/** Predictors of the fixed subframes by order (RFC 9639, table 20), nearest sample first. */
const fixedCoefficients: readonly (readonly number[])[] = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]]
const escapes = [15, 31] as const

/** Subframes of one frame, one per channel. Source: RFC 9639, section 9.2. */
export class FlacSubframes {
  /** At least as long as the block; what lies behind it is of older blocks. */
  channels: Int32Array[] = []
  /** The side channel of 32-bit stereo has 33 bits: it is kept here. */
  #wide: { channel: number; samples: Float64Array } | null = null

  /** Reads the subframe of `channel`, whose samples have `bits` bits (up to 33). @throws FlacCutOff, LabError `flac-invalid`. */
  decode(reader: FlacBits, channel: number, bits: number, samples: number): void {
    const head = reader.unsigned(8)
    reader.check()
    if (head & 0x80) throw flacInvalid(reader.byte, 'a subframe does not begin with a zero bit')
    const type = (head >> 1) & 0x3f
    const wasted = head & 1 ? reader.unary() + 1 : 0
    const width = bits - wasted
    if (width < 1) throw flacInvalid(reader.byte, `a subframe wastes ${wasted} of ${bits} bits`)
    if (channel === 0) this.#wide = null
    if ((this.channels.at(channel)?.length ?? 0) < samples) this.channels[channel] = new Int32Array(samples)
    const plain = this.channels[channel]
    const wide = bits > 32 ? new Float64Array(samples) : null
    if (wide) this.#wide = { channel, samples: wide }
    const out = wide ?? plain
    if (type === 0) {
      out.fill(reader.signed(width), 0, samples)
      reader.check()
    } else if (type === 1) for (let i = 0; i < samples; i++) out[i] = reader.signed(width)
    else if (type >= 8 && type <= 12) {
      const order = type - 8
      this.#predicted(reader, { plain, wide, samples, order, width })
      restore(out, samples, fixedCoefficients[order], 0, width)
    } else if (type >= 32) {
      const order = type - 31
      const readCoefficients = this.#predicted(reader, { plain, wide, samples, order, width, coefficients: true })
      restore(out, samples, readCoefficients.coefficients, readCoefficients.shift, width)
    } else throw flacInvalid(reader.byte, `subframes of type ${type} are reserved`)
    reader.check()
    if (wasted > 0) for (let i = 0; i < samples; i++) out[i] *= 2 ** wasted
  }

  /** Warm-up samples, coefficients where there are any, and the residual behind the warm-up. */
  #predicted(reader: FlacBits, plan: { plain: Int32Array; wide: Float64Array | null; samples: number; order: number; width: number; coefficients?: boolean }): { coefficients: number[]; shift: number } {
    const { plain, wide, samples, order, width } = plan
    if (order > samples) throw flacInvalid(reader.byte, `a predictor of order ${order} for ${samples} samples`)
    const out = wide ?? plain
    const first = Array.from({ length: order }, () => reader.signed(width))
    let shift = 0
    let coefficients: number[] = []
    if (plan.coefficients) {
      const precision = reader.unsigned(4) + 1
      shift = reader.signed(5)
      if (precision === 16 || shift < 0) throw flacInvalid(reader.byte, 'a predictor of reserved precision or shift')
      coefficients = Array.from({ length: order }, () => reader.signed(precision))
    }
    reader.check()
    residual(reader, plain, order, samples)
    if (wide) wide.set(plain.subarray(0, samples))
    out.set(first)
    return { coefficients, shift }
  }

  undoLeftSide(samples: number): void {
    const [left, side] = this.channels
    const difference = this.#sideOr(1, side)
    // A right sample fits 32 bits; what a sum of 33 bits loses above does not matter.
    for (let i = 0; i < samples; i++) side[i] = left[i] - difference[i]
  }

  undoSideRight(samples: number): void {
    const [side, right] = this.channels
    const difference = this.#sideOr(0, side)
    for (let i = 0; i < samples; i++) side[i] = right[i] + difference[i]
  }

  undoMidSide(samples: number, bits: number): void {
    const [mid, side] = this.channels
    if (bits <= 30) {
      for (let i = 0; i < samples; i++) {
        const difference = side[i]
        const sum = (mid[i] << 1) | (difference & 1)
        mid[i] = (sum + difference) >> 1
        side[i] = (sum - difference) >> 1
      }
      return
    }
    const wide = this.#sideOr(1, side)
    for (let i = 0; i < samples; i++) {
      const difference = wide[i]
      const sum = mid[i] * 2 + Math.abs(difference % 2)
      mid[i] = (sum + difference) / 2
      side[i] = (sum - difference) / 2
    }
  }

  #sideOr(channel: number, plain: Int32Array): Int32Array | Float64Array {
    return this.#wide?.channel === channel ? this.#wide.samples : plain
  }
}

/** Rice-coded residual of a block whose first `order` samples have none. RFC 9639, section 9.2.7. */
function residual(reader: FlacBits, out: Int32Array, order: number, samples: number): void {
  const method = reader.unsigned(2)
  const partitionOrder = reader.unsigned(4)
  reader.check()
  if (method > 1) throw flacInvalid(reader.byte, 'a residual of reserved coding')
  const partitions = 2 ** partitionOrder
  const each = samples / partitions
  if (!Number.isInteger(each) || each < order) throw flacInvalid(reader.byte, `${samples} samples do not make ${partitions} partitions`)
  for (let partition = 0, at = order; partition < partitions; partition++) {
    const count = each - (partition === 0 ? order : 0)
    const parameter = reader.unsigned(4 + method)
    if (parameter === escapes[method]) {
      const width = reader.unsigned(5)
      for (let i = at; i < at + count; i++) out[i] = width === 0 ? 0 : reader.signed(width)
      reader.check()
    } else reader.rice(parameter, count, out, at)
    at += count
  }
}

/** Adds each sample's prediction from those before it: `sum(coefficients[j] * out[i - 1 - j]) >> shift`. `width`: bits of a sample. */
function restore(out: Int32Array | Float64Array, samples: number, coefficients: readonly number[], shift: number, width: number): void {
  const order = coefficients.length
  const growth = coefficients.reduce((sum, coefficient) => sum + Math.abs(coefficient), 0)
  if (order === 0) return
  if (out instanceof Int32Array && width - 1 + Math.log2(growth) < 31) {
    if (shift === 0 && order === 1 && coefficients[0] === 1) restoreSums(out, samples)
    else if (shift === 0 && order === 2 && coefficients[0] === 2 && coefficients[1] === -1) restoreLines(out, samples)
    else restoreNarrow(out, samples, Int32Array.from(coefficients), shift)
  } else restoreWide(out, samples, Float64Array.from(coefficients), 2 ** shift)
}

function restoreSums(out: Int32Array, samples: number): void {
  for (let i = 1, last = out[0]; i < samples; i++) {
    last = (last + out[i]) | 0
    out[i] = last
  }
}

/** The sample goes on as the last two did. */
function restoreLines(out: Int32Array, samples: number): void {
  for (let i = 2, before = out[0], last = out[1]; i < samples; i++) {
    const value = (out[i] + 2 * last - before) | 0
    before = last
    last = value
    out[i] = value
  }
}

function restoreNarrow(out: Int32Array, samples: number, coefficients: Int32Array, shift: number): void {
  const order = coefficients.length
  for (let i = order; i < samples; i++) {
    let sum = 0
    for (let j = 0; j < order; j++) sum = (sum + Math.imul(coefficients[j], out[i - 1 - j])) | 0
    out[i] += sum >> shift
  }
}

/** Sums of up to 2^32 * 2^14 * 32 = 2^51 are exact in doubles. */
function restoreWide(out: Int32Array | Float64Array, samples: number, coefficients: Float64Array, divisor: number): void {
  const order = coefficients.length
  for (let i = order; i < samples; i++) {
    let sum = 0
    for (let j = 0; j < order; j++) sum += coefficients[j] * out[i - 1 - j]
    out[i] += Math.floor(sum / divisor)
  }
}
