/** Opening tags of one element with their attributes and, for buttons and links, what is inside. */
export function elements(markup: string, name: string): { attributes: string; inside: string }[] {
  const closing = ['input', 'progress'].includes(name) ? '' : `([\\s\\S]*?)</${name}>`
  return [...markup.matchAll(new RegExp(`<${name}(\\s[^>]*)?>${closing}`, 'g'))].map(([, attributes = '', inside = '']) => ({ attributes, inside }))
}

/** What a reader sees of it. */
export const words = (markup: string) => markup.replace(/<[^>]*>|<!--[\s\S]*?-->/g, '').trim()

/** Controls without a name that a screen reader could say. */
export function nameless(markup: string): string[] {
  const named = new Set([...markup.matchAll(/<label[^>]*\sfor="([^"]+)"/g)].map(([, target]) => target))
  const wrapped = [...markup.matchAll(/<label[\s\S]*?<\/label>/g)].map(([label]) => label).filter((label) => words(label) !== '')
  const problems: string[] = []
  for (const name of ['button', 'a']) {
    for (const { attributes, inside } of elements(markup, name)) {
      if (words(inside) === '' && !/aria-label="[^"]+"/.test(attributes)) problems.push(`${name}${attributes}`)
    }
  }
  for (const name of ['input', 'select', 'textarea', 'progress']) {
    for (const { attributes } of elements(markup, name)) {
      const own = /\sid="([^"]+)"/.exec(attributes)?.[1]
      const labelled = /aria-label="[^"]+"/.test(attributes) || (own !== undefined && named.has(own)) || wrapped.some((label) => label.includes(`<${name}${attributes}`))
      if (!labelled) problems.push(`${name}${attributes}`)
    }
  }
  return problems
}
