import type { DatasetSplit, DatasetVersion, SplitReport } from '../contract/index.ts'
import { dataSupport } from './data-support.ts'
import { checkLeaks } from './leak-checks.ts'
import type { LeakFacts } from './leak-findings.ts'
import { splitMatrix } from './split-matrix.ts'

/** A split with all that a person should see of it before training anything. */
export function splitReport(split: DatasetSplit, version: Pick<DatasetVersion, 'hash' | 'entries'>, facts: LeakFacts): SplitReport {
  return { split, findings: checkLeaks(split, version, facts), support: dataSupport(split, version.entries), matrix: splitMatrix(split, version.entries) }
}
