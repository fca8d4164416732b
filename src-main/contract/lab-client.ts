import type { EventName, EventPayload } from './lab-events.ts'
import type { MethodInput, MethodName, MethodOutput, MethodRequest } from './lab-api.ts'

/** The caller's side of the contract: what the renderer and scripts hold, whatever wire lies between. */
export interface LabClient {
  /** Rejects with a `LabError`; aborting the signal cancels the request at the other side (`cancelled`). */
  call<M extends MethodName>(method: M, input: MethodInput<M>, options?: { signal?: AbortSignal }): Promise<MethodOutput<M>>
  /** Returns the function that ends the subscription. */
  on<E extends EventName>(event: E, listener: (payload: EventPayload<E>) => void): () => void
  onClose(listener: () => void): void
  close(): void
}

/** Who is calling: one per connected window. Services that stream to one window (the live view) key their state by it. */
export interface Caller {
  readonly id: number
  emit<E extends EventName>(event: E, payload: EventPayload<E>): void
  /** Bytes waiting in this caller's wire. */
  bufferedBytes(): number
  onClose(listener: () => void): void
}

/** The services' side: a handler per method. Inputs are already validated. */
export type LabHandlers = {
  [M in MethodName]: (input: MethodRequest<M>, context: { caller: Caller; signal: AbortSignal }) => Promise<MethodOutput<M>> | MethodOutput<M>
}

/** Events to every connected caller. */
export interface LabEmitter {
  emit<E extends EventName>(event: E, payload: EventPayload<E>): void
}
