import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/index.ts'
import { flacCrc16, flacCrc8 } from '../../src-main/formats/flac-checksum.ts'
import { FlacStream, readFlacHead } from '../../src-main/formats/flac-stream.ts'
import type { ByteSource } from '../../src-main/formats/signal-source.ts'
import { encodeFlac, type StreamPlan, type SubframePlan } from './flac-encoder.ts'

const source = (bytes: Uint8Array): ByteSource => ({ name: 'r.flac', bytes: bytes.length, read: (at, length) => Promise.resolve(bytes.slice(at, at + length)) })

async function decode(bytes: Uint8Array): Promise<{ samples: number[][]; cutOff: boolean }> {
  const file = source(bytes)
  const head = await readFlacHead(file, 0)
  const stream = new FlacStream(file, head)
  const samples = Array.from({ length: head.channels }, (): number[] => [])
  for (let n = await stream.next(); n > 0; n = await stream.next()) samples.forEach((channel, c) => channel.push(...stream.channels[c].subarray(0, n)))
  return { samples, cutOff: stream.cutOff }
}

const verbatim: SubframePlan = { kind: 'verbatim', order: 0, coefficients: [], shift: 0, wideRice: false, partitionOrder: 0, escape: false }
const planOf = (samples: number[][], more: Partial<StreamPlan> = {}): StreamPlan => ({ bits: 16, samples, block: 16, stereo: 'independent', variable: false, subframe: () => verbatim, ...more })

const anySubframe = fc.oneof(
  fc.constant(verbatim),
  fc.constant({ ...verbatim, kind: 'constant' as const }),
  fc.record({ kind: fc.constant('fixed' as const), order: fc.nat(4), coefficients: fc.constant([]), shift: fc.constant(0), wideRice: fc.boolean(), partitionOrder: fc.nat(4), escape: fc.boolean() }),
  fc.record({
    kind: fc.constant('lpc' as const), order: fc.constant(0), coefficients: fc.array(fc.integer({ min: -16384, max: 16383 }), { minLength: 1, maxLength: 32 }), shift: fc.nat(15),
    wideRice: fc.boolean(), partitionOrder: fc.nat(4), escape: fc.boolean(),
  }),
)

/** Noise, steps, lines, extremes, and values with zeros below. */
const anySamples = (bits: number, length: number): fc.Arbitrary<number[]> => {
  const [low, high] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
  const value = fc.oneof(fc.integer({ min: low, max: high }), fc.constantFrom(low, high, 0, -1), fc.integer({ min: Math.max(low, -9), max: Math.min(high, 9) }))
  return fc.oneof(
    fc.array(value, { minLength: length, maxLength: length }),
    value.map((one) => new Array<number>(length).fill(one)),
    fc.tuple(fc.integer({ min: -5, max: 5 }), fc.nat(3)).map(([slope, shift]) => Array.from({ length }, (_, i) => Math.max(low, Math.min(high, slope * i * 2 ** shift + 0)))),
  )
}
const anyPlan = fc.record({ bits: fc.integer({ min: 4, max: 32 }), channels: fc.integer({ min: 1, max: 8 }), length: fc.integer({ min: 1, max: 70 }) }).chain(({ bits, channels, length }) =>
  fc.record({
    bits: fc.constant(bits),
    samples: fc.tuple(...Array.from({ length: channels }, () => anySamples(bits, length))),
    block: fc.integer({ min: 16, max: 40 }),
    stereo: fc.constantFrom('independent' as const, 'left-side' as const, 'side-right' as const, 'mid-side' as const),
    variable: fc.boolean(),
    subframes: fc.array(anySubframe, { minLength: 1, maxLength: 4 }),
    announce: fc.boolean(),
  }).map(({ subframes, ...plan }): StreamPlan => ({ ...plan, subframe: (channel, block) => subframes[(channel + block) % subframes.length] })),
)

describe('FLAC', () => {
  it('checksums: the check values of CRC-8 and CRC-16/UMTS', () => {
    const digits = new TextEncoder().encode('123456789')
    expect(flacCrc8(digits, 0, 9)).toBe(0xf4)
    expect(flacCrc16(digits, 0, 9)).toBe(0xfee8)
  })

  it('the worked example of RFC 9639, appendix D.1: one stereo sample, verbatim, 2 and 4 bits wasted', async () => {
    // 03 58fd = 0 000001 1 | 01 | 01100011111101 = 6397 << 2; 03 128b = 0 000001 1 | 0001 | 001010001011 = 651 << 4.
    const hex = '664c6143' + '80000022' + '1000100000000f00000f0ac442f0000000013e84b41807dc690307587a3dad1a2e0f' + 'fff869180000bf' + '0358fd0312' + '8b' + 'aa9a'
    expect(await decode(Uint8Array.from(Buffer.from(hex, 'hex')))).toEqual({ samples: [[25588], [10416]], cutOff: false })
  })

  it('whatever the encoder chose, every sample comes back', async () => {
    await fc.assert(
      fc.asyncProperty(anyPlan, async (plan) => {
        expect(await decode(encodeFlac(plan))).toEqual({ samples: plan.samples, cutOff: false })
      }),
      { numRuns: 400 },
    )
  })

  it('32-bit stereo has a side channel of 33 bits', async () => {
    const [low, high] = [-(2 ** 31), 2 ** 31 - 1]
    const samples = [[low, high, low, high, 7], [high, low, high, low, -8]]
    const lpc: SubframePlan = { ...verbatim, kind: 'lpc', coefficients: [-16384], shift: 14 }
    for (const stereo of ['left-side', 'side-right', 'mid-side'] as const) {
      for (const subframe of [verbatim, lpc]) expect((await decode(encodeFlac(planOf(samples, { bits: 32, stereo, subframe: () => subframe })))).samples).toEqual(samples)
    }
  })

  it('a frame longer than what is read at a time', async () => {
    const samples = Array.from({ length: 8 }, (_, c) => Array.from({ length: 12000 }, (_, i) => ((i * 7919 + c) % 16777216) - 8388608))
    expect((await decode(encodeFlac(planOf(samples, { bits: 24, block: 12000 })))).samples).toEqual(samples)
  })

  it('a file that is cut off gives its whole frames and says so', async () => {
    const samples = [Array.from({ length: 64 }, (_, i) => i * 100)]
    const whole = encodeFlac(planOf(samples))
    for (let bytes = 42; bytes < whole.length; bytes++) {
      const { samples: got, cutOff } = await decode(whole.subarray(0, bytes))
      expect(cutOff).toBe(true)
      expect(got[0].length % 16).toBe(0)
      expect(got[0]).toEqual(samples[0].slice(0, got[0].length))
    }
  })

  it('any flipped bit behind the head is found', async () => {
    const whole = encodeFlac(planOf([Array.from({ length: 40 }, (_, i) => (i * i) % 50), Array.from({ length: 40 }, (_, i) => -i)], { subframe: () => ({ ...verbatim, kind: 'fixed', order: 1 }) }))
    for (let bit = 42 * 8; bit < whole.length * 8; bit++) {
      const bytes = whole.slice()
      bytes[bit >> 3] ^= 0x80 >> (bit & 7)
      const outcome = await decode(bytes).then((result) => (result.cutOff ? 'cut off' : 'read'), (thrown: unknown) => thrown)
      if (outcome === 'cut off') continue
      expect(outcome).toMatchObject({ code: 'flac-invalid', data: { file: 'r.flac', offset: expect.any(Number), reason: expect.any(String) } })
    }
  })

  it('frames that do not follow each other are refused', async () => {
    const whole = encodeFlac(planOf([Array.from({ length: 48 }, (_, i) => i)]))
    const frameBytes = (whole.length - 42) / 3
    const swapped = Uint8Array.from([...whole.subarray(0, 42), ...whole.subarray(42 + frameBytes, 42 + 2 * frameBytes), ...whole.subarray(42, 42 + frameBytes)])
    await expect(decode(swapped)).rejects.toMatchObject({ code: 'flac-invalid', data: { offset: 42 } })
  })

  it('any bytes are read or refused with a code', async () => {
    const good = encodeFlac(planOf([Array.from({ length: 40 }, (_, i) => i)], { subframe: () => ({ ...verbatim, kind: 'fixed', order: 2 }) }))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) }), { maxLength: 6 }), fc.nat(good.length), fc.uint8Array({ maxLength: 100 }), async (changes, end, tail) => {
        const bytes = Uint8Array.from([...good.subarray(0, end), ...tail])
        for (const { at, byte } of changes) if (at < bytes.length) bytes[at] = byte
        await decode(bytes).catch((thrown: unknown) => {
          if (!(thrown instanceof LabError) || thrown.code !== 'flac-invalid' || thrown.data.file !== 'r.flac') throw thrown
        })
      }),
      { numRuns: 1000 },
    )
  })

  it('a frame of endless zeros is given up at 16 MiB', async () => {
    const head = encodeFlac(planOf([[1, 2, 3]], { subframe: () => ({ ...verbatim, kind: 'fixed' }) })).subarray(0, 42 + 8)
    const bytes = new Uint8Array(40 * 1024 * 1024)
    bytes.set(head)
    // Subframe of fixed order 0, Rice parameter 0, and then only zeros.
    bytes.set([0x10, 0x00], head.length)
    await expect(decode(bytes)).rejects.toMatchObject({ code: 'flac-invalid' })
  })
})
