/**
 * A wall-clock instant as local time with its zone offset, so that a recording keeps the clock that hung on its wall.
 * @param offsetMinutes east of UTC; the station's own at that instant by default
 * @example localIso(1772370309123, 60) === '2026-03-01T14:05:09.123+01:00'
 */
export function localIso(wallMs: number, offsetMinutes = -new Date(wallMs).getTimezoneOffset()): string {
  const local = new Date(wallMs + offsetMinutes * 60_000).toISOString().slice(0, -1)
  const sign = offsetMinutes < 0 ? '-' : '+'
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  const offset = Math.abs(offsetMinutes)
  return `${local}${sign}${two(offset / 60)}:${two(offset % 60)}`
}
