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

/** Events, by their place, whose amplitude or width a pulse can carry. */
const carried = { amplitude: [0, 2, 5, 6, 7], width: [3, 6, 7] } as const satisfies Partial<Record<keyof EventTraits, readonly number[]>>

/**
 * The same heart, with so much of the traits that no pulse carries: 1 all of them, 0 none, so that whoever knows the heart knows the pulse.
 * @example pulseTraitsOf(withDetail(heart, 0)) is pulseTraitsOf(heart)
 */
export function withDetail({ axis, overall, qt, pr, events }: HeartTraits, detail: number): HeartTraits {
  const three = ([x, y, z]: readonly [number, number, number]): [number, number, number] => [detail * x, detail * y, detail * z]
  const kept = (trait: keyof typeof carried, place: number): number => ((carried[trait] as readonly number[]).includes(place) ? 1 : detail)
  return {
    axis: three(axis), overall, qt, pr,
    events: events.map(({ amplitude, tilt, width, shift, own }, place) => ({
      amplitude: kept('amplitude', place) * amplitude, tilt: three(tilt), width: kept('width', place) * width, shift: detail * shift, own: three(own),
    })),
  }
}
