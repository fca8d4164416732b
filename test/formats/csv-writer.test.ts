import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvCell, CsvWriter, type CsvValue } from '../../src-main/formats/csv-writer.ts'

async function written(columns: string[], rows: readonly CsvValue[][]): Promise<string> {
  const parts: Uint8Array[] = []
  const file = new CsvWriter((bytes) => { parts.push(bytes); return Promise.resolve() }, columns)
  for (const row of rows) await file.row(row)
  await file.finish()
  return Buffer.concat(parts).toString('utf8')
}

/** RFC 4180 character by character: a second implementation. */
function parse(text: string): string[][] {
  const rows: string[][] = [['']]
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const row = rows[rows.length - 1]
    if (quoted) {
      if (text[i] !== '"') row[row.length - 1] += text[i]
      else if (text[i + 1] === '"') { row[row.length - 1] += '"'; i++ } else quoted = false
    } else if (text[i] === '"') quoted = true
    else if (text[i] === ',') row.push('')
    else if (text[i] === '\r' && text[i + 1] === '\n') { rows.push(['']); i++ } else row[row.length - 1] += text[i]
  }
  expect(rows.pop()).toEqual([''])
  return rows
}

describe('CSV', () => {
  it('by hand', async () => {
    expect(await written(['t', 'a "b", c'], [[0.004, null], [-0.1, 'x\ny'], [Number.NaN, true], [1e21, 12345678901234567890n]])).toBe(
      't,"a ""b"", c"\r\n0.004,\r\n-0.1,"x\ny"\r\n,true\r\n1e+21,12345678901234567890\r\n',
    )
  })

  it('reads back as it was, every number as the same double', async () => {
    const cell = fc.oneof(fc.string({ unit: fc.constantFrom('a', '"', ',', '\r', '\n', 'µ', ' ', '') }), fc.double({ noNaN: true }), fc.constant(null))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 20 }), async (rows) => {
        const [, ...read] = parse(await written(['a', 'b'], rows))
        expect(read.length).toBe(rows.length)
        rows.forEach((row, i) => row.forEach((value, c) => {
          if (typeof value === 'number') expect(Number(read[i][c])).toBe(value)
          else expect(read[i][c]).toBe(value !== null && /^[\r\n]./s.test(value) ? `'${value}` : (value ?? ''))
        }))
      }),
    )
    expect(Object.is(Number(csvCell(-0)), -0)).toBe(true)
  })

  it('a text that a spreadsheet would compute stays text, and numbers stay numbers', () => {
    // OWASP, CSV Injection: signs, tabulator, line ends, and the signs of full width.
    const texts = ['=HYPERLINK("http://x")', '+cmd|calc', '-2+3+cmd', '@SUM(A1)', '\t=1+1', '\r=1', '\n=1', '\uff1d1+1']
    for (const text of texts) expect(parse(`${csvCell(text)}\r\n`)).toEqual([[`'${text}`]])
    expect([-1.5, -0, 1e-7, -12n, '-1.5', '+3', '=', '+', '@', 'a=b', ''].map(csvCell)).toEqual(['-1.5', '-0', '1e-7', '-12', '-1.5', '+3', '=', '+', '@', 'a=b', ''])
  })

  it('is given to the sink in pieces, and refuses rows of another width', async () => {
    let pieces = 0
    const file = new CsvWriter(() => { pieces += 1; return Promise.resolve() }, ['a'])
    for (let i = 0; i < 100_000; i++) await file.row([i])
    await file.finish()
    expect(pieces).toBeGreaterThan(5)
    expect(file.rows).toBe(100_000)
    await expect(file.row([1, 2])).rejects.toMatchObject({ code: 'internal-error' })
  })
})
