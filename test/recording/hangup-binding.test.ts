import { Buffer } from 'node:buffer'
import { describe, expect, it, vi } from 'vitest'

/** A driver's port whose terminal has nothing to read, and which may be closed while a read is under way. */
const port = vi.hoisted(() => ({ fd: 7 as number | null, poller: { once: vi.fn() }, read: () => Promise.reject(new Error('not replaced')), closesWhileReading: false }))

vi.mock('serialport', () => ({ SerialPort: { binding: { open: () => Promise.resolve(port) } } }))
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  read: (_fd: number, _buffer: Buffer, _offset: number, _length: number, _position: null, done: (error: Error) => void) => {
    if (port.closesWhileReading) port.fd = null
    done(Object.assign(new Error('nothing yet'), { code: 'EAGAIN' }))
  },
}))

const { hangupBinding } = await import('../../src-main/recording/hangup-binding.ts')

async function read(closesWhileReading: boolean): Promise<unknown> {
  Object.assign(port, { fd: 7, closesWhileReading })
  port.poller.once.mockReset()
  // The poller of an open port calls back with an error when the port is closed.
  port.poller.once.mockImplementation((_event: string, listener: (error: Error | null) => void) => listener(Object.assign(new Error('Canceled'), { canceled: true })))
  await hangupBinding.open({ path: '/dev/none', baudRate: 9600 })
  return (port.read as unknown as (buffer: Buffer, offset: number, length: number) => Promise<unknown>)(Buffer.alloc(16), 0, 16)
}

describe('a read that finds nothing', () => {
  it('waits for the poller while the port is open', async () => {
    await expect(read(false)).rejects.toMatchObject({ canceled: true })
    expect(port.poller.once).toHaveBeenCalledTimes(1)
  })

  it('never asks the poller of a port that was closed meanwhile: it is destroyed, and would take the process down', async () => {
    await expect(read(true)).rejects.toMatchObject({ canceled: true })
    expect(port.poller.once).not.toHaveBeenCalled()
  })
})
