import type { CurationRule } from '../../../src-main/contract/schemas/curation.ts'
import { LaneKind } from '../../../src-main/contract/schemas/device.ts'
import { LabelKind } from '../../../src-main/contract/schemas/label.ts'
import { RecordingState } from '../../../src-main/contract/schemas/recording.ts'

export type RuleKind = CurationRule['kind']

/** What a rule of each kind begins as. In the order in which people look for them. */
export const newRules: readonly CurationRule[] = [
  { kind: 'usable-seconds', lane: 'ecg', atLeast: 15 },
  { kind: 'duration', atLeast: 10 },
  { kind: 'at-most', measure: 'saturated', lane: 'ecg', ratio: 0.01 },
  { kind: 'damaged-spans', lane: 'ecg' },
  { kind: 'skip-start', seconds: 1.5 },
  { kind: 'exclude-labels', annotators: [] },
  { kind: 'sessions', atLeast: 2 },
  { kind: 'heart-rate', from: 40, to: 180 },
  { kind: 'beats', lane: 'ecg', atLeast: 10 },
  { kind: 'has-lanes', lane: 'ppg', count: 1 },
  { kind: 'findings', codes: [] },
  { kind: 'states', states: ['finished', 'recovered', 'imported'] },
  { kind: 'consent' },
  { kind: 'subjects', codes: ['S001'], keep: false },
  { kind: 'subject-tag', tag: 'pilot', keep: false },
  { kind: 'dates', from: null, to: null },
  { kind: 'label', label: 'exclude', value: null, keep: false },
]

export interface NumberField {
  type: 'number'
  key: string
  name: 'count' | 'atLeast' | 'atLeastSeconds' | 'percent' | 'perMinuteFrom' | 'perMinuteTo' | 'seconds'
  least: number
  most: number
  step: number
  /** What is shown is the stored number times this. */
  scale: number
}
export type RuleField =
  | NumberField
  | { type: 'lane' | 'measure' | 'label' | 'keep' | 'states'; key: string }
  | { type: 'words'; key: string; name: 'codes' | 'subjects' | 'annotators'; hint?: 'codesHint' | 'annotatorsHint' }
  | { type: 'text'; key: string; name: 'tag' | 'value'; hint?: 'valueHint' }
  | { type: 'date'; key: 'from' | 'to' }

const number = (key: string, name: NumberField['name'], rest: Partial<NumberField> = {}): NumberField => ({ type: 'number', key, name, least: 0, most: 1e6, step: 1, scale: 1, ...rest })
const lane: RuleField = { type: 'lane', key: 'lane' }
const keep: RuleField = { type: 'keep', key: 'keep' }

/** The fields of each kind of rule, in order. */
export const ruleFields: Record<RuleKind, readonly RuleField[]> = {
  'has-lanes': [lane, number('count', 'count', { least: 1 })],
  'usable-seconds': [lane, number('atLeast', 'atLeastSeconds')],
  duration: [number('atLeast', 'atLeastSeconds')],
  'at-most': [{ type: 'measure', key: 'measure' }, lane, number('ratio', 'percent', { most: 100, step: 0.1, scale: 100 })],
  'heart-rate': [number('from', 'perMinuteFrom', { least: 1 }), number('to', 'perMinuteTo', { least: 1 })],
  beats: [lane, number('atLeast', 'atLeast')],
  findings: [{ type: 'words', key: 'codes', name: 'codes', hint: 'codesHint' }],
  states: [{ type: 'states', key: 'states' }],
  subjects: [{ type: 'words', key: 'codes', name: 'subjects' }, keep],
  'subject-tag': [{ type: 'text', key: 'tag', name: 'tag' }, keep],
  consent: [],
  sessions: [number('atLeast', 'atLeast', { least: 1 })],
  dates: [{ type: 'date', key: 'from' }, { type: 'date', key: 'to' }],
  label: [{ type: 'label', key: 'label' }, { type: 'text', key: 'value', name: 'value', hint: 'valueHint' }, keep],
  'skip-start': [number('seconds', 'seconds', { least: 0.1, step: 0.1 })],
  'damaged-spans': [lane],
  'exclude-labels': [{ type: 'words', key: 'annotators', name: 'annotators', hint: 'annotatorsHint' }],
}

export const laneKinds = LaneKind.options
export const labelKinds = LabelKind.options
export const recordingStates = RecordingState.options
export const measures = ['saturated', 'missing', 'flat', 'mains'] as const

/** A rule with one field changed; an empty list of what must not be empty, or a number that is none, changes nothing. */
export function changedRule(rule: CurationRule, field: RuleField, text: string): CurationRule {
  return { ...rule, [field.key]: fieldValue(rule, field, text) } as CurationRule
}

function fieldValue(rule: CurationRule, field: RuleField, text: string): unknown {
  const before = (rule as unknown as Record<string, unknown>)[field.key]
  if (field.type === 'number') {
    const value = Number(text)
    return text.trim() === '' || !Number.isFinite(value) ? before : Math.min(field.most, Math.max(field.least, value)) / field.scale
  }
  if (field.type === 'words') {
    const words = text.split(',').map((word) => word.trim()).filter(Boolean)
    return words.length === 0 && field.name === 'subjects' ? before : words
  }
  if (field.type === 'keep') return text === 'keep'
  if (field.type === 'text') return field.name === 'value' ? text.trim() || null : text.trim() || before
  if (field.type === 'date') return text === '' ? null : text
  return text
}

/** What the field's control shows. */
export function fieldText(rule: CurationRule, field: RuleField): string {
  const value = (rule as unknown as Record<string, unknown>)[field.key]
  if (field.type === 'number') return String(Math.round(Number(value) * field.scale * 1000) / 1000)
  if (Array.isArray(value)) return value.join(', ')
  if (field.type === 'keep') return value === true ? 'keep' : 'leave'
  return value === null || value === undefined ? '' : String(value)
}
