import { normaliseWave } from './beat-shapes.ts'

/** Shapes kept: normal beats in two postures, two bundle branches, paced, extrasystoles of several origins. */
const kept = 12
/** Correlation from which a beat counts as one of a shape. */
const same = 0.85
/** With this, no other shape needs to be asked. */
const sure = 0.95
/** Nor is there anything to gain from shifting. */
const aligned = 0.98
/** A shape's mean stops following after this many beats: 1/32 of every new one still moves it with posture. */
const longestMemory = 32
/** Beats are aligned by their envelope's top, which noise moves by a sample or two. */
const lags = [-1, 1, -2, 2, -3, 3]

/** Shapes end at 35 Hz: every other sample of 180 Hz holds all of them. */
const stride = 2

interface Shape {
  readonly wave: Float64Array
  beats: number
}

/** The forms of beats that occur in one recording, learnt from accepted beats in time order. */
export class BeatClusters {
  private readonly shapes: Shape[] = []
  private readonly signal: Float64Array
  private readonly half: number
  /** Sums and sums of squares before each sample: length and mean of any piece in constant time. */
  private readonly sums: Float64Array
  private readonly squares: Float64Array

  /** `signal`: what shapes are cut from, `half` samples to both sides of a beat. */
  constructor(signal: Float64Array, half: number) {
    this.signal = signal
    this.half = half
    this.sums = new Float64Array(signal.length + 1)
    this.squares = new Float64Array(signal.length + 1)
    for (let i = 0; i < signal.length; i++) {
      this.sums[i + 1] = this.sums[i] + signal[i]
      this.squares[i + 1] = this.squares[i] + signal[i] * signal[i]
    }
  }

  /** Forgets all shapes. */
  clear(): void {
    this.shapes.length = 0
  }

  /** A beat around `at` refines the shape that it is like, or becomes a new one in place of the rarest. */
  learn(at: number): void {
    const near = this.nearest(at, 1)
    if (near !== null && near.r >= same) {
      const { shape, lag } = near
      // The next beat is probably of the same shape: it is asked first.
      const place = this.shapes.indexOf(shape)
      this.shapes[place] = this.shapes[0]
      this.shapes[0] = shape
      this.mix(shape.wave, at + lag, 1 / Math.min(longestMemory, ++shape.beats))
      return
    }
    const wave = new Float64Array(2 * this.half + 1)
    if (!this.mix(wave, at, 1)) return
    if (this.shapes.length === kept) this.shapes.splice(this.rarest(), 1)
    this.shapes.push({ wave, beats: 1 })
  }

  /** Correlation with the most alike of the shapes that `trusted` beats or more have, 0..1; 0 for a flat piece or without such a shape. */
  similarity(at: number, trusted: number): number {
    return Math.max(0, this.nearest(at, trusted)?.r ?? 0)
  }

  /** The most alike shape as aligned, then shifted against it by what noise may have moved the beat. */
  private nearest(at: number, trusted: number): { shape: Shape; r: number; lag: number } | null {
    let best: Shape | null = null
    let r = -1
    for (const shape of this.shapes) {
      if (shape.beats < trusted) continue
      const here = this.correlation(shape, at)
      if (here <= r) continue
      best = shape
      r = here
      if (r >= sure) break
    }
    if (best === null) return null
    let lag = 0
    if (r >= aligned) return { shape: best, r, lag }
    for (const moved of lags) {
      const there = this.correlation(best, at + moved)
      if (there <= r) continue
      r = there
      lag = moved
    }
    return { shape: best, r, lag }
  }

  /** Of the piece around `centre` with a shape: the shape's mean is 0, so the piece's own drops out of the product. */
  private correlation(shape: Shape, centre: number): number {
    const from = centre - this.half
    const { length } = shape.wave
    if (from < 0 || from + length > this.signal.length) return -1
    const sum = this.sums[from + length] - this.sums[from]
    const power = this.squares[from + length] - this.squares[from] - (sum * sum) / length
    if (!(power > 0)) return -1
    const { signal } = this
    const { wave } = shape
    let product = 0
    for (let i = 0; i < length; i += stride) product += wave[i] * signal[from + i]
    return (stride * product) / Math.sqrt(power)
  }

  /** Moves `wave` by `part` towards the normalised piece around `centre`; false for a flat piece or one beyond the ends. */
  private mix(wave: Float64Array, centre: number, part: number): boolean {
    const from = centre - this.half
    if (from < 0 || from + wave.length > this.signal.length) return false
    const piece = this.signal.slice(from, from + wave.length)
    if (!normaliseWave(piece)) return false
    for (let i = 0; i < wave.length; i++) wave[i] += part * (piece[i] - wave[i])
    return normaliseWave(wave)
  }

  private rarest(): number {
    let rarest = 0
    this.shapes.forEach((shape, i) => {
      if (shape.beats < this.shapes[rarest].beats) rarest = i
    })
    return rarest
  }
}
