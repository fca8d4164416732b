import type { DecisionUnit } from '../../../src-main/contract/schemas/decision-unit.ts'
import type { ModelName } from '../../../src-main/contract/schemas/learning.ts'
import type { Estimate } from '../../../src-main/contract/schemas/report.ts'
import { rateText } from '../../charts/rate-text.ts'
import type { Strings } from '../../strings/en.ts'
import type { Format } from '../../strings/format.ts'

/** A model by its name on screen; a system that is none by its own. */
export function systemName(system: string, t: Strings): string {
  return t.report.models[system as ModelName] ?? system
}

/** What a decision is made of. @example decisionText(5, 'beat', en, format) // '5 beats'   decisionText(0, 'window', en, format) // 'whole recording' */
export function decisionText(count: number, unit: DecisionUnit, t: Strings, format: Format): string {
  return count === 0 ? t.report.wholeRecording : format.plural(count, t.report.decisionUnits[unit])
}

/** @example compactText(5524416, format) // '5.52M' */
export function compactText(value: number, format: Format): string {
  return new Intl.NumberFormat(format.locale === 'zh-CN' ? 'en' : format.locale, { notation: 'compact', maximumSignificantDigits: 3 }).format(value)
}

export function millisecondsText(value: number, t: Strings, format: Format): string {
  // A matrix product of a few numbers is not free.
  return t.report.milliseconds(value > 0 && value < 0.01 ? `< ${format.number(0.01, 2)}` : format.short(value, value < 10 ? 2 : 1))
}

/** Never as 0: the draws of subjects cannot show that. @example pText(0.00042, format) // '< 0.001' */
export function pText(p: number, format: Format): string {
  return p < 0.001 ? `< ${format.number(0.001, 3)}` : format.number(p, p < 0.1 ? 3 : 2)
}

export function estimateText({ value }: Estimate, none: string, format: Format): string {
  return value === null ? none : rateText(format, value)
}
