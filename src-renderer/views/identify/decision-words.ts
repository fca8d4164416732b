import type { Decision } from '../../../src-main/contract/schemas/identity.ts'
import type { Strings } from '../../strings/en.ts'
import type { IconName } from '../../ui/icons.ts'

/** `open`: there is no threshold, so nothing was decided. */
export type Verdict = 'recognised' | 'unknown' | 'accepted' | 'refused' | 'open'

export function verdictOf({ claim, accepted, subject, threshold }: Decision): Verdict {
  if (claim !== null) return accepted === null ? 'open' : accepted ? 'accepted' : 'refused'
  if (threshold === null) return 'open'
  return subject === null ? 'unknown' : 'recognised'
}

export const verdictIcon: Readonly<Record<Verdict, IconName>> = { recognised: 'check', accepted: 'check', unknown: 'help', refused: 'cross', open: 'info' }

/** The word that is read from the chair, and the line below it. */
export function decisionWords(decision: Decision, t: Strings): { head: string; line: string } {
  const words = t.identify.decision
  const verdict = verdictOf(decision)
  const claim = decision.claim ?? ''
  if (verdict === 'accepted') return { head: words.accepted, line: words.acceptedText(claim) }
  if (verdict === 'refused') return { head: words.refused, line: words.refusedText(claim) }
  if (verdict === 'unknown') return { head: words.unknown, line: words.unknownText }
  if (verdict === 'recognised') return { head: decision.subject ?? '', line: words.recognised }
  if (decision.claim !== null) return { head: words.undecided, line: words.undecidedText }
  return { head: decision.subject ?? decision.candidates[0]?.subject ?? words.unknown, line: words.mostAlike }
}

/** Ends of the scale that the candidates' bars share: room for every score and the threshold. Cosines below 0 are no likeness at all. */
export function scoreScale({ candidates, threshold }: Pick<Decision, 'candidates' | 'threshold'>): { low: number; high: number } {
  const scores = [...candidates.map(({ score }) => score), ...(threshold === null ? [] : [threshold])]
  return { low: Math.min(0, ...scores), high: Math.max(1, ...scores) }
}
