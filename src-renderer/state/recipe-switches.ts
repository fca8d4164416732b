import { usualTemperature } from '../../src-main/contract/schemas/cross-modal.ts'
import { NetworkPreset, type Recipe, type RecipeName } from '../../src-main/contract/schemas/learning.ts'

/** A loss that is switched by its weight: 0 is off. */
export interface WeightSwitch {
  readonly path: string
  /** What it has when it is switched on and never had another. */
  readonly usual: number
}

/** The losses of every recipe that teach a student; weights as published (recognition.md A1-A4), where a table switches them one by one. */
export const weightSwitches: Readonly<Record<RecipeName, readonly WeightSwitch[]>> = {
  thkd: [
    { path: 'student.distillation.logit.weight', usual: 0.5 },
    { path: 'student.distillation.stage.weight', usual: 1 },
    { path: 'student.distillation.embedding.weight', usual: 1 },
    { path: 'student.distillation.relation.weight', usual: 0.1 },
  ],
  fusion: [
    { path: 'distillation.kl.weight', usual: 1 },
    { path: 'distillation.cosine.weight', usual: 1 },
    { path: 'distillation.mmd.weight', usual: 1 },
  ],
  clip: [
    { path: 'distillation.logit.weight', usual: 1 },
    { path: 'distillation.relation.weight', usual: 0.1 },
    { path: 'distillation.assessment.weight', usual: 1 },
  ],
  sembridge: [
    { path: 'weights.base', usual: 0.4 },
    { path: 'weights.alignment', usual: 0.3 },
  ],
  teacher: [],
  scratch: [],
  lda: [],
  template: [],
}

/** Of the four stages, whose weights are a quarter each. */
const usualStageWeight = 0.25

export function usualWeight(recipe: RecipeName, path: string): number {
  return weightSwitches[recipe].find((one) => one.path === path)?.usual ?? usualStageWeight
}

/** What a loss is made like, beside its weight: the other columns that a table of variants begins with. */
export const formChoices: Readonly<Partial<Record<RecipeName, readonly string[]>>> = {
  thkd: ['student.distillation.stage.form'],
  sembridge: ['base.form', 'alignment.plan'],
}

/** Fields that take one of a few words, by the end of their path. */
const wordsOf: readonly (readonly [end: string, words: readonly string[]])[] = [
  ['distillation.logit.form', ['soft', 'hard']],
  ['distillation.stage.form', ['exit-heads', 'tokens', 'relations']],
  ['triplet.form', ['hinge', 'softplus']],
  ['base.form', ['kd', 'relations', 'decoupled', 'standardised', 'cosine', 'mmd']],
  ['alignment.plan', ['attention', 'sinkhorn']],
  ['kl.classifier', ['fusion', 'own']],
  ['matcher.pairs', ['synchronous', 'pseudo', 'none']],
  ['matcher.targets', ['soft', 'hard']],
  ['network.preset', NetworkPreset.options],
  ['optimizer', ['adamw', 'sgd']],
  ['indows.mode', ['beat', 'summary-beat', 'window']],
  ['indows.lane', ['ecg', 'ppg']],
]

/** The words that a field takes; `null`: it is no such field. @example choicesAt('student.network.preset')?.[0] // 'resnet34-w64' */
export function choicesAt(path: string): readonly string[] | null {
  return wordsOf.find(([end]) => path.endsWith(end))?.[1] ?? null
}

/** Another form of SemBridge's base has another published temperature: it follows, unless a person chose one. */
export function withUsualTemperature(before: Recipe, after: Recipe): Recipe {
  if (before.recipe !== 'sembridge' || after.recipe !== 'sembridge' || before.base.temperature !== usualTemperature[before.base.form]) return after
  return { ...after, base: { ...after.base, temperature: usualTemperature[after.base.form] } }
}
