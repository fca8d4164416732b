/**
 * Runs one request at a time for a value that changes faster than answers come: when an answer arrives, the newest value is asked for,
 * those in between never are.
 */
export class Latest<Input, Output> {
  readonly #ask: (input: Input) => Promise<Output>
  readonly #use: (output: Output, input: Input) => void
  readonly #fail: (thrown: unknown, input: Input) => void
  #waiting: { input: Input } | null = null
  #running: Promise<void> | null = null

  constructor(ask: (input: Input) => Promise<Output>, use: (output: Output, input: Input) => void, fail: (thrown: unknown, input: Input) => void) {
    this.#ask = ask
    this.#use = use
    this.#fail = fail
  }

  /** Resolves when nothing is left to ask. */
  request(input: Input): Promise<void> {
    this.#waiting = { input }
    this.#running ??= this.#run().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #run(): Promise<void> {
    for (let next = this.#take(); next !== null; next = this.#take()) {
      try {
        this.#use(await this.#ask(next.input), next.input)
      } catch (thrown) {
        this.#fail(thrown, next.input)
      }
    }
  }

  #take(): { input: Input } | null {
    const next = this.#waiting
    this.#waiting = null
    return next
  }
}
