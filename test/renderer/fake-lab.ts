import { LabError } from '../../src-main/contract/errors.ts'
import type { MethodInput, MethodName, MethodOutput } from '../../src-main/contract/lab-api.ts'
import type { LabClient } from '../../src-main/contract/lab-client.ts'
import type { EventName, EventPayload } from '../../src-main/contract/lab-events.ts'

export type FakeHandlers = { [M in MethodName]?: (input: MethodInput<M>) => MethodOutput<M> | Promise<MethodOutput<M>> }

/** A lab in memory for one window: answers what the test gave it, tells events when told to, and remembers every call. */
export class FakeLab implements LabClient {
  readonly calls: { method: MethodName; input: unknown }[] = []
  readonly handlers: FakeHandlers
  readonly #listeners = new Map<string, Set<(payload: never) => void>>()
  readonly #closeListeners: (() => void)[] = []
  closed = false

  constructor(handlers: FakeHandlers = {}) {
    this.handlers = handlers
  }

  async call<M extends MethodName>(method: M, input: MethodInput<M>, options?: { signal?: AbortSignal }): Promise<MethodOutput<M>> {
    this.calls.push({ method, input: structuredClone(input) })
    if (this.closed) throw new LabError('connection-lost', 'The fake lab is closed.')
    const handler = this.handlers[method]
    if (handler === undefined) throw new LabError('method-unknown', `The fake lab has no ${method}.`)
    const answer = Promise.resolve(handler(input) as MethodOutput<M>)
    const { signal } = options ?? {}
    if (signal === undefined) return answer
    return Promise.race([
      answer,
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new LabError('cancelled', 'Cancelled.')), { once: true })
      }),
    ])
  }

  on<E extends EventName>(event: E, listener: (payload: EventPayload<E>) => void): () => void {
    const known = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, known)
    known.add(listener)
    return () => void known.delete(listener)
  }

  emit<E extends EventName>(event: E, payload: EventPayload<E>): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(payload as never)
  }

  onClose(listener: () => void): void {
    this.#closeListeners.push(listener)
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    for (const listener of this.#closeListeners) listener()
  }

  /** Inputs of every call of one method, oldest first. */
  inputs<M extends MethodName>(method: M): MethodInput<M>[] {
    return this.calls.filter((call) => call.method === method).map((call) => call.input as MethodInput<M>)
  }
}
