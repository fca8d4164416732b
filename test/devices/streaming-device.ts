import type { Board, DeviceIo } from '../../src-main/devices/protocol.ts'
import { calm } from './decoder-claims.ts'

/** A `DeviceIo` on a simulated board that floods the port with rows while it streams, as a board does that was left running. */
export class StreamingDevice implements DeviceIo {
  readonly written: Uint8Array[] = []
  /** What the host has not taken yet. */
  received: number[] = []
  readonly #board: Board
  readonly #lanes: number

  constructor(board: Board, lanes: number) {
    this.#board = board
    this.#lanes = lanes
  }

  /** Time passes: a streaming board sends rows. */
  flood(rows: number): void {
    for (let row = 0; row < rows && this.#board.streaming; row += 1) {
      this.received.push(...this.#board.row(new Int32Array(this.#lanes).fill(row), calm).bytes)
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.written.push(bytes.slice())
    this.flood(5)
    this.received.push(...this.#board.receive(bytes))
  }

  async read(done: (received: Uint8Array) => boolean): Promise<Uint8Array | null> {
    this.flood(20)
    const received = Uint8Array.from(this.received)
    if (!done(received)) return null
    this.received = []
    return received
  }

  async drain(): Promise<void> {
    this.received = []
    this.flood(10)
  }

  async sleep(): Promise<void> {
    this.flood(10)
  }
}

/** A port on which nothing answers. */
export class DeadDevice implements DeviceIo {
  async write(): Promise<void> {
    await Promise.resolve()
  }

  async read(): Promise<Uint8Array | null> {
    return null
  }

  async drain(): Promise<void> {
    await Promise.resolve()
  }

  async sleep(): Promise<void> {
    await Promise.resolve()
  }
}
