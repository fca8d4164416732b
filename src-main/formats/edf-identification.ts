/*
 * The two identification lines of EDF+ (2.1.3): subfields separated by one blank, X for unknown, blanks within a subfield written as `_`.
 *
 *   patient    code sex birthdate name [more ...]          MCH-0234567 F 02-MAY-1951 Haagse_Harry
 *   recording  Startdate dd-MMM-yyyy code technician equipment [more ...]
 */
const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const unknown = 'X'

/** Subfields of EDF+; what is left out is written as X. */
export interface EdfIdentification {
  readonly patientCode?: string
  readonly sex?: 'M' | 'F'
  /** `YYYY-MM-DD` */
  readonly birthdate?: string
  readonly patientName?: string
  readonly recordingCode?: string
  readonly technician?: string
  readonly equipment?: string
}

/**
 * Named facts of both lines, what is unknown left out. EDF has them as free text (`patient`, `recording`); EDF+ as `patient` (its code, never the
 * name), `patient-name`, `sex` (M, F), `birthdate` (`YYYY-MM-DD`), `recording` (administration code), `technician`, `equipment`.
 * @example identificationFacts('S07 F 02-MAY-1951 X', 'Startdate X X X ECG_1', true) // { patient: 'S07', sex: 'F', birthdate: '1951-05-02', equipment: 'ECG_1' }
 */
export function identificationFacts(patient: string, recording: string, plus: boolean): Record<string, string> {
  const facts: Record<string, string> = {}
  const put = (name: string, value: string | null | undefined): void => {
    if (value !== undefined && value !== null && value !== '' && value !== unknown) facts[name] = value
  }
  const [code = '', sex = '', birthdate = '', name = '', ...morePatient] = patient.split(' ')
  // Files that call themselves EDF+ but fill the line freely have fewer than its four subfields.
  if (!plus || name === '') put('patient', patient)
  else {
    put('patient', code)
    if (sex === 'M' || sex === 'F') put('sex', sex)
    put('birthdate', parseLongDate(birthdate) ?? birthdate)
    put('patient-name', name)
    put('patient-more', morePatient.join(' '))
  }
  const [keyword, , admin, technician, equipment, ...moreRecording] = recording.split(' ')
  if (!plus || keyword !== 'Startdate') put('recording', recording)
  else {
    put('recording', admin)
    put('technician', technician)
    put('equipment', equipment)
    put('recording-more', moreRecording.join(' '))
  }
  return facts
}

/** @example patientLine({ sex: 'F' }) // 'X F X X' */
export function patientLine(of: EdfIdentification): string {
  return fitLine([subfield(of.patientCode), of.sex ?? unknown, of.birthdate === undefined ? unknown : longDate(of.birthdate), subfield(of.patientName)])
}

/** @example recordingLine('2026-03-02', { equipment: 'HealthyPi 5' }) // 'Startdate 02-MAR-2026 X X HealthyPi_5' */
export function recordingLine(startDate: string | null, of: EdfIdentification): string {
  return fitLine(['Startdate', startDate === null ? unknown : longDate(startDate), subfield(of.recordingCode), subfield(of.technician), subfield(of.equipment)])
}

/** Printable ASCII of any text: accents dropped, the units' Greek letters spelled, the rest `_`. */
export function plainAscii(text: string): string {
  return text
    .replace(/[µμ]/g, 'u')
    .replace(/°/g, 'deg')
    .replace(/[ΩΩ]/g, 'Ohm')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]/gu, '_')
}

const subfield = (text: string | undefined): string => plainAscii(text ?? '').trim().replace(/\s+/g, '_') || unknown

/** 80 bytes: the longest subfields are cut, never the number of subfields. */
function fitLine(subfields: string[]): string {
  const parts = [...subfields]
  while (parts.join(' ').length > 80) {
    const longest = parts.reduce((most, part, i) => (part.length > parts[most].length ? i : most), 0)
    parts[longest] = parts[longest].slice(0, -1)
  }
  return parts.join(' ')
}

function longDate(iso: string): string {
  const [year, month, day] = iso.split('-')
  return `${day}-${months[Number(month) - 1]}-${year}`
}

function parseLongDate(text: string): string | null {
  const parts = /^(\d{2})-([A-Za-z]{3})-(\d{4})$/.exec(text)
  const month = parts ? months.indexOf(parts[2].toUpperCase()) + 1 : 0
  return parts && month > 0 && isDate(Number(parts[3]), month, Number(parts[1])) ? `${parts[3]}-${two(month)}-${parts[1]}` : null
}

/**
 * Start date: the recording line's Startdate (EDF+) where it has one, else dd.mm.yy with the clipping year 1985. `null` where it is said to be unknown.
 * @example parseStartDate('01.02.84', '', report) // '2084-02-01'
 */
export function parseStartDate(field: string, recording: string, report: (reason: string) => void): string | null {
  const [keyword, date = ''] = recording.split(' ')
  if (keyword === 'Startdate' && date === unknown) return null
  const long = keyword === 'Startdate' ? parseLongDate(date) : null
  const parts = /^\s*(\d{1,2})([./:-])\s*(\d{1,2})[./:-]\s*(\d{2}|yy)$/i.exec(field)
  if (parts && parts[2] !== '.') report(`${field} does not separate by points`)
  const [day, month] = parts ? [Number(parts[1]), Number(parts[3])] : [0, 0]
  const year = !parts || /yy/i.test(parts[4]) ? null : Number(parts[4]) + (Number(parts[4]) >= 85 ? 1900 : 2000)
  if (long !== null) {
    if (!parts || (year !== null && long !== `${year}-${two(month)}-${two(day)}`)) report(`${field} is not the Startdate ${date}`)
    return long
  }
  if (!parts || year === null || !isDate(year, month, day)) {
    report(`'${field}' is not a date`)
    return null
  }
  return `${year}-${two(month)}-${two(day)}`
}

/** @example parseStartTime('04.05.56', report) // '04:05:56' */
export function parseStartTime(field: string, report: (reason: string) => void): string | null {
  const parts = /^\s*(\d{1,2})([./:-])\s*(\d{1,2})[./:-]\s*(\d{1,2})$/.exec(field)
  if (!parts || Number(parts[1]) > 23 || Number(parts[3]) > 59 || Number(parts[4]) > 59) {
    report(`'${field}' is not a time of day`)
    return null
  }
  if (parts[2] !== '.') report(`${field} does not separate by points`)
  return [parts[1], parts[3], parts[4]].map((part) => two(Number(part))).join(':')
}

/**
 * Wall clock `seconds` after the header's: carries into the next day. To the microsecond where milliseconds do not say it.
 * @example laterBy('2020-01-24', '04:05:56', 0.3945312) // { date: '2020-01-24', time: '04:05:56.394531' }
 */
export function laterBy(date: string | null, time: string, seconds: number): { date: string | null; time: string } {
  const [hour, minute, second] = time.split(':').map(Number)
  const microseconds = Math.round(seconds * 1e6)
  const total = hour * 3600 + minute * 60 + second + Math.floor(microseconds / 1e6)
  const days = Math.floor(total / 86400)
  const inDay = total - days * 86400
  const fraction = String(microseconds - Math.floor(microseconds / 1e6) * 1e6).padStart(6, '0').replace(/000$/, '')
  const moved = date === null || days === 0 ? date : new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
  return { date: moved, time: `${two(Math.floor(inDay / 3600))}:${two(Math.floor(inDay / 60) % 60)}:${two(inDay % 60)}.${fraction}` }
}

const two = (value: number): string => String(value).padStart(2, '0')

function isDate(year: number, month: number, day: number): boolean {
  const lengths = [31, year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return month >= 1 && month <= 12 && day >= 1 && day <= lengths[month - 1]
}
