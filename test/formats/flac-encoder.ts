/*
 * A second FLAC, for tests: writes streams bit by bit from RFC 9639, in big integers and without any speed, so that the decoder has something
 * independent to be compared with.
 */

export interface SubframePlan {
  readonly kind: 'constant' | 'verbatim' | 'fixed' | 'lpc'
  readonly order: number
  readonly coefficients: readonly number[]
  readonly shift: number
  /** 5-bit parameters (method 1) instead of 4-bit ones. */
  readonly wideRice: boolean
  readonly partitionOrder: number
  /** Escape every other partition. */
  readonly escape: boolean
}

export interface StreamPlan {
  readonly bits: number
  /** Per channel. */
  readonly samples: readonly (readonly number[])[]
  readonly block: number
  readonly stereo: 'independent' | 'left-side' | 'side-right' | 'mid-side'
  readonly variable: boolean
  readonly subframe: (channel: number, block: number) => SubframePlan
  readonly announce?: boolean
}

class BitWriter {
  readonly bits: number[] = []

  put(value: bigint | number, count: number): void {
    const whole = BigInt.asUintN(count, BigInt(value))
    for (let i = count - 1; i >= 0; i--) this.bits.push(Number((whole >> BigInt(i)) & 1n))
  }

  unary(zeros: number): void {
    for (let i = 0; i < zeros; i++) this.bits.push(0)
    this.bits.push(1)
  }

  align(): void {
    while (this.bits.length % 8 !== 0) this.bits.push(0)
  }

  bytes(): number[] {
    return Array.from({ length: this.bits.length / 8 }, (_, i) => Number.parseInt(this.bits.slice(i * 8, i * 8 + 8).join(''), 2))
  }
}

/** Long division by the polynomial, a bit at a time. */
function crc(bytes: readonly number[], polynomial: number, width: number): number {
  let rest = 0
  for (const byte of bytes) {
    for (let i = 7; i >= 0; i--) {
      const out = ((rest >> (width - 1)) & 1) ^ ((byte >> i) & 1)
      rest = ((rest << 1) & (2 ** width - 1)) ^ (out ? polynomial : 0)
    }
  }
  return rest
}

export function encodeFlac(plan: StreamPlan): Uint8Array {
  const length = plan.samples[0].length
  const head = new BitWriter()
  head.put(0x664c6143, 32)
  head.put(0x80, 8)
  head.put(34, 24)
  head.put(plan.block, 16)
  head.put(plan.block, 16)
  head.put(0, 48)
  head.put(500, 20)
  head.put(plan.samples.length - 1, 3)
  head.put(plan.bits - 1, 5)
  head.put(plan.announce === false ? 0 : length, 36)
  head.put(0, 128)
  const bytes = head.bytes()
  for (let at = 0, block = 0; at < length; at += plan.block, block++) {
    const coded = frame(plan, plan.samples.map((channel) => channel.slice(at, at + plan.block).map(BigInt)), plan.variable ? at : block, block)
    for (const byte of coded) bytes.push(byte)
  }
  return Uint8Array.from(bytes)
}

function frame(plan: StreamPlan, samples: bigint[][], number: number, block: number): number[] {
  const out = new BitWriter()
  out.put(0x7ffc, 15)
  out.put(plan.variable ? 1 : 0, 1)
  out.put(7, 4)
  out.put(0, 4)
  const stereo = samples.length === 2 ? plan.stereo : 'independent'
  out.put({ independent: samples.length - 1, 'left-side': 8, 'side-right': 9, 'mid-side': 10 }[stereo], 4)
  out.put({ 8: 1, 12: 2, 16: 4, 20: 5, 24: 6, 32: 7 }[plan.bits] ?? 0, 3)
  out.put(0, 1)
  for (const byte of codedNumber(number)) out.put(byte, 8)
  out.put(samples[0].length - 1, 16)
  out.put(crc(out.bytes(), 0x07, 8), 8)
  channelsOf(samples, stereo).forEach(({ values, side }, channel) => subframe(out, values, plan.bits + (side ? 1 : 0), plan.subframe(channel, block)))
  out.align()
  out.put(crc(out.bytes(), 0x8005, 16), 16)
  return out.bytes()
}

function codedNumber(value: number): number[] {
  if (value < 0x80) return [value]
  for (let more = 1; more <= 6; more++) {
    if (value >= 2 ** (6 - more + 6 * more)) continue
    const tail = Array.from({ length: more }, (_, i) => 0x80 | (Math.floor(value / 64 ** (more - 1 - i)) % 64))
    return [((0xff << (7 - more)) & 0xff) | Math.floor(value / 64 ** more), ...tail]
  }
  throw new Error('too large')
}

function channelsOf(samples: bigint[][], stereo: StreamPlan['stereo']): { values: bigint[]; side: boolean }[] {
  const plain = (values: bigint[]): { values: bigint[]; side: boolean } => ({ values, side: false })
  if (stereo === 'independent') return samples.map(plain)
  const [left, right] = samples
  const side = { values: left.map((value, i) => value - right[i]), side: true }
  if (stereo === 'left-side') return [plain(left), side]
  if (stereo === 'side-right') return [side, plain(right)]
  return [plain(left.map((value, i) => (value + right[i]) >> 1n)), side]
}

const binomials = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]]

function subframe(out: BitWriter, all: bigint[], bits: number, wanted: SubframePlan): void {
  let wasted = 0
  while (all.some((value) => value !== 0n) && all.every((value) => value % 2n ** BigInt(wasted + 1) === 0n)) wasted++
  const values = all.map((value) => value >> BigInt(wasted))
  const width = bits - wasted
  const constant = values.every((value) => value === values[0])
  const predictor = wanted.kind === 'fixed' ? binomials[wanted.order] : wanted.coefficients
  const order = predictor.length
  const shift = wanted.kind === 'fixed' ? 0 : wanted.shift
  const residual = values.slice(order).map((value, i) => value - (predictor.reduce((sum, c, j) => sum + BigInt(c) * values[order + i - 1 - j], 0n) >> BigInt(shift)))
  const fits = residual.every((value) => value > -(2n ** 31n) && value < 2n ** 31n) && order <= values.length
  const kind = wanted.kind === 'constant' && !constant ? 'verbatim' : (wanted.kind === 'fixed' || wanted.kind === 'lpc') && !fits ? 'verbatim' : wanted.kind
  out.put(0, 1)
  out.put(kind === 'constant' ? 0 : kind === 'verbatim' ? 1 : kind === 'fixed' ? 8 + order : 31 + order, 6)
  out.put(wasted > 0 ? 1 : 0, 1)
  if (wasted > 0) out.unary(wasted - 1)
  if (kind === 'constant') out.put(values[0], width)
  else if (kind === 'verbatim') for (const value of values) out.put(value, width)
  else {
    for (const value of values.slice(0, order)) out.put(value, width)
    if (kind === 'lpc') {
      out.put(14, 4)
      out.put(shift, 5)
      for (const coefficient of predictor) out.put(coefficient, 15)
    }
    rice(out, residual, order, values.length, wanted)
  }
}

function rice(out: BitWriter, residual: bigint[], order: number, samples: number, plan: SubframePlan): void {
  let partitionOrder = plan.partitionOrder
  while (samples % 2 ** partitionOrder !== 0 || samples / 2 ** partitionOrder < order) partitionOrder--
  out.put(plan.wideRice ? 1 : 0, 2)
  out.put(partitionOrder, 4)
  const each = samples / 2 ** partitionOrder
  for (let partition = 0, at = 0; partition < 2 ** partitionOrder; partition++) {
    const part = residual.slice(at, at + each - (partition === 0 ? order : 0))
    at += part.length
    const folded = part.map((value) => (value >= 0n ? 2n * value : -2n * value - 1n))
    const most = folded.reduce((a, b) => (a > b ? a : b), 0n)
    // One less than needed, so that quotients occur; large values in the narrow coding only by escape.
    const parameter = Math.max(0, most.toString(2).length - 2)
    const highest = plan.wideRice ? 30 : 14
    if ((plan.escape && partition % 2 === 0) || (parameter > highest && most >> BigInt(highest) > 200n)) {
      const width = most === 0n ? 0 : Math.min(31, most.toString(2).length)
      if (most.toString(2).length <= 31) {
        out.put(plan.wideRice ? 31 : 15, plan.wideRice ? 5 : 4)
        out.put(width, 5)
        for (const value of part) if (width > 0) out.put(value, width)
        continue
      }
    }
    const k = Math.min(highest, parameter)
    out.put(k, plan.wideRice ? 5 : 4)
    for (const value of folded) {
      out.unary(Number(value >> BigInt(k)))
      out.put(BigInt.asUintN(k, value), k)
    }
  }
}
