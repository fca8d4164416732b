import { LabError } from '../contract/index.ts'

const formatters = new Map<string, Intl.DateTimeFormat>()

/** @throws LabError `import-rules-invalid` when the system knows no such zone. */
function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone)
  if (known) return known
  try {
    const options = { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', era: 'short' } as const
    const made = new Intl.DateTimeFormat('en-US', options)
    formatters.set(zone, made)
    return made
  } catch (thrown) {
    throw new LabError('import-rules-invalid', `"${zone}" is no time zone that this computer knows, for example Europe/Berlin.`, { path: 'timeZone', zone }, { cause: thrown })
  }
}

/** Minutes east of UTC on the clocks of `zone` at an instant. */
function offsetMinutes(zone: string, ms: number): number {
  const parts = new Map(formatterOf(zone).formatToParts(ms).map((part) => [part.type, part.value]))
  const field = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type))
  const local = Date.UTC(field('year'), field('month') - 1, field('day'), field('hour'), field('minute'), field('second'))
  return Math.round((local - Math.floor(ms / 1000) * 1000) / 60_000)
}

/**
 * A header's local clock as an instant with the offset that its zone had then; `null` for what is no date. Hours that a summer time left out or had twice get one of the offsets.
 * @throws LabError `import-rules-invalid` for an unknown zone.
 * @example zonedIso('2004-12-07', '10:30:00', 'Europe/Berlin') // '2004-12-07T10:30:00.000+01:00'
 */
export function zonedIso(date: string, time: string | null, zone: string): string | null {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(date)
  const clock = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/.exec(time ?? '00:00:00')
  if (!parts || !clock) return null
  const [year, month, day] = parts.slice(1).map(Number)
  const [hours, minutes, seconds] = clock.slice(1, 4).map(Number)
  const milliseconds = Math.floor(Number(`0.${clock[4] ?? '0'}`) * 1000)
  const local = Date.UTC(year, month - 1, day, hours, minutes, seconds, milliseconds)
  // The 31st of February and year 0 are dates to no one.
  const again = new Date(local)
  if (year < 100 || Number.isNaN(local) || again.getUTCMonth() !== month - 1 || again.getUTCDate() !== day || again.getUTCHours() !== hours) return null
  // The offset of the wanted instant, found from that of the same clock in UTC.
  const offset = offsetMinutes(zone, local - offsetMinutes(zone, local) * 60_000)
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  return `${again.toISOString().slice(0, -1)}${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`
}
