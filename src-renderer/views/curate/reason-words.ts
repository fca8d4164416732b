import type { ExclusionReason } from '../../../src-main/contract/schemas/curation.ts'
import type { Strings } from '../../strings/en.ts'

/** A reason in the reader's language; one of a kind that this window does not know stays in the lab's own words. */
export function reasonWords(reason: ExclusionReason, t: Strings): string {
  const words = (t.curate.reasons as Partial<Strings['curate']['reasons']>)[reason.kind as keyof Strings['curate']['reasons']]
  if (words === undefined) return reason.text
  const kind = String(reason.data.lane ?? '')
  return words(reason.data, (t.lanes.kinds as Record<string, string>)[kind] ?? kind)
}
