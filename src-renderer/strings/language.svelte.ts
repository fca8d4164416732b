import type { Locale } from '../state/preferences.svelte.ts'
import { en, type Strings } from './en.ts'
import { Format } from './format.ts'
import { zhCN } from './zh-CN.ts'

const catalogues: Record<Locale, Strings> = { en, 'zh-CN': zhCN }

/**
 * The language of the window; reading `strings` or `format` in markup follows a switch at run time. What a component says after it waited for an answer is read from here, not from what it derived of it: its
 * screen may have been left by then.
 */
class Language {
  locale = $state<Locale>('en')
  readonly strings = $derived(catalogues[this.locale])
  readonly format = $derived(new Format(this.locale))

  /** A text that came with data (protocols): this language's where it exists, else English. */
  pick(text: { en: string; 'zh-CN'?: string | undefined }): string {
    return text[this.locale] ?? text.en
  }
}

export const language = new Language()
