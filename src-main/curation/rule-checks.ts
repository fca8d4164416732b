import type { CurationRule, LaneKind } from '../contract/index.ts'
import { bestLane, type CurationCandidate, type LaneMeasures } from './candidates.ts'

/** Why a rule excludes: the numbers of the sentence, and the sentence. */
export interface Refusal {
  readonly data: Record<string, string | number>
  readonly text: string
}

/** Rules that say yes or no to one recording, by what is known of it and what the rules before have left of it. */
export type RecordingRule = Exclude<CurationRule, { kind: 'sessions' | 'skip-start' | 'damaged-spans' | 'exclude-labels' }>

const seconds = (value: number): string => `${value.toFixed(1)} s`
const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)} %`

/** For the words only: the numbers in `data` are exact. */
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6

/**
 * Why this rule excludes the recording, or `null` when it keeps it. What cannot be shown does not hold: a recording that was never analysed has
 * no beats, one without a date is in no span of dates. `keptSeconds`: what the rules before this one left of it.
 * @example a recording of 8 s under { kind: 'duration', atLeast: 10 }: '8.0 s are left; at least 10.0 s are wanted.'
 */
export function checkRecording(rule: RecordingRule, candidate: CurationCandidate, keptSeconds: number): Refusal | null {
  switch (rule.kind) {
    case 'has-lanes': {
      const count = candidate.lanes.filter((lane) => lane.kind === rule.lane).length
      if (count >= rule.count) return null
      return { data: { lane: rule.lane, count, atLeast: rule.count }, text: `It has ${count} ${rule.lane} lanes; at least ${rule.count} are wanted.` }
    }
    case 'usable-seconds':
      return onBestLane(candidate, rule.lane, ({ usableSeconds }) => {
        if (usableSeconds >= rule.atLeast) return null
        return { data: { lane: rule.lane, seconds: rounded(usableSeconds), atLeast: rule.atLeast }, text: `${seconds(usableSeconds)} of ${rule.lane} are usable; at least ${seconds(rule.atLeast)} are wanted.` }
      })
    case 'duration':
      if (keptSeconds >= rule.atLeast) return null
      return { data: { seconds: rounded(keptSeconds), atLeast: rule.atLeast }, text: `${seconds(keptSeconds)} are left; at least ${seconds(rule.atLeast)} are wanted.` }
    case 'at-most':
      return onBestLane(candidate, rule.lane, (lane) => {
        const value = lane[`${rule.measure}Ratio`]
        if (value === null || value <= rule.ratio) return null
        return { data: { lane: rule.lane, measure: rule.measure, ratio: rounded(value), atMost: rule.ratio }, text: `${percent(value)} of ${rule.lane} is ${measureWords[rule.measure]}; at most ${percent(rule.ratio)} may be.` }
      })
    case 'heart-rate': {
      const bpm = bestLane(candidate, 'ecg')?.meanRateBpm ?? bestLane(candidate, 'ppg')?.meanRateBpm ?? null
      if (bpm === null) return { data: { from: rule.from, to: rule.to }, text: 'Its heart rate is not known.' }
      if (bpm >= rule.from && bpm <= rule.to) return null
      return { data: { bpm: rounded(bpm), from: rule.from, to: rule.to }, text: `Its heart rate is ${bpm.toFixed(0)}/min, outside ${rule.from} to ${rule.to}/min.` }
    }
    case 'beats':
      return onBestLane(candidate, rule.lane, ({ beats }): Refusal | null => {
        if (beats === null) return { data: { lane: rule.lane, atLeast: rule.atLeast }, text: 'Its beats were not detected yet.' }
        if (beats >= rule.atLeast) return null
        return { data: { lane: rule.lane, beats, atLeast: rule.atLeast }, text: `${beats} beats were found in ${rule.lane}; at least ${rule.atLeast} are wanted.` }
      })
    case 'findings': {
      const found = rule.codes.length === 0 ? candidate.findings : candidate.findings.filter((code) => rule.codes.includes(code))
      if (found.length === 0) return null
      const codes = [...new Set(found)].join(', ')
      return { data: { codes }, text: `It has the findings ${codes}.` }
    }
    case 'states':
      if (rule.states.includes(candidate.state)) return null
      return { data: { state: candidate.state, states: rule.states.join(', ') }, text: `Its state is ${candidate.state}.` }
    default:
      return checkPerson(rule, candidate)
  }
}

const measureWords = { saturated: 'saturated', missing: 'missing', flat: 'flat', mains: 'mains hum' } as const

function onBestLane(candidate: CurationCandidate, kind: LaneKind, check: (lane: LaneMeasures) => Refusal | null): Refusal | null {
  const lane = bestLane(candidate, kind)
  if (lane) return check(lane)
  const has = candidate.lanes.some((one) => one.kind === kind)
  return { data: { lane: kind }, text: has ? `Its ${kind} was not measured yet.` : `It has no ${kind} lane.` }
}

/** Rules about whose recording it is, when, and what people said of it. */
function checkPerson(rule: Extract<RecordingRule, { kind: 'subjects' | 'subject-tag' | 'consent' | 'dates' | 'label' }>, candidate: CurationCandidate): Refusal | null {
  switch (rule.kind) {
    case 'subjects': {
      const listed = rule.codes.some((code) => candidate.codes.includes(code.toLowerCase()))
      if (listed === rule.keep) return null
      return { data: { subject: candidate.subject }, text: `${candidate.subject} is ${listed ? 'to be left out' : 'not among the chosen subjects'}.` }
    }
    case 'subject-tag': {
      const tagged = candidate.tags.includes(rule.tag)
      if (tagged === rule.keep) return null
      return { data: { subject: candidate.subject, tag: rule.tag }, text: `${candidate.subject} ${tagged ? 'has' : 'does not have'} the tag "${rule.tag}".` }
    }
    case 'consent': {
      const { consent, state, subject } = candidate
      // Nobody is recorded here without consent; public data was given under its licence, until its subject says no.
      if (consent === 'granted' || (consent === 'unknown' && state === 'imported')) return null
      return { data: { subject, consent }, text: `The consent of ${subject} is ${consent}.` }
    }
    case 'dates': {
      const { day } = candidate
      if (day === null) return { data: {}, text: 'Its date is not known.' }
      if ((rule.from === null || day >= rule.from) && (rule.to === null || day <= rule.to)) return null
      return { data: { day }, text: `Its date ${day} is outside ${rule.from ?? 'the beginning'} to ${rule.to ?? 'the end'}.` }
    }
    case 'label': {
      const what = rule.value === null ? rule.label : `${rule.label} "${rule.value}"`
      const said = rule.label === 'beat'
        ? candidate.beatSymbols.some((symbol) => rule.value === null || symbol === rule.value)
        : candidate.labels.some((label) => label.kind === rule.label && (rule.value === null || label.value === rule.value))
      if (said === rule.keep) return null
      return { data: { label: rule.label, value: rule.value ?? '' }, text: said ? `It is labelled ${what}.` : `It has no label ${what}.` }
    }
  }
}
