import { LabError } from '../../src-main/contract/errors.ts'
import type { LabClient } from '../../src-main/contract/lab-client.ts'
import { createLabClient } from '../../src-main/contract/rpc-client.ts'
import { messagePortWire, type PortLike } from '../../src-main/contract/wires/message-port-wire.ts'
import { webSocketWire } from '../../src-main/contract/wires/web-socket-wire.ts'

declare global {
  interface Window {
    /** Set by Electron's preload, which hands over a MessagePort; absent in a browser. */
    readonly pulseprintHost?: string
  }
}

/** The message with which the preload hands over the window's port. */
const portMessage = 'pulseprint:port'

/**
 * The lab at the other end of this window's wire: Electron's MessagePort when the preload handed one over, else a WebSocket to
 * the host that served the page.
 * @throws LabError `connection-lost` when the socket does not open.
 */
export function connectLab(): Promise<LabClient> {
  return window.pulseprintHost === 'electron' ? connectPort() : connectSocket()
}

/** Listening begins when this module loads: the preload may send the port before the app is mounted. */
const ports: PortLike[] = []
let wanted: ((port: PortLike) => void) | null = null

if (typeof window !== 'undefined') {
  window.addEventListener('message', (event) => {
    const data: unknown = event.data
    if (event.source !== window || typeof data !== 'object' || data === null || !('type' in data) || data.type !== portMessage) return
    const port = event.ports[0]
    if (port === undefined) return
    if (wanted) wanted(port as unknown as PortLike)
    else ports.push(port as unknown as PortLike)
  })
}

async function connectPort(): Promise<LabClient> {
  const port =
    ports.shift() ??
    (await new Promise<PortLike>((resolve) => {
      wanted = resolve
    }))
  wanted = null
  return createLabClient(messagePortWire(port))
}

function connectSocket(): Promise<LabClient> {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  const socket = new WebSocket(`${scheme}://${location.host}/wire`)
  return new Promise((resolve, reject) => {
    const wire = webSocketWire(socket)
    wire.onClose(() => reject(new LabError('connection-lost', 'Pulseprint does not answer.', { host: location.host })))
    socket.addEventListener('open', () => resolve(createLabClient(wire)))
  })
}
