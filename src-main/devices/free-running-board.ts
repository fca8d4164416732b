import type { Board, BoardStatus, Protocol } from './protocol.ts'

/** A simulated board that streams from power-up on, hears no command and cannot be stopped. */
export abstract class FreeRunningBoard implements Board {
  readonly streaming = true

  abstract boot(): Uint8Array
  abstract row(counts: Int32Array, status: BoardStatus): { bytes: Uint8Array; counter: number }

  restart(): Uint8Array {
    return this.boot()
  }

  receive(): Uint8Array {
    return new Uint8Array(0)
  }

  startStreaming(): void {
    // It never does anything else.
  }
}

/** The session with such a board: nothing to send, so starting and stopping are listening and leaving. */
export function freeRunningSession(identity = ''): Pick<Protocol, 'start' | 'stop'> {
  return {
    start: (_io, configuration) => Promise.resolve({ identity, configuration }),
    stop: () => Promise.resolve(),
  }
}
