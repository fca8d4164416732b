/** Numbers, times and sizes as a reader of one language expects them. One instance per locale. */
export class Format {
  readonly locale: string
  readonly #plural: Intl.PluralRules

  constructor(locale: string) {
    this.locale = locale
    this.#plural = new Intl.PluralRules(locale)
  }

  /** @example format.number(1234.5, 1) // '1,234.5' */
  number(value: number, digits = 0): string {
    return new Intl.NumberFormat(this.locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value)
  }

  /** A number that may be below zero, with a minus sign and not a hyphen. @example format.signed(-0.2, 1) // '\u22120.2' */
  signed(value: number, digits = 0): string {
    return this.number(value, digits).replace('-', '\u2212')
  }

  /** Up to `digits` decimals, none that say nothing: 250 stays `250`, 125.5 becomes `125.5`. */
  short(value: number, digits = 2): string {
    return new Intl.NumberFormat(this.locale, { maximumFractionDigits: digits }).format(value)
  }

  /**
   * A ratio 0..1. Small ones keep enough digits to differ from none, large ones enough to differ from all.
   * @example format.percent(0.00042) // '0.042%'
   */
  percent(ratio: number): string {
    const least = 0.00001
    if (ratio > 0 && ratio < least) return `<${this.#percent(least, 3)}`
    const rest = Math.min(ratio, 1 - ratio)
    const digits = ratio === 0 || ratio === 1 || rest >= 0.1 ? 0 : ratio < 0.001 ? 3 : ratio < 0.1 ? 1 : rest < 0.01 ? 2 : 0
    const text = this.#percent(ratio, digits)
    // 99.996 % is not all of it.
    return ratio < 1 && text === this.#percent(1, digits) ? `>${this.#percent(0.9999, 2)}` : text
  }

  /** @example format.ppm(-12.4) // '−12 ppm' */
  ppm(value: number): string {
    const text = new Intl.NumberFormat(this.locale, { maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0, signDisplay: 'exceptZero' }).format(value)
    return `${text.replace('-', '\u2212')} ppm`
  }

  rate(hz: number): string {
    return `${this.short(hz, hz < 1000 ? 2 : 1)} Hz`
  }

  /** A running clock. @example format.clock(75) // '01:15' */
  clock(seconds: number): string {
    const whole = Math.max(0, Math.floor(seconds))
    const two = (value: number) => String(value).padStart(2, '0')
    const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`
    return whole >= 3600 ? `${Math.floor(whole / 3600)}:${rest}` : rest
  }

  /** A span in words. @example format.span(95) // '1 min 35 sec' */
  span(seconds: number): string {
    const unit = (value: number, name: 'hour' | 'minute' | 'second', digits = 0) =>
      new Intl.NumberFormat(this.locale, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: digits }).format(value)
    if (seconds < 60) return unit(seconds, 'second', seconds < 10 ? 1 : 0)
    const whole = Math.round(seconds)
    const hours = Math.floor(whole / 3600)
    const minutes = Math.floor((whole % 3600) / 60)
    const parts = hours > 0 ? [unit(hours, 'hour'), unit(minutes, 'minute')] : [unit(minutes, 'minute')]
    if (hours === 0 && whole % 60 > 0) parts.push(unit(whole % 60, 'second'))
    return parts.join(' ')
  }

  /** @example format.bytes(1536000) // '1.5 MB' */
  bytes(value: number): string {
    const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
    const power = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3))
    const scaled = value / 1000 ** power
    // The short form of bytes has no plural in English.
    const unitDisplay = power === 0 ? 'long' : 'short'
    return new Intl.NumberFormat(this.locale, { style: 'unit', unit: units[power], unitDisplay, maximumFractionDigits: scaled < 10 ? 1 : 0 }).format(scaled)
  }

  /** The wall clock where the recording was made, whatever zone this window is in. */
  dateTime(iso: string, timeZone?: string): string {
    return new Intl.DateTimeFormat(this.locale, { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23', timeZone }).format(new Date(iso))
  }

  date(iso: string, timeZone?: string): string {
    return new Intl.DateTimeFormat(this.locale, { dateStyle: 'medium', timeZone }).format(new Date(iso))
  }

  time(atMs: number, timeZone?: string): string {
    return new Intl.DateTimeFormat(this.locale, { timeStyle: 'medium', hourCycle: 'h23', timeZone }).format(new Date(atMs))
  }

  list(parts: readonly string[]): string {
    return new Intl.ListFormat(this.locale, { type: 'conjunction' }).format(parts)
  }

  /** `#` stands for the number. @example plural(2, { one: '# gap', other: '# gaps' }) // '2 gaps' */
  plural(count: number, forms: { one?: string; other: string }): string {
    const form = this.#plural.select(count) === 'one' ? (forms.one ?? forms.other) : forms.other
    return form.replace('#', this.number(count))
  }

  #percent(ratio: number, digits: number): string {
    return new Intl.NumberFormat(this.locale, { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits }).format(ratio)
  }
}
