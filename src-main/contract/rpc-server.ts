import { LabError } from './errors.ts'
import { labApi, type MethodName } from './lab-api.ts'
import type { Caller, LabEmitter, LabHandlers } from './lab-client.ts'
import type { EventName, EventPayload } from './lab-events.ts'
import { ClientMessage, type ServerMessage } from './rpc-messages.ts'
import type { Wire } from './wire.ts'

type AnyHandler = (input: unknown, context: { caller: Caller; signal: AbortSignal }) => unknown

/** The services' end of every wire: validates what arrives, calls the handler, sends its answer, and tells all windows events. */
export class RpcServer implements LabEmitter {
  readonly #callers = new Set<Caller>()
  #nextCallerId = 1
  #handlers: LabHandlers | null = null

  /** The services are built with this emitter, so their handlers come after it. */
  use(handlers: LabHandlers): void {
    this.#handlers = handlers
  }

  get callers(): number {
    return this.#callers.size
  }

  emit<E extends EventName>(event: E, payload: EventPayload<E>): void {
    for (const caller of this.#callers) caller.emit(event, payload)
  }

  /** Serves one window until its wire closes. */
  attach(wire: Wire): Caller {
    const running = new Map<number, AbortController>()
    const send = (message: ServerMessage): void => wire.send(message)
    const caller: Caller = {
      id: this.#nextCallerId++,
      emit: (event, payload) => send({ type: 'event', event, payload }),
      bufferedBytes: () => wire.bufferedBytes(),
      onClose: (listener) => wire.onClose(listener),
    }
    this.#callers.add(caller)
    wire.onClose(() => {
      this.#callers.delete(caller)
      for (const controller of running.values()) controller.abort()
    })
    wire.onMessage((raw) => {
      const message = ClientMessage.safeParse(raw)
      if (!message.success) return
      if (message.data.type === 'cancel') return running.get(message.data.id)?.abort()
      const { id, method, input } = message.data
      const controller = new AbortController()
      running.set(id, controller)
      void this.#answer(method, input, caller, controller.signal)
        .then((output) => send({ type: 'result', id, output }))
        .catch((thrown: unknown) => send({ type: 'error', id, error: LabError.from(thrown).toWire() }))
        .finally(() => running.delete(id))
    })
    return caller
  }

  async #answer(method: string, input: unknown, caller: Caller, signal: AbortSignal): Promise<unknown> {
    if (!this.#handlers || !isMethodName(method)) throw new LabError('method-unknown', `There is no method ${method}.`, { method })
    const parsed = labApi[method].input.safeParse(input)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      const where = issue?.path.join('.') ?? ''
      throw new LabError('request-invalid', `${method}: ${where ? `${where}: ` : ''}${issue?.message ?? 'invalid'}`, { method, issues: parsed.error.issues })
    }
    // The map's types tie each method to its own input; the lookup by name loses that tie, the schema above restores it.
    const handler = this.#handlers[method] as AnyHandler
    const output = await handler(parsed.data, { caller, signal })
    const packing = labApi[method].packing as { pack: (output: unknown) => unknown } | null
    return packing ? packing.pack(output) : output
  }
}

const isMethodName = (name: string): name is MethodName => Object.hasOwn(labApi, name)
