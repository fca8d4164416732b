import type { CurationRule } from '../contract/index.ts'

/**
 * What a version is made of when nobody says otherwise: finished recordings of people who agreed, without what is damaged, of which ten seconds are
 * left: about ten beats, the shortest that recognition.md's enrolment lengths ask for. Of ECG-ID it keeps all 310 recordings and cuts the eleven leading blocks.
 */
export const defaultRules: readonly CurationRule[] = [
  { kind: 'states', states: ['finished', 'recovered', 'imported'] },
  { kind: 'consent' },
  { kind: 'damaged-spans', lane: 'ecg' },
  { kind: 'duration', atLeast: 10 },
]
