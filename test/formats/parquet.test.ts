import fc from 'fast-check'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { ParquetWriter, type ParquetColumn, type ParquetValues } from '../../src-main/formats/parquet.ts'

async function written(columns: ParquetColumn[], groups: readonly Record<string, ParquetValues>[], metadata: Record<string, string> = {}): Promise<{ file: ArrayBuffer; pieces: number }> {
  const parts: Uint8Array[] = []
  const writer = new ParquetWriter((bytes) => { parts.push(bytes); return Promise.resolve() }, columns, metadata)
  for (const group of groups) await writer.writeGroup(group)
  await writer.finish()
  const bytes = Buffer.concat(parts)
  return { file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer, pieces: parts.length }
}

const columns: ParquetColumn[] = [
  { name: 'subject', type: 'STRING' }, { name: 'split', type: 'STRING', nullable: true }, { name: 'row', type: 'INT32' }, { name: 'atMs', type: 'INT64' },
  { name: 'quality', type: 'FLOAT', nullable: true }, { name: 'rateHz', type: 'DOUBLE' }, { name: 'usable', type: 'BOOLEAN' }, { name: 'samples', type: 'FLOAT', list: true },
  { name: 'beats', type: 'INT32', list: true, nullable: true },
]

describe('Parquet', () => {
  const row = fc.record({
    subject: fc.string({ unit: 'grapheme', maxLength: 8 }), split: fc.option(fc.constantFrom('train', 'test')), row: fc.integer(), atMs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    quality: fc.option(fc.float({ noNaN: true })), rateHz: fc.double({ noNaN: true }), usable: fc.boolean(), samples: fc.array(fc.float({ noNaN: true }), { maxLength: 6 }),
    beats: fc.option(fc.array(fc.integer(), { maxLength: 3 })),
  })

  it('of several row groups reads back by another program as it was, in the same bytes each time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { minLength: 1, maxLength: 30 }), { maxLength: 4 }), async (groups) => {
        const values = groups.map((rows) => Object.fromEntries(columns.map(({ name }) => [name, rows.map((item) => item[name as keyof typeof item])])) as Record<string, ParquetValues>)
        const { file, pieces } = await written(columns, values, { format: 'pulseprint-windows', version: 'v1' })
        expect(pieces).toBe(groups.length + 1)
        const metadata = parquetMetadata(file)
        expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual(groups.map((rows) => rows.length))
        expect(metadata.key_value_metadata).toEqual([{ key: 'format', value: 'pulseprint-windows' }, { key: 'version', value: 'v1' }])
        const read = groups.length === 0 ? [] : await parquetReadObjects({ file })
        expect(read).toEqual(groups.flat())
        expect(Buffer.from((await written(columns, values, { format: 'pulseprint-windows', version: 'v1' })).file).equals(Buffer.from(file))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('takes typed arrays as they are, and windows of samples', async () => {
    const samples = Array.from({ length: 50 }, (_, i) => Float32Array.from({ length: 500 }, (_unused, j) => Math.fround(Math.sin(i + j / 50))))
    const wanted: ParquetColumn[] = [{ name: 'row', type: 'INT32' }, { name: 'samples', type: 'FLOAT', list: true }]
    const { file } = await written(wanted, [{ row: Int32Array.from(samples.keys()), samples }, { row: Int32Array.of(-1), samples: [new Float32Array(0)] }])
    expect(file.byteLength).toBeLessThan(50 * 500 * 4 * 1.1)
    const read = await parquetReadObjects({ file })
    expect(read.map((item) => item.row)).toEqual([...samples.keys(), -1])
    expect(read.map((item) => [...(item.samples as number[])])).toEqual([...samples.map((list) => [...list]), []])
  })

  it.each([
    ['a value of another type', { a: [1.5], b: ['x'] }],
    ['a number beyond 32 bits', { a: [2 ** 31], b: ['x'] }],
    ['null where there is none', { a: [1], b: [null] }],
    ['columns of different lengths', { a: [1, 2], b: ['x'] }],
    ['a missing column', { a: [1] }],
  ])('refuses %s', async (_, group) => {
    await expect(written([{ name: 'a', type: 'INT32' }, { name: 'b', type: 'STRING' }], [group as Record<string, ParquetValues>])).rejects.toMatchObject({ code: 'internal-error' })
  })

  it('refuses no columns, and two of one name', async () => {
    await expect(written([], [])).rejects.toMatchObject({ code: 'internal-error' })
    await expect(written([{ name: 'a', type: 'INT32' }, { name: 'a', type: 'STRING' }], [])).rejects.toMatchObject({ code: 'internal-error' })
  })
})
