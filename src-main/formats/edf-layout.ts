import { LabError } from '../contract/index.ts'
import type { SourceFinding } from './signal-source.ts'

/*
 * Header of EDF (Kemp et al. 1992), EDF+ (Kemp and Olivan 2003) and BioSemi's BDF. 256 bytes for the file, then 256 for every signal, field by
 * field: all labels, then all transducers ... All fields are text, left-justified and filled with blanks.
 *
 *   file    version 8  patient 80  recording 80  start date 8 (dd.mm.yy)  start time 8 (hh.mm.ss)  header bytes 8  reserved 44  records 8
 *           record duration 8  signals 4
 *   signal  label 16  transducer 80  unit 8  physical minimum 8  physical maximum 8  digital minimum 8  digital maximum 8  prefiltering 80
 *           samples per record 8  reserved 32
 *   record  all samples of the first signal, then all of the second ...; little-endian two's complement, 2 bytes (EDF) or 3 (BDF)
 */
export const fileFields = [
  ['version', 8],
  ['patient', 80],
  ['recording', 80],
  ['start date', 8],
  ['start time', 8],
  ['header bytes', 8],
  ['reserved', 44],
  ['data records', 8],
  ['record duration', 8],
  ['signals', 4],
] as const

export const signalFields = [
  ['label', 16],
  ['transducer', 80],
  ['unit', 8],
  ['physical minimum', 8],
  ['physical maximum', 8],
  ['digital minimum', 8],
  ['digital maximum', 8],
  ['prefiltering', 80],
  ['samples per record', 8],
  ['signal reserved', 32],
] as const

export type FileField = (typeof fileFields)[number][0]
export type SignalField = (typeof signalFields)[number][0]

/** Bytes of the file's part of a header, and of each signal's. */
export const headerBlock = 256
export const annotationLabels: ReadonlySet<string> = new Set(['EDF Annotations', 'BDF Annotations'])

export function edfInvalid(file: string, offset: number, field: string, reason: string, more: Record<string, unknown> = {}): LabError {
  return new LabError('edf-invalid', `${file} is not a valid EDF or BDF file: ${field} at byte ${offset}: ${reason}.`, { file, offset, field, reason, ...more })
}

/** Deviations of one file that did not keep it from being read; the first of many stand for the rest. */
export class EdfFindings {
  readonly list: SourceFinding[] = []
  readonly #file: string
  static readonly most = 50

  constructor(file: string) {
    this.#file = file
  }

  deviation(offset: number, field: string, reason: string): void {
    const { code, message, data } = edfInvalid(this.#file, offset, field, reason)
    this.add({ code, message: message.replace('is not a valid EDF or BDF file', 'was read in spite of an error'), data })
  }

  add(finding: SourceFinding): void {
    if (this.list.length < EdfFindings.most) this.list.push(finding)
  }
}
