import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { LabError, type RpcServer } from '../../contract/index.ts'
import { webSocketWire, type SocketLike } from '../../contract/wires/web-socket-wire.ts'
import { securityHeaders } from '../content-security.ts'
import { loadRendererFiles, type RendererFile } from '../renderer-files.ts'
import { Session } from './session.ts'

export interface ServedLab {
  /** Address with the session's token: opening it once logs the browser in. */
  readonly url: string
  close(): Promise<void>
}

/** A window sends requests and marker texts, never bulk data. */
const maximumMessageBytes = 1 << 20

/**
 * Serves the app on loopback only: the renderer's files over HTTP, the contract over a WebSocket at `/wire`.
 * @param port 0 picks a free one.
 * @throws LabError `port-busy` when another program listens there.
 */
export async function serveLab(server: RpcServer, options: { port: number; rendererFolder: string }): Promise<ServedLab> {
  const files = await loadRendererFiles(options.rendererFolder)
  const http = createServer()
  await listen(http, options.port)
  const session = new Session((http.address() as AddressInfo).port)
  http.on('request', (request, response) => answer(session, files, request, response))

  const sockets = new WebSocketServer({ noServer: true, maxPayload: maximumMessageBytes })
  http.on('upgrade', (request, socket, head) => {
    const allowed = request.url === '/wire' && session.isOwnOrigin(request) && session.hasCookie(request)
    if (!allowed) return void socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      server.attach(webSocketWire(accepted as unknown as SocketLike))
    })
  })

  return {
    url: session.url,
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      http.close()
      http.closeAllConnections()
      await once(http, 'close')
    },
  }
}

async function listen(http: ReturnType<typeof createServer>, port: number): Promise<void> {
  try {
    http.listen(port, '127.0.0.1')
    await once(http, 'listening')
  } catch (thrown) {
    throw new LabError('port-busy', `Port ${port} of this computer is used by another program; choose another with --port.`, { port }, { cause: thrown })
  }
}

function answer(session: Session, files: ReadonlyMap<string, RendererFile>, request: IncomingMessage, response: ServerResponse): void {
  if (!session.isOwnHost(request)) return refuse(response, 421, 'This address is not served here.')
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'Only GET.')
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  if (session.isToken(url.searchParams.get('token'))) {
    // The token leaves the address bar and the history at once.
    response.writeHead(303, { Location: '/', 'Set-Cookie': session.cookie, 'Cache-Control': 'no-store' }).end()
    return
  }
  if (!session.hasCookie(request)) {
    const error = new LabError('not-authorised', 'Open the address exactly as `pulseprint serve` printed it.')
    return refuse(response, 401, `${error.code}: ${error.message}`)
  }
  const file = files.get(url.pathname === '/' ? '/index.html' : url.pathname)
  if (!file) return refuse(response, 404, 'There is no such file.')
  response.writeHead(200, {
    ...securityHeaders,
    'Content-Type': file.contentType,
    'Content-Length': file.bytes.length,
    'Cache-Control': file.immutable ? 'private, max-age=31536000, immutable' : 'no-cache',
  })
  response.end(request.method === 'HEAD' ? undefined : file.bytes)
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { ...securityHeaders, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${message}\n`)
}
