import type { RecipeChanges } from '../../src-main/contract/schemas/ablation.ts'
import type { ModelName } from '../../src-main/contract/schemas/learning.ts'

/** A row of the table. */
export interface Row {
  /** Of this window alone: it stays when the row is renamed. */
  readonly key: number
  readonly name: string
}

export interface Variant extends Row {
  /** Only what differs from the recipe that all variants change. */
  readonly changes: RecipeChanges
}

/** A model that the first variant has beside the one that is judged. */
export interface Beside extends Row {
  readonly model: ModelName
}

/** A name that no row has: the wanted one, or the same with the next free number. @example freeName([{ name: 'KL' }, { name: 'KL 2' }], 'KL') // 'KL 3' */
export function freeName(rows: readonly Pick<Row, 'name'>[], wanted: string): string {
  const taken = new Set(rows.map(({ name }) => name))
  if (!taken.has(wanted)) return wanted
  const stem = wanted.replace(/ \d+$/, '')
  for (let n = 2; ; n++) if (!taken.has(`${stem} ${n}`)) return `${stem} ${n}`
}
