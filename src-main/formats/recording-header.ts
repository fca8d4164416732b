import type { Recording } from '../contract/index.ts'
import type { SignalEncoder } from './wfdb-signal.ts'
import type { WfdbHeader } from './wfdb-header.ts'

/** Name of the WFDB record in every recording's folder: signals.hea, signals.dat. */
export const recordName = 'signals'

/**
 * Local wall clock fields of a time with its offset, as a header writes them; the offset itself goes into a comment.
 * @example wallClock('2026-03-01T14:05:09.123+01:00') // { time: '14:05:09.123', date: '01/03/2026', offset: '+01:00' }
 */
export function wallClock(iso: string): { time: string; date: string; offset: string } | null {
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:?\d\d)$/.exec(iso)
  if (!parts) return null
  const [, year, month, day, minutes, seconds = '00', fraction = '', offset] = parts
  return { time: `${minutes}:${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}`, date: `${day}/${month}/${year}`, offset }
}

type Described = Pick<Recording, 'id' | 'startedAt' | 'timeZone' | 'device' | 'lanes' | 'declaredRateHz' | 'measuredRateHz' | 'ppm'>

/**
 * The header of a recording's signals.dat. `signal` has encoded every row. `rateHz` is the rate of the time axis. The comments say what a
 * reader of the files alone must know and nothing about the person.
 */
export function recordingHeader(recording: Described, signal: Pick<SignalEncoder, 'format' | 'rows' | 'initialValues' | 'checksums'>, rateHz: number): WfdbHeader {
  const begin = wallClock(recording.startedAt)
  const measured = recording.measuredRateHz === null ? 'not measured' : `${recording.measuredRateHz} Hz (${recording.ppm ?? 0} ppm)`
  const sparse = recording.lanes.filter((lane) => lane.sparse).map((lane) => lane.label)
  const held = recording.lanes.filter((lane) => lane.held).map((lane) => lane.label)
  return {
    record: recordName,
    segments: [],
    signalCount: recording.lanes.length,
    rateHz,
    counterRateHz: null,
    baseCounter: null,
    frames: signal.rows,
    baseTime: begin?.time ?? null,
    baseDate: begin?.date ?? null,
    signals: recording.lanes.map((lane, i) => ({
      file: `${recordName}.dat`,
      format: signal.format,
      samplesPerFrame: 1,
      skew: 0,
      byteOffset: 0,
      gain: lane.gainCountsPerUnit,
      calibrated: true,
      baseline: lane.baseline,
      unit: lane.unit,
      resolutionBits: lane.bits,
      // Middle of the converter's range: 0 for a bipolar one, 512 for 0..1023. `|| 0` turns -0 into 0.
      zero: Math.round((lane.minimum + lane.maximum) / 2) || 0,
      initialValue: signal.initialValues[i],
      checksum: signal.checksums[i],
      blockSize: 0,
      name: lane.label,
    })),
    comments: [
      `recording: ${recording.id}`,
      `device: ${recording.device.profile} (${recording.device.protocol})`,
      `declared rate: ${recording.declaredRateHz} Hz, measured rate: ${measured}`,
      `time zone: ${recording.timeZone} (${begin?.offset ?? 'unknown offset'})`,
      "samples: the device's own counts, unfiltered; physical = (count - baseline) / gain; a lost sample is the invalid code of its format",
      ...(sparse.length > 0 ? [`has a value on some rows only: ${sparse.join('; ')}`] : []),
      ...(held.length > 0 ? [`repeats its value until the next conversion: ${held.join('; ')}`] : []),
    ],
  }
}
