import type { DeviceConfiguration, LabError } from '../contract/index.ts'

/**
 * A two-way pipe of bytes to a board: a serial port or the built-in demo device. One object serves one acquisition and can be opened
 * again after it closed, which is how a replugged board is found again.
 */
export interface DeviceLink {
  /** Port path, or `demo:SEED`: what a recording stores as its source. */
  readonly name: string
  /**
   * Resolves when bytes may be written; data may already arrive before that.
   * @throws LabError `port-not-found`, `port-busy`, `port-permission-denied`, `port-failed`. A failed open leaves nothing open.
   */
  open(): Promise<void>
  /** Resolves when the bytes have left. @throws LabError `port-failed` when the link is not open. */
  write(bytes: Uint8Array): Promise<void>
  /** One listener, set before `open`. `hostNs`: host monotonic time of the read. The receiver owns the bytes: they are never reused. */
  onData(listener: (bytes: Uint8Array, hostNs: number) => void): void
  /**
   * One listener, set before `open`; called once per successful `open`. `null`: `close` was called; otherwise `port-failed`, with
   * `data.unplugged` true when the board went away.
   */
  onClose(listener: (error: LabError | null) => void): void
  /** Resolves when the link is closed; harmless when it already is. */
  close(): Promise<void>
}

export interface LinkRequest {
  readonly path: string
  readonly baudRate: number
  /** Asserted while open (`DeviceProfile.dtr`). */
  readonly dtr: boolean
}

export interface DemoRequest {
  readonly configuration: DeviceConfiguration
  readonly seed: number
  /** Fault grammar of `pulseprint simulate --faults`; empty for none. */
  readonly faults: string
}

/** A serial link can change its rate while open: listening at several rates must not reset the board each time. */
export interface SerialDeviceLink extends DeviceLink {
  changeBaudRate(baudRate: number): Promise<void>
}

/** Makes links; injected, so that services are tested without ports and the demo device needs none. */
export interface LinkFactory {
  serial(request: LinkRequest): SerialDeviceLink
  /** @throws LabError `fault-invalid`. */
  demo(request: DemoRequest): DeviceLink
}
