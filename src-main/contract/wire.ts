/**
 * A two-way pipe of messages: plain JSON values in which any value may also be a `Uint8Array`.
 * Three implementations (in-memory pair, WebSocket, MessagePort) pass one contract suite: order is kept, nothing is
 * delivered after `onClose`, binary arrives as a `Uint8Array` that the receiver owns, `send` after close is silent.
 */
export interface Wire {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** Called exactly once, also when it was this side that closed. */
  onClose(listener: () => void): void
  close(): void
  /** Bytes handed to `send` that have not left yet; 0 where the transport cannot tell. */
  bufferedBytes(): number
}
