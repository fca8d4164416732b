import type { WindowOptions } from '../contract/index.ts'
import { spanOf, windowSamples } from '../exchange/window-stretch.ts'
import type { ModelUse } from './embedding-models.ts'
import { cutOptions } from './window-options.ts'

/** Butterworth of order 4, forwards and backwards (signal/zero-phase.ts; test/runs/preprocessing.test.ts measures that these are its -3 dB frequencies). */
const bands = { ecg: { lowHz: 0.5, highHz: 40 }, ppg: { lowHz: 0.5, highHz: 8 } } as const
const filterOrder = 4

/** What must happen to a signal before a model may see it: written into every exported file, for programs that are not this one. */
export interface Preprocessing {
  readonly lane: WindowOptions['lane']
  readonly channel: number | null
  readonly rateHz: number
  readonly channels: number
  readonly length: number
  readonly filter: {
    readonly kind: 'butterworth-band-pass'
    readonly lowHz: number
    readonly highHz: number
    /** Of the high-pass and of the low-pass, each; running both ways squares the gain. */
    readonly order: number
    readonly zeroPhase: true
    readonly at: 'recording rate, before resampling'
  } | null
  readonly dropFirstSeconds: number
  readonly window: {
    readonly mode: WindowOptions['mode']
    readonly beforeSeconds: number
    readonly afterSeconds: number
    /** Of a beat: where its R peak, or the pulse's foot, lies. */
    readonly anchorSample: number
    readonly strideSeconds: number | null
    readonly beatsPerGroup: number | null
    readonly rule: string
  }
  /** Of PPG, within one band-passed window, before it is normalised: signal/pulse-quality.ts. */
  readonly quality: { readonly minimumPulseCorrelation: number; readonly minimumSkewness: number } | null
  /** Of an accelerometer beside the signal, where there is one: signal/motion.ts. */
  readonly motion: { readonly maximumG: number } | null
  readonly outliers: { readonly minimumCorrelationWithMedianBeat: number; readonly keepAtLeast: 3 } | null
  readonly zScore: 'each window: mean 0, standard deviation 1 (a flat one: zeros)'
}

const rules: Readonly<Record<WindowOptions['mode'], string>> = {
  beat: 'one window per beat',
  'summary-beat': 'mean of the 5 beats nearest to their group\'s mean, groups of beatsPerGroup beats that do not overlap',
  window: 'fixed windows, no beat detection',
}

/** @example preprocessingOf(use).filter // { kind: 'butterworth-band-pass', lowHz: 0.5, highHz: 40, order: 4, zeroPhase: true, at: 'recording rate, before resampling' } */
export function preprocessingOf({ windows, rateHz, length, channels }: Pick<ModelUse, 'windows' | 'rateHz' | 'length' | 'channels'>): Preprocessing {
  const cut = cutOptions(windows)
  const { lane, channel, mode, filtered, dropFirstSeconds, minimumCorrelation, strideSeconds, beatsPerGroup, quality, maximumMotion } = windows
  return {
    lane, channel, rateHz, channels, length,
    filter: filtered ? { kind: 'butterworth-band-pass', ...bands[lane], order: filterOrder, zeroPhase: true, at: 'recording rate, before resampling' } : null,
    dropFirstSeconds,
    window: {
      mode, ...spanOf(cut), anchorSample: windowSamples(cut).before, strideSeconds: mode === 'window' ? strideSeconds : null, beatsPerGroup: mode === 'summary-beat' ? beatsPerGroup : null, rule: rules[mode],
    },
    quality: quality === null ? null : { minimumPulseCorrelation: quality.correlation, minimumSkewness: quality.skewness },
    motion: maximumMotion === null ? null : { maximumG: maximumMotion },
    outliers: minimumCorrelation === null || mode === 'window' ? null : { minimumCorrelationWithMedianBeat: minimumCorrelation, keepAtLeast: 3 },
    zScore: 'each window: mean 0, standard deviation 1 (a flat one: zeros)',
  }
}

/** The same in a sentence, for a model card. */
export function preprocessingWords({ lane, rateHz, filter, dropFirstSeconds, window, quality, motion, outliers, length }: Preprocessing): string {
  const parts = [
    `${lane.toUpperCase()} at ${rateHz} Hz`,
    filter ? `band-pass ${filter.lowHz}-${filter.highHz} Hz (Butterworth, order ${filter.order}, forwards and backwards)` : 'not filtered',
    ...(dropFirstSeconds > 0 ? [`the first ${dropFirstSeconds} s of a recording left out`] : []),
    `${window.rule}: ${length} samples${window.mode === 'window' ? `, every ${window.strideSeconds} s` : `, from ${window.beforeSeconds} s before to ${window.afterSeconds} s after`}`,
    ...(window.beatsPerGroup === null ? [] : [`groups of ${window.beatsPerGroup}`]),
    ...(quality ? [`windows whose pulses correlate below ${quality.minimumPulseCorrelation} with their mean, or whose skewness is below ${quality.minimumSkewness}, left out`] : []),
    ...(motion ? [`windows in which an accelerometer moved by more than ${motion.maximumG} g (root mean square about its mean) left out`] : []),
    ...(outliers ? [`beats that correlate below ${outliers.minimumCorrelationWithMedianBeat} with the recording's median beat left out, but never below ${outliers.keepAtLeast}`] : []),
    'each window to mean 0 and standard deviation 1',
  ]
  return `${parts.join('; ')}.`
}
