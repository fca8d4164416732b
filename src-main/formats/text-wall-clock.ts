const dayMs = 86_400_000
/** Zones differ by multiples of this. */
const quarterHourMs = 900_000
/** Of two zones that are 24 hours apart, people live in the one from -10:45 to +13:00. */
const earliestZoneHours = -10.75
const wallTime = /^(?:(\d{4})-(\d{2})-(\d{2})[T ])?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?\d*$/

export interface WallClock {
  /** `YYYY-MM-DD` */
  readonly startDate: string | null
  /** `HH:MM:SS.mmm` */
  readonly startTime: string | null
}

/**
 * Local date and time from what a row says. A time of day without a date gets the date from the Unix time beside it (ms or s): their difference is the zone.
 * Unix time alone says nothing local and gives `null`.
 * @example wallClockOf({ unix: '1557936053329', wall: '12:00:53.329' }) // { startDate: '2019-05-15', startTime: '12:00:53.329' }, so UTC-4
 */
export function wallClockOf({ unix, wall }: { unix: string | null; wall: string | null }): WallClock {
  const parts = wallTime.exec(wall?.trim() ?? '')
  if (!parts) return { startDate: null, startTime: null }
  const [, year, month, day, hours, minutes, seconds, fraction = ''] = parts
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return { startDate: null, startTime: null }
  const startTime = `${hours.padStart(2, '0')}:${minutes}:${seconds}.${fraction.padEnd(3, '0')}`
  if (year !== undefined) return { startDate: `${year}-${month}-${day}`, startTime }
  const stamp = Number(unix ?? Number.NaN)
  const milliseconds = stamp > 1e11 ? stamp : stamp * 1000
  // 1990 to 2100: anything else is no Unix time.
  if (!(milliseconds > 6.3e11 && milliseconds < 4.1e12)) return { startDate: null, startTime }
  const ofDay = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
  const zone = Math.round((ofDay - (milliseconds % dayMs)) / quarterHourMs) * quarterHourMs
  const earliest = earliestZoneHours * 3_600_000
  const settled = ((((zone - earliest) % dayMs) + dayMs) % dayMs) + earliest
  // To the nearest midnight: the two clocks may differ by a moment.
  return { startDate: isoDate(Math.round((milliseconds + settled - ofDay) / dayMs)), startTime }
}

/** Days since 1970 as a date. @example isoDate(18031) // '2019-05-15' */
export function isoDate(days: number): string {
  return new Date(days * dayMs).toISOString().slice(0, 10)
}
