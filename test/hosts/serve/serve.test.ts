import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createLabClient, RpcServer, type LabHandlers } from '../../../src-main/contract/index.ts'
import { webSocketWire, type SocketLike } from '../../../src-main/contract/wires/web-socket-wire.ts'
import { serveLab, type ServedLab } from '../../../src-main/hosts/serve/serve.ts'

let folder = ''
let served: ServedLab
let origin = ''
let cookie = ''

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin)
    // Raw path: fetch would tidy `..` away before it reaches the server.
    request({ hostname, port, path, method, headers }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
      .on('error', reject)
      .end()
  })
}

function upgrade(path: string, headers: Record<string, string>): Promise<WebSocket | number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}${path}`, { headers })
    socket.on('open', () => resolve(socket))
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
    socket.on('error', () => undefined)
  })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-serve-'))
  await mkdir(join(folder, 'renderer', 'assets'), { recursive: true })
  await writeFile(join(folder, 'renderer', 'index.html'), '<!doctype html><title>Pulseprint</title>')
  await writeFile(join(folder, 'renderer', 'assets', 'index-ab12.js'), 'export {}')
  await writeFile(join(folder, 'secret.txt'), 'secret')
  const server = new RpcServer()
  server.use({ 'jobs.list': () => [] } as Partial<LabHandlers> as LabHandlers)
  served = await serveLab(server, { port: 0, rendererFolder: join(folder, 'renderer') })
  origin = new URL(served.url).origin
})

afterAll(async () => {
  await served.close()
  await rm(folder, { recursive: true })
})

describe('the served app', () => {
  it('is on loopback, and says where with a token', () => {
    expect(served.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/)
  })

  it('shows nothing without the token', async () => {
    for (const path of ['/', '/index.html', '/assets/index-ab12.js', '/?token=wrong', '/?token=']) {
      const answer = await get(path)
      expect(answer.status, path).toBe(401)
      expect(answer.body).toContain('not-authorised')
    }
  })

  it('turns the token into a strict HttpOnly cookie and takes it out of the address', async () => {
    const { pathname, search } = new URL(served.url)
    const answer = await get(pathname + search)
    expect(answer.status).toBe(303)
    expect(answer.headers.location).toBe('/')
    const [set] = answer.headers['set-cookie'] ?? []
    expect(set).toMatch(/HttpOnly/)
    expect(set).toMatch(/SameSite=Strict/)
    cookie = set?.split(';')[0] ?? ''
    const page = await get('/', { cookie })
    expect(page.status).toBe(200)
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    expect(page.body).toContain('Pulseprint')
    expect((await get('/assets/index-ab12.js', { cookie })).headers['content-type']).toContain('text/javascript')
  })

  it('serves its listed files only', async () => {
    for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/assets/../../secret.txt', '/secret.txt', '//etc/passwd', '/assets/', '/index.html/']) {
      const answer = await get(path, { cookie })
      expect([301, 404].includes(answer.status), `${path} ${answer.status}`).toBe(true)
      expect(answer.body).not.toContain('secret\n')
    }
    expect((await get('/', { cookie }, 'POST')).status).toBe(405)
  })

  it('refuses a foreign host name, as DNS rebinding would use', async () => {
    expect((await get('/', { cookie, host: 'evil.example' })).status).toBe(421)
    expect((await get('/', { cookie, host: `evil.example:${new URL(origin).port}` })).status).toBe(421)
  })

  it('opens the wire only for its own page with the cookie', async () => {
    expect(await upgrade('/wire', { origin })).toBe(403)
    expect(await upgrade('/wire', { cookie })).toBe(403)
    expect(await upgrade('/wire', { cookie, origin: 'https://evil.example' })).toBe(403)
    expect(await upgrade('/wire', { cookie, origin, host: 'evil.example' })).toBe(403)
    expect(await upgrade('/other', { cookie, origin })).toBe(403)
    const socket = await upgrade('/wire', { cookie, origin })
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`)
    const client = createLabClient(webSocketWire(socket as unknown as SocketLike))
    await expect(client.call('jobs.list', {})).resolves.toEqual([])
    client.close()
  })

  it('closes a wire that sends rubbish', async () => {
    const socket = await upgrade('/wire', { cookie, origin })
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`)
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.send(new Uint8Array([0xc1, 0xff, 0xc1]))
    await closed
  })

  it('says so when the port is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address ? address.port : 0
    await expect(serveLab(new RpcServer(), { port, rendererFolder: join(folder, 'renderer') })).rejects.toMatchObject({ code: 'port-busy' })
    other.close()
  })
})
