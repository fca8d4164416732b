import { LabError, type DeviceSettings } from '../contract/index.ts'

type SettingValue = DeviceSettings[string]

/** Reads a protocol's settings and refuses, by name, what it does not know. Errors: `device-settings-invalid` with `{setting, allowed}`. */
export class SettingReader {
  readonly #settings: DeviceSettings

  /** `known`: every setting that the protocol understands. @example new SettingReader({rateHz: 100}, ['rateHz']).oneOf('rateHz', [10, 100], 10) // 100 */
  constructor(settings: DeviceSettings, known: readonly string[]) {
    this.#settings = settings
    for (const name of Object.keys(settings)) {
      if (!known.includes(name)) throw invalid(name, settings[name], known.length > 0 ? `one of the settings ${known.join(', ')}` : 'no settings')
    }
  }

  has(name: string): boolean {
    return this.#settings[name] !== undefined
  }

  /** A number or word out of a fixed list. */
  oneOf<T extends string | number>(name: string, allowed: readonly T[], otherwise: T): T {
    const value = this.#settings[name]
    if (value === undefined) return otherwise
    const found = allowed.find((candidate) => candidate === value)
    if (found === undefined) throw invalid(name, value, allowed.join(', '))
    return found
  }

  /** A number within `minimum..maximum`. */
  number(name: string, minimum: number, maximum: number, otherwise: number): number {
    const value = this.#settings[name]
    if (value === undefined) return otherwise
    if (typeof value !== 'number' || !(value >= minimum && value <= maximum)) throw invalid(name, value, `a number from ${minimum} to ${maximum}`)
    return value
  }

  /** A whole number within `minimum..maximum`. */
  integer(name: string, minimum: number, maximum: number, otherwise: number): number {
    const value = this.number(name, minimum, maximum, otherwise)
    if (!Number.isInteger(value)) throw invalid(name, value, `a whole number from ${minimum} to ${maximum}`)
    return value
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.#settings[name]
    if (value === undefined) return otherwise
    if (typeof value !== 'boolean') throw invalid(name, value, 'true, false')
    return value
  }

  /** A list whose entries are all in `allowed` (any string when `allowed` is null). */
  words(name: string, allowed: readonly string[] | null, otherwise: readonly string[]): string[] {
    const value = this.#settings[name]
    if (value === undefined) return [...otherwise]
    const list = Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value.split(',').map((word) => word.trim()) : null
    if (!list || list.length === 0 || (allowed && list.some((word) => !allowed.includes(word)))) {
      throw invalid(name, value, allowed ? `a list of ${allowed.join(', ')}` : 'a list of words')
    }
    return list
  }

  /** A list of whole numbers within `minimum..maximum`; a single number or `"1,2"` (from a command line) is a list too. */
  integers(name: string, minimum: number, maximum: number, otherwise: readonly number[]): number[] {
    const value = this.#settings[name]
    if (value === undefined) return [...otherwise]
    const list = (Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [value]).map(Number)
    if (list.length === 0 || list.some((entry) => !Number.isInteger(entry) || entry < minimum || entry > maximum)) {
      throw invalid(name, value, `a list of whole numbers from ${minimum} to ${maximum}`)
    }
    return list
  }

  /** The error for a value that is well formed but does not fit, with what is allowed in words. */
  refuse(name: string, allowed: string): LabError {
    return invalid(name, this.#settings[name], allowed)
  }
}

function invalid(setting: string, value: SettingValue | undefined, allowed: string): LabError {
  return new LabError('device-settings-invalid', `The setting "${setting}" cannot be ${JSON.stringify(value)}. Allowed: ${allowed}.`, { setting, value, allowed })
}
