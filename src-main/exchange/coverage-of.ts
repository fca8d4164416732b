import type { ModalityCoverage } from '../contract/index.ts'
import { modalityCoverage } from '../curation/modality-coverage.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { planExport } from './export-plan.ts'

/** Of a version, or of a split of one. */
export type CoverageWish = ({ readonly version: string } | { readonly split: string }) & { readonly student: ModalityCoverage['student'] }

/**
 * Who has which modality among the recordings that a run would see: people who refused or withdrew are not there.
 * @throws LabError as `planExport`, `split-not-found`.
 */
export async function coverageOf(dataset: Dataset, wish: CoverageWish): Promise<ModalityCoverage> {
  const name = 'split' in wish ? wish.split : null
  const version = 'split' in wish ? (await dataset.splits.get(wish.split)).version : wish.version
  const { entries, split } = await planExport(dataset, { version, split: name, keepDates: true })
  return modalityCoverage({ version, split, student: wish.student, recordings: entries.map(({ entry, roles }) => ({ entry, roles })) })
}
