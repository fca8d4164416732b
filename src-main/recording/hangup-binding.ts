import { read } from 'node:fs'
import { promisify } from 'node:util'
import { SerialPort } from 'serialport'

const readFile = promisify(read)

/** What the driver's Linux and macOS ports have in common. */
interface UnixPort {
  fd: number | null
  readonly poller: { once(event: 'readable', listener: (error: Error | null) => void): void }
  read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }>
}

const isUnixPort = (port: object): port is UnixPort => 'poller' in port && 'fd' in port && 'read' in port

const tryAgain = new Set<unknown>(['EAGAIN', 'EWOULDBLOCK', 'EINTR'])

/**
 * A read that takes a hang-up for what it is. A terminal whose device is gone answers every read with 0 bytes (read(2), termios VMIN = 1). The driver
 * (13.0.1, bindings-cpp issue 162) reads again at once and for ever: a core burns and the unplugged board is never noticed. It happens whenever
 * the cable is pulled between two polls, about one time in ten on a busy computer.
 */
async function readOrHangUp(port: UnixPort, buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }> {
  for (;;) {
    if (port.fd === null) throw Object.assign(new Error('Port is not open'), { canceled: true })
    try {
      const { bytesRead } = await readFile(port.fd, buffer, offset, length, null)
      if (bytesRead > 0) return { buffer, bytesRead }
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown && tryAgain.has(thrown.code))) throw thrown
      // Closed while the read was under way: the poller is destroyed, and asking it again would take the process down.
      if (port.fd === null) continue
      await new Promise<void>((resolve, reject) => port.poller.once('readable', (error) => (error ? reject(error) : resolve())))
      continue
    }
    throw new Error('the line was hung up')
  }
}

/** The driver for this operating system, with hang-ups noticed. */
export const hangupBinding: typeof SerialPort.binding = {
  ...SerialPort.binding,
  async open(options: Parameters<typeof SerialPort.binding.open>[0]) {
    const port = await SerialPort.binding.open(options)
    if (isUnixPort(port)) port.read = (buffer, offset, length) => readOrHangUp(port, buffer, offset, length)
    return port
  },
}
