/** In valid JSON a string before a colon is a key; brackets inside of strings are part of those. */
const tokens = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]/g

/**
 * Where an object of a JSON text has a key twice, `null`: nowhere. `JSON.parse` takes the last and says nothing: a row of a grid, or a field of a recipe, would be gone without a word.
 * @param text valid JSON
 * @example repeatedKey('{"variants": {"A": {}, "A": {}}}') // 'variants.A'
 */
export function repeatedKey(text: string): string | null {
  const open: { readonly keys: Set<string>; key: string | null }[] = []
  for (const [token, name, colon] of text.matchAll(tokens)) {
    const level = open.at(-1)
    if (token === '{' || token === '[') open.push({ keys: new Set(), key: null })
    else if (token === '}' || token === ']') open.pop()
    else if (level !== undefined && colon !== undefined) {
      level.key = JSON.parse(name) as string
      if (level.keys.has(level.key)) return open.flatMap(({ key }) => key ?? []).join('.')
      level.keys.add(level.key)
    }
  }
  return null
}

/** @param text valid JSON @example isNestedDeeper('[[1]]', 1) // true */
export function isNestedDeeper(text: string, most: number): boolean {
  let level = 0
  for (const [token] of text.matchAll(tokens)) {
    if (token === '{' || token === '[') level++
    else if (token === '}' || token === ']') level--
    if (level > most) return true
  }
  return false
}
