import { readFile, realpath, stat } from 'node:fs/promises'
import { SerialPort } from 'serialport'
import { LabError } from '../contract/index.ts'
import type { Clock } from './clock.ts'
import { hangupBinding } from './hangup-binding.ts'
import { lastingPath } from './ports.ts'
import type { LinkRequest, SerialDeviceLink } from './device-link.ts'

/** Name of the Unix group that owns a device node (`dialout` on Debian, `uucp` on Arch), or its number where the name is not known; `null` where there are no groups. */
export async function groupOfDevice(path: string): Promise<string | null> {
  if (process.platform === 'win32') return null
  // Only a hint inside another error's message: without a readable node or group file there is no hint.
  const node = await stat(path).catch(() => null)
  if (!node) return null
  const groups = await readFile('/etc/group', 'utf8').catch(() => '')
  const line = groups.split('\n').find((entry) => entry.split(':')[2] === String(node.gid))
  return line?.split(':')[0] ?? String(node.gid)
}

/**
 * The driver's words as a code: it throws plain errors whose only information is the operating system's message.
 * Linux and macOS say `No such file or directory`, `Permission denied`, `Cannot lock port` (flock) and `Device or resource busy`
 * (TIOCEXCL); Windows says `File not found` and, for a port that another program holds, `Access denied`.
 */
export async function serialError(thrown: unknown, path: string): Promise<LabError> {
  if (thrown instanceof LabError) return thrown
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  const cause = { cause: thrown }
  if (/no such|not found|ENOENT|ENXIO|ENODEV|no such device/i.test(reason)) {
    return new LabError('port-not-found', `There is no port ${path}. Is the board plugged in?`, { path, reason }, cause)
  }
  const busy = /lock port|busy|EBUSY|temporarily unavailable/i
  if (busy.test(reason) || (process.platform === 'win32' && /access denied/i.test(reason))) {
    return new LabError('port-busy', `Another program uses ${path}. Close it and try again.`, { path, reason }, cause)
  }
  if (/permission|denied|EACCES|EPERM|not permitted/i.test(reason)) {
    const group = await groupOfDevice(path)
    const advice = group === null ? '' : ` It belongs to the group "${group}": add yourself to it (sudo usermod -aG ${group} $USER) and log in again.`
    return new LabError('port-permission-denied', `You may not use ${path}.${advice}`, { path, group: group ?? '', reason }, cause)
  }
  // What the driver says of a character device that is no terminal, /dev/null for one.
  if (/inappropriate ioctl/i.test(reason)) return new LabError('port-failed', `${path} is not a serial port.`, { path, reason, unplugged: false }, cause)
  return new LabError('port-failed', `The port ${path} failed: ${reason}.`, { path, reason, unplugged: false }, cause)
}

/** A serial port, 8 data bits, no parity, 1 stop bit, no flow control, locked against other programs while open. */
export class SerialLink implements SerialDeviceLink {
  readonly name: string
  readonly #request: LinkRequest
  readonly #clock: Clock
  #port: SerialPort | null = null
  /** Known after the first open. */
  #lastingPath: string | null = null
  #onData: (bytes: Uint8Array, hostNs: number) => void = () => undefined
  #onClose: (error: LabError | null) => void = () => undefined

  constructor(request: LinkRequest, clock: Clock) {
    this.name = request.path
    this.#request = request
    this.#clock = clock
  }

  onData(listener: (bytes: Uint8Array, hostNs: number) => void): void {
    this.#onData = listener
  }

  onClose(listener: (error: LabError | null) => void): void {
    this.#onClose = listener
  }

  async open(): Promise<void> {
    const { baudRate, dtr } = this.#request
    const path = await this.#presentPath()
    await this.#refuseOrdinaryFile(path)
    const settings = {
      binding: hangupBinding,
      path,
      baudRate,
      dataBits: 8 as const,
      parity: 'none' as const,
      stopBits: 1 as const,
      rtscts: false,
      lock: true,
      autoOpen: false,
      endOnClose: false,
      // Where DTR must stay low, the driver may not toggle it on closing either.
      hupcl: dtr,
    }
    const port = new SerialPort(settings)
    port.on('data', (bytes: Buffer) => this.#onData(bytes, this.#clock.monotonicNs()))
    try {
      await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())))
    } catch (thrown) {
      throw await serialError(thrown, path)
    }
    this.#port = port
    // After opening, errors come through the callbacks of the calls that caused them; without a listener Node would end the program.
    port.on('error', (error: Error) => this.#ended(port, error))
    port.on('close', (error: Error | null) => this.#ended(port, error))
    await this.#setLines(port, dtr)
  }

  write(bytes: Uint8Array): Promise<void> {
    const port = this.#port
    if (!port) return Promise.reject(this.#notOpen())
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => void serialError(error, this.name).then(reject, reject)
      port.write(bytes, (error) => {
        if (error) failed(error)
        else if (!port.isOpen) reject(this.#notOpen())
        else port.drain((drainError) => (drainError ? failed(drainError) : resolve()))
      })
    })
  }

  async changeBaudRate(baudRate: number): Promise<void> {
    const port = this.#port
    if (!port) throw this.#notOpen()
    const failure = await new Promise<Error | null>((resolve) => port.update({ baudRate }, (error) => resolve(error ?? null)))
    if (failure) throw await serialError(failure, this.name)
  }

  async close(): Promise<void> {
    const port = this.#port
    if (!port) return
    await new Promise<void>((resolve) => port.close(() => resolve()))
    this.#ended(port, null)
  }

  /** A board that is replugged may come back under another number: its by-id name, remembered at the first open, finds it. */
  async #presentPath(): Promise<string> {
    const { path } = this.#request
    if (this.#lastingPath === null) {
      this.#lastingPath = await lastingPath(path)
      return path
    }
    const present = await stat(this.#lastingPath).then(() => true, () => false)
    return present ? this.#lastingPath : path
  }

  /** The driver reports any path that is no terminal as `Inappropriate ioctl`; a person typed something else than a port. */
  async #refuseOrdinaryFile(path: string): Promise<void> {
    if (process.platform === 'win32') return
    try {
      const found = await stat(await realpath(path))
      if (!found.isCharacterDevice()) throw new LabError('port-failed', `${path} is not a serial port.`, { path, unplugged: false })
    } catch (thrown) {
      throw await serialError(thrown, path)
    }
  }

  /** Asserts or drops DTR; asserting what opening already asserted causes no edge. */
  async #setLines(port: SerialPort, dtr: boolean): Promise<void> {
    const failure = await new Promise<Error | null>((resolve) => port.set({ dtr, rts: dtr }, (error) => resolve(error)))
    // A pseudo-terminal, or an adapter without modem lines, has no DTR to set: then nothing there can depend on it.
    if (!failure || /inappropriate ioctl|not supported|invalid argument/i.test(failure.message)) return
    await this.close()
    throw await serialError(failure, this.name)
  }

  #notOpen(): LabError {
    return new LabError('port-failed', `The port ${this.name} is not open.`, { path: this.name, unplugged: false })
  }

  #ended(port: SerialPort, error: Error | null): void {
    if (this.#port !== port) return
    this.#port = null
    if (port.isOpen) port.close(() => undefined)
    this.#onClose(
      error === null
        ? null
        : new LabError('port-failed', `The board on ${this.name} was unplugged.`, { path: this.name, reason: error.message, unplugged: true }, { cause: error }),
    )
  }
}
