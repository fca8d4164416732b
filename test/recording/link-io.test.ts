import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LabError } from '../../src-main/contract/index.ts'
import type { DeviceLink } from '../../src-main/recording/device-link.ts'
import { LinkIo } from '../../src-main/recording/link-io.ts'

const link: DeviceLink = {
  name: 'none', open: () => Promise.resolve(), write: () => Promise.resolve(), close: () => Promise.resolve(), onData: () => undefined, onClose: () => undefined,
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (received: Uint8Array | null): string | null => (received ? new TextDecoder().decode(received) : null)
const ends = (received: Uint8Array): boolean => new TextDecoder().decode(received).endsWith('$$$')

describe('device session on a link', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('reads a reply that arrives in pieces', async () => {
    const io = new LinkIo(link)
    io.received(bytes('Open'))
    const reading = io.read(ends, 1000)
    await vi.advanceTimersByTimeAsync(100)
    io.received(bytes('BCI$'))
    await vi.advanceTimersByTimeAsync(100)
    io.received(bytes('$$'))
    expect(text(await reading)).toBe('OpenBCI$$$')
  })

  it('answers null when the reply does not come in time, and keeps what came for the next read', async () => {
    const io = new LinkIo(link)
    const reading = io.read(ends, 1000)
    io.received(bytes('half'))
    await vi.advanceTimersByTimeAsync(1000)
    expect(await reading).toBeNull()
    io.received(bytes('$$$'))
    expect(text(await io.read(ends, 1000))).toBe('half$$$')
  })

  it('drains until it is quiet, and gives up on a board that never is', async () => {
    const io = new LinkIo(link)
    const chatter = setInterval(() => io.received(bytes('noise')), 50)
    setTimeout(() => clearInterval(chatter), 420)
    let quietAt = 0
    void io.drain(200, 5000).then(() => (quietAt = Date.now()))
    const start = Date.now()
    await vi.advanceTimersByTimeAsync(5000)
    expect(quietAt - start).toBeGreaterThanOrEqual(600)
    expect(quietAt - start).toBeLessThan(700)
    const endless = setInterval(() => io.received(bytes('noise')), 50)
    const draining = io.drain(200, 1000)
    await vi.advanceTimersByTimeAsync(1100)
    await draining
    clearInterval(endless)
  })

  it('ends every wait when the board is unplugged', async () => {
    const io = new LinkIo(link)
    const waits = [io.read(ends, 10_000), io.sleep(10_000).catch((thrown: unknown) => thrown)]
    const outcome = Promise.allSettled(waits)
    io.closed(new LabError('port-failed', 'gone'))
    await vi.advanceTimersByTimeAsync(10_000)
    expect((await outcome)[0]).toMatchObject({ status: 'rejected', reason: { code: 'port-failed' } })
    await expect(io.write(bytes('b'))).rejects.toMatchObject({ code: 'port-failed' })
  })
})
