import { Random } from './random.ts'

/** What one heart is: independent standard normal numbers. */
export interface HeartTraits {
  /** Turn of the whole heart vector, about its three axes. */
  readonly axis: readonly [number, number, number]
  /** Size of everything, QT and PR interval. */
  readonly overall: number
  readonly qt: number
  readonly pr: number
  /** One of each event of the cardiac cycle, in the order of the ECG model's table. */
  readonly events: readonly EventTraits[]
}

interface EventTraits {
  readonly amplitude: number
  readonly tilt: readonly [number, number, number]
  readonly width: number
  readonly shift: number
  /** A direction of its own, for the event that has no typical one. */
  readonly own: readonly [number, number, number]
}

/** P (two), Q, R, a notch, S, T (two). */
export const heartEvents = 8

/** The heart of a seed. The order of the draws is part of what a seed means. */
export function heartTraits(seed: number): HeartTraits {
  const random = Random.named(seed, 'ecg')
  const one = (): number => random.normal()
  const three = (): [number, number, number] => [one(), one(), one()]
  return {
    axis: three(), overall: one(), qt: one(), pr: one(),
    events: Array.from({ length: heartEvents }, () => ({ amplitude: one(), tilt: three(), width: one(), shift: one(), own: three() })),
  }
}

/**
 * The part of a heart's identity that a pulse can carry: one standard normal number for each of its traits, in the order in which `PpgModel` takes them. Each is a trait of its own that an ECG lead shows; no
 * physiology is meant by who goes with whom.
 * @example pulseTraitsOf(heartTraits(7)).length // 11
 */
export function pulseTraitsOf({ overall, qt, pr, events: [p, , q, r, , s, t, tEnd] }: HeartTraits): number[] {
  const transitPerfusionSaturation = [pr, overall, p.amplitude]
  const systolic = [r.width, q.amplitude]
  const reflected = [s.amplitude, t.amplitude, t.width]
  const dicrotic = [tEnd.amplitude, qt, tEnd.width]
  return [...transitPerfusionSaturation, ...systolic, ...reflected, ...dicrotic]
}
