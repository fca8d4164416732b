import type { WindowOptions } from './training-options.ts'

/** What a decision is made of: windows around a beat (or the mean of some), or windows of one length. */
export type DecisionUnit = 'beat' | 'window'

/** @example decisionUnit({ windows: { mode: 'window' } }) // 'window' */
export const decisionUnit = ({ windows }: { readonly windows: Pick<WindowOptions, 'mode'> }): DecisionUnit => (windows.mode === 'window' ? 'window' : 'beat')
