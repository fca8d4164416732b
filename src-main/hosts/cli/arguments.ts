import { InvalidArgumentError } from 'commander'
import { PlantedSituation } from '../../contract/index.ts'

/** Argument parsers for commander: a wrong value is a usage error (exit code 2) that names the option. */
export function positiveNumber(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0 || text.trim() === '') throw new InvalidArgumentError('a number greater than 0')
  return value
}

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text))) throw new InvalidArgumentError('a whole number, 0 or greater')
  return Number(text)
}

export function share(text: string): number {
  const value = Number(text)
  if (!(value >= 0 && value <= 1) || text.trim() === '') throw new InvalidArgumentError('a number from 0 to 1')
  return value
}

export function plantedSituation(text: string): PlantedSituation {
  const { success, data } = PlantedSituation.safeParse(text)
  if (!success) throw new InvalidArgumentError(`one of ${PlantedSituation.options.join(', ')}`)
  return data
}

export function portNumber(text: string): number {
  const value = wholeNumber(text)
  if (value > 65535) throw new InvalidArgumentError('a port number, 0 to 65535')
  return value
}

export const consentStates = ['unknown', 'granted', 'refused', 'withdrawn'] as const

export function consentState(text: string): (typeof consentStates)[number] {
  const found = consentStates.find((state) => state === text)
  if (!found) throw new InvalidArgumentError(`one of ${consentStates.join(', ')}`)
  return found
}

export type SettingValues = Record<string, string | number | boolean | (string | number)[]>

/** `--set name=value`, repeatable: numbers and true/false are recognised, commas make a list. */
export function deviceSetting(text: string, previous: SettingValues): SettingValues {
  const at = text.indexOf('=')
  if (at <= 0) throw new InvalidArgumentError('name=value')
  const scalar = (part: string): string | number => (part !== '' && Number.isFinite(Number(part)) ? Number(part) : part)
  const raw = text.slice(at + 1)
  const value = raw === 'true' ? true : raw === 'false' ? false : raw.includes(',') ? raw.split(',').map(scalar) : scalar(raw)
  return { ...previous, [text.slice(0, at)]: value }
}
