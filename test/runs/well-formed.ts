/** Elements that HTML never closes; written with a slash, as XML wants them. */
const selfClosing = /\/>$/

/**
 * What is wrong with a page as XML: tags that do not balance, attributes without quotes or given twice, `<` and `&` that are neither markup nor an entity. Empty: well-formed. (HTML pages that are well-formed XML need no
 * parser's forgiveness.)
 */
export function malformations(page: string): string[] {
  const wrong: string[] = []
  const open: string[] = []
  const body = page.replace(/^<!DOCTYPE html>/, '').replace(/<style>[^<]*<\/style>/, '<style></style>')
  for (const [token, tag] of body.matchAll(/<([^<>]*)>|[^<>]+|[<>]/g)) {
    if (tag === undefined) {
      if (/[<>]/.test(token)) wrong.push(`a bare ${token}`)
      for (const [, rest] of token.matchAll(/&([^&]{0,8})/g)) if (!/^(amp|lt|gt|quot|#39);/.test(rest)) wrong.push(`a bare & before ${rest}`)
      continue
    }
    const found = /^(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*\/?$/.exec(tag)
    if (!found) {
      wrong.push(`<${tag}>`)
      continue
    }
    const [, close, name, attributes] = found
    const names = [...attributes.matchAll(/([\w:-]+)="/g)].map(([, attribute]) => attribute)
    if (new Set(names).size < names.length) wrong.push(`an attribute twice in <${tag}>`)
    if (close) {
      if (open.pop() !== name) wrong.push(`</${name}>`)
    } else if (!selfClosing.test(token)) open.push(name)
  }
  return [...wrong, ...open.map((name) => `${name} is not closed`)]
}
