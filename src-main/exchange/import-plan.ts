import type { ImportFinding, ImportPreview, ImportRules } from '../contract/index.ts'
import type { Files } from '../dataset/files.ts'
import { bestPreset, presetRules } from './presets.ts'
import type { PlannedRecord } from './planned-record.ts'
import { RecordSearch, type SearchOptions } from './record-search.ts'
import { RuleSet } from './rule-text.ts'
import { openSourceFolder } from './source-files.ts'
import { findFiles } from './walk.ts'

export interface ImportPlan {
  readonly root: string
  readonly rules: ImportRules
  readonly records: readonly PlannedRecord[]
  readonly refused: readonly ImportFinding[]
  readonly ignored: number
  readonly complete: boolean
}

export interface PlanOptions extends SearchOptions {
  /** `null`: the preset that fits best. */
  readonly rules: ImportRules | null
}

/**
 * Looks at a file or folder and says what an import would make of it: every file leads a record, belongs to one, is refused with a reason, or is documentation.
 * Nothing is written.
 * @throws LabError `file-not-found`, `file-read-failed`, `import-rules-invalid`, `cancelled`.
 * @example await planImport(nodeFiles, '/data/ecgiddb', { rules: null }) // 310 records of 90 subjects
 */
export async function planImport(files: Files, from: string, options: PlanOptions): Promise<ImportPlan> {
  const found = await findFiles(files, from, options)
  const names = found.files.map((file) => file.path)
  const rules = options.rules ?? presetRules(bestPreset(names.filter((path) => /\.(hea|edf|bdf|txt|csv|tsv)$/i.test(path))))
  const search = new RecordSearch(new RuleSet(rules), await openSourceFolder(files, found.root), found.files, options)
  await search.run(found.only)
  return { root: found.root, rules, records: search.records(), refused: [...found.unreadable, ...search.refused], ignored: found.skipped + search.ignored, complete: search.complete }
}

/** A plan as a window shows it. */
export function previewOf(plan: ImportPlan): ImportPreview {
  const candidates = plan.records.map(({ candidate, mapping }) => ({ ...candidate, mapping }))
  return {
    from: plan.root,
    rules: plan.rules,
    candidates,
    refused: [...plan.refused],
    ignored: plan.ignored,
    subjects: new Set(candidates.flatMap(({ subject }) => subject?.toLowerCase() ?? [])).size,
    sessions: new Set(candidates.flatMap(({ subject, session }) => (subject === null ? [] : [`${subject.toLowerCase()} ${session}`]))).size,
    complete: plan.complete,
  }
}

