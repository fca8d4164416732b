import { escapeMarkup } from './svg/markup.ts'

/** Markup that is finished; everything else is text and gets escaped. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Content = string | Markup

export const markupOf = (content: Content): string => (content instanceof Markup ? content.text : escapeMarkup(content))

/** @example element('p', 'a < b').text // '<p>a &lt; b</p>' */
export function element(name: string, content: Content | readonly Content[], className?: string): Markup {
  const inner = Array.isArray(content) ? (content as readonly Content[]).map(markupOf).join('') : markupOf(content as Content)
  return new Markup(`<${name}${className === undefined ? '' : ` class="${escapeMarkup(className)}"`}>${inner}</${name}>`)
}

export const joined = (parts: readonly Content[]): Markup => new Markup(parts.map(markupOf).join('\n'))

/** Drawings side by side. */
export const plots = (drawn: readonly string[]): Markup => element('div', new Markup(drawn.join('\n')), 'plots')

/** A table whose rows begin with what they are about. */
export function table(heads: readonly string[], rows: readonly (readonly Content[])[]): Markup {
  if (rows.length === 0) return new Markup('')
  const head = heads.length === 0 ? '' : `<thead><tr>${heads.map((text) => `<th scope="col">${escapeMarkup(text)}</th>`).join('')}</tr></thead>`
  const body = rows.map(([first, ...rest]) => `<tr><th scope="row">${markupOf(first)}</th>${rest.map((cell) => `<td>${markupOf(cell)}</td>`).join('')}</tr>`).join('')
  return new Markup(`<div class="scroll"><table>${head}<tbody>${body}</tbody></table></div>`)
}

export const list = (items: readonly Content[]): Markup => (items.length === 0 ? new Markup('') : element('ul', items.map((item) => element('li', item))))
