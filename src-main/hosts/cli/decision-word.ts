import type { DecisionUnit } from '../../contract/index.ts'

/** What a decision is made of. @example decisionWord(5, 'window') // '5 windows' */
export const decisionWord = (count: number, unit: DecisionUnit): string => (count === 0 ? `all ${unit}s` : count === 1 ? `1 ${unit}` : `${count} ${unit}s`)
