/** What bench/trace.ts asks of test/renderer/trace/trace-page.ts. */
export interface TraceRun {
  readonly lanes: number
  readonly rateHz: number
  readonly seconds: number
  readonly mode: 'sweep' | 'scroll'
  readonly paper: boolean
  readonly dark: boolean
  /** Missing samples on the second lane. */
  readonly faults: boolean
  /** Rows per column of the frames; above 1 as for a window that fell behind. */
  readonly stride: number
}

export interface TraceFigures {
  readonly frames: number
  readonly framesPerSecond: number
  readonly scriptP50Ms: number
  readonly scriptP95Ms: number
  readonly scriptMaxMs: number
}

/** Functions that the page puts on its window. */
export interface TraceWindow {
  startTrace(run: TraceRun): void
  /** `null` before `startTrace`. */
  readTrace(): TraceFigures | null
  resetTrace(): void
  /** Stored rows instead of live ones, with a hole in every lane. */
  showHistory(lanes: number, columns: number): void
  showLive(): void
  resizeTrace(): void
}
