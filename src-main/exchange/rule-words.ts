import type { CurationRule } from '../contract/index.ts'

const percent = (ratio: number): string => `${Number((100 * ratio).toPrecision(3))} %`
const measures = { saturated: 'saturated', missing: 'missing', flat: 'flat', mains: 'mains hum' } as const

/**
 * What a rule keeps, as a sentence for papers. Codes of people, names of annotators and, unless `keepDates`, dates are only counted or said to be there.
 * @example ruleWords({ kind: 'usable-seconds', lane: 'ecg', atLeast: 15 }, false) // 'At least 15 s of the best ecg lane are usable.'
 */
export function ruleWords(rule: CurationRule, keepDates: boolean): string {
  switch (rule.kind) {
    case 'has-lanes':
      return `There are at least ${rule.count} ${rule.lane} lanes.`
    case 'usable-seconds':
      return `At least ${rule.atLeast} s of the best ${rule.lane} lane are usable.`
    case 'duration':
      return `At least ${rule.atLeast} s are left.`
    case 'at-most':
      return `At most ${percent(rule.ratio)} of the best ${rule.lane} lane is ${measures[rule.measure]}.`
    case 'heart-rate':
      return `The mean heart rate is ${rule.from} to ${rule.to}/min.`
    case 'beats':
      return `At least ${rule.atLeast} beats were found in the best ${rule.lane} lane.`
    case 'findings':
      return rule.codes.length === 0 ? 'There is no finding or warning.' : `There is none of these findings: ${rule.codes.join(', ')}.`
    case 'states':
      return `The recording's state is ${rule.states.join(' or ')}.`
    case 'subjects':
      return `The subject is ${rule.keep ? 'one of' : 'none of'} ${rule.codes.length} that were named.`
    case 'subject-tag':
      return `The subject ${rule.keep ? 'has' : 'does not have'} a certain tag.`
    case 'consent':
      return 'The subject has consented, or the recording is public data under its licence.'
    case 'sessions':
      return `The subject has at least ${rule.atLeast} sessions left.`
    case 'dates':
      return keepDates ? `The date is from ${rule.from ?? 'the beginning'} to ${rule.to ?? 'the end'}.` : 'The date lies in a certain span.'
    case 'label':
      return `There is ${rule.keep ? 'a' : 'no'} label ${rule.label}${rule.value === null ? '' : ` "${rule.value}"`}.`
    case 'skip-start':
      return `The first ${rule.seconds} s are left out.`
    case 'damaged-spans':
      return `Gaps, leading blocks, and stretches of a second or more that are saturated or flat in every ${rule.lane} lane are left out.`
    case 'exclude-labels':
      return `What ${rule.annotators.length === 0 ? 'anybody' : `${rule.annotators.length} named annotators`} labelled "exclude" is left out.`
  }
}

/** The rule as it goes out: without codes of people, tags, names of annotators and, unless `keepDates`, dates. */
export function plainRule(rule: CurationRule, keepDates: boolean): Record<string, unknown> {
  if (rule.kind === 'subjects') return { kind: rule.kind, keep: rule.keep, codes: rule.codes.length }
  if (rule.kind === 'subject-tag') return { kind: rule.kind, keep: rule.keep }
  if (rule.kind === 'exclude-labels') return { kind: rule.kind, annotators: rule.annotators.length }
  if (rule.kind === 'dates' && !keepDates) return { kind: rule.kind }
  return rule
}
