const remembered = 600

export interface PaintStatistics {
  readonly frames: number
  readonly framesPerSecond: number
  readonly scriptP50Ms: number
  readonly scriptP95Ms: number
  readonly scriptMaxMs: number
}

/** Frame rate and script time of the last 600 frames (10 s at 60/s). */
export class FrameStatistics {
  private readonly scripts = new Float32Array(remembered)
  private readonly times = new Float64Array(remembered)
  private frames = 0

  /** `atMs`: when the frame began; `scriptMs`: all script time since the frame before. */
  add(atMs: number, scriptMs: number): void {
    this.scripts[this.frames % remembered] = scriptMs
    this.times[this.frames % remembered] = atMs
    this.frames++
  }

  reset(): void {
    this.frames = 0
  }

  /** All zero before the second frame. */
  read(): PaintStatistics {
    const known = Math.min(this.frames, remembered)
    if (known < 2) return { frames: this.frames, framesPerSecond: 0, scriptP50Ms: 0, scriptP95Ms: 0, scriptMaxMs: 0 }
    const sorted = this.scripts.slice(0, known).sort()
    const newest = this.times[(this.frames - 1) % remembered]
    const oldest = this.times[(this.frames - known) % remembered]
    const rank = (part: number) => sorted[Math.min(known - 1, Math.ceil(part * known) - 1)]
    return {
      frames: this.frames,
      framesPerSecond: newest > oldest ? ((known - 1) * 1000) / (newest - oldest) : 0,
      scriptP50Ms: rank(0.5),
      scriptP95Ms: rank(0.95),
      scriptMaxMs: sorted[known - 1],
    }
  }
}
