import { uniform } from '../../curation/gaussian.ts'
import type { Random } from '../../curation/random.ts'

/** What breathing does to a pulse wave, at the most; each window gets a part of it. 0: nothing. */
export interface Breathing {
  /** Of the amplitude: pulses grow and shrink by 1 +- this. */
  readonly modulation: number
  /** Of the baseline, in deviations of the window. Nearly nothing of it is left in band-passed windows (0.5 Hz and up). */
  readonly wander: number
}

interface Window {
  /** [length, channels], changed in place. */
  readonly samples: Float32Array
  readonly channels: number
  readonly rateHz: number
}

/** Hz: 9 to 24 breaths a minute. */
export const breathingRates = { lowest: 0.15, highest: 0.4 } as const

/**
 * Lets somebody breathe through one window: every channel is scaled about its mean by 1 + m sin(2 pi f t + a), then d sin(2 pi f t + b) deviations are added. Of the two modulations of the pulse wave by
 * breathing that are not the heart rate's (Charlton et al. 2018, IEEE Rev. Biomed. Eng. 11:2). f is uniform over 0.15-0.4 Hz, m and d are uniform up to what is asked for, a and b over the circle; one f and
 * one set of the others for all channels. Draws nothing from `random` for what is 0.
 */
export function breathe({ samples, channels, rateHz }: Window, { modulation, wander }: Breathing, random: Random): void {
  if (modulation <= 0 && wander <= 0) return
  const { lowest, highest } = breathingRates
  const step = (2 * Math.PI * (lowest + (highest - lowest) * uniform(random))) / rateHz
  const wave = (most: number): ((i: number) => number) => {
    if (most <= 0) return () => 0
    const depth = most * uniform(random)
    const phase = 2 * Math.PI * uniform(random)
    return (i) => depth * Math.sin(step * i + phase)
  }
  const [gain, baseline] = [wave(modulation), wave(wander)]
  const length = samples.length / channels
  for (let channel = 0; channel < channels; channel++) {
    const { mean, deviation } = momentsOf(samples, channel, channels)
    for (let i = 0, at = channel; i < length; i++, at += channels) samples[at] = mean + (samples[at] - mean) * (1 + gain(i)) + deviation * baseline(i)
  }
}

/** Of one channel of a window. */
export function momentsOf(window: Float32Array, channel: number, channels: number): { mean: number; deviation: number } {
  const length = window.length / channels
  let mean = 0
  for (let i = channel; i < window.length; i += channels) mean += window[i] / length
  let power = 0
  for (let i = channel; i < window.length; i += channels) power += (window[i] - mean) ** 2 / length
  return { mean, deviation: Math.sqrt(power) }
}
