import type { Consent } from '../../../src-main/contract/schemas/dataset.ts'
import type { Tone } from '../../ui/tone.ts'

export const consentTone: Record<Consent, Tone> = { granted: 'good', unknown: 'warn', refused: 'bad', withdrawn: 'bad' }
export const consents = ['granted', 'unknown', 'refused', 'withdrawn'] as const satisfies readonly Consent[]
