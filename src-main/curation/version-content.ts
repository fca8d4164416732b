import {
  LabError, type CurationOverride, type CurationResult, type CurationRule, type DatasetVersion, type VersionEntry,
} from '../contract/index.ts'
import { canonicalJson } from './canonical-json.ts'
import { beatsOf, type CurationCandidate } from './candidates.ts'
import { compareText } from './order.ts'
import { evaluateRules } from './rules.ts'

/** SHA-256 of a text's UTF-8 bytes, 64 hex digits. The room is pure: its callers bring it. */
export type Sha256 = (text: string) => string

/** What a version's hash is of. */
export type VersionContent = Pick<DatasetVersion, 'rules' | 'overrides' | 'entries' | 'excluded'>

/**
 * What the rules and overrides make of the recordings, ready to be frozen: entries and exclusions sorted by recording, overrides of recordings that are there.
 * @throws LabError `rules-invalid`, `version-empty` with the exclusions per rule.
 */
export function versionContent(candidates: readonly CurationCandidate[], rules: readonly CurationRule[], overrides: readonly CurationOverride[]): VersionContent {
  const result = evaluateRules(candidates, rules, overrides)
  const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]))
  const entries: VersionEntry[] = []
  const excluded: VersionContent['excluded'] = []
  for (const { recording, subject, included, reasons, spans } of result.decisions) {
    const candidate = byId.get(recording)
    if (!included || !candidate) excluded.push({ recording, subject, reasons })
    else entries.push(entryOf(candidate, spans))
  }
  if (entries.length === 0) throw emptyVersion(result, rules)
  return { rules: [...rules], overrides: overrides.filter(({ recording }) => byId.has(recording)), entries, excluded }
}

function emptyVersion({ decisions, perRule }: CurationResult, rules: readonly CurationRule[]): LabError {
  const strictest = perRule.reduce((most, rule, at) => (rule.excluded > (perRule[most]?.excluded ?? 0) ? at : most), 0)
  const hint = perRule[strictest] && perRule[strictest].excluded > 0 ? ` Rule ${strictest + 1} (${rules[strictest].kind}) excludes ${perRule[strictest].excluded} of ${decisions.length}.` : ''
  return new LabError('version-empty', `The rules leave no recording of ${decisions.length}.${hint}`, { recordings: decisions.length, excluded: perRule.map((rule) => rule.excluded) })
}

function entryOf(candidate: CurationCandidate, spans: VersionEntry['spans']): VersionEntry {
  const { id, subject, session, day, startedAt, contentHash, signalHash, sourceHashes, rateHz, rows, device, lanes } = candidate
  return {
    recording: id, subject, session, day, startedAt, contentHash, signalHash, sourceHashes: [...sourceHashes].sort(compareText), rateHz, rows, device,
    lanes: lanes.map(({ id: lane, label, kind, unit, gainCountsPerUnit, baseline, bits }) => ({ id: lane, label, kind, unit, gainCountsPerUnit, baseline, bits })),
    spans, beats: beatsOf(candidate),
  }
}

export function versionHash({ rules, overrides, entries, excluded }: VersionContent, sha256: Sha256): string {
  return sha256(canonicalJson({ rules, overrides, entries, excluded }))
}

/** A version without some recordings: they leave entries, exclusions and overrides, and the hash is made anew. `null` when it has none of them. */
export function withoutRecordings(version: DatasetVersion, recordings: ReadonlySet<string>, at: string, sha256: Sha256): DatasetVersion | null {
  const stays = ({ recording }: { readonly recording: string }): boolean => !recordings.has(recording)
  const entries = version.entries.filter(stays)
  const excluded = version.excluded.filter(stays)
  const overrides = version.overrides.filter(stays)
  const gone = version.entries.length - entries.length
  if (gone === 0 && excluded.length === version.excluded.length && overrides.length === version.overrides.length) return null
  const left = { ...version, entries, excluded, overrides }
  return { ...left, hash: versionHash(left, sha256), erasures: [...version.erasures, { at, recordings: gone, hashBefore: version.hash }] }
}
