import type { Wire } from '../wire.ts'

/** Two ends in one process (the command line, tests), with the clone semantics of the real wires: nobody shares an object. */
export function memoryWirePair(): [Wire, Wire] {
  let open = true
  const ends = [new MemoryEnd(), new MemoryEnd()] as const
  const wire = (here: MemoryEnd, there: MemoryEnd): Wire => ({
    send(message) {
      if (!open) return
      const copy: unknown = structuredClone(message)
      queueMicrotask(() => {
        if (open) there.deliver(copy)
      })
    },
    onMessage: (listener) => here.onMessage(listener),
    onClose: (listener) => void here.closeListeners.push(listener),
    close() {
      if (!open) return
      open = false
      queueMicrotask(() => {
        for (const end of ends) for (const listener of end.closeListeners) listener()
      })
    },
    bufferedBytes: () => 0,
  })
  return [wire(ends[0], ends[1]), wire(ends[1], ends[0])]
}

class MemoryEnd {
  readonly closeListeners: (() => void)[] = []
  #listener: ((message: unknown) => void) | null = null
  #early: unknown[] = []

  onMessage(listener: (message: unknown) => void): void {
    this.#listener = listener
    for (const message of this.#early.splice(0)) listener(message)
  }

  deliver(message: unknown): void {
    if (this.#listener) this.#listener(message)
    else this.#early.push(message)
  }
}
