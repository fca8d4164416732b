import type { Wire } from '../wire.ts'

/** What the DOM's MessagePort and Node's worker_threads MessagePort share. */
export interface PortLike {
  postMessage(message: unknown): void
  addEventListener(type: 'message' | 'close', listener: (event: { data?: unknown }) => void): void
  start?(): void
  close(): void
}

/** Electron's MessagePortMain: an emitter instead of an event target. */
export interface PortMainLike {
  postMessage(message: unknown): void
  on(type: 'message', listener: (event: { data: unknown }) => void): unknown
  on(type: 'close', listener: () => void): unknown
  start(): void
  close(): void
}

/** A wire over a MessagePort. Messages are cloned, never transferred: the sender may reuse its buffers. */
export function messagePortWire(port: PortLike): Wire {
  return portWire(port, {
    onMessage: (listener) => port.addEventListener('message', (event) => listener(event.data)),
    onClose: (listener) => port.addEventListener('close', listener),
    start: () => port.start?.(),
  })
}

/** The same over the main process's end of an Electron MessageChannelMain. */
export function messagePortMainWire(port: PortMainLike): Wire {
  return portWire(port, {
    onMessage: (listener) => void port.on('message', (event) => listener(event.data)),
    onClose: (listener) => void port.on('close', listener),
    start: () => port.start(),
  })
}

interface PortEvents {
  onMessage(listener: (message: unknown) => void): void
  onClose(listener: () => void): void
  start(): void
}

function portWire(port: { postMessage(message: unknown): void; close(): void }, events: PortEvents): Wire {
  let open = true
  const closeListeners: (() => void)[] = []
  const closed = (): void => {
    if (!open) return
    open = false
    for (const listener of closeListeners) listener()
  }
  events.onClose(closed)
  return {
    send(message) {
      if (open) port.postMessage(message)
    },
    onMessage(listener) {
      events.onMessage((message) => {
        if (open) listener(message)
      })
      events.start()
    },
    onClose: (listener) => void closeListeners.push(listener),
    close() {
      if (!open) return
      port.close()
      closed()
    },
    bufferedBytes: () => 0,
  }
}
