import type { LabError } from '../../../src-main/contract/errors.ts'
import type { FitOptions, Recipe, RecipeName } from '../../../src-main/contract/schemas/learning.ts'

/** A change of the recipe that would do, as one press. */
export type Remedy = { readonly id: 'people'; readonly people: number; readonly recipe: Recipe } | { readonly id: 'windows' | 'hold-out'; readonly recipe: Recipe }

/** As recipes hold out where a person asks for it and says no part. */
const usualHoldOut = 0.15

/**
 * What would make a refused recipe trainable, out of the counts of `training-impossible`: fewer people a batch, fewer windows of each, or a part of the training windows as validation.
 *
 * @example remediesOf(error with { able: 12, identities: 16, validation: 40 }, recipe)[0] // { id: 'people', people: 12, ... }
 */
export function remediesOf(error: LabError, recipe: Recipe): Remedy[] {
  if (error.code !== 'training-impossible') return []
  const number = (key: string): number | null => (typeof error.data[key] === 'number' ? error.data[key] : null)
  const [able, wanted, each, validation, windows] = ['able', 'identities', 'perIdentity', 'validation', 'windows'].map(number)
  const remedies: Remedy[] = []
  if (able !== null && wanted !== null && able < wanted && able >= 2) remedies.push({ id: 'people', people: able, recipe: withFit(recipe, { people: able }) })
  if (able !== null && wanted !== null && able < wanted && each !== null && each > 2) remedies.push({ id: 'windows', recipe: withFit(recipe, { windowsPerPerson: 2 }) })
  if (validation === 0 && windows !== null && windows > 0 && recipe.holdOut === null) remedies.push({ id: 'hold-out', recipe: { ...recipe, holdOut: usualHoldOut } })
  return remedies
}

/** The recipe that the split allows instead of one for two signals of one moment. */
export function insteadOf({ code, data: { instead } }: Pick<LabError, 'code' | 'data'>): RecipeName | null {
  if (code !== 'pairs-missing' && code !== 'lane-missing') return null
  return instead === 'sembridge' ? 'sembridge' : null
}

/** No batch of whatever is fitted takes more than that. */
function withFit(recipe: Recipe, most: Partial<Pick<FitOptions, 'people' | 'windowsPerPerson'>>): Recipe {
  const limited = (fit: FitOptions): FitOptions => ({ ...fit, people: Math.min(fit.people, most.people ?? Infinity), windowsPerPerson: Math.min(fit.windowsPerPerson, most.windowsPerPerson ?? Infinity) })
  return Object.fromEntries(Object.entries(recipe).map(([name, part]) => [name, isFitted(part) ? { ...part, fit: limited(part.fit) } : part])) as Recipe
}

function isFitted(part: unknown): part is { readonly fit: FitOptions } {
  return typeof part === 'object' && part !== null && 'fit' in part
}
