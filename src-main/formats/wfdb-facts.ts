/*
 * What headers say in free text, as archives write it:
 *
 *   Age: 25                                        one fact a line (ECG-ID, PTB)
 *   <age>: 88 <sex>: M <data segment>: 2688-03-25  several, names in angle brackets (MIMIC, BIDMC)
 *   69 M 1085 1629 x1                              age, sex, then tape and recorder (MIT-BIH: first comment of the database)
 */
const bracketed = /<([^<>]{1,60})>\s*:?\s*([^<]*)/g
const plain = /^#*\s*([A-Za-z][^:<>]{0,79}?)\s*:\s*(.*)$/
const ageAndSex = /^(\d{1,3}) ([MF]) \d/

/** Words for "not known". */
const unknown = /^(\?+|n\/?a|unknown|none given|-)?$/i

/**
 * Named facts of a header's comments: names in lower case with a hyphen for all that is no letter, the first of several; what is not known is left out.
 * @example factsOf(['<age>: 88 <sex>: M']) // { age: '88', sex: 'M' }
 */
export function factsOf(comments: readonly string[]): Record<string, string> {
  const facts = new Map<string, string>()
  const add = (name: string, value: string): void => {
    const key = name.toLowerCase().replace(/[^a-z]+/g, '-').replace(/^-+|-+$/g, '')
    if (key !== '' && !facts.has(key) && !unknown.test(value.trim())) facts.set(key, value.trim())
  }
  comments.forEach((comment, i) => {
    if (comment.includes('<')) for (const [, name, value] of comment.matchAll(bracketed)) add(name, value)
    else {
      const line = plain.exec(comment.trim())
      if (line) add(line[1], line[2])
      const person = i === 0 || facts.size === 0 ? ageAndSex.exec(comment.trim()) : null
      if (person) {
        add('age', person[1])
        add('sex', person[2])
      }
    }
  })
  return Object.fromEntries(facts)
}

const dateFacts = ['ecg-date', 'ekg-date', 'recording-date', 'record-date', 'acquisition-date', 'date']

/**
 * The date of recording among the facts, as `YYYY-MM-DD`; `null` for none, or when the text is no whole date (two-digit years, names of months).
 * The year comes first or last. Last: the day comes first, as in WFDB's own date field and in every archive known (`07.12.2004` of ECG-ID, whose other
 * dates go up to 31; `01/10/1990` of PTB); the month comes first only where the text cannot be read otherwise (`12/31/2004`).
 * @example factDate({ 'ecg-date': '07.12.2004' }) // '2004-12-07'
 */
export function factDate(facts: Readonly<Record<string, string>>): string | null {
  const text = dateFacts.map((name) => (Object.hasOwn(facts, name) ? facts[name] : '')).find((value) => value !== '')
  if (text === undefined) return null
  const yearFirst = /^(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?!\d)/.exec(text)
  if (yearFirst) return isoDate(yearFirst[1], yearFirst[2], yearFirst[3])
  const yearLast = /^(\d{1,2})[-./](\d{1,2})[-./](\d{4})(?!\d)/.exec(text)
  return yearLast ? (isoDate(yearLast[3], yearLast[2], yearLast[1]) ?? isoDate(yearLast[3], yearLast[1], yearLast[2])) : null
}

/** `null` when there is no such day. @example isoDate('2004', '2', '30') // null */
export function isoDate(year: string, month: string, day: string): string | null {
  const [y, m, d] = [Number(year), Number(month), Number(day)]
  const leap = y % 4 === 0 && (y % 100 !== 0 || y % 400 === 0)
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  if (!(m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1])) return null
  return `${year.padStart(4, '0')}-${String(m).padStart(2, '0')}-${String(d).padStart(2, '0')}`
}
