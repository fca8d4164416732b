import { decode, encode } from '@msgpack/msgpack'
import type { Wire } from '../wire.ts'

/** What the browser's WebSocket and the `ws` package's share. */
export interface SocketLike {
  binaryType: string
  readonly readyState: number
  readonly bufferedAmount: number
  send(data: Uint8Array<ArrayBuffer>): void
  close(): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close' | 'error', listener: () => void): void
}

const openState = 1

/** A wire over an open WebSocket: one MessagePack value per binary message. A message that is not one closes the socket. */
export function webSocketWire(socket: SocketLike): Wire {
  socket.binaryType = 'arraybuffer'
  let open = true
  let listener: ((message: unknown) => void) | null = null
  const early: unknown[] = []
  const closeListeners: (() => void)[] = []
  const closed = (): void => {
    if (!open) return
    open = false
    for (const tell of closeListeners) tell()
  }
  socket.addEventListener('message', ({ data }) => {
    if (!open) return
    const message = data instanceof ArrayBuffer ? decodeMessage(new Uint8Array(data)) : undefined
    if (message === undefined) {
      socket.close()
      closed()
    } else if (listener) listener(message)
    else early.push(message)
  })
  socket.addEventListener('close', closed)
  socket.addEventListener('error', closed)
  return {
    send(message) {
      if (open && socket.readyState === openState) socket.send(encode(message, { ignoreUndefined: true }))
    },
    onMessage(next) {
      listener = next
      for (const message of early.splice(0)) next(message)
    },
    onClose: (tell) => void closeListeners.push(tell),
    close() {
      if (!open) return
      socket.close()
      closed()
    },
    bufferedBytes: () => socket.bufferedAmount,
  }
}

function decodeMessage(bytes: Uint8Array): unknown {
  try {
    return decode(bytes)
  } catch (_notMessagePack) {
    return undefined
  }
}
