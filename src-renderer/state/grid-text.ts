import { AblationGrid } from '../../src-main/contract/schemas/ablation.ts'
import { Recipe } from '../../src-main/contract/schemas/learning.ts'
import type { RecipeProblem } from './recipe-text.ts'

/** `axes`: the grid is one whose axes are multiplied, which a table of variants cannot show. */
export type GridReading = { readonly grid: AblationGrid; readonly problems: readonly []; readonly axes: false } | { readonly grid: null; readonly problems: readonly RecipeProblem[]; readonly axes: boolean }

export function writeGrid(grid: AblationGrid): string {
  return `${JSON.stringify(grid, null, 2)}\n`
}

/** A grid out of its JSON text, as the terminal's `--grid` takes it. @example readGrid('{"name":"a b"}').problems[0].path // 'name' */
export function readGrid(text: string): GridReading {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (thrown) {
    return { grid: null, problems: [{ path: '', message: thrown instanceof Error ? thrown.message : String(thrown) }], axes: false }
  }
  const read = AblationGrid.safeParse(value)
  if (!read.success) return { grid: null, problems: problemsOf(read.error.issues), axes: false }
  if (read.data.axes !== undefined) return { grid: null, problems: [], axes: true }
  if (typeof read.data.recipe === 'string') return { grid: read.data, problems: [], axes: false }
  const recipe = Recipe.safeParse(read.data.recipe)
  return recipe.success ? { grid: read.data, problems: [], axes: false } : { grid: null, problems: problemsOf(recipe.error.issues, 'recipe.'), axes: false }
}

const problemsOf = (issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[], before = ''): RecipeProblem[] =>
  issues.map(({ path, message }) => ({ path: `${before}${path.map(String).join('.')}`, message }))
