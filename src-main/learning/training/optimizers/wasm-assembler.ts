/**
 * As much of WebAssembly's binary format (core specification 2.0, chapter 5) as loops over arrays of numbers need. An expression is the bytes that compute it, operands first, so that
 * code reads inside out like any formula.
 * @example f32x4.add(get(0), f32x4.load(get(1))) // local 0 plus four numbers from where local 1 points
 */
export type Code = readonly number[]
export type ValueType = 'i32' | 'f32' | 'f64' | 'v128'

const valueTypes: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b }

/** LEB128 of a number that is not negative. @example unsigned(300) // [0xac, 0x02] */
export function unsigned(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 0x80)
  }
}

/** Signed LEB128 of an i32. @example signed(-1) // [0x7f] */
function signed(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value | 0; ; rest >>= 7) {
    const low = rest & 0x7f
    if (rest >> 6 === 0 || rest >> 6 === -1) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

/** Binary operation, unary operation; `simd` operations have the prefix 0xfd. */
const plain = (opcode: number) => (...operands: Code[]): Code => [...operands.flat(), opcode]
const simd = (opcode: number) => (...operands: Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(opcode)]
/** Memory access: the address may lie anywhere (alignment 1), the offset is 0. */
const memory = { alignment: 0, offset: 0 }
const memarg = [memory.alignment, memory.offset]

export const get = (local: number): Code => [0x20, ...unsigned(local)]
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)]

export const i32 = { const: (value: number): Code => [0x41, ...signed(value)], add: plain(0x6a), lessUnsigned: plain(0x49) }
export const f64 = { add: plain(0xa0) }

export const f32x4 = {
  load: (address: Code): Code => [...address, 0xfd, 0x00, ...memarg],
  store: (address: Code, value: Code): Code => [...address, ...value, 0xfd, 0x0b, ...memarg],
  splat: simd(0x13),
  sqrt: simd(0xe3),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
}

export const f64x2 = {
  /** Two 32-bit floats from memory. */
  loadFloats: (address: Code, offset: number): Code => [...address, 0xfd, 0x5d, memory.alignment, ...unsigned(offset), 0xfd, 0x5f],
  lane: (value: Code, lane: 0 | 1): Code => [...value, 0xfd, 0x21, lane],
  add: simd(0xf0),
  mul: simd(0xf2),
}

/** Repeats the body as long as `condition` is not 0; the condition is asked first. */
export function whileLoop(condition: Code, body: Code): Code {
  const noResult = 0x40
  return [0x02, noResult, 0x03, noResult, ...condition, 0x45, 0x0d, 1, ...body, 0x0c, 0, 0x0b, 0x0b]
}

export interface FunctionCode {
  readonly name: string
  readonly parameters: readonly ValueType[]
  readonly results: readonly ValueType[]
  /** Numbered after the parameters. */
  readonly locals: readonly ValueType[]
  readonly body: Code
}

const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content]
const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()]
const text = (value: string): Code => list(Array.from(new TextEncoder().encode(value), (byte) => [byte]))

/** A module of these functions, exported by name, over the memory that it imports as `host.memory`. */
export function assemble(functions: readonly FunctionCode[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters, results }) => [0x60, ...list(parameters.map((type) => [valueTypes[type]])), ...list(results.map((type) => [valueTypes[type]]))])
  const memoryImport = [...text('host'), ...text('memory'), 0x02, 0x00, 0x00]
  const bodies = functions.map(({ locals, body }) => {
    const code = [...list(locals.map((type) => [1, valueTypes[type]])), ...body, 0x0b]
    return [...unsigned(code.length), ...code]
  })
  return Uint8Array.from([
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
    ...section(1, list(types)),
    ...section(2, list([memoryImport])),
    ...section(3, list(functions.map((_, index) => unsigned(index)))),
    ...section(7, list(functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]))),
    ...section(10, list(bodies)),
  ])
}
