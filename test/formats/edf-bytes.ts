import type { ByteSource } from '../../src-main/formats/signal-source.ts'

/** EDF files made by hand, field by field, for the reader's tests; knows nothing of the product's writer. */
export interface HandSignal {
  label: string
  unit?: string
  physical?: [string, string]
  digital?: [string, string]
  samplesPerRecord: string
  reserved?: string
}

export interface HandFile {
  version?: string
  patient?: string
  recording?: string
  date?: string
  time?: string
  headerBytes?: string
  reserved?: string
  records: string
  duration?: string
  count?: string
  signals: HandSignal[]
  /** The data records as they are. */
  data: Uint8Array
}

export function handMade(file: HandFile): Uint8Array {
  const pad = (text: string, length: number): string => text.padEnd(length).slice(0, length)
  const { signals } = file
  const column = (length: number, text: (signal: HandSignal) => string): string => signals.map((signal) => pad(text(signal), length)).join('')
  const header =
    pad(file.version ?? '0', 8) + pad(file.patient ?? 'X X X X', 80) + pad(file.recording ?? 'Startdate X X X X', 80) + pad(file.date ?? '02.03.24', 8) +
    pad(file.time ?? '10.20.30', 8) + pad(file.headerBytes ?? String(256 * (signals.length + 1)), 8) + pad(file.reserved ?? '', 44) + pad(file.records, 8) +
    pad(file.duration ?? '1', 8) + pad(file.count ?? String(signals.length), 4) +
    column(16, (signal) => signal.label) + column(80, () => '') + column(8, (signal) => signal.unit ?? 'mV') +
    column(8, (signal) => signal.physical?.[0] ?? '-1') + column(8, (signal) => signal.physical?.[1] ?? '1') +
    column(8, (signal) => signal.digital?.[0] ?? '-1000') + column(8, (signal) => signal.digital?.[1] ?? '1000') +
    column(80, () => '') + column(8, (signal) => signal.samplesPerRecord) + column(32, (signal) => signal.reserved ?? '')
  return Buffer.concat([Buffer.from(header, 'latin1'), file.data])
}

export const int16 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 2)
  values.forEach((value, i) => bytes.writeInt16LE(value, i * 2))
  return bytes
}

export const int24 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 3)
  values.forEach((value, i) => bytes.writeIntLE(value, i * 3, 3))
  return bytes
}

/** `|` = 20, `/` = 21, `.0` ends a list: `lists('+0||', 20)`. */
export function lists(length: number, ...texts: string[]): Buffer {
  const bytes = Buffer.alloc(length)
  bytes.write(texts.map((text) => `${text.replaceAll('|', '\x14').replaceAll('/', '\x15')}\0`).join(''), 'utf8')
  return bytes
}

export function byteSource(bytes: Uint8Array, name = 'test.edf'): ByteSource & { largest: number } {
  return {
    name,
    bytes: bytes.length,
    largest: 0,
    async read(position, length) {
      this.largest = Math.max(this.largest, length)
      return bytes.subarray(position, position + length)
    },
  }
}

export async function allSamples(source: { blocks(options?: { framesPerBlock?: number }): AsyncGenerator<readonly Int32Array[], void, void>; signals: readonly unknown[] }, framesPerBlock?: number): Promise<number[][]> {
  const all = source.signals.map((): number[] => [])
  for await (const block of source.blocks({ framesPerBlock })) block.forEach((counts, i) => counts.forEach((count) => all[i].push(count)))
  return all
}
