import type { IconName } from './icons.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'neutral' | 'live'

/** A tone is never told by colour alone. */
export const toneIcon: Record<Tone, IconName> = { good: 'check', warn: 'warning', bad: 'cross', neutral: 'info', live: 'live' }
