import fc from 'fast-check'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/index.ts'
import { crc32 } from '../../src-main/formats/crc32.ts'
import type { ByteSource } from '../../src-main/formats/signal-source.ts'
import { longestLine, textLines } from '../../src-main/formats/text-lines.ts'
import { NumberReader } from '../../src-main/formats/text-numbers.ts'
import { memoryFile } from './text-memory.ts'

async function linesOf(source: ByteSource): Promise<{ text: string; line: number; offset: number }[]> {
  const lines: { text: string; line: number; offset: number }[] = []
  for await (const block of textLines(source)) {
    for (let i = 0; i < block.count; i++) {
      lines.push({ text: Buffer.from(block.bytes.subarray(block.starts[i], block.ends[i])).toString('utf8'), line: block.firstLine + i, offset: block.offset + block.starts[i] })
    }
  }
  return lines
}

/** Second implementation: everything at once, by a regular expression. */
function splitWhole(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

describe('lines of a text', () => {
  const text = fc.array(fc.constantFrom('a', '1.5', '\r', '\n', '\r\n', '\t', 'µ', ',', ' '), { maxLength: 60 }).map((parts) => parts.join(''))

  it('are those between LF, CRLF and CR, whatever the chunks, packed or not, with their places', async () => {
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), fc.boolean(), fc.boolean(), async (content, most, packed, marked) => {
        const bytes = Buffer.from((marked ? '\uFEFF' : '') + content)
        const lines = await linesOf(memoryFile(packed ? gzipSync(bytes) : bytes, 'x', most))
        expect(lines.map((line) => line.text)).toEqual(splitWhole(content))
        lines.forEach((line, i) => {
          expect(line.line).toBe(i + 1)
          const there = Buffer.from(line.text)
          expect(bytes.subarray(line.offset, line.offset + there.length).equals(there)).toBe(true)
        })
      }),
    )
  })

  it('without an end are refused at a bounded length: 2 GB of digits take a few reads', async () => {
    let read = 0
    const piece = new Uint8Array(1 << 18).fill(0x31)
    const endless: ByteSource = { name: 'long.csv', bytes: 2 ** 31, read: (_position, length) => { read += length; return Promise.resolve(piece.subarray(0, length)) } }
    await expect(linesOf(endless)).rejects.toMatchObject({ code: 'text-signal-invalid', data: { file: 'long.csv', line: 1, offset: 0 } })
    expect(read).toBeLessThan(4 * longestLine)
    const late = memoryFile(`1\n2\n${'3'.repeat(longestLine + 1)}\n4\n`)
    await expect(linesOf(late)).rejects.toMatchObject({ code: 'text-signal-invalid', data: { line: 3, offset: 4 } })
    expect(await linesOf(memoryFile(`1\r${'3'.repeat(longestLine)}\r\n4`, 'x', 100_001))).toHaveLength(3)
  })

  it('packed 1000-fold are unpacked piece by piece and refused just so', async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20, '7'), { level: 9 })
    await expect(linesOf(memoryFile(bomb))).rejects.toMatchObject({ code: 'text-signal-invalid', data: { field: 'line' } })
  })

  it('of UTF-16 and of no text at all are refused by name', async () => {
    for (const bytes of [Buffer.from('\uFEFF1,2\n', 'utf16le'), Buffer.from('1,2\n', 'utf16le'), Buffer.from([0xfe, 0xff, 0, 0x31]), Buffer.from([0xff, 0xfe])]) {
      await expect(linesOf(memoryFile(bytes))).rejects.toMatchObject({ code: 'text-signal-invalid', data: { field: 'encoding' } })
    }
  })

  it('of several gzip members follow each other; a damaged member is found out', async () => {
    const members = Buffer.concat([gzipSync('1\n2\n'), gzipSync('3\n', { level: 0 }), gzipSync('4')])
    for (const most of [1, 7, 1000]) expect((await linesOf(memoryFile(members, 'x', most))).map((line) => line.text)).toEqual(['1', '2', '3', '4'])
    const one = gzipSync(Array.from({ length: 500 }, (_, i) => `${i * 7919 % 1000}\n`).join(''))
    const intact = (await linesOf(memoryFile(one))).map((line) => line.text).join(' ')
    await fc.assert(
      fc.asyncProperty(fc.nat(one.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, change, cut) => {
        const damaged = cut ? one.subarray(0, Math.max(3, at)) : Uint8Array.from(one)
        if (!cut) damaged[at] ^= change
        try {
          // The file name flag or time of the gzip head may change without harm; the text may not.
          const lines = await linesOf(memoryFile(damaged))
          if (damaged[0] === 0x1f && damaged[1] === 0x8b) expect(lines.map((line) => line.text).join(' ')).toBe(intact)
        } catch (thrown) {
          if (!(thrown instanceof LabError) || thrown.code !== 'text-signal-invalid') throw thrown
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('numbers in a text', () => {
  const read = (text: string, mark: '.' | ',' = '.'): [number, number] | null => {
    const reader = new NumberReader(mark)
    const bytes = Buffer.from(text)
    return reader.read(bytes, 0, bytes.length) ? [reader.mantissa, reader.decimals] : null
  }

  it.each([
    ['2044.0', 2044, 0], ['-0.88965', -88965, 5], ['+3.', 3, 0], ['.5', 5, 1], ['1.250e2', 125, 0], ['1e6', 1, -6], ['-1.5E-3', -15, 4], ['0.000', 0, 0], ['007', 7, 0],
    ['0.30000000000000004', 3, 1], ['0.29999999999999999', 3, 1], ['12345678901234567890', 123456789012346, -5],
  ])('%s is %i / 10^%i', (text, mantissa, decimals) => {
    expect(read(text)).toEqual([mantissa, decimals])
    expect(read(text.replace('.', ','), ',')).toEqual([mantissa, decimals])
  })

  it('are nothing else', () => {
    for (const text of ['', '-', '.', '1,2', '1.2.3', '0x10', 'Infinity', 'nan', '1e', '1e+', '1e5x', '12 3', '1e9999', '9'.repeat(400)]) expect(read(text)).toBeNull()
  })

  it('have the value that JavaScript gives them', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }).filter((value) => value === 0 || Math.abs(value) > 1e-200), (value) => {
        const [m, d] = read(String(value)) ?? [Number.NaN, 0]
        const back = d >= 0 ? m / 10 ** d : m * 10 ** -d
        expect(Math.abs(back - value)).toBeLessThanOrEqual(Math.abs(value) * 5e-15)
      }),
    )
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 9 }), (count, decimals) => {
        const [m, d] = read((count / 10 ** decimals).toFixed(decimals)) ?? [Number.NaN, 0]
        expect(m * 10 ** (decimals - d)).toBe(count)
      }),
    )
  })
})

describe('CRC-32', () => {
  it('is the one of the check value and of pieces', () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926)
    expect(crc32(Buffer.from('6789'), crc32(Buffer.from('12345')))).toBe(0xcbf43926)
  })
})
