import type { Analysis, Consent, Gap, LabelKind, LaneKind, LaneSummary, RecordingId, SubjectCode } from '../contract/index.ts'

/** A label as rules see it. Rows half open; `toRow` `null`: a moment. */
export interface CandidateLabel {
  readonly annotator: string
  readonly kind: LabelKind
  readonly value: string
  readonly row: number
  readonly toRow: number | null
}

export interface CandidateLane {
  readonly id: string
  readonly label: string
  readonly kind: LaneKind
  readonly unit: string
  readonly gainCountsPerUnit: number
  readonly baseline: number
  readonly bits: number
}

/** All that a rule may ask about one recording, and all that a version keeps of it. */
export interface CurationCandidate {
  readonly id: RecordingId
  /** Of the person: merged codes are resolved. */
  readonly subject: SubjectCode
  /** Every code that the person has or had, in lower case: a rule may name any of them. */
  readonly codes: readonly string[]
  readonly tags: readonly string[]
  readonly consent: Consent
  readonly session: string
  /** Local date, or `null` where the source gave none. */
  readonly day: string | null
  readonly startedAt: string
  readonly state: string
  readonly device: string
  readonly rateHz: number
  readonly rows: number
  readonly lanes: readonly CandidateLane[]
  readonly laneSummaries: readonly LaneSummary[]
  /** `null`: not analysed, or the signal has changed since. */
  readonly analysis: Analysis | null
  readonly gaps: readonly Gap[]
  /** Rows at the start that no converter produced (ECG-ID's 1024 or 2048 frames of 0xFFFF). */
  readonly leadingBlockRows: number
  /** Codes of the recording's warnings and of its import's findings. */
  readonly findings: readonly string[]
  /** All but beats. */
  readonly labels: readonly CandidateLabel[]
  /** WFDB mnemonics of the beats that people or imported files labelled. */
  readonly beatSymbols: readonly string[]
  readonly contentHash: string
  /** SHA-256 of signals.dat. */
  readonly signalHash: string
  readonly sourceHashes: readonly string[]
}

/** What was measured in one lane: by the offline detectors where they ran, else when the recording was finished. */
export interface LaneMeasures {
  readonly usableSeconds: number
  readonly saturatedRatio: number
  readonly flatRatio: number
  readonly missingRatio: number
  readonly mainsRatio: number | null
  readonly meanRateBpm: number | null
  /** `null` where the offline detectors have not run. */
  readonly beats: number | null
}

/** Rules are evaluated again and again on the same candidates while somebody edits; a candidate never changes. */
const bestLanes = new WeakMap<object, Map<LaneKind, LaneMeasures | null>>()

/** The lane of this kind with the most usable seconds (the first of equals), or `null` when there is none or nothing was measured. */
export function bestLane(candidate: Pick<CurationCandidate, 'lanes' | 'laneSummaries' | 'analysis'>, kind: LaneKind): LaneMeasures | null {
  const known = bestLanes.get(candidate) ?? new Map<LaneKind, LaneMeasures | null>()
  bestLanes.set(candidate, known)
  const found = known.get(kind)
  if (found !== undefined) return found
  const best = findBestLane(candidate, kind)
  known.set(kind, best)
  return best
}

function findBestLane(candidate: Parameters<typeof bestLane>[0], kind: LaneKind): LaneMeasures | null {
  const measured = candidate.analysis?.lanes ?? candidate.laneSummaries.map((lane) => ({ ...lane, beats: null }))
  const ids = new Set(candidate.lanes.filter((lane) => lane.kind === kind).map((lane) => lane.id))
  let best: LaneMeasures | null = null
  for (const lane of measured) {
    if (ids.has(lane.lane) && (best === null || lane.usableSeconds > best.usableSeconds)) best = lane
  }
  return best
}

/** Beats of the best ECG lane, else of the best pulse lane; 0 where nobody looked. */
export function beatsOf(candidate: CurationCandidate): number {
  return bestLane(candidate, 'ecg')?.beats ?? bestLane(candidate, 'ppg')?.beats ?? 0
}
