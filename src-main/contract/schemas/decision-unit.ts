import type { WindowOptions } from './training-options.ts'

/** What a decision is made of: windows around a beat (or the mean of some), or windows of one length. */
export type DecisionUnit = 'beat' | 'window'

/** @example decisionUnit({ windows: { mode: 'window' } }) // 'window' */
export const decisionUnit = ({ windows }: { readonly windows: Pick<WindowOptions, 'mode'> }): DecisionUnit => (windows.mode === 'window' ? 'window' : 'beat')

/** What a decision is made of, in English. @example decisionWords(5, 'window') // '5 windows'   decisionWords(0, 'beat') // 'all beats' */
export const decisionWords = (count: number, unit: DecisionUnit): string => (count === 0 ? `all ${unit}s` : count === 1 ? `1 ${unit}` : `${count} ${unit}s`)
