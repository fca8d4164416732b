import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { badChecksum, FrameScanner, needMore, type FrameRule } from '../../src-main/devices/frame-scanner.ts'
import { RowBuffer } from '../../src-main/devices/row-buffer.ts'
import { decodeAll } from './decode-all.ts'

/** A toy protocol: `5A, length, length bytes, sum modulo 256`; one lane, the length. Proves itself by its sum, so that one frame is enough. */
class ToyRule implements FrameRule {
  readonly lanes = 1
  readonly firstByte = 0x5a
  readonly shortest = 2
  readonly longest = 258
  readonly lockRun = 1
  readonly relockRun = 1
  readonly replyEnd = null
  probes = 0

  restartText(text: string): boolean {
    return text.startsWith('boot')
  }

  probe(data: Uint8Array, at: number, end: number): number {
    this.probes += 1
    const length = data[at + 1] + 3
    if (end - at < length) return needMore
    let sum = 0
    for (let i = at + 2; i < at + length - 1; i++) sum += data[i]
    return data[at + length - 1] === (sum & 255) ? length : badChecksum
  }

  counter(): number {
    return -1
  }

  isNext(): boolean {
    return true
  }

  follows(): boolean {
    return true
  }

  accept(rows: RowBuffer, data: Uint8Array, at: number, _length: number, offset: number, flags: number): void {
    const base = rows.row(offset, -1, flags)
    rows.counts[base] = data[at + 1]
  }
}

const toyFrame = (bytes: readonly number[]): number[] => [0x5a, bytes.length, ...bytes, bytes.reduce((sum, byte) => sum + byte, 0) & 255]

function scan(bytes: readonly number[], pieces: readonly number[] = []): ReturnType<typeof decodeAll> {
  return decodeAll(new FrameScanner(new ToyRule()), Uint8Array.from(bytes), pieces)
}

describe('the frame scanner', () => {
  it('says why bytes are in no frame: noise, checksum, text, unfinished', () => {
    const text = [...new TextEncoder().encode('boot 1.2\r\n')]
    const bad = [0x5a, 0x02, 0x10, 0x20, 0x31]
    const { rows, skips, messages } = scan([0x01, 0x02, ...toyFrame([1]), ...bad, ...toyFrame([2, 3]), ...text, ...toyFrame([]), 0x5a, 0x09, 0x00])
    expect(rows.map((row) => row.counts[0])).toEqual([1, 2, 0])
    expect(rows.map((row) => row.flags)).toEqual([0, 2, 10])
    expect(skips.map((skip) => [skip.length, skip.reason])).toEqual([
      [2, 'noise'],
      [5, 'checksum'],
      [10, 'text'],
      [3, 'unfinished'],
    ])
    expect(messages).toEqual([{ offset: 16, kind: 'text', text: 'boot 1.2', values: {} }])
  })

  it('finds a true frame inside the bytes that a damaged length claimed', () => {
    const { rows, skips } = scan([0x5a, 200, ...toyFrame([7, 8, 9]), ...toyFrame([4])])
    expect(rows.map((row) => row.counts[0])).toEqual([3, 1])
    expect(skips).toEqual([{ offset: 0, length: 2, reason: 'unfinished' }])
  })

  it('keeps its books for any bytes in any pieces and finds the same', () => {
    // Few different values, so that frame-like runs are common.
    const bytes = fc.array(fc.constantFrom(0x5a, 0x00, 0x01, 0x02, 0x41, 0x0a), { maxLength: 300 })
    fc.assert(
      fc.property(bytes, fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 60 }), (stream, pieces) => {
        const found = scan(stream, pieces)
        expect(found).toEqual(scan(stream))
        const framed = found.rows.reduce((sum, row) => sum + row.counts[0] + 3, 0)
        expect(found.bytesInFrames).toBe(framed)
        expect(found.bytesInFrames + found.bytesSkipped).toBe(stream.length)
        // Every byte once: rows and skips together tile the stream.
        const spans = [...found.rows.map((row) => [row.offset, row.counts[0] + 3]), ...found.skips.map((skip) => [skip.offset, skip.length])]
        spans.sort((a, b) => a[0] - b[0])
        expect(spans.reduce((at, [offset, length]) => (offset === at ? at + length : NaN), 0)).toBe(stream.length)
      }),
      { numRuns: 400 },
    )
  })

  it('decodes megabytes in one feed as in many', () => {
    const stream = Array.from({ length: 40_000 }, (_, i) => toyFrame([i & 255, 1, 2])).flat()
    const whole = scan(stream)
    expect(whole.rows).toHaveLength(40_000)
    expect(scan(stream, Array.from({ length: 300 }, () => 777))).toEqual(whole)
  })

  it('looks at no byte more than a bounded number of times, even where every byte may begin a frame', () => {
    for (const length of [10_000, 20_000]) {
      const rule = new ToyRule()
      const scanner = new FrameScanner(rule)
      const bytes = new Uint8Array(length).fill(0x5a)
      for (let at = 0; at < length; at += 100) scanner.feed(bytes.subarray(at, at + 100), 0)
      scanner.end()
      // One probe per position and one more for each chunk that found a position waiting.
      expect(rule.probes).toBeLessThanOrEqual(length + length / 100 + 1)
    }
  })
})

describe('the row buffer', () => {
  it('keeps rows while it grows and forgets them at the next chunk', () => {
    const rows = new RowBuffer(2, 2)
    rows.begin(7)
    for (let i = 0; i < 9; i++) {
      const base = rows.row(10 * i, i, i & 1)
      rows.counts[base] = i
      rows.counts[base + 1] = -i
    }
    expect([...rows.counts.subarray(0, 18)]).toEqual(Array.from({ length: 9 }, (_, i) => [i, -i + 0]).flat())
    expect([...rows.offsets.subarray(0, 9)]).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80])
    expect([rows.rows, rows.hostNs, rows.counters[8], rows.flags[7]]).toEqual([9, 7, 8, 1])
    rows.begin(8)
    expect([rows.rows, rows.hostNs]).toEqual([0, 8])
  })

  it('joins neighbouring spans of one reason and leaves lists already handed out alone', () => {
    const rows = new RowBuffer(1)
    rows.skip(0, 1, 'noise')
    rows.skip(1, 2, 'noise')
    rows.skip(3, 1, 'text')
    rows.skip(9, 1, 'text')
    rows.message(3, 'text', '!')
    const { skips, messages } = rows
    rows.begin(0)
    expect([rows.skips, rows.messages]).toEqual([[], []])
    expect(skips.map((skip) => [skip.offset, skip.length])).toEqual([
      [0, 3],
      [3, 1],
      [9, 1],
    ])
    expect(messages).toHaveLength(1)
  })
})
