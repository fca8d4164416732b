import type { LaneStatus } from '../../../src-main/contract/schemas/acquisition.ts'
import type { Strings } from '../../strings/en.ts'

/** Ratios above these are the reason why a lane is not good; the worst cause comes first. */
const limits = { missing: 0.2, saturated: 0.02, flat: 0.3, mains: 0.3, motion: 0.3 } as const

/** One or two words on a lane: its quality, or what is wrong with it. */
export function laneWords(status: LaneStatus, t: Strings): string {
  if (status.contact === 'off') return t.quality.leadOff
  if (status.level === 'none') return t.quality.none
  if (status.level === 'good') return t.quality.good
  if (status.missingRatio > limits.missing) return t.quality.missing
  if (status.saturatedRatio > limits.saturated) return t.quality.saturated
  if (status.flatRatio > limits.flat) return t.quality.flat
  if ((status.mainsRatio ?? 0) > limits.mains) return t.quality.mains
  if ((status.motionRatio ?? 0) > limits.motion) return t.quality.motion
  return status.level === 'fair' ? t.quality.fair : t.quality.bad
}
