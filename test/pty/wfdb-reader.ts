import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/*
 * A WFDB reader of its own, written from header(5) and signal(5) of the WFDB Applications Guide and sharing nothing with the program:
 * what it reads back is the oracle of the end-to-end tests.
 */

export interface WfdbSignal {
  readonly label: string
  readonly gain: number
  readonly baseline: number
  readonly unit: string
  readonly adcResolution: number
  /** `null` = the format's invalid code. */
  readonly samples: (number | null)[]
}

export interface WfdbRecord {
  readonly rateHz: number
  readonly signals: WfdbSignal[]
}

/** Sample `index` of a file of interleaved samples, by format number. */
function sampleAt(bytes: Buffer, format: number, index: number): number | null {
  if (format === 16) {
    const value = bytes.readInt16LE(index * 2)
    return value === -0x8000 ? null : value
  }
  if (format === 24) {
    const value = bytes.readIntLE(index * 3, 3)
    return value === -0x800000 ? null : value
  }
  if (format === 32) {
    const value = bytes.readInt32LE(index * 4)
    return value === -0x80000000 ? null : value
  }
  throw new Error(`format ${format} is not expected here`)
}

/** Reads a single-segment record whose signals all lie in one file. Checks sample counts, initial values and checksums. */
export async function readWfdb(headerPath: string): Promise<WfdbRecord> {
  const lines = (await readFile(headerPath, 'utf8')).split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'))
  const [, signalCount, rate, sampleCount] = lines[0].split(/\s+/)
  const count = Number(signalCount)
  const rows = Number(sampleCount)
  const specs = lines.slice(1, 1 + count).map((line) => {
    const [file, format, gain, resolution, zero, initial, checksum, , ...label] = line.split(/\s+/)
    const parsed = /^([-+.\deE]+)(?:\((-?\d+)\))?(?:\/(\S+))?$/.exec(gain)
    if (!parsed) throw new Error(`gain ${gain}`)
    return {
      file,
      format: Number(format),
      gain: Number(parsed[1]),
      baseline: Number(parsed[2] ?? zero),
      unit: parsed[3] ?? 'mV',
      adcResolution: Number(resolution),
      initial: Number(initial),
      checksum: Number(checksum),
      label: label.join(' '),
    }
  })
  const bytes = await readFile(join(dirname(headerPath), specs[0].file))
  if (basename(specs[0].file) !== specs[0].file || specs.some((spec) => spec.file !== specs[0].file || spec.format !== specs[0].format)) {
    throw new Error('signals are expected in one file of one format')
  }
  const width = { 16: 2, 24: 3, 32: 4 }[specs[0].format] ?? 0
  if (bytes.length !== rows * count * width) throw new Error(`${bytes.length} bytes for ${rows} rows of ${count} signals of ${width} bytes`)
  const signals = specs.map((spec, lane) => {
    const samples: (number | null)[] = []
    let sum = 0
    for (let row = 0; row < rows; row++) {
      const index = row * count + lane
      samples.push(sampleAt(bytes, spec.format, index))
      sum = (sum + bytes.readIntLE(index * width, width)) & 0xffff
    }
    const signed = (sum << 16) >> 16
    if (((spec.checksum << 16) >> 16) !== signed) throw new Error(`checksum of ${spec.label}: ${spec.checksum} in the header, ${signed} in the file`)
    const first = rows > 0 ? bytes.readIntLE(lane * width, width) : 0
    if (rows > 0 && spec.initial !== first) throw new Error(`first value of ${spec.label}: ${spec.initial} in the header, ${first} in the file`)
    const { label, gain, baseline, unit, adcResolution } = spec
    return { label, gain, baseline, unit, adcResolution, samples }
  })
  return { rateHz: Number(rate.split('/')[0]), signals }
}
