import { LabError } from '../../src-main/contract/errors.ts'
import type { LabClient } from '../../src-main/contract/lab-client.ts'
import type { EventName, EventPayload } from '../../src-main/contract/lab-events.ts'
import type { MethodInput, MethodName, MethodOutput } from '../../src-main/contract/lab-api.ts'

export type ConnectionPhase = 'connecting' | 'connected' | 'lost'

interface Subscription {
  bind(client: LabClient): () => void
  end: (() => void) | null
}

/** First wait, doubled up to the last: a restarted host is found within seconds without hammering a dead one. */
const firstDelayMs = 250
const lastDelayMs = 4000

/**
 * The wire to the lab that outlives its breaks: requests go to the current client, subscriptions move to the next one,
 * and `onReady` runs after every (re)connection so that each section can read its state again.
 */
export class Connection {
  phase = $state<ConnectionPhase>('connecting')
  #client: LabClient | null = null
  #closed = false
  #delayMs = firstDelayMs
  readonly #connect: () => Promise<LabClient>
  readonly #subscriptions = new Set<Subscription>()
  readonly #readyListeners: (() => void)[] = []

  constructor(connect: () => Promise<LabClient>) {
    this.#connect = connect
  }

  /** Resolves when the first attempt has ended; later attempts go on by themselves. */
  async start(): Promise<void> {
    try {
      this.#adopt(await this.#connect())
    } catch (thrown) {
      console.warn('Pulseprint: no connection yet', LabError.from(thrown).message)
      this.#retryLater()
    }
  }

  /** @throws LabError whatever the lab answered, or `connection-lost` while there is no wire. */
  async call<M extends MethodName>(method: M, input: MethodInput<M>, options?: { signal?: AbortSignal }): Promise<MethodOutput<M>> {
    if (this.#client === null) throw new LabError('connection-lost', 'There is no connection to Pulseprint.', { method })
    return this.#client.call(method, input, options)
  }

  on<E extends EventName>(event: E, listener: (payload: EventPayload<E>) => void): () => void {
    const subscription: Subscription = { bind: (client) => client.on(event, listener), end: null }
    if (this.#client !== null) subscription.end = subscription.bind(this.#client)
    this.#subscriptions.add(subscription)
    return () => {
      subscription.end?.()
      this.#subscriptions.delete(subscription)
    }
  }

  onReady(listener: () => void): void {
    this.#readyListeners.push(listener)
    if (this.phase === 'connected') listener()
  }

  close(): void {
    this.#closed = true
    this.#client?.close()
  }

  #adopt(client: LabClient): void {
    this.#client = client
    this.#delayMs = firstDelayMs
    for (const subscription of this.#subscriptions) subscription.end = subscription.bind(client)
    client.onClose(() => {
      if (this.#client !== client) return
      this.#client = null
      this.phase = 'lost'
      if (!this.#closed) this.#retryLater()
    })
    this.phase = 'connected'
    for (const listener of this.#readyListeners) listener()
  }

  #retryLater(): void {
    this.phase = 'lost'
    setTimeout(() => {
      if (!this.#closed) void this.start()
    }, this.#delayMs)
    this.#delayMs = Math.min(this.#delayMs * 2, lastDelayMs)
  }
}
