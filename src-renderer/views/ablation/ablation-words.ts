import type { AblationCell, AblationComparison, AblationGrid, AblationState } from '../../../src-main/contract/schemas/ablation.ts'
import type { RunState } from '../../../src-main/contract/schemas/learning.ts'
import type { Strings } from '../../strings/en.ts'
import type { Format } from '../../strings/format.ts'
import type { IconName } from '../../ui/icons.ts'
import type { Tone } from '../../ui/tone.ts'
import { stateTone as runTone } from '../train/run-words.ts'

export function stateTone({ state, failed }: { readonly state: AblationState; readonly failed: number }): Tone {
  if (state === 'running') return 'live'
  return failed > 0 || state === 'incomplete' ? 'warn' : 'good'
}

/** What a grid's table has as rows, the baseline among them. */
export function rowsOf({ variants, also }: AblationGrid): string[] {
  return [...Object.keys(also), ...Object.keys(variants ?? {})]
}

export const cellTone: Record<AblationCell['state'], Tone> = { waiting: 'neutral', ...runTone }
const cellIcons: Record<RunState, IconName> = { queued: 'wait', running: 'live', paused: 'pause', interrupted: 'pause', stopped: 'stop', failed: 'cross', finished: 'check' }

export const cellIcon = (state: AblationCell['state']): IconName => (state === 'waiting' ? 'wait' : cellIcons[state])

export const cellWords = (state: AblationCell['state'], t: Strings): string => (state === 'waiting' ? t.ablation.waiting : t.runs.states[state])

/** A field of a recipe in words where it has some, else as the recipe calls it. */
export const fieldName = (path: string, t: Strings): string => (t.ablation.fields as Record<string, string>)[path] ?? path

/** The word of a field that takes one of a few. */
export function choiceWords(path: string, value: string, t: Strings): string {
  const { diagram, form } = t.training
  const cross = t.crossModal
  const words: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['distillation.stage.form', diagram.stageForms], ['distillation.logit.form', diagram.logitForms], ['base.form', cross.forms], ['alignment.plan', cross.plans], ['kl.classifier', cross.classifiers],
    ['matcher.pairs', cross.pairKinds], ['matcher.targets', cross.targetKinds], ['triplet.form', form.tripletForms], ['network.preset', form.networks], ['optimizer', form.optimizers], ['indows.mode', form.modes], ['indows.lane', t.lanes.kinds],
  ]
  return words.find(([end]) => path.endsWith(end))?.[1][value] ?? value
}

/** A rate with its deviation over seeds, as tables print it. @example meanWords({ mean: 0.041, deviation: 0.002 }, format) // '4.10 ± 0.20' */
export function meanWords({ mean, deviation }: { readonly mean: number | null; readonly deviation: number | null }, format: Format): string {
  if (mean === null) return '\u2013'
  return deviation === null ? format.number(mean * 100, 2) : `${format.number(mean * 100, 2)} \u00b1 ${format.number(deviation * 100, 2)}`
}

/** Points with their sign. @example signedPoints(-0.0042, format) // '−0.42' */
export function signedPoints(value: number, format: Format): string {
  return `${value < 0 ? '\u2212' : value > 0 ? '+' : ''}${format.number(Math.abs(value) * 100, 2)}`
}

/** @example pWords(0.0004, format) // '<0.001' */
export function pWords(p: number | null, format: Format): string {
  return p === null ? '\u2013' : p < 0.001 ? '<0.001' : format.number(p, 3)
}

export const verdictIcons: Record<AblationComparison['verdict'], IconName> = { better: 'check', worse: 'cross', 'no-significant-difference': 'minus', 'too-few-subjects': 'info', 'not-comparable': 'info' }

/** What was tested, for whoever asks. */
export function testWords({ test, seeds, dz }: AblationComparison, t: Strings, format: Format): string {
  const words = t.ablation.tests[test](format.plural(seeds, t.ablation.seedCount))
  return dz === null ? words : `${words}; ${t.ablation.dz(format.number(dz, 2).replace('-', '\u2212'))}`
}
