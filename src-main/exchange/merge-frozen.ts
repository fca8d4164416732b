import { DatasetVersion as VersionSchema, type DatasetSplit, type DatasetVersion, type SubjectCode } from '../contract/index.ts'
import { splitHash } from '../curation/split-build.ts'
import { versionHash } from '../curation/version-content.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { sha256 } from '../dataset/hashes.ts'
import type { MergeConflict, MergeOptions } from './merge-plan.ts'

export interface FrozenToMerge {
  readonly into: Dataset
  readonly from: Dataset
  readonly options: MergeOptions
  readonly conflicts: MergeConflict[]
  /** Lower-case code there -> code here. */
  readonly codes: ReadonlyMap<string, SubjectCode>
  /** Recordings that stay away. */
  readonly keptAway: ReadonlySet<string>
}

/**
 * Versions and splits that are not here yet, with the codes and names that they get. Those that change get the hash of what they then say; what they lost with people who were erased here is
 * taken out by the caller, as an erasure.
 * @throws LabError `version-invalid`, `split-invalid`, and those of reading.
 */
export async function planFrozen(given: FrozenToMerge): Promise<{ versions: DatasetVersion[]; splits: DatasetSplit[]; renamed: { from: string; to: string }[] }> {
  const { into, from, codes, options } = given
  const code = (subject: SubjectCode): SubjectCode => codes.get(subject.toLowerCase()) ?? subject
  const renamed: { from: string; to: string }[] = []
  const versions: DatasetVersion[] = []
  /** Name there -> version as it is here afterwards, and the hash that it had. */
  const versionsThere = new Map<string, { name: string; hash: string; before: string }>()
  const ourVersions = new Map((await into.versions.list()).map((one) => [one.name.toLowerCase(), one]))
  for (const { name } of await from.versions.list()) {
    const version = await from.versions.get(name)
    const content = { ...version, entries: version.entries.map((entry) => ({ ...entry, subject: code(entry.subject) })), excluded: version.excluded.map((one) => ({ ...one, subject: code(one.subject) })) }
    const changed = { ...content, hash: versionHash(content, sha256) }
    const own = ourVersions.get(name.toLowerCase())
    // Also under the other name, from a merge that was cut off.
    const same = await firstOf([own, ourVersions.get(`${options.renameConflicts ?? ''}${name}`.toLowerCase())], async (one) => one.hash === changed.hash || (await into.versions.get(one.name)).erasures.some(({ hashBefore }) => hashBefore === changed.hash))
    if (same) versionsThere.set(name, { name: same.name, hash: same.hash, before: version.hash })
    else {
      const to = freeName(name, 'version', own !== undefined, new Set(ourVersions.keys()), given)
      if (to === null) continue
      if (to !== name) renamed.push({ from: name, to })
      versionsThere.set(name, { name: to, hash: changed.hash, before: version.hash })
      versions.push({ ...changed, name: to })
    }
  }
  const splits: DatasetSplit[] = []
  const ourSplits = new Map((await into.splits.list()).map((one) => [one.name.toLowerCase(), one]))
  for (const { name } of await from.splits.list()) {
    const split = await from.splits.get(name)
    const version = versionsThere.get(split.version)
    const content = {
      ...split,
      version: version?.name ?? split.version,
      versionHash: version && split.versionHash === version.before ? version.hash : split.versionHash,
      assignments: split.assignments.map((one) => ({ ...one, subject: code(one.subject) })),
      unknownSubjects: split.unknownSubjects.map(code),
      leftOut: split.leftOut.map((one) => ({ ...one, subject: code(one.subject as SubjectCode) })),
    }
    const changed = { ...content, hash: splitHash(content, sha256) }
    const own = ourSplits.get(name.toLowerCase())
    const same = await firstOf([own, ourSplits.get(`${options.renameConflicts ?? ''}${name}`.toLowerCase())], async (one) => one.hash === changed.hash || (await into.splits.get(one.name)).erasures.some(({ hashBefore }) => hashBefore === changed.hash))
    if (same) continue
    const to = freeName(name, 'split', own !== undefined, new Set(ourSplits.keys()), given)
    if (to === null) continue
    if (to !== name) renamed.push({ from: name, to })
    splits.push({ ...changed, name: to })
  }
  return { versions, splits, renamed }
}

/** The first that holds. */
async function firstOf<T>(items: readonly (T | undefined)[], holds: (item: T) => Promise<boolean>): Promise<T | undefined> {
  for (const item of items) if (item !== undefined && (await holds(item))) return item
  return undefined
}

/** The name, or another where it is taken; `null` with a conflict. */
function freeName(name: string, what: 'version' | 'split', taken: boolean, names: ReadonlySet<string>, { options, conflicts }: FrozenToMerge): string | null {
  if (!taken) return name
  const to = `${options.renameConflicts ?? ''}${name}`
  if (options.renameConflicts && !names.has(to.toLowerCase()) && VersionSchema.shape.name.safeParse(to).success) return to
  conflicts.push({ what, name, reason: options.renameConflicts ? `there is another one here, and ${to} is taken or no name` : 'there is another one of this name here' })
  return null
}
