import { LabError } from './errors.ts'
import { labApi, type MethodInput, type MethodName, type MethodOutput } from './lab-api.ts'
import type { LabClient } from './lab-client.ts'
import { labEvents, type EventName, type EventPayload } from './lab-events.ts'
import { ServerMessage, type ClientMessage } from './rpc-messages.ts'
import type { Wire } from './wire.ts'

interface Pending {
  readonly settle: (output: unknown) => void
  readonly fail: (error: LabError) => void
}

/**
 * The caller's end of a wire. Calls reject with the `LabError` that the service threw; when the wire closes, every open call
 * rejects with `connection-lost`.
 */
export function createLabClient(wire: Wire): LabClient {
  const pending = new Map<number, Pending>()
  const listeners = new Map<EventName, Set<(payload: never) => void>>()
  let nextId = 1
  let open = true
  const send = (message: ClientMessage): void => wire.send(message)

  wire.onMessage((raw) => {
    const message = ServerMessage.safeParse(raw)
    if (!message.success) return
    if (message.data.type === 'event') return deliver(message.data.event, message.data.payload)
    const call = pending.get(message.data.id)
    if (!call) return
    pending.delete(message.data.id)
    if (message.data.type === 'error') call.fail(LabError.fromWire(message.data.error))
    else call.settle(message.data.output)
  })
  wire.onClose(() => {
    open = false
    for (const call of pending.values()) call.fail(connectionLost())
    pending.clear()
  })

  function deliver(name: string, raw: unknown): void {
    if (!isEventName(name)) return
    const interested = listeners.get(name)
    if (!interested || interested.size === 0) return
    // Live frames are checked by their own decoder, sixty times a second.
    const payload = name === 'view.frame' ? raw : labEvents[name].parse(raw)
    for (const listener of interested) listener(payload as never)
  }

  return {
    call<M extends MethodName>(method: M, input: MethodInput<M>, options: { signal?: AbortSignal } = {}): Promise<MethodOutput<M>> {
      if (!open) return Promise.reject(connectionLost())
      const { signal } = options
      if (signal?.aborted) return Promise.reject(new LabError('cancelled', 'The request was cancelled.', { method }))
      const id = nextId++
      return new Promise((resolve, reject) => {
        const cancel = (): void => send({ type: 'cancel', id })
        const over = (): void => signal?.removeEventListener('abort', cancel)
        pending.set(id, {
          settle(output) {
            over()
            const { packing, output: schema } = labApi[method]
            const parsed = (packing?.schema ?? schema).safeParse(output)
            if (parsed.success) resolve(parsed.data as MethodOutput<M>)
            else reject(new LabError('response-invalid', `The answer to ${method} does not fit the contract.`, { method, issues: parsed.error.issues }))
          },
          fail(error) {
            over()
            reject(error)
          },
        })
        signal?.addEventListener('abort', cancel, { once: true })
        send({ type: 'call', id, method, input })
      })
    },
    on<E extends EventName>(event: E, listener: (payload: EventPayload<E>) => void) {
      const known = listeners.get(event) ?? new Set()
      listeners.set(event, known)
      known.add(listener)
      return () => void known.delete(listener)
    },
    onClose: (listener) => wire.onClose(listener),
    close: () => wire.close(),
  }
}

const connectionLost = (): LabError => new LabError('connection-lost', 'The connection to Pulseprint was lost.')

const isEventName = (name: string): name is EventName => Object.hasOwn(labEvents, name)
