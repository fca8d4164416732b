import { LabError } from '../contract/index.ts'
import type { DeviceIo } from '../devices/protocol.ts'
import type { DeviceLink } from './device-link.ts'

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/** Replies are short; a board that streams while it is being asked must not grow the buffer without bound. */
const keptBytes = 1 << 20

/**
 * A device session's view of a link: bytes handed in by `received` wait for the session's next `read`. It only looks at the bytes: whoever
 * owns the link still journals and decodes every one of them.
 */
export class LinkIo implements DeviceIo {
  readonly #link: DeviceLink
  #chunks: Uint8Array[] = []
  #bytes = 0
  #closed: LabError | null = null
  #wake: () => void = () => undefined

  constructor(link: DeviceLink) {
    this.#link = link
  }

  received(bytes: Uint8Array): void {
    if (this.#bytes + bytes.length > keptBytes) this.#clear()
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    this.#wake()
  }

  /** The link is gone: every waiting and later call rejects with `error`. */
  closed(error: LabError): void {
    this.#closed = error
    this.#wake()
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#check()
    await this.#link.write(bytes)
  }

  async read(done: (received: Uint8Array) => boolean, timeoutMs: number): Promise<Uint8Array | null> {
    const deadline = this.#timer(timeoutMs)
    try {
      for (;;) {
        this.#check()
        const whole = joined(this.#chunks)
        if (whole.length > 0 && done(whole)) {
          this.#clear()
          return whole
        }
        if (deadline.over) return null
        await this.#next(deadline)
      }
    } finally {
      deadline.cancel()
    }
  }

  async drain(quietMs: number, timeoutMs: number): Promise<void> {
    const deadline = this.#timer(timeoutMs)
    try {
      while (!deadline.over) {
        this.#clear()
        const quiet = this.#timer(quietMs)
        await this.#next(quiet)
        quiet.cancel()
        this.#check()
        if (this.#bytes === 0 && quiet.over) return
      }
    } finally {
      deadline.cancel()
      this.#clear()
    }
  }

  async sleep(ms: number): Promise<void> {
    const timer = this.#timer(ms)
    while (!timer.over) {
      await this.#next(timer)
      this.#check()
    }
  }

  #check(): void {
    if (this.#closed) throw this.#closed
  }

  #clear(): void {
    this.#chunks = []
    this.#bytes = 0
  }

  /** Until bytes arrive, the link closes or the timer is over. */
  #next(timer: { whenOver: Promise<void> }): Promise<void> {
    const arrived = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    return Promise.race([arrived, timer.whenOver])
  }

  #timer(ms: number): { over: boolean; whenOver: Promise<void>; cancel: () => void } {
    let finish: () => void = () => undefined
    const timer = {
      over: false,
      whenOver: new Promise<void>((resolve) => {
        finish = resolve
      }),
      cancel: () => clearTimeout(handle),
    }
    const handle = setTimeout(() => {
      timer.over = true
      finish()
    }, ms)
    return timer
  }
}
