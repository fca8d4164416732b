import type { Board, DeviceIo } from '../../src-main/devices/protocol.ts'

/** A `DeviceIo` on a simulated board without a clock: what the board answers is there at once, what it does not answer is a time-out. */
export class ScriptedDevice implements DeviceIo {
  readonly written: string[] = []
  readonly #answer: (bytes: Uint8Array) => Uint8Array
  #received = new Uint8Array(0)

  constructor(board: Board | ((command: string) => string)) {
    const encoder = new TextEncoder()
    this.#answer = typeof board === 'function' ? (bytes) => encoder.encode(board(String.fromCharCode(...bytes))) : (bytes) => board.receive(bytes)
  }

  write(bytes: Uint8Array): Promise<void> {
    this.written.push(String.fromCharCode(...bytes))
    const answer = this.#answer(bytes)
    this.#received = Uint8Array.from([...this.#received, ...answer])
    return Promise.resolve()
  }

  read(done: (received: Uint8Array) => boolean): Promise<Uint8Array | null> {
    const received = this.#received
    if (!done(received)) return Promise.resolve(null)
    this.#received = new Uint8Array(0)
    return Promise.resolve(received)
  }

  drain(): Promise<void> {
    this.#received = new Uint8Array(0)
    return Promise.resolve()
  }

  sleep(): Promise<void> {
    return Promise.resolve()
  }
}
