import {
  LabError, RecordingState, type CurationDecision, type CurationOverride, type CurationResult, type CurationRule, type ExclusionReason, type RowSpan,
} from '../contract/index.ts'
import type { CurationCandidate } from './candidates.ts'
import { compareText } from './order.ts'
import { checkRecording, type Refusal } from './rule-checks.ts'
import { cutSpans, rowsToLeaveOut } from './rule-spans.ts'
import { rowsIn } from './spans.ts'

/** One recording while the rules go over it. */
interface Standing {
  readonly candidate: CurationCandidate
  readonly reasons: ExclusionReason[]
  spans: readonly RowSpan[]
  /** Rows that rules cut, by their places. */
  readonly cut: { readonly rule: number; readonly rows: number }[]
}

/**
 * Applies the rules, in order, to every recording, and then a person's word. A recording that one rule excludes is still asked the others, so that
 * all its reasons are known; only `sessions` counts what the rules before it left. `perRule` says what the rules say, whatever a person overrode.
 * The last override of a recording counts. `decisions` are sorted by recording.
 * @throws LabError `rules-invalid` with `data.rule`, the place in the list.
 * @example evaluateRules([recordingOf8s], [{ kind: 'duration', atLeast: 10 }], []).decisions[0].reasons[0].text // '8.0 s are left; at least 10.0 s are wanted.'
 */
export function evaluateRules(candidates: readonly CurationCandidate[], rules: readonly CurationRule[], overrides: readonly CurationOverride[]): CurationResult {
  requireValidRules(rules)
  const all = [...candidates].sort((a, b) => compareText(a.id, b.id)).map(begin)
  rules.forEach((rule, at) => applyRule(rule, at, all))
  const perRule = rules.map(() => ({ excluded: 0, excludedAlone: 0, secondsCut: 0 }))
  for (const { reasons } of all) {
    if (reasons.length === 0) continue
    const places = new Set(reasons.flatMap(({ rule }) => rule ?? []))
    for (const place of places) perRule[place].excluded++
    if (places.size === 1 && reasons.every(({ rule }) => rule !== null)) perRule[[...places][0]].excludedAlone++
  }
  const words = new Map(overrides.map((override) => [override.recording, override]))
  const decisions = all.map((standing) => decide(standing, words.get(standing.candidate.id)))
  decisions.forEach(({ included }, i) => {
    if (included) for (const { rule, rows } of all[i].cut) perRule[rule].secondsCut += rows / all[i].candidate.rateHz
  })
  return { decisions, included: counts(decisions), perRule }
}

function begin(candidate: CurationCandidate): Standing {
  const { rows } = candidate
  if (rows > 0) return { candidate, reasons: [], spans: [{ from: 0, to: rows }], cut: [] }
  return { candidate, reasons: [{ rule: null, kind: 'empty', data: {}, text: 'It holds no samples.' }], spans: [], cut: [] }
}

function applyRule(rule: CurationRule, at: number, all: readonly Standing[]): void {
  const exclude = ({ reasons }: Standing, { data, text }: Refusal): void => void reasons.push({ rule: at, kind: rule.kind, data, text })
  if (rule.kind === 'sessions') {
    const sessions = new Map<string, Set<string>>()
    const left = all.filter(({ reasons }) => reasons.length === 0)
    for (const { candidate } of left) {
      const known = sessions.get(candidate.subject)
      if (known) known.add(candidate.session)
      else sessions.set(candidate.subject, new Set([candidate.session]))
    }
    for (const standing of left) {
      const { subject } = standing.candidate
      const count = sessions.get(subject)?.size ?? 0
      if (count < rule.atLeast) exclude(standing, { data: { subject, sessions: count, atLeast: rule.atLeast }, text: `${subject} has ${count} session${count === 1 ? '' : 's'}; at least ${rule.atLeast} are wanted.` })
    }
    return
  }
  for (const standing of all) {
    const { candidate, spans, cut } = standing
    if (rule.kind === 'skip-start' || rule.kind === 'damaged-spans' || rule.kind === 'exclude-labels') {
      if (spans.length === 0) continue
      const left = cutSpans(spans, rowsToLeaveOut(rule, candidate), candidate.rateHz)
      if (left === spans) continue
      cut.push({ rule: at, rows: rowsIn(spans) - rowsIn(left) })
      standing.spans = left
      if (left.length === 0) exclude(standing, { data: { seconds: candidate.rows / candidate.rateHz }, text: `${leftOutWords[rule.kind]} leaves nothing of it.` })
    } else {
      // What an earlier rule left nothing of has its reason; that it is short then is none of its own.
      if (rule.kind === 'duration' && spans.length === 0) continue
      const refusal = checkRecording(rule, candidate, rowsIn(spans) / candidate.rateHz)
      if (refusal) exclude(standing, refusal)
    }
  }
}

const leftOutWords = { 'skip-start': 'Leaving out the start', 'damaged-spans': 'Leaving out what is damaged', 'exclude-labels': 'Leaving out what people excluded' } as const

/** A person who includes what the rules left nothing of gets all of it. */
function decide({ candidate, reasons, spans }: Standing, override: CurationOverride | undefined): CurationDecision {
  const said: ExclusionReason[] = override && !override.include ? [{ rule: null, kind: 'override', data: { reason: override.reason }, text: `Excluded by hand: ${override.reason}` }] : []
  const included = candidate.rows > 0 && (override ? override.include : reasons.length === 0)
  const kept = !included ? [] : spans.length > 0 ? spans : [{ from: 0, to: candidate.rows }]
  const { id, subject, session, rateHz } = candidate
  return {
    recording: id, subject, session, included, overridden: override !== undefined, reasons: [...reasons, ...said],
    spans: kept.map(({ from, to }) => ({ from, to })), seconds: rowsIn(kept) / rateHz,
  }
}

function counts(decisions: readonly CurationDecision[]): CurationResult['included'] {
  const included = decisions.filter((decision) => decision.included)
  return {
    recordings: included.length,
    subjects: new Set(included.map(({ subject }) => subject)).size,
    sessions: new Set(included.map(({ subject, session }) => `${subject} ${session}`)).size,
    seconds: included.reduce((sum, { seconds }) => sum + seconds, 0),
  }
}

/** Of the calendar: 30 February is none. */
function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && Number.isFinite(Date.parse(`${text}T00:00:00Z`)) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text)
}

/** What a schema cannot say of a rule. @throws LabError `rules-invalid` with `data.rule`. */
function requireValidRules(rules: readonly CurationRule[]): void {
  rules.forEach((rule, at) => {
    const refuse = (reason: string): LabError => new LabError('rules-invalid', `Rule ${at + 1} (${rule.kind}) cannot be used: ${reason}.`, { rule: at, kind: rule.kind, reason })
    if (rule.kind === 'heart-rate' && rule.from > rule.to) throw refuse(`its lower rate ${rule.from} is above its upper rate ${rule.to}`)
    if (rule.kind === 'states') {
      const unknown = rule.states.find((state) => !RecordingState.safeParse(state).success)
      if (unknown !== undefined) throw refuse(`no recording is ever "${unknown}"; there are ${RecordingState.options.join(', ')}`)
    }
    if (rule.kind === 'dates') {
      const wrong = [rule.from, rule.to].find((date) => date !== null && !isDate(date))
      if (wrong != null) throw refuse(`"${wrong}" is no date like 2026-03-01`)
      if (rule.from !== null && rule.to !== null && rule.from > rule.to) throw refuse(`${rule.from} is after ${rule.to}`)
    }
  })
}
