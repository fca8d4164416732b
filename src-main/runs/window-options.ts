import type { ExportOptions, WindowOptions } from '../contract/index.ts'

/** How a split becomes windows: part of a run's identity (recognition.md A0.4). `zScore`: false leaves the windows as they were filtered; models get mean 0 and deviation 1. */
export interface WindowSetOptions extends WindowOptions {
  readonly zScore?: boolean
}

/** The same in the words of exchange, which cuts. Beats are cut one by one: what they are grouped to is known only when the outliers are gone. */
export function cutOptions(options: WindowSetOptions): ExportOptions['window'] {
  const { lane, mode, rateHz, seconds, strideSeconds, beatsPerGroup, filtered } = options
  return { lane, rateHz, seconds, strideSeconds, beatsPerGroup, filtered, mode: mode === 'window' ? 'fixed' : 'beat' }
}

/** What a window set is known by: one that was cut before there was a gate is the one without it. */
export function hashedOptions({ quality, maximumMotion, ...options }: WindowSetOptions): object {
  return { ...options, ...(quality !== null && { quality }), ...(maximumMotion !== null && { maximumMotion }) }
}

/** The same in a recipe's words. */
export function windowOptionsOf(options: WindowOptions): WindowSetOptions {
  return { ...options, zScore: true }
}
