import type { RunRecord, RunState } from '../../../src-main/contract/schemas/learning.ts'
import type { Strings } from '../../strings/en.ts'
import type { Format } from '../../strings/format.ts'
import type { Tone } from '../../ui/tone.ts'

export const stateTone: Record<RunState, Tone> = { queued: 'neutral', running: 'live', paused: 'warn', interrupted: 'warn', stopped: 'neutral', failed: 'bad', finished: 'good' }

/** Its own name, or what it is of. */
export function runName(run: RunRecord, t: Strings): string {
  return run.name === '' ? t.runs.unnamed(t.training.recipes[run.recipe.recipe], run.split.name, String(run.seed)) : run.name
}

/** @example figure(5.44e6, format) // '5.4M' */
export function figure(value: number | null, format: Format): string {
  if (value === null) return '\u2013'
  return new Intl.NumberFormat(format.locale === 'zh-CN' ? 'en' : format.locale, { notation: 'compact', maximumSignificantDigits: 3 }).format(value)
}

/** An error rate with as many decimals as people publish. @example rateWords(0.0123, format) // '1.23%' */
export function rateWords(value: number | null, format: Format): string {
  return value === null ? '\u2013' : `${format.number(value * 100, 2)}%`
}

/** A loss, a rate or a length: three digits that say something, or more. @example digits(0.000512345, format) // '5.12e-4' */
export function digits(value: number, format: Format): string {
  const size = Math.abs(value)
  if (size === 0) return format.number(0)
  if (size < 1e-2 || size >= 1e5) return value.toExponential(2)
  return format.number(value, size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.1 ? 3 : 4)
}

/** A learning rate at an axis, with the digits that tell it from its neighbours. @example tinyWords(0.0015, format) // '1.5e-3' */
export function tinyWords(value: number, format: Format): string {
  return value === 0 ? format.number(0) : Number(value.toPrecision(6)).toExponential()
}

/** A network as a run's record calls it; only the template, which is none, has words of its own. */
export function networkName(network: string, t: Strings): string {
  return network === 'mean beat' ? t.training.meanBeat : network
}

/** What a run's term is called: those that this window knows in its language, others as they are told. */
export function termName(name: string, t: Strings): string {
  return (t.training.terms as Record<string, string>)[name] ?? name
}
