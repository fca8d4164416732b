import { Recipe } from '../../src-main/contract/schemas/learning.ts'

/** What is wrong with a recipe's text. `path`: where, in the words of the JSON (`student.fit.rate`); empty: the text as a whole. */
export interface RecipeProblem {
  readonly path: string
  readonly message: string
}

export type RecipeReading = { readonly recipe: Recipe; readonly problems: readonly [] } | { readonly recipe: null; readonly problems: readonly RecipeProblem[] }

export function writeRecipe(recipe: Recipe): string {
  return `${JSON.stringify(recipe, null, 2)}\n`
}

/**
 * A recipe out of its JSON text; missing values get their defaults, unknown ones are refused by name.
 *
 * @example readRecipe('{"recipe":"lda","components":0}').problems // [{ path: 'components', message: '... >=1' }]
 */
export function readRecipe(text: string): RecipeReading {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (thrown) {
    return { recipe: null, problems: [{ path: '', message: thrown instanceof Error ? thrown.message : String(thrown) }] }
  }
  const read = Recipe.safeParse(value)
  if (read.success) return { recipe: read.data, problems: [] }
  return { recipe: null, problems: read.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })) }
}

/** The first problem of every value by its path: what fields that edit a recipe show. */
export function problemsOf(recipe: Recipe): ReadonlyMap<string, string> {
  const read = Recipe.safeParse(recipe)
  if (read.success) return new Map()
  const found = new Map<string, string>()
  for (const { path, message } of read.error.issues) {
    const key = path.map(String).join('.')
    if (!found.has(key)) found.set(key, message)
  }
  return found
}
