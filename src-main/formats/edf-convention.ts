/*
 * EDF has no code for a missing sample and no length but whole data records. Pulseprint's files keep both by this convention, and its reader
 * gives them back exactly; other programs see ordinary EDF+.
 *
 *   each signal's reserved field   `NA=<digital value> ADC=<minimum>,<maximum>`: samples of that value, which the converter cannot give, are missing;
 *                                  `NA=none` when the converter uses every value there is
 *   annotation `Missing`           with a duration: rows that were never recorded; restores the samples of signals with `NA=none` too
 *   annotation `Recording ends`    in the last data record: rows from there on only fill the record
 */
export const missingText = 'Missing'
export const endText = 'Recording ends'
/** EDF+ annotations about one signal end in `@@` and its label. */
export const signalSuffix = '@@'

export interface EdfSignalMark {
  readonly missing: number | null
  readonly minimum: number
  readonly maximum: number
}

/** At most 32 characters, as long as the numbers have 24 bits. @example signalMark({ missing: -32768, minimum: 0, maximum: 2047 }) // 'NA=-32768 ADC=0,2047' */
export function signalMark(mark: EdfSignalMark): string {
  return `NA=${mark.missing ?? 'none'} ADC=${mark.minimum},${mark.maximum}`
}

export function parseSignalMark(reserved: string): EdfSignalMark | null {
  const parts = /^NA=(none|-?\d{1,7}) ADC=(-?\d{1,7}),(-?\d{1,7})$/.exec(reserved)
  if (!parts) return null
  const [missing, minimum, maximum] = [parts[1] === 'none' ? null : Number(parts[1]), Number(parts[2]), Number(parts[3])]
  return minimum < maximum && (missing === null || missing < minimum || missing > maximum) ? { missing, minimum, maximum } : null
}
