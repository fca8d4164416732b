import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SkippedSpan, DeviceMessage } from '../../src-main/devices/decoder.ts'
import { FrameSkips } from '../../src-main/devices/frame-skips.ts'
import { RowBuffer } from '../../src-main/devices/row-buffer.ts'

interface Sorted {
  readonly skips: readonly SkippedSpan[]
  readonly messages: readonly DeviceMessage[]
  readonly bytesSkipped: number
  readonly restarted: boolean
}

/** `pieces`: lengths of the runs that are handed over one after the other; the rest follows byte by byte. */
function sort(bytes: Uint8Array, replyEnd: string | null, pieces: readonly number[]): Sorted {
  const rows = new RowBuffer(1)
  const skips = new FrameSkips(rows, { replyEnd, restartText: (text) => text.includes('boot') })
  let at = 0
  for (const piece of [...pieces, ...Array.from({ length: bytes.length }, () => 1)]) {
    const end = Math.min(bytes.length, at + piece)
    skips.add(1000 + at, bytes, at, end, 'noise')
    at = end
  }
  skips.flush()
  return { skips: rows.skips, messages: rows.messages, bytesSkipped: skips.bytesSkipped, restarted: skips.restarted }
}

const ascii = (text: string): number[] => [...new TextEncoder().encode(text)]

describe('bytes in no frame', () => {
  it('are text where they print for long enough or follow text, noise else', () => {
    const bytes = Uint8Array.from([0, 1, ...ascii('short'), 2, ...ascii('boot 1.2\r\nok\n'), 3, ...ascii('ok\n')])
    const { skips, messages, restarted } = sort(bytes, null, [bytes.length])
    expect(skips).toEqual([
      { offset: 1000, length: 8, reason: 'noise' },
      { offset: 1008, length: 13, reason: 'text' },
      { offset: 1021, length: 4, reason: 'noise' },
    ])
    expect(messages.map((message) => [message.kind, message.text])).toEqual([['text', 'boot 1.2'], ['text', 'ok']])
    expect(restarted).toBe(true)
  })

  it('are replies however short where they end as replies do', () => {
    const bytes = Uint8Array.from([0, ...ascii('v$$$'), 0, ...ascii('$$'), 0])
    const { skips } = sort(bytes, '$$$', [bytes.length])
    expect(skips.map((skip) => [skip.length, skip.reason])).toEqual([[1, 'noise'], [4, 'reply'], [4, 'noise']])
  })

  it('are sorted alike in runs and one by one', () => {
    const mixed = fc.array(fc.oneof(fc.constantFrom([0], [200], [0x0a], [0x24, 0x24, 0x24]), fc.constantFrom('a', 'boot', 'longer words').map(ascii)), { maxLength: 60 })
    fc.assert(
      fc.property(mixed, fc.constantFrom(null, '$$$'), fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 }), (parts, replyEnd, pieces) => {
        const bytes = Uint8Array.from(parts.flat())
        const oneByOne = sort(bytes, replyEnd, [])
        expect(sort(bytes, replyEnd, [bytes.length])).toEqual(oneByOne)
        expect(sort(bytes, replyEnd, pieces)).toEqual(oneByOne)
        expect(oneByOne.bytesSkipped).toBe(bytes.length)
      }),
      { numRuns: 500 },
    )
  })
})
