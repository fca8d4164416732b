import type { DatasetSplit, DatasetVersion, LeakFinding } from '../contract/index.ts'
import { adcFingerprint, labelPermutation, metadataConfound } from './leak-confounds.ts'
import { place, type LeakFacts, type Placement } from './leak-findings.ts'
import { cohortOverlap, contentChanged, duplicateContent, mergedSubjects, sessionOverlap, subjectOverlap } from './leak-identity.ts'
import { rowOverlaps } from './leak-rows.ts'

/** In the order of recognition.md C4: 1, 2, 3 and 5, 4, 10, 11, 12, 13, then what only a dataset can know. */
const checks: readonly ((placement: Placement) => LeakFinding[])[] = [
  duplicateContent, subjectOverlap, rowOverlaps, sessionOverlap, cohortOverlap, metadataConfound, labelPermutation, adcFingerprint, mergedSubjects, contentChanged,
]

/**
 * Whether a model could be tested on what it was trained on, chosen by, or could read off a header. The checks look at the split as it is, not at how it was made: an edited file is
 * found out. A finding of severity `block` refuses the split. In a `diagnostic-leaky` split, which promises nothing, copies are a warning like the random beats themselves.
 * @example checkLeaks(split, version, { person: (code) => code, current: null }).some(({ severity }) => severity === 'block')
 */
export function checkLeaks(split: DatasetSplit, version: Pick<DatasetVersion, 'hash' | 'entries'>, facts: LeakFacts): LeakFinding[] {
  const placement = place(split, version, facts)
  const findings = checks.flatMap((check) => check(placement))
  if (split.options.strategy !== 'diagnostic-leaky') return findings
  return findings.map((found) => (found.check === 'duplicate-content' ? { ...found, severity: 'warn' as const } : found))
}

export const blocks = (findings: readonly LeakFinding[]): boolean => findings.some(({ severity }) => severity === 'block')
