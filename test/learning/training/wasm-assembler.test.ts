import { describe, expect, it } from 'vitest'
import { assemble, f32x4, f64, f64x2, get, i32, set, unsigned, whileLoop } from '../../../src-main/learning/training/optimizers/wasm-assembler.ts'

declare const WebAssembly: {
  readonly validate: (bytes: Uint8Array) => boolean
  readonly Memory: new (limits: { readonly initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Instance: new (module: object, imports: object) => { readonly exports: Record<string, (...values: number[]) => number> }
  readonly Module: new (bytes: Uint8Array) => object
}

function instantiate(bytes: Uint8Array): { numbers: Float32Array; call: Record<string, (...values: number[]) => number> } {
  const memory = new WebAssembly.Memory({ initial: 1 })
  return { numbers: new Float32Array(memory.buffer), call: new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } }).exports }
}

describe('the assembler', () => {
  it('writes LEB128 as the specification\'s examples have it', () => {
    expect(unsigned(0)).toEqual([0])
    expect(unsigned(624485)).toEqual([0xe5, 0x8e, 0x26])
    expect(i32.const(-123456)).toEqual([0x41, 0xc0, 0xbb, 0x78])
    expect(i32.const(64)).toEqual([0x41, 0xc0, 0x00])
  })

  it('writes a module byte by byte: the smallest function over an imported memory', () => {
    const bytes = assemble([{ name: 'f', parameters: ['i32'], results: ['i32'], locals: [], body: get(0) }])
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '0061736d01000000' + '0106' + '0160017f017f' + '0210' + '01' + '04686f7374' + '066d656d6f7279' + '020000' + '03020100' + '07050101660000' + '0a0601040020000b',
    )
    expect(WebAssembly.validate(bytes)).toBe(true)
  })

  it('makes loops that may run not at all', () => {
    const bytes = assemble([
      {
        name: 'count', parameters: ['i32', 'i32'], results: ['i32'], locals: ['i32'],
        body: [...whileLoop(i32.lessUnsigned(get(0), get(1)), [...set(0, i32.add(get(0), i32.const(16))), ...set(2, i32.add(get(2), i32.const(1)))]), ...get(2)],
      },
    ])
    const { call } = instantiate(bytes)
    expect([call.count(0, 0), call.count(5, 5), call.count(0, 16), call.count(0, 160)]).toEqual([0, 0, 1, 10])
  })

  it.each([
    ['add', f32x4.add, 10], ['sub', f32x4.sub, 6], ['mul', f32x4.mul, 16], ['div', f32x4.div, 4],
  ] as const)('gives f32x4.%s its opcode', (_, operation, wanted) => {
    const body = f32x4.store(i32.const(0), operation(f32x4.load(i32.const(16)), f32x4.splat(get(0))))
    const { numbers, call } = instantiate(assemble([{ name: 'f', parameters: ['f32'], results: [], locals: [], body }]))
    numbers.fill(8, 4, 8)
    call.f(2)
    expect(Array.from(numbers.subarray(0, 5))).toEqual([wanted, wanted, wanted, wanted, 8])
  })

  it('gives the rest their opcodes: roots, and pairs of 64-bit numbers', () => {
    const square = f64x2.mul(f64x2.loadFloats(get(0), 8), f64x2.loadFloats(get(0), 8))
    const { numbers, call } = instantiate(
      assemble([
        { name: 'roots', parameters: [], results: [], locals: [], body: f32x4.store(i32.const(0), f32x4.sqrt(f32x4.load(i32.const(0)))) },
        { name: 'sum', parameters: ['i32'], results: ['f64'], locals: ['v128'], body: [...set(1, f64x2.add(square, square)), ...f64.add(f64x2.lane(get(1), 0), f64x2.lane(get(1), 1))] },
      ]),
    )
    numbers.set([4, 9, 16, 25])
    call.roots()
    expect(Array.from(numbers.subarray(0, 4))).toEqual([2, 3, 4, 5])
    expect(call.sum(0)).toBe(2 * (16 + 25))
  })
})
