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
  /** Mean 0. */
  readonly wave: Float64Array
  /** Every other sample of it, side by side: what beats are compared with. */
  readonly thinned: Float64Array
  /** Makes the wave one of length 1: scaling what is computed with a wave costs less than scaling the wave. */
  scale: number
  beats: number
}

/** The forms of beats that occur in one recording, learnt from accepted beats in time order. */
export class BeatClusters {
  private shapes: Shape[] = []
  private readonly signal: Float64Array
  private readonly half: number
  /** Samples of a shape. */
  private readonly length: number
  /** Sums and sums of squares before each sample: length and mean of any piece in constant time. */
  private readonly sums: Float64Array
  private readonly squares: Float64Array

  /** `signal`: what shapes are cut from, `half` samples to both sides of a beat. */
  constructor(signal: Float64Array, half: number) {
    this.signal = signal
    this.half = half
    this.length = 2 * half + 1
    this.sums = new Float64Array(signal.length + 1)
    this.squares = new Float64Array(signal.length + 1)
    let sum = 0
    let square = 0
    for (let i = 0; i < signal.length; i++) {
      const value = signal[i]
      this.sums[i + 1] = sum += value
      this.squares[i + 1] = square += value * value
    }
  }

  /** Forgets all shapes and learns those of `beats`, in time order; shapes of fewer than `trusted` beats are dropped at the end. */
  learn(beats: Int32Array, trusted: number): void {
    this.shapes = []
    for (const at of beats) this.add(at)
    this.shapes = this.shapes.filter((shape) => shape.beats >= trusted)
  }

  /** Correlation with the most alike shape, 0..1; 0 for a flat piece or without any shape. */
  similarity(at: number): number {
    return Math.max(0, this.nearest(at)?.r ?? 0)
  }

  /** A beat around `at` refines the shape that it is like, or becomes a new one in place of the rarest. */
  private add(at: number): void {
    const near = this.nearest(at)
    if (near !== null && near.r >= same) {
      const { place, lag } = near
      const shape = this.shapes[place]
      // The next beat is probably of the same shape: it is asked first.
      this.shapes[place] = this.shapes[0]
      this.shapes[0] = shape
      this.mix(shape, at + lag, 1 / Math.min(longestMemory, ++shape.beats))
      return
    }
    const shape: Shape = { wave: new Float64Array(this.length), thinned: new Float64Array(this.half + 1), scale: 1, beats: 1 }
    if (!this.mix(shape, at, 1)) return
    if (this.shapes.length === kept) this.shapes.splice(this.rarest(), 1)
    this.shapes.push(shape)
  }

  /** The most alike shape as aligned, then shifted against it by what noise may have moved the beat. */
  private nearest(at: number): { place: number; r: number; lag: number } | null {
    const { shapes } = this
    const scale = this.scaleAt(at)
    if (scale === 0 || shapes.length === 0) return null
    let place = 0
    let r = -1
    for (let k = 0; k < shapes.length && r < sure; k++) {
      const here = scale * this.product(shapes[k], at)
      if (here <= r) continue
      place = k
      r = here
    }
    let lag = 0
    if (r >= aligned) return { place, r, lag }
    for (const moved of lags) {
      const movedScale = this.scaleAt(at + moved)
      const there = movedScale === 0 ? 0 : movedScale * this.product(shapes[place], at + moved)
      if (there <= r) continue
      r = there
      lag = moved
    }
    return { place, r, lag }
  }

  /** Of the piece around `centre` with a shape of length 1: the shape's mean is 0, so the piece's own drops out. */
  private product({ thinned, scale }: Shape, centre: number): number {
    const { signal } = this
    const last = thinned.length - 1
    let at = centre - this.half
    // Two sums: neither waits for the other's last addition.
    let even = last % 2 === 0 ? thinned[last] * signal[at + last * stride] : 0
    let odd = 0
    for (let k = 0; k < last; k += 2, at += 2 * stride) {
      even += thinned[k] * signal[at]
      odd += thinned[k + 1] * signal[at + stride]
    }
    return scale * stride * (even + odd)
  }

  /** What the piece around `centre`, less its mean, is multiplied by to have length 1; 0 for a flat one or one beyond the ends. */
  private scaleAt(centre: number): number {
    const from = centre - this.half
    const to = from + this.length
    if (from < 0 || to > this.signal.length) return 0
    const sum = this.sums[to] - this.sums[from]
    const power = this.squares[to] - this.squares[from] - (sum * sum) / this.length
    return power > 0 ? 1 / Math.sqrt(power) : 0
  }

  /** Moves a shape by `part` towards the piece around `centre`, as if both had length 1; false for a flat piece or one beyond the ends. */
  private mix(shape: Shape, centre: number, part: number): boolean {
    const scale = this.scaleAt(centre)
    if (scale === 0) return false
    const { signal } = this
    const { wave, thinned } = shape
    const from = centre - this.half
    const mean = (this.sums[from + wave.length] - this.sums[from]) / wave.length
    const keep = (1 - part) * shape.scale
    let squares = 0
    for (let i = 0; i < wave.length; i++) {
      const value = keep * wave[i] + part * scale * (signal[from + i] - mean)
      wave[i] = value
      if (i % stride === 0) thinned[i / stride] = value
      squares += value * value
    }
    shape.scale = 1 / Math.sqrt(squares)
    return squares > 0
  }

  private rarest(): number {
    let rarest = 0
    this.shapes.forEach((shape, i) => {
      if (shape.beats < this.shapes[rarest].beats) rarest = i
    })
    return rarest
  }
}
