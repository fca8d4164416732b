/**
 * What is at a dotted path of a recipe; `undefined`: there is no such field.
 * @example valueAt(recipe, 'student.distillation.stage.stageWeights.0') // 0.25
 */
export function valueAt(whole: unknown, path: string): unknown {
  let at: unknown = whole
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}

/**
 * The recipe with another value at a path, which it has already; what is beside the path is shared, not copied.
 * @throws RangeError for a path that the recipe does not have.
 * @example withValue({ a: { b: 1 }, c: 2 }, 'a.b', 5) // { a: { b: 5 }, c: 2 }
 */
export function withValue<T>(whole: T, path: string, value: unknown): T {
  if (valueAt(whole, path) === undefined) throw new RangeError(`There is no field ${path}.`)
  return changed(whole, path.split('.'), value) as T
}

function changed(whole: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value
  const copy: unknown = Array.isArray(whole) ? [...(whole as unknown[])] : { ...(whole as object) }
  const holder = copy as Record<string, unknown>
  holder[name] = changed(holder[name], rest, value)
  return copy
}

/** A field with one value: what a variant can change. */
export type FieldValue = number | string | boolean | null

/** Every field of a recipe that holds one value, by its path, in the recipe's order; what it is called (`recipe`) is none. @example fieldsOf({ recipe: 'lda', components: 60 }) // [['components', 60]] */
export function fieldsOf(whole: object, before = ''): [path: string, value: FieldValue][] {
  return Object.entries(whole as Record<string, unknown>).flatMap(([name, value]): [string, FieldValue][] => {
    const path = `${before}${name}`
    if (path === 'recipe') return []
    if (typeof value === 'object' && value !== null) return fieldsOf(value, `${path}.`)
    return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' || value === null ? [[path, value]] : []
  })
}

/** What makes one recipe another, by path. @example changesBetween({ a: { b: 1, c: 2 } }, { a: { b: 3, c: 2 } }) // { 'a.b': 3 } */
export function changesBetween(from: object, to: object): Record<string, FieldValue> {
  return Object.fromEntries(fieldsOf(to).filter(([path, value]) => valueAt(from, path) !== value))
}
