import type { Analysis, DatasetVersion, RecordingId, SplitOptionsInput, SubjectCode, VersionEntry } from '../../src-main/contract/index.ts'
import { LaneSummary, RecordingId as Id, SplitOptions, SubjectCode as Code } from '../../src-main/contract/index.ts'
import type { CurationCandidate } from '../../src-main/curation/candidates.ts'
import { versionHash } from '../../src-main/curation/version-content.ts'
import { sha256 } from '../../src-main/dataset/hashes.ts'

/** @example idOf(7) // '01ARZ3NDEKTSV4RRFFQ6000007' */
export const idOf = (n: number): RecordingId => Id.parse(`01ARZ3NDEKTSV4RRFFQ6${String(n).padStart(6, '0')}`)
export const codeOf = (code: string): SubjectCode => Code.parse(code)

const lane = { id: 'ecg', label: 'ECG I', kind: 'ecg', unit: 'mV', gainCountsPerUnit: 200, baseline: 0, bits: 16 } as const

/** A good recording of 20 s at 500 Hz, with what the test says about it. */
export function aCandidate(n: number, more: Partial<Omit<CurationCandidate, 'subject'>> & { subject?: string } = {}): CurationCandidate {
  const { subject = 'S001', ...rest } = more
  return {
    id: idOf(n), subject: codeOf(subject), codes: [subject.toLowerCase()], tags: [], consent: 'granted', session: '2026-03-01', day: '2026-03-01', startedAt: '2026-03-01T10:00:00Z', state: 'finished', device: 'test', rateHz: 500,
    rows: 10_000, lanes: [lane], gaps: [], leadingBlockRows: 0, findings: [], labels: [], beatSymbols: [], contentHash: sha256(`content ${n}`), signalHash: sha256(`signal ${n}`),
    sourceHashes: [sha256(`source ${n}`)],
    laneSummaries: [LaneSummary.parse({ lane: 'ecg', usableSeconds: 18, saturatedRatio: 0, flatRatio: 0, missingRatio: 0, mainsRatio: 0.01, meanRateBpm: 70 })],
    analysis: null,
    ...rest,
  }
}

/** An analysis of one ECG lane whose seconds have these quality digits. */
export function anAnalysis(candidate: CurationCandidate, quality: string, more: Partial<Analysis['lanes'][number]> = {}): Analysis {
  return {
    formatVersion: 1, detectors: ['pulseprint-qrs@1'], contentHash: candidate.contentHash,
    lanes: [{
      lane: 'ecg', detector: 'pulseprint-qrs@1', beats: 22, polarity: 1, meanRateBpm: 66, usableSeconds: 17, saturatedRatio: 0, flatRatio: 0, missingRatio: 0, mainsRatio: 0.02, templateCorrelation: 0.97,
      kurtosis: 12, skewness: 2, quality, ...more,
    }],
  }
}

export type EntryInput = Partial<Omit<VersionEntry, 'subject' | 'recording'>> & { subject?: string }

/** One recording of a version: 20 s at 500 Hz, one lane, like ECG-ID's. */
export function anEntry(n: number, more: EntryInput = {}): VersionEntry {
  const { subject = 'S001', ...rest } = more
  const day = rest.day === undefined ? '2026-03-01' : rest.day
  return {
    recording: idOf(n), subject: codeOf(subject), session: day ?? 'unknown', day, startedAt: `${day ?? '2026-11-23'}T00:00:00Z`, contentHash: sha256(`content ${n}`), signalHash: sha256(`signal ${n}`),
    sourceHashes: [sha256(`source ${n}`)], rateHz: 500, rows: 10_000, device: 'imported', lanes: [lane], spans: [{ from: 0, to: rest.rows ?? 10_000 }], beats: 22,
    ...rest,
  }
}

/** A version of these entries with its true hash. */
export function aVersion(entries: readonly VersionEntry[]): DatasetVersion {
  const content = { rules: [], overrides: [], entries: [...entries].sort((a, b) => (a.recording < b.recording ? -1 : 1)), excluded: [] }
  return { formatVersion: 1, name: 'v1', note: '', createdAt: '2026-03-01T00:00:00Z', by: 'test', hash: versionHash(content, sha256), ...content, erasures: [] }
}

export const options = (input: SplitOptionsInput): SplitOptions => SplitOptions.parse(input)

/** `people` subjects with `days` days of `perDay` recordings. Ids run in the order of time within each. */
export function aLab(people: number, days: number, perDay: number, more: EntryInput = {}): VersionEntry[] {
  let n = 0
  return Array.from({ length: people }, (_, person) =>
    Array.from({ length: days }, (_, day) => Array.from({ length: perDay }, () => anEntry(++n, { subject: `S${String(person + 1).padStart(3, '0')}`, day: `2026-03-${String(day + 1).padStart(2, '0')}`, ...more }))),
  ).flat(2)
}
