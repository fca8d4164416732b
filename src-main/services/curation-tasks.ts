import type {
  CurationOverride, CurationRule, DatasetSplit, DatasetVersion, LeakFinding, ModalityCoverage, SplitOptions, SplitReport, SplitSummary, VersionDiff, VersionSummary,
} from '../contract/index.ts'
import { CurationRules, LabError } from '../contract/index.ts'
import { defaultRules } from '../curation/default-rules.ts'
import { trialLines } from '../curation/trials.ts'
import { nodeFiles } from '../dataset/files.ts'
import { coverageOf, type CoverageWish } from '../exchange/coverage-of.ts'
import { withDataset } from './with-dataset.ts'

/**
 * Rules from a file: `{"rules": [...]}` as `CurationRules` has it; `null` gives the default ones.
 * @throws LabError `file-not-found`, `rules-invalid` with `data.path`, the place in the file.
 */
export async function readRules(file: string | null): Promise<readonly CurationRule[]> {
  if (file === null) return defaultRules
  const invalid = (path: string, reason: string, cause: unknown): LabError =>
    new LabError('rules-invalid', `${file} holds no rules: ${path === '' ? '' : `${path}: `}${reason}.`, { file, path, reason }, { cause })
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(await nodeFiles.readFile(file)))
  } catch (thrown) {
    if (thrown instanceof LabError) throw thrown
    throw invalid('', thrown instanceof Error ? thrown.message : String(thrown), thrown)
  }
  const read = CurationRules.safeParse(json)
  if (read.success) {
    // A misspelt field would be no error and a rule that does something else.
    const unknown = unknownField(json, read.data)
    if (unknown !== null) throw invalid(unknown, 'there is no such field', null)
    return read.data.rules
  }
  throw invalid(read.error.issues[0].path.map(String).join('.'), read.error.issues[0].message, read.error)
}

/** Path of the first field of `given` that `read`, what a schema made of it, does not have. */
function unknownField(given: unknown, read: unknown): string | null {
  if (typeof given !== 'object' || given === null || typeof read !== 'object' || read === null) return null
  const known = new Map(Object.entries(read))
  for (const [key, value] of Object.entries(given)) {
    if (!known.has(key)) return key
    const inner = unknownField(value, known.get(key))
    if (inner !== null) return `${key}.${inner}`
  }
  return null
}

export interface CreateVersionOptions {
  readonly name: string
  readonly note: string
  readonly rules: readonly CurationRule[]
  readonly overrides: readonly CurationOverride[]
  readonly signal?: AbortSignal
}

/** @throws LabError as `VersionStore.create`, and those of opening. */
export function createVersionAt(path: string, { signal, ...input }: CreateVersionOptions): Promise<DatasetVersion> {
  return withDataset(path, 'write', async (dataset) => dataset.versions.create({ ...input, candidates: await dataset.candidates.collect({ ...(signal && { signal }) }) }))
}

export const listVersionsAt = (path: string): Promise<VersionSummary[]> => withDataset(path, 'read', (dataset) => dataset.versions.list())

export const diffVersionsAt = (path: string, a: string, b: string): Promise<VersionDiff> => withDataset(path, 'read', (dataset) => dataset.versions.diff(a, b))

/** @throws LabError as `SplitStore.create`, and those of opening. */
export const createSplitAt = (path: string, version: string, name: string, options: SplitOptions): Promise<SplitReport> =>
  withDataset(path, 'write', (dataset) => dataset.splits.create(version, name, options))

export const checkSplitAt = (path: string, name: string, signal?: AbortSignal): Promise<LeakFinding[]> => withDataset(path, 'read', (dataset) => dataset.splits.check(name, signal))

export const listSplitsAt = (path: string): Promise<SplitSummary[]> => withDataset(path, 'read', (dataset) => dataset.splits.list())

export const showSplitAt = (path: string, name: string): Promise<SplitReport> => withDataset(path, 'read', (dataset) => dataset.splits.report(name))

/** @throws LabError as `coverageOf`, and those of opening. */
export const coverageAt = (path: string, wish: CoverageWish): Promise<ModalityCoverage> => withDataset(path, 'read', (dataset) => coverageOf(dataset, wish))

/** The split's trial list, line by line. @throws LabError as `SplitStore.get`. */
export async function trialsAt(path: string, name: string): Promise<{ split: DatasetSplit; lines: Iterable<string> }> {
  const split = await withDataset(path, 'read', (dataset) => dataset.splits.get(name))
  return { split, lines: trialLines(split) }
}
