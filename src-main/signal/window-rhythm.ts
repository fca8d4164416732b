import { correlation } from './mean-beat.ts'

/** Between 200 and 40 beats a minute; longer intervals than half the window repeat themselves nowhere in it. */
const shortestSeconds = 0.3
const longestSeconds = 1.5
/** Two or three beats on a signal is as like itself as one beat on: the shortest lag of about the best likeness is the beat. */
const nearlyBest = 0.9

export interface WindowRhythm {
  /** Seconds from beat to beat. */
  readonly intervalSeconds: number
  /** How much the window is like itself one beat on, 0-1: the correlation of its beats with each other. */
  readonly likeness: number
}

/**
 * The heart's rhythm in one window of ECG or PPG, by its autocorrelation: no beat need be found. `null` where nothing repeats itself.
 * @param samples of one window, none missing
 * @example five seconds of any pulse at 75/min -> { intervalSeconds: 0.8, likeness: 0.98 }
 */
export function rhythmOf(samples: Float32Array, rateHz: number): WindowRhythm | null {
  const from = Math.max(2, Math.round(shortestSeconds * rateHz))
  const to = Math.min(Math.round(longestSeconds * rateHz), Math.floor(samples.length / 2))
  // One more to either side: a summit needs neighbours.
  const likeness = Float64Array.from({ length: Math.max(0, to - from + 3) }, (_, k) => likenessAt(samples, from - 1 + k))
  const summits = Array.from(likeness.keys()).slice(1, -1).filter((k) => likeness[k] > 0 && likeness[k] >= likeness[k - 1] && likeness[k] > likeness[k + 1])
  const best = summits.reduce((most, k) => Math.max(most, likeness[k]), 0)
  const chosen = summits.find((k) => likeness[k] >= nearlyBest * best)
  return chosen === undefined ? null : { intervalSeconds: (from - 1 + chosen) / rateHz, likeness: Math.min(1, likeness[chosen]) }
}

const likenessAt = (samples: Float32Array, lag: number): number => correlation(samples, lag, samples.subarray(0, samples.length - lag))
