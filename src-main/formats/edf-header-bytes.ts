import { LabError } from '../contract/index.ts'
import { patientLine, plainAscii, recordingLine, type EdfIdentification } from './edf-identification.ts'
import { annotationLabels, fileFields, headerBlock, signalFields, type FileField, type SignalField } from './edf-layout.ts'
import type { EdfLimits } from './edf-scale.ts'

export interface EdfHeaderContent {
  readonly format: 'edf+' | 'bdf+'
  readonly startDate: string | null
  readonly startTime: string | null
  readonly identification: EdfIdentification
  readonly records: number
  readonly duration: string
  readonly annotationSamples: number
  readonly signals: readonly {
    readonly label: string
    readonly unit: string
    readonly transducer: string
    readonly prefiltering: string
    readonly limits: EdfLimits
    readonly samplesPerRecord: number
    readonly reserved: string
  }[]
}

/** Header of an EDF+C or BDF+C file: the signals given and after them one annotation signal. @throws LabError `edf-range-exceeded` with `data.field`. */
export function headerBytesOf(content: EdfHeaderContent): Uint8Array {
  const { signals } = content
  const bytes = new Uint8Array(headerBlock * (signals.length + 2)).fill(0x20)
  const name = content.format === 'bdf+' ? 'BDF' : 'EDF'
  const [lowest, highest] = name === 'BDF' ? ['-8388608', '8388607'] : ['-32768', '32767']
  let at = 0
  const put = (field: FileField | SignalField, length: number, text: string): void => {
    const plain = plainAscii(text)
    if (plain.length > length) throw new LabError('edf-range-exceeded', `'${text}' does not fit into EDF's field ${field} of ${length} characters.`, { field, value: text })
    for (let i = 0; i < plain.length; i++) bytes[at + i] = plain.charCodeAt(i)
    at += length
  }
  const file: Record<FileField, string> = {
    version: name === 'BDF' ? ' BIOSEMI' : '0',
    patient: patientLine(content.identification),
    recording: recordingLine(content.startDate, content.identification),
    'start date': shortDate(content.startDate),
    'start time': (content.startTime ?? '00:00:00').slice(0, 8).replaceAll(':', '.'),
    'header bytes': String(bytes.length),
    reserved: `${name}+C`,
    'data records': String(content.records),
    'record duration': content.duration,
    signals: String(signals.length + 1),
  }
  for (const [field, length] of fileFields) put(field, length, file[field])
  if (name === 'BDF') bytes[0] = 0xff
  const perSignal = signals.map(
    (signal): Record<SignalField, string> => ({
      label: signal.label,
      transducer: signal.transducer.slice(0, 80),
      unit: plainAscii(signal.unit).slice(0, 8),
      'physical minimum': signal.limits.physicalMinimum,
      'physical maximum': signal.limits.physicalMaximum,
      'digital minimum': String(signal.limits.digitalMinimum),
      'digital maximum': String(signal.limits.digitalMaximum),
      prefiltering: signal.prefiltering.slice(0, 80),
      'samples per record': String(signal.samplesPerRecord),
      'signal reserved': signal.reserved,
    }),
  )
  perSignal.push({
    label: `${name} Annotations`,
    transducer: '',
    unit: '',
    'physical minimum': '-1',
    'physical maximum': '1',
    'digital minimum': lowest,
    'digital maximum': highest,
    prefiltering: '',
    'samples per record': String(content.annotationSamples),
    'signal reserved': '',
  })
  for (const [field, length] of signalFields) for (const signal of perSignal) put(field, length, signal[field])
  return bytes
}

/** Labels of at most 16 printable characters, each once; none that means annotations. @example signalLabels(['II', 'II', 'µV']) // ['II', 'II 2', 'uV'] */
export function signalLabels(labels: readonly string[]): string[] {
  const taken = new Set<string>(annotationLabels)
  return labels.map((label, i) => {
    const plain = plainAscii(label).replace(/\s+/g, ' ').trim().slice(0, 16).trim() || `signal ${i + 1}`
    let unique = plain
    for (let n = 2; taken.has(unique); n++) unique = `${plain.slice(0, 15 - String(n).length).trim()} ${n}`
    taken.add(unique)
    return unique
  })
}

/** dd.mm.yy; `yy` for years that two digits cannot say (the clipping year is 1985). */
function shortDate(iso: string | null): string {
  if (iso === null) return '01.01.85'
  const [year, month, day] = iso.split('-')
  return `${day}.${month}.${Number(year) >= 1985 && Number(year) <= 2084 ? year.slice(2) : 'yy'}`
}
