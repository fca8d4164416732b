import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { MessageChannel } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createLabClient, LabError, RpcServer, type LabHandlers, type Wire } from '../../src-main/contract/index.ts'
import { memoryWirePair } from '../../src-main/contract/wires/memory-wire.ts'
import { messagePortWire, type PortLike } from '../../src-main/contract/wires/message-port-wire.ts'
import { webSocketWire } from '../../src-main/contract/wires/web-socket-wire.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

const wires: Record<string, () => Promise<[Wire, Wire]>> = {
  'in-memory pair': () => Promise.resolve(memoryWirePair()),
  'worker_threads MessagePort': () => {
    const { port1, port2 } = new MessageChannel()
    return Promise.resolve([messagePortWire(port1 as unknown as PortLike), messagePortWire(port2 as unknown as PortLike)])
  },
  WebSocket: async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    cleanups.push(() => server.close())
    await once(server, 'listening')
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const [[accepted]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as [[WebSocket], unknown]
    return [webSocketWire(accepted), webSocketWire(client)]
  },
}

const received = (wire: Wire, count: number): Promise<unknown[]> =>
  new Promise((resolve) => {
    const messages: unknown[] = []
    wire.onMessage((message) => {
      messages.push(message)
      if (messages.length === count) resolve(messages)
    })
  })

describe.each(Object.entries(wires))('a wire over %s', (_name, open) => {
  it('delivers JSON values and binary in order, in both directions', async () => {
    const [a, b] = await open()
    const sent = [{ n: 1, text: 'µV 心电', list: [1.5, null, true] }, { bytes: new Uint8Array([0, 255, 7]) }, 'plain', 42]
    const atB = received(b, sent.length)
    for (const message of sent) a.send(message)
    expect(await atB).toEqual(sent)
    const atA = received(a, 200)
    for (let i = 0; i < 200; i++) b.send(i)
    expect(await atA).toEqual(Array.from({ length: 200 }, (_, i) => i))
    a.close()
  })

  it('keeps messages that arrive before anyone listens', async () => {
    const [a, b] = await open()
    a.send('early')
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(await received(b, 1)).toEqual(['early'])
    a.close()
  })

  it('gives the receiver bytes of its own', async () => {
    const [a, b] = await open()
    const bytes = new Uint8Array([1, 2, 3])
    const atB = received(b, 1)
    a.send({ bytes })
    bytes.fill(9)
    const [message] = (await atB) as [{ bytes: Uint8Array }]
    expect(message.bytes).toBeInstanceOf(Uint8Array)
    expect([...message.bytes]).toEqual([1, 2, 3])
    a.close()
  })

  it('tells both ends once when it closes, and sending afterwards is silent', async () => {
    const [a, b] = await open()
    let closes = 0
    const both = new Promise<void>((resolve) => {
      const one = (): void => {
        closes++
        if (closes === 2) resolve()
      }
      a.onClose(one)
      b.onClose(one)
    })
    let late = 0
    b.onMessage(() => late++)
    a.close()
    a.close()
    a.send('too late')
    b.send('too late')
    await both
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(closes).toBe(2)
    expect(late).toBe(0)
  })

  it('carries the rpc: answers, coded errors, validation, cancellation, events, loss of connection', async () => {
    const [here, there] = await open()
    const server = new RpcServer()
    let aborted = false
    const handlers: Partial<LabHandlers> = {
      'subjects.suggestCode': () => ({ code: 'S042' as never }),
      'subjects.list': () => {
        throw new LabError('dataset-not-open', 'Open a dataset first.', { hint: 1 })
      },
      'dataset.open': () => {
        throw new TypeError('defect')
      },
      'devices.detect': (_input, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true
            reject(new LabError('cancelled', 'Cancelled.'))
          })
        }),
      'jobs.list': () => new Promise(() => undefined),
    }
    server.use(handlers as LabHandlers)
    server.attach(there)
    const client = createLabClient(here)

    await expect(client.call('subjects.suggestCode', {})).resolves.toEqual({ code: 'S042' })
    await expect(client.call('subjects.list', {})).rejects.toMatchObject({ code: 'dataset-not-open', message: 'Open a dataset first.', data: { hint: 1 } })
    await expect(client.call('dataset.open', { path: '/x' })).rejects.toMatchObject({ code: 'internal-error' })
    await expect(client.call('dataset.open', { path: 7 as unknown as string })).rejects.toMatchObject({ code: 'request-invalid' })
    await expect(client.call('no.such' as 'lab.info', {})).rejects.toMatchObject({ code: 'method-unknown' })

    const controller = new AbortController()
    const detecting = client.call('devices.detect', { path: '/dev/ttyX' }, { signal: controller.signal })
    setTimeout(() => controller.abort(), 10)
    await expect(detecting).rejects.toMatchObject({ code: 'cancelled' })
    expect(aborted).toBe(true)

    const heard: unknown[] = []
    const event = new Promise<void>((resolve) => {
      const stop = client.on('library.changed', (payload) => {
        heard.push(payload)
        stop()
        resolve()
      })
    })
    server.emit('library.changed', { id: 'first' })
    await event
    server.emit('library.changed', { id: 'second' })
    const unanswered = client.call('jobs.list', {})
    setTimeout(() => there.close(), 20)
    await expect(unanswered).rejects.toMatchObject({ code: 'connection-lost' })
    await expect(client.call('subjects.suggestCode', {})).rejects.toMatchObject({ code: 'connection-lost' })
    expect(heard).toEqual([{ id: 'first' }])
    expect(server.callers).toBe(0)
  })
})
