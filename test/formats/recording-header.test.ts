import { describe, expect, it } from 'vitest'
import { noValue } from '../../src-main/contract/index.ts'
import { recordingHeader, wallClock } from '../../src-main/formats/recording-header.ts'
import { formatHeader } from '../../src-main/formats/wfdb-header.ts'
import { SignalEncoder } from '../../src-main/formats/wfdb-signal.ts'
import { aRecording, recordingId } from '../dataset/a-recording.ts'

describe('the header of a recording', () => {
  it('says how to read the samples and when they began, in the station\'s own time, and nothing of the person', () => {
    const recording = aRecording({ id: recordingId(1), subject: 'S042', operator: 'Anna', notes: 'has a cold', station: 'room 5', measuredRateHz: 250.0025, ppm: 10 })
    const encoder = new SignalEncoder(2, 16)
    encoder.encode(Int32Array.of(-5, 700, 10, noValue))
    expect(formatHeader(recordingHeader(recording, encoder, 250))).toBe(
      'signals 2 250 2 14:05:09.123 01/03/2026\n' +
        'signals.dat 16 200(0)/mV 16 0 -5 5 0 ECG\n' +
        'signals.dat 16 4(100)/count 16 0 700 -32068 0 PPG\n' +
        `# recording: ${recordingId(1)}\n` +
        '# device: test (test)\n' +
        '# declared rate: 250 Hz, measured rate: 250.0025 Hz (10 ppm)\n' +
        '# time zone: Europe/Berlin (+01:00)\n' +
        "# samples: the device's own counts, unfiltered; physical = (count - baseline) / gain; a lost sample is the invalid code of its format\n",
    )
  })

  it.each([
    ['2026-03-01T14:05:09.123+01:00', { time: '14:05:09.123', date: '01/03/2026', offset: '+01:00' }],
    ['2026-12-31T23:59:59Z', { time: '23:59:59.000', date: '31/12/2026', offset: 'Z' }],
    ['2026-12-31T23:59-0330', { time: '23:59:00.000', date: '31/12/2026', offset: '-0330' }],
    ['yesterday', null],
  ])('wall clock of %s', (iso, expected) => {
    expect(wallClock(iso)).toEqual(expected)
  })
})
