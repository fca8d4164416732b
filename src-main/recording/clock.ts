/** The two host clocks, injected so that tests own time. */
export interface Clock {
  /** Monotonic, ns since an arbitrary start; a double holds it exactly for 104 days. */
  monotonicNs(): number
  /** Wall clock, ms since 1970. */
  wallMs(): number
}

export const hostClock: Clock = {
  monotonicNs: () => Number(process.hrtime.bigint()),
  wallMs: () => Date.now(),
}
