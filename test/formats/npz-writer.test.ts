import fc from 'fast-check'
import { unzipSync } from 'fflate'
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { encodeNpy } from '../../src-main/formats/npy.ts'
import { readNpz } from '../../src-main/formats/npz.ts'
import { NpzWriter } from '../../src-main/formats/npz-writer.ts'

function memorySink(): { sink: (bytes: Uint8Array) => Promise<void>; bytes: () => Uint8Array } {
  const parts: Uint8Array[] = []
  return { sink: (bytes) => { parts.push(bytes); return Promise.resolve() }, bytes: () => new Uint8Array(Buffer.concat(parts)) }
}

/** A second reader of ZIP, by its directory, with ZIP64; checks every local header, checksum and descriptor against it. */
function readStoredZip(bytes: Uint8Array): Map<string, Buffer> {
  const file = Buffer.from(bytes)
  let end = file.length - 22
  expect(file.readUInt32LE(end)).toBe(0x06054b50)
  let [count, at] = [file.readUInt16LE(end + 10), file.readUInt32LE(end + 16)]
  if (file.readUInt32LE(end - 20) === 0x07064b50) {
    end = Number(file.readBigUInt64LE(end - 12))
    expect(file.readUInt32LE(end)).toBe(0x06064b50)
    count = Number(file.readBigUInt64LE(end + 32))
    at = Number(file.readBigUInt64LE(end + 48))
  }
  const entries = new Map<string, Buffer>()
  let expectedLocal = 0
  for (let i = 0; i < count; i++) {
    expect(file.readUInt32LE(at)).toBe(0x02014b50)
    const [nameLength, extraLength] = [file.readUInt16LE(at + 28), file.readUInt16LE(at + 30)]
    const name = file.toString('utf8', at + 46, at + 46 + nameLength)
    let [size, local] = [file.readUInt32LE(at + 24), file.readUInt32LE(at + 42)]
    let extra = at + 46 + nameLength + 4
    const large = size === 0xffffffff
    if (large) {
      size = Number(file.readBigUInt64LE(extra))
      expect(Number(file.readBigUInt64LE(extra + 8))).toBe(size)
      extra += 16
    }
    if (local === 0xffffffff) local = Number(file.readBigUInt64LE(extra))
    expect(local).toBe(expectedLocal)
    expect([file.readUInt32LE(local), file.readUInt16LE(local + 8), file.readUInt16LE(local + 26)]).toEqual([0x04034b50, 0, nameLength])
    const start = local + 30 + nameLength + file.readUInt16LE(local + 28)
    const data = file.subarray(start, start + size)
    expect([file.readUInt32LE(start + size), file.readUInt32LE(start + size + 4)]).toEqual([0x08074b50, crc32(data)])
    expect(file.readUInt32LE(at + 16)).toBe(crc32(data))
    expectedLocal = start + size + (large ? 24 : 16)
    entries.set(name, data)
    at += 46 + nameLength + extraLength
  }
  return entries
}

describe('an NPZ file written in parts', () => {
  it('holds the arrays that were given, however they were cut, with ZIP64 or not, in the same bytes each time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.float32Array({ minLength: 0, maxLength: 40 }), fc.array(fc.nat(40), { maxLength: 4 })), { minLength: 1, maxLength: 4 }), fc.constantFrom(2 ** 32 - 1, 1, 200), fc.boolean(),
        async (arrays, zip64From, texts) => {
          const write = async (cuts: boolean): Promise<Uint8Array> => {
            const memory = memorySink()
            const file = new NpzWriter(memory.sink, zip64From)
            for (const [i, [values, places]] of arrays.entries()) {
              await file.begin(`a${i}`, '<f4', [values.length])
              const at = cuts ? [0, ...places.map((place) => Math.min(place, values.length)).sort((a, b) => a - b), values.length] : [0, values.length]
              for (let k = 1; k < at.length; k++) await file.write(values.subarray(at[k - 1], at[k]))
            }
            if (texts) await file.add('naïve', ['II', 'PLETH'])
            await file.finish()
            return memory.bytes()
          }
          const bytes = await write(true)
          expect(Buffer.from(await write(false)).equals(bytes)).toBe(true)
          const entries = readStoredZip(bytes)
          expect([...entries.keys()]).toEqual([...arrays.map((_, i) => `a${i}.npy`), ...(texts ? ['naïve.npy'] : [])])
          arrays.forEach(([values], i) => expect(entries.get(`a${i}.npy`)?.equals(encodeNpy({ data: values, shape: [values.length] }))).toBe(true))
          // fflate needs sizes in 32 bits when only some entries are large.
          if (zip64From !== 200) {
            expect(Object.keys(unzipSync(bytes))).toEqual([...entries.keys()])
            expect(readNpz(bytes).a0).toEqual({ data: arrays[0][0], shape: [arrays[0][0].length] })
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('gives the sink bytes of its own', async () => {
    const memory = memorySink()
    const file = new NpzWriter(memory.sink)
    const buffer = Int32Array.of(1, 2)
    await file.begin('x', '<i4', [2, 2])
    await file.write(buffer)
    buffer.fill(9)
    await file.write(buffer)
    await file.finish()
    expect(readNpz(memory.bytes()).x).toEqual({ data: Int32Array.of(1, 2, 9, 9), shape: [2, 2] })
  })

  it('refuses too many values, too few, other ones, and a name twice', async () => {
    const file = new NpzWriter(() => Promise.resolve())
    const code = { code: 'npz-invalid' }
    await expect(file.write(Int32Array.of(1))).rejects.toMatchObject(code)
    await expect(file.begin('x', '<i4', [1.5])).rejects.toMatchObject(code)
    await file.begin('x', '<i4', [2])
    await expect(file.write(Float32Array.of(1, 2))).rejects.toMatchObject(code)
    await expect(file.write(Int32Array.of(1, 2, 3))).rejects.toMatchObject(code)
    await expect(file.finish()).rejects.toMatchObject({ ...code, data: { name: 'x', missing: 2 } })
    await file.write(Int32Array.of(1, 2))
    await expect(file.begin('x', '<i4', [2])).rejects.toMatchObject(code)
    await file.finish()
  })
})
