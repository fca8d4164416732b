import type { ProtocolStep, RecordingProtocol } from '../contract/index.ts'

/** A step that began: becomes a `protocol` marker at the moment of its beginning. */
export interface StepStart {
  readonly step: ProtocolStep
  readonly index: number
  /** Host monotonic time at which the step begins, ns: the planned instant, not the moment at which a timer noticed. */
  readonly atNs: number
}

/**
 * Walks through a protocol's steps on the monotonic clock. Timed steps follow each other without drift: a step begins where the one before it
 * ends, however late `advance` is called. Steps without a duration wait for `next`.
 */
export class ProtocolRunner {
  readonly protocol: RecordingProtocol
  #index = 0
  #beganNs: number
  #finished = false

  constructor(protocol: RecordingProtocol, startNs: number) {
    this.protocol = protocol
    this.#beganNs = startNs
  }

  /** The first step, to be marked when the recording begins. */
  get first(): StepStart {
    return { step: this.protocol.steps[0], index: 0, atNs: this.#beganNs }
  }

  get finished(): boolean {
    return this.#finished
  }

  /** Steps that began since the last call; the protocol is finished when its last step's time is over. */
  advance(nowNs: number): StepStart[] {
    const started: StepStart[] = []
    while (!this.#finished) {
      const seconds = this.protocol.steps[this.#index].seconds
      if (seconds === null) break
      const endNs = this.#beganNs + seconds * 1e9
      if (nowNs < endNs) break
      const next = this.#enter(this.#index + 1, endNs)
      if (next) started.push(next)
    }
    return started
  }

  /** Ends the current step now, whatever its duration. Returns the step that begins, or `null` when that was the last. */
  next(nowNs: number): StepStart | null {
    if (this.#finished) return null
    return this.#enter(this.#index + 1, nowNs)
  }

  status(nowNs: number): { id: string; step: number; stepElapsedSeconds: number; finished: boolean } {
    return {
      id: this.protocol.id,
      step: this.#index,
      stepElapsedSeconds: Math.max(0, (nowNs - this.#beganNs) / 1e9),
      finished: this.#finished,
    }
  }

  #enter(index: number, atNs: number): StepStart | null {
    this.#beganNs = atNs
    if (index >= this.protocol.steps.length) {
      this.#finished = true
      return null
    }
    this.#index = index
    return { step: this.protocol.steps[index], index, atNs }
  }
}

/** Sum of the timed steps, seconds; `null` when a step waits for the technician. */
export function plannedSeconds(protocol: RecordingProtocol): number | null {
  let total = 0
  for (const step of protocol.steps) {
    if (step.seconds === null) return null
    total += step.seconds
  }
  return total
}
