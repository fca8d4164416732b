export interface SummaryWarning {
  readonly code: string
  /** Plain words for a person, with the numbers. */
  readonly message: string
}

export interface WarnedLane {
  readonly label: string
  readonly kind: string
  readonly beats: number
  readonly usableSeconds: number
  readonly saturatedRatio: number
  readonly flatRatio: number
  readonly missingRatio: number
  readonly mainsRatio: number | null
  readonly meanRateBpm: number | null
}

/** The same limits as the live quality's (quality-window.ts), over the whole recording. */
const saturatedLimit = 0.01
const flatLimit = 0.05
const missingLimit = 0.01
const mainsLimit = 0.1
const usableLimit = 0.5
/** Resting to maximal heart rates of a person in the chair; outside, electrodes or the detector are at fault. */
const slowestBpm = 30
const fastestBpm = 220
/** Four beats at 30/min: a shorter recording may hold none without a fault. */
const beatsExpectedAfterSeconds = 8

const percent = (ratio: number) => `${(100 * ratio).toFixed(ratio < 0.1 ? 1 : 0)} %`

/** What a person should know of a finished recording, lane by lane, in the lanes' order. */
export function summaryWarnings(lanes: readonly WarnedLane[], seconds: number): SummaryWarning[] {
  const warnings: SummaryWarning[] = []
  const warn = (code: string, message: string) => warnings.push({ code, message })
  for (const lane of lanes) {
    const beating = lane.kind === 'ecg' || lane.kind === 'ppg'
    if (lane.missingRatio > missingLimit) warn('lane-missing', `${lane.label}: ${percent(lane.missingRatio)} of the samples are missing.`)
    if (lane.saturatedRatio > saturatedLimit) warn('lane-saturated', `${lane.label}: ${percent(lane.saturatedRatio)} of the samples are at the end of the converter's range.`)
    if (beating && lane.flatRatio > flatLimit) warn('lane-flat', `${lane.label}: ${percent(lane.flatRatio)} of the time the line is flat.`)
    if (beating && lane.mainsRatio !== null && lane.mainsRatio > mainsLimit) warn('lane-mains', `${lane.label}: mains hum makes up ${percent(lane.mainsRatio)} of the signal's power.`)
    if (beating && seconds > 0 && lane.usableSeconds < usableLimit * seconds) warn('lane-unusable', `${lane.label}: only ${lane.usableSeconds.toFixed(1)} s of ${seconds.toFixed(1)} s are usable.`)
    if (!beating || seconds < beatsExpectedAfterSeconds) continue
    if (lane.meanRateBpm === null) warn('lane-no-beats', `${lane.label}: no heart beats were found.`)
    else if (lane.meanRateBpm < slowestBpm || lane.meanRateBpm > fastestBpm) warn('lane-rate-implausible', `${lane.label}: the heart rate of ${lane.meanRateBpm.toFixed(0)}/min is not plausible.`)
  }
  return warnings
}
