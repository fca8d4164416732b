import type { AcquisitionStatus, CheckResult, Consent, LaneSpec, LaneStatus } from '../contract/index.ts'
import { noDataMs, rateSettlesSeconds, rateTolerancePpm, uncountedRateTolerancePpm } from './alarms.ts'

/** A rail for more than 1 % of the last seconds hides R peaks. */
export const saturationLimit = 0.01
/** Mains power over power in the band: above this the trace is visibly thick. */
export const mainsLimit = 0.3
/** Free recordings are planned as an hour for the disk check. */
export const assumedSeconds = 3600
/** The journal keeps the raw bytes, the derivation adds samples and overview of about the same size. */
export const bytesPerWireByte = 2.5
/** A wall clock before this was never set (a station with an empty battery starts in 1970 or 2000). */
const earliestWallMs = Date.UTC(2024, 0, 1)

/** What the checks need to know beside the live status. */
export interface ChecklistFacts {
  readonly status: AcquisitionStatus
  readonly lanes: readonly LaneSpec[]
  /** Since the newest row; `null` before the first. */
  readonly silentMs: number | null
  readonly streamingSeconds: number
  readonly rowsPerSecond: number
  readonly bytesPerSecond: number
  readonly plannedSeconds: number | null
  readonly dataset: { readonly path: string; readonly writable: boolean; readonly freeBytes: number } | null
  readonly subject: { readonly code: string; readonly consent: Consent } | null
  readonly wallMs: number
  /** How far the wall clock jumped against the monotonic clock since the device connected, ms. */
  readonly clockJumpMs: number
}

type Check = (facts: ChecklistFacts) => CheckResult

const signal: Check = ({ status, silentMs, rowsPerSecond }) => {
  const data = { rowsPerSecond, silentSeconds: (silentMs ?? 0) / 1000 }
  if (status.connection === 'connecting') return { id: 'signal', state: 'waiting', data }
  if (status.connection !== 'streaming' || silentMs === null || silentMs > noDataMs) return { id: 'signal', state: 'fail', data }
  return { id: 'signal', state: 'pass', data }
}

const rate: Check = ({ status, streamingSeconds }) => {
  const counted = status.configuration?.counter != null
  const tolerancePpm = counted ? rateTolerancePpm : uncountedRateTolerancePpm
  if (status.connection !== 'streaming' || status.measuredRateHz === null || status.ppm === null || streamingSeconds < rateSettlesSeconds) {
    return { id: 'rate', state: 'waiting', data: { tolerancePpm, secondsLeft: Math.max(0, rateSettlesSeconds - streamingSeconds) } }
  }
  const data = { declaredHz: status.declaredRateHz ?? 0, measuredHz: status.measuredRateHz, ppm: status.ppm, tolerancePpm }
  const off = Math.abs(status.ppm)
  return { id: 'rate', state: off <= tolerancePpm ? 'pass' : off <= 3 * tolerancePpm ? 'warn' : 'fail', data }
}

/** Lanes that carry the person: the others (accelerometer, temperature) never decide a check. */
function bodyLanes(facts: ChecklistFacts): LaneStatus[] {
  const kinds = new Map(facts.lanes.map((lane) => [lane.id, lane.kind]))
  return facts.status.lanes.filter((lane) => ['ecg', 'ppg', 'emg'].includes(kinds.get(lane.lane) ?? ''))
}

/** Boards have more inputs than electrodes: one good lane is enough to record, the others are named. */
function laneCheck(id: 'contact' | 'saturation' | 'mains', facts: ChecklistFacts, bad: (lane: LaneStatus) => boolean, worst: CheckResult['state']): CheckResult {
  const lanes = bodyLanes(facts)
  if (facts.status.connection !== 'streaming') return { id, state: 'waiting', data: {} }
  const failing = lanes.filter(bad)
  const data = { lanes: failing.map((lane) => lane.lane).join(', '), bad: failing.length, of: lanes.length }
  if (failing.length === 0) return { id, state: 'pass', data }
  return { id, state: failing.length === lanes.length ? worst : 'warn', data }
}

const contact: Check = (facts) => laneCheck('contact', facts, (lane) => lane.contact === 'off', 'fail')

const saturation: Check = (facts) => {
  const result = laneCheck('saturation', facts, (lane) => lane.saturatedRatio > saturationLimit, 'fail')
  return { ...result, data: { ...result.data, worst: Math.max(0, ...bodyLanes(facts).map((lane) => lane.saturatedRatio)), limit: saturationLimit } }
}

const mains: Check = (facts) => {
  // A lane without electrodes picks up mains by nature; what counts is the lanes in contact. Noise never forbids a recording.
  const result = laneCheck('mains', facts, (lane) => lane.contact !== 'off' && (lane.mainsRatio ?? 0) > mainsLimit, 'warn')
  return { ...result, data: { ...result.data, worst: Math.max(0, ...bodyLanes(facts).map((lane) => lane.mainsRatio ?? 0)), limit: mainsLimit } }
}

/** Bytes on disk that a recording of `seconds` needs, from what arrives now. */
export function neededBytes(bytesPerSecond: number, seconds: number | null): number {
  return Math.ceil(bytesPerSecond * bytesPerWireByte * (seconds ?? assumedSeconds))
}

const disk: Check = ({ dataset, bytesPerSecond, plannedSeconds }) => {
  if (!dataset) return { id: 'disk', state: 'waiting', data: {} }
  const needed = neededBytes(bytesPerSecond, plannedSeconds)
  const data = { freeBytes: dataset.freeBytes, neededBytes: needed, plannedSeconds: plannedSeconds ?? assumedSeconds }
  return { id: 'disk', state: dataset.freeBytes < needed ? 'fail' : dataset.freeBytes < 2 * needed ? 'warn' : 'pass', data }
}

const datasetOpen: Check = ({ dataset }) => ({
  id: 'dataset',
  state: dataset?.writable ? 'pass' : 'fail',
  data: { open: dataset !== null, path: dataset?.path ?? '' },
})

const clock: Check = ({ wallMs, clockJumpMs }) => {
  const data = { wallMs, jumpSeconds: clockJumpMs / 1000 }
  if (wallMs < earliestWallMs) return { id: 'clock', state: 'fail', data }
  return { id: 'clock', state: Math.abs(clockJumpMs) > 1000 ? 'warn' : 'pass', data }
}

const subjectChosen: Check = ({ subject }) => ({ id: 'subject', state: subject ? 'pass' : 'fail', data: { code: subject?.code ?? '' } })

const consent: Check = ({ subject }): CheckResult => {
  if (!subject) return { id: 'consent', state: 'waiting', data: {} }
  return { id: 'consent', state: subject.consent === 'granted' ? 'pass' : 'fail', data: { consent: subject.consent } }
}

/** The start checklist, one result per check, in the order in which a technician can act on them. Pure: facts in, results out. */
export function checklist(facts: ChecklistFacts): CheckResult[] {
  return [subjectChosen, consent, datasetOpen, signal, rate, contact, saturation, mains, disk, clock].map((check) => check(facts))
}
