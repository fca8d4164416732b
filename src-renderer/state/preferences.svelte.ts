export type Theme = 'system' | 'light' | 'dark'
export type Locale = 'en' | 'zh-CN'

const storageKey = 'pulseprint.preferences'

interface Stored {
  theme: Theme
  locale: Locale
  alarmSound: boolean
  operator: string
  /** Name of the person's own label layers. */
  annotator: string
}

/** What a person chose for this window: read before the first paint, so kept in localStorage and not in the working store. */
export class Preferences {
  theme = $state<Theme>('system')
  locale = $state<Locale>('en')
  alarmSound = $state(true)
  operator = $state('')
  annotator = $state('')
  readonly #storage: Storage | null

  constructor(storage: Storage | null, languages: readonly string[]) {
    this.#storage = storage
    this.locale = languages.find((tag) => /^(en|zh)/i.test(tag))?.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
    const stored = readStored(storage)
    this.theme = stored.theme ?? this.theme
    this.locale = stored.locale ?? this.locale
    this.alarmSound = stored.alarmSound ?? this.alarmSound
    this.operator = stored.operator ?? this.operator
    this.annotator = stored.annotator ?? this.annotator
  }

  set(change: Partial<Stored>): void {
    Object.assign(this, change)
    const { theme, locale, alarmSound, operator, annotator } = this
    this.#storage?.setItem(storageKey, JSON.stringify({ theme, locale, alarmSound, operator, annotator } satisfies Stored))
  }
}

function readStored(storage: Storage | null): Partial<Stored> {
  const text = storage?.getItem(storageKey)
  if (!text) return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return {}
    const stored = value as Record<string, unknown>
    const result: Partial<Stored> = {}
    if (stored.theme === 'system' || stored.theme === 'light' || stored.theme === 'dark') result.theme = stored.theme
    if (stored.locale === 'en' || stored.locale === 'zh-CN') result.locale = stored.locale
    if (typeof stored.alarmSound === 'boolean') result.alarmSound = stored.alarmSound
    if (typeof stored.operator === 'string') result.operator = stored.operator
    if (typeof stored.annotator === 'string') result.annotator = stored.annotator
    return result
  } catch (thrown) {
    console.warn('Pulseprint: preferences could not be read and start afresh', thrown)
    return {}
  }
}
