import { gaussians, uniform } from '../../curation/gaussian.ts'
import type { Random } from '../../curation/random.ts'
import { breathe, momentsOf, type Breathing } from './breathing.ts'

/** How windows are changed each time that they are shown, so that a model does not learn them by heart. All zero: not at all. */
export interface Augmentation extends Breathing {
  /** A window begins up to so much earlier or later: what a detector is off by. */
  readonly shiftSeconds: number
  /** Gain, 1 +- this: contact and posture. */
  readonly amplitude: number
  /** Gaussian noise, in deviations of the window. */
  readonly noise: number
}

export const usualAugmentation: Augmentation = { shiftSeconds: 0.016, amplitude: 0.1, noise: 0.05, modulation: 0, wander: 0 }

export interface BatchShape {
  readonly rows: number
  readonly length: number
  readonly channels: number
  readonly rateHz: number
}

/**
 * Changes a batch [rows, length, channels] in place: each window is shifted by whole samples (the first or last one is held, nothing is interpolated), breathed through, scaled, and given noise. All of a window's
 * channels are shifted and scaled alike: what lies between them is the person. The same numbers from `random` give the same batch.
 * @example at 250 Hz a shift of 0.016 s is -4 ... 4 samples
 */
export function augment(batch: Float32Array, { rows, length, channels, rateHz }: BatchShape, { shiftSeconds, amplitude, noise, modulation, wander }: Augmentation, random: Random): void {
  const farthest = Math.round(shiftSeconds * rateHz)
  const size = length * channels
  const gaussian = gaussians(random)
  for (let row = 0; row < rows; row++) {
    const window = batch.subarray(row * size, (row + 1) * size)
    if (farthest > 0) shift(window, random.below(2 * farthest + 1) - farthest, channels)
    breathe({ samples: window, channels, rateHz }, { modulation, wander }, random)
    if (amplitude > 0) {
      const gain = 1 + amplitude * (2 * uniform(random) - 1)
      for (let i = 0; i < size; i++) window[i] *= gain
    }
    if (noise > 0) for (let channel = 0; channel < channels; channel++) addNoise(window, channel, channels, noise, gaussian)
  }
}

/** By `samples` to the right (later), the end that falls free held. */
function shift(window: Float32Array, samples: number, channels: number): void {
  const length = window.length / channels
  const moved = Math.max(-length, Math.min(length, samples))
  if (moved > 0) {
    const edge = window.slice(0, channels)
    window.copyWithin(moved * channels, 0, (length - moved) * channels)
    for (let i = 0; i < moved; i++) window.set(edge, i * channels)
  } else if (moved < 0) {
    const edge = window.slice(window.length - channels)
    window.copyWithin(0, -moved * channels)
    for (let i = length + moved; i < length; i++) window.set(edge, i * channels)
  }
}

function addNoise(window: Float32Array, channel: number, channels: number, part: number, gaussian: () => number): void {
  const deviation = part * momentsOf(window, channel, channels).deviation
  for (let i = channel; i < window.length; i += channels) window[i] += deviation * gaussian()
}
