/*
 * A checker of EDF, EDF+, BDF and BDF+ files, written from the specifications alone (EDF: Kemp et al. 1992; EDF+: Kemp and Olivan 2003, sections 2.1 and 2.2;
 * BDF: BioSemi's table of differences). It shares nothing with the product and forgives nothing: every rule that is broken is one line of the result.
 */

export interface EdfVerdict {
  /** `rule: what is wrong`, without the many repeats of one rule; empty for a valid file. */
  readonly violations: readonly string[]
  readonly annotations: readonly { onset: number; duration: number | null; text: string }[]
  /** Digital values per signal, annotation signals left out. */
  readonly samples: readonly number[][]
  readonly labels: readonly string[]
}

const monthNames = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ')

export function checkEdf(bytes: Buffer): EdfVerdict {
  const violations: string[] = []
  const broken = (rule: string, what: string): void => {
    if (violations.filter((line) => line.startsWith(`${rule}:`)).length < 3) violations.push(`${rule}: ${what}`)
  }
  const annotations: { onset: number; duration: number | null; text: string }[] = []
  const verdict = (samples: number[][] = [], labels: string[] = []): EdfVerdict => ({ violations, annotations, samples, labels })
  if (bytes.length < 256) {
    broken('size', 'shorter than a header')
    return verdict()
  }
  const bdf = bytes[0] === 0xff
  const width = bdf ? 3 : 2
  const name = bdf ? 'BDF' : 'EDF'

  // 2.1.3.1: printable US-ASCII only, left-justified, filled with blanks.
  const field = (rule: string, at: number, length: number): string => {
    const raw = bytes.subarray(at, at + length)
    for (const [i, byte] of raw.entries()) if (byte < 32 || byte > 126) broken('ascii', `byte ${byte} in ${rule} at ${at + i}`)
    const text = raw.toString('latin1')
    if (/^ +\S/.test(text)) broken('justified', `${rule} at ${at} is not left-justified`)
    return text.trimEnd()
  }
  const integer = (rule: string, at: number, length: number): number => {
    const text = field(rule, at, length)
    if (!/^-?\d+$/.test(text)) broken(rule, `'${text}' is not an integer`)
    return Number(text)
  }
  const decimal = (rule: string, at: number, length: number): number => {
    const text = field(rule, at, length)
    if (!/^-?\d+(\.\d+)?$/.test(text)) broken(rule, `'${text}' is not a decimal number`)
    return Number(text)
  }

  if (bdf ? bytes.toString('latin1', 1, 8) !== 'BIOSEMI' : bytes.toString('latin1', 0, 8) !== '0       ') broken('version', 'not that of the format')
  const patient = field('patient', 8, 80)
  const recording = field('recording', 88, 80)
  const date = field('startdate', 168, 8)
  const time = field('starttime', 176, 8)
  const headerBytes = integer('header-bytes', 184, 8)
  const reserved = field('reserved', 192, 44)
  const records = integer('records', 236, 8)
  const duration = decimal('duration', 244, 8)
  const signals = integer('signals', 252, 4)
  const plus = reserved.startsWith(`${name}+C`) || reserved.startsWith(`${name}+D`)
  const continuous = reserved[4] === 'C'
  if (!/^(0[1-9]|[12]\d|3[01])\.(0[1-9]|1[0-2])\.(\d\d|yy)$/.test(date)) broken('startdate', `'${date}'`)
  if (!/^([01]\d|2[0-3])\.[0-5]\d\.[0-5]\d$/.test(time)) broken('starttime', `'${time}'`)
  if (headerBytes !== 256 * (signals + 1)) broken('header-bytes', `${headerBytes} for ${signals} signals`)
  if (!(records >= 0)) broken('records', `${records} in a closed file`)
  if (!(duration >= 0)) broken('duration', String(duration))
  if (!(signals >= 1) || bytes.length < 256 * (signals + 1)) {
    broken('size', 'the header is cut')
    return verdict()
  }
  if (plus) checkIdentification(patient, recording, date, broken)

  let at = 256
  const column = <Value>(length: number, read: (at: number, length: number, i: number) => Value): Value[] => {
    const values = Array.from({ length: signals }, (_, i) => read(at + i * length, length, i))
    at += length * signals
    return values
  }
  const labels = column(16, (from, length) => field('label', from, length))
  const transducers = column(80, (from, length) => field('transducer', from, length))
  const units = column(8, (from, length) => field('unit', from, length))
  const physicalMinimum = column(8, (from, length) => decimal('physical-minimum', from, length))
  const physicalMaximum = column(8, (from, length) => decimal('physical-maximum', from, length))
  const digitalMinimum = column(8, (from, length) => integer('digital-minimum', from, length))
  const digitalMaximum = column(8, (from, length) => integer('digital-maximum', from, length))
  const prefilters = column(80, (from, length) => field('prefiltering', from, length))
  const perRecord = column(8, (from, length) => integer('samples-per-record', from, length))
  const rest = column(32, (from, length) => field('signal-reserved', from, length))
  const lowest = -(2 ** (8 * width - 1))
  const isAnnotation = labels.map((label) => label === `${name} Annotations`)
  labels.forEach((label, i) => {
    if (label === '') broken('label', `signal ${i} has none`)
    if (!isAnnotation[i] && labels.indexOf(label) !== i) broken('label', `'${label}' twice`)
    if (physicalMinimum[i] === physicalMaximum[i]) broken('physical-maximum', `equals the minimum in ${label}`)
    if (!(digitalMinimum[i] < digitalMaximum[i])) broken('digital-maximum', `not above the minimum in ${label}`)
    if (digitalMinimum[i] < lowest || digitalMaximum[i] > -lowest - 1) broken('digital-minimum', `beyond ${8 * width} bits in ${label}`)
    if (!(perRecord[i] >= 1)) broken('samples-per-record', `${perRecord[i]} in ${label}`)
    if (isAnnotation[i]) {
      if (digitalMinimum[i] !== lowest || digitalMaximum[i] !== -lowest - 1) broken('annotation-signal', 'digital limits are not the widest')
      if (transducers[i] + units[i] + prefilters[i] + rest[i] !== '') broken('annotation-signal', 'a field is not blank')
    }
  })
  if (plus && !isAnnotation.includes(true)) broken('annotation-signal', 'there is none')
  if (isAnnotation.every(Boolean) && duration !== 0) broken('duration', 'not 0 in a file of annotations only')
  if (!isAnnotation.every(Boolean) && !(duration > 0)) broken('duration', 'not above 0')
  const recordBytes = perRecord.reduce((sum, count) => sum + count, 0) * width
  if (!(recordBytes > 0) || bytes.length !== 256 * (signals + 1) + records * recordBytes) {
    broken('size', `${bytes.length} bytes, not ${256 * (signals + 1) + records * recordBytes}`)
    return verdict()
  }

  const samples = labels.map((): number[] => [])
  let previous = Number.NEGATIVE_INFINITY
  let first = 0
  let offset = 256 * (signals + 1)
  for (let record = 0; record < records; record++) {
    let timed = false
    labels.forEach((label, i) => {
      const part = bytes.subarray(offset, offset + perRecord[i] * width)
      offset += part.length
      if (isAnnotation[i]) {
        const lists = checkLists(part, record, broken)
        lists.forEach((list, place) => {
          if (place === 0 && !timed && isAnnotation.indexOf(true) === i) {
            timed = true
            // 2.2.4: the first list's first annotation is empty; its onset is the record's.
            if (list.texts[0] !== '') broken('timekeeping', `record ${record} does not begin with its time`)
            if (list.duration !== null) broken('timekeeping', `record ${record} has a duration`)
            if (record === 0) {
              first = list.onset
              if (!(first >= 0 && first < 1)) broken('timekeeping', `the first record begins at ${first}`)
            } else if (list.onset < previous + duration - 1e-6) broken('monotone', `record ${record} at ${list.onset} overlaps the one at ${previous}`)
            if (plus && continuous && Math.abs(list.onset - first - record * duration) > 1e-6) broken('contiguous', `record ${record} at ${list.onset}`)
            previous = list.onset
          }
          for (const [k, text] of list.texts.entries()) {
            if (text === '' && !(place === 0 && k === 0)) broken('list', `empty annotation in record ${record}`)
            if (text !== '') annotations.push({ onset: list.onset - first, duration: list.duration, text })
          }
        })
      } else {
        for (let k = 0; k < perRecord[i]; k++) {
          const value = part.readIntLE(k * width, width)
          samples[i].push(value)
          if (value < digitalMinimum[i] || value > digitalMaximum[i]) broken('digital-range', `${value} in ${label}, record ${record}`)
        }
      }
    })
    if (plus && !timed) broken('timekeeping', `record ${record} has no time`)
  }
  return verdict(samples.filter((_, i) => !isAnnotation[i]), labels.filter((_, i) => !isAnnotation[i]))
}

/** 2.1.3.3 and 2.1.3.4. */
function checkIdentification(patient: string, recording: string, date: string, broken: (rule: string, what: string) => void): void {
  const longDate = (text: string): boolean => {
    const [day, month, year, ...more] = text.split('-')
    return more.length === 0 && /^\d\d$/.test(day) && monthNames.includes(month ?? '') && /^\d{4}$/.test(year ?? '')
  }
  const [code, sex, birthdate, person] = patient.split(' ')
  if (!code || !person || /  /.test(patient)) broken('patient', `'${patient}' has not 4 subfields`)
  if (!['F', 'M', 'X'].includes(sex)) broken('patient', `sex ${sex}`)
  if (birthdate !== 'X' && !longDate(birthdate ?? '')) broken('patient', `birthdate ${birthdate}`)
  const [keyword, start = '', admin, technician, equipment] = recording.split(' ')
  if (keyword !== 'Startdate' || !admin || !technician || !equipment || /  /.test(recording)) broken('recording', `'${recording}' has not its subfields`)
  if (start === 'X') return
  if (!longDate(start)) broken('recording', `Startdate ${start}`)
  const [day, month, year] = start.split('-')
  const number = String(monthNames.indexOf(month) + 1).padStart(2, '0')
  const clipped = Number(year) >= 1985 && Number(year) <= 2084 ? year.slice(2) : 'yy'
  if (`${day}.${number}.${clipped}` !== date) broken('startdate', `${date} is not ${start}`)
}

interface List {
  onset: number
  duration: number | null
  texts: string[]
}

/** 2.2.2: every byte belongs to a list or is an unused 0 behind the last one. */
function checkLists(part: Buffer, record: number, broken: (rule: string, what: string) => void): List[] {
  const lists: List[] = []
  let at = 0
  while (at < part.length && part[at] !== 0) {
    const end = part.indexOf(0, at)
    if (end < 0) {
      broken('list', `no end in record ${record}`)
      return lists
    }
    // Latin-1 keeps bytes apart: 20 and 21 are never part of a UTF-8 character.
    const raw = part.toString('latin1', at, end)
    const shape = /^([+-]\d+(?:\.\d+)?)(?:\x15(\d+(?:\.\d+)?))?\x14((?:[^\x14]*\x14)+)$/.exec(raw)
    if (!shape) broken('list', `'${raw.replaceAll('\x14', '|').replaceAll('\x15', '/').slice(0, 40)}' in record ${record}`)
    else {
      const texts = shape[3].slice(0, -1).split('\x14').map((text) => {
        const bytes = Buffer.from(text, 'latin1')
        if (!bytes.equals(Buffer.from(bytes.toString('utf8')))) broken('utf8', `in record ${record}`)
        if (/[\x00-\x08\x0b\x0c\x0e-\x1f]/.test(text)) broken('list', `control character in record ${record}`)
        return bytes.toString('utf8')
      })
      lists.push({ onset: Number(shape[1]), duration: shape[2] === undefined ? null : Number(shape[2]), texts })
    }
    at = end + 1
  }
  for (let i = at; i < part.length; i++) if (part[i] !== 0) broken('list', `byte ${part[i]} after the last list of record ${record}`)
  return lists
}
