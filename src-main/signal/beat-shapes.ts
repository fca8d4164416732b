/** Shapes kept: the usual beat and two others (extrasystoles of different origin). */
const kept = 3
/** Correlation from which a beat counts as one of a shape. */
const same = 0.85
/** A shape follows posture and electrodes with this part of every new beat. */
const follow = 0.125
/** A shape seen once may be noise. */
const trustedBeats = 2

interface Shape {
  wave: Float64Array
  beats: number
  lastUse: number
}

/** Learns what this person's beats look like, and tells how much a new one is like them. Waves are normalised (`normaliseWave`). */
export class BeatShapes {
  private readonly shapes: Shape[] = []
  private learned = 0

  clear(): void {
    this.shapes.length = 0
    this.learned = 0
  }

  /** Highest correlation with a shape seen at least twice, -1..1; NaN while there is none. */
  similarity(wave: Float64Array): number {
    let best = Number.NaN
    for (const shape of this.shapes) {
      if (shape.beats < trustedBeats) continue
      const r = correlation(shape.wave, wave)
      if (!(r <= best)) best = r
    }
    return best
  }

  /** An accepted beat: it refines the shape that it is like, or becomes a new one in place of the one longest unseen. */
  learn(wave: Float64Array): void {
    this.learned++
    let nearest: Shape | null = null
    let nearestR = same
    for (const shape of this.shapes) {
      const r = correlation(shape.wave, wave)
      if (r >= nearestR) {
        nearest = shape
        nearestR = r
      }
    }
    if (nearest !== null) {
      for (let i = 0; i < wave.length; i++) nearest.wave[i] += follow * (wave[i] - nearest.wave[i])
      normaliseWave(nearest.wave)
      nearest.beats++
      nearest.lastUse = this.learned
      return
    }
    if (this.shapes.length === kept) {
      const oldest = this.shapes.reduce((old, shape) => (shape.lastUse < old.lastUse ? shape : old))
      this.shapes.splice(this.shapes.indexOf(oldest), 1)
    }
    this.shapes.push({ wave: wave.slice(), beats: 1, lastUse: this.learned })
  }
}

/** Takes the mean off and scales to length 1, in place; false for a constant. */
export function normaliseWave(wave: Float64Array): boolean {
  let mean = 0
  for (const value of wave) mean += value
  mean /= wave.length
  let power = 0
  for (let i = 0; i < wave.length; i++) {
    wave[i] -= mean
    power += wave[i] * wave[i]
  }
  if (!(power > 0)) return false
  const scale = 1 / Math.sqrt(power)
  for (let i = 0; i < wave.length; i++) wave[i] *= scale
  return true
}

function correlation(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
