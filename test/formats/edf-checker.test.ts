import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { publicData } from '../signal/physionet.ts'
import { handMade, int16, lists, type HandFile } from './edf-bytes.ts'
import { checkEdf } from './edf-checker.ts'

/** A valid EDF+C file, written by hand. */
const valid = (more: Partial<HandFile> = {}, annotations: [Buffer, Buffer] = [lists(24, '+0.5||', '+1/2|text|'), lists(24, '+1.5||')]): Buffer =>
  Buffer.from(
    handMade({
      records: '2',
      reserved: 'EDF+C',
      recording: 'Startdate 02-MAR-2024 X X X',
      signals: [
        { label: 'ECG II', samplesPerRecord: '3' },
        { label: 'EDF Annotations', unit: '', physical: ['-1', '1'], digital: ['-32768', '32767'], samplesPerRecord: '12' },
      ],
      data: Buffer.concat([int16(1, 2, 3), annotations[0], int16(-1000, 1000, 0), annotations[1]]),
      ...more,
    }),
  )
const rules = (bytes: Buffer): string[] => checkEdf(bytes).violations.map((line) => line.split(':')[0])
const withText = (at: number, text: string): Buffer => {
  const bytes = valid()
  bytes.write(text, at, 'latin1')
  return bytes
}
const sample = (value: number): Buffer => Buffer.concat([int16(1, 2, value), lists(24, '+0.5||'), int16(0, 0, 0), lists(24, '+1.5||')])

describe('the checker of EDF files', () => {
  it('finds nothing in a valid file, and reads it', () => {
    const verdict = checkEdf(valid())
    expect(verdict.violations).toEqual([])
    expect(verdict).toMatchObject({ labels: ['ECG II'], samples: [[1, 2, 3, -1000, 1000, 0]], annotations: [{ onset: 0.5, duration: 2, text: 'text' }] })
  })

  const signalField = (before: number, signal: number, length: number): number => 256 + 2 * before + signal * length
  it.each<[string, string, Buffer]>([
    ['version', 'another version', withText(0, '1')],
    ['ascii', 'a letter beyond ASCII', withText(signalField(96, 0, 8), '\xb5V')],
    ['ascii', 'NUL as filling', withText(8 + 79, '\0')],
    ['justified', 'a field that begins with a blank', withText(244, ' 1')],
    ['startdate', 'other separators', withText(168, '02/03/24')],
    ['startdate', 'month 13', withText(168, '02.13.24')],
    ['startdate', 'a date that is not the Startdate', withText(168, '03.03.24')],
    ['starttime', '24 o\'clock', withText(176, '24.00.00')],
    ['header-bytes', 'a wrong header size', withText(184, '512     ')],
    ['records', 'a file that was not closed', withText(236, '-1')],
    ['size', 'a missing byte', valid().subarray(0, -1)],
    ['size', 'a byte too many', Buffer.concat([valid(), Buffer.of(0)])],
    ['size', 'records that are not there', withText(236, '3')],
    ['size', 'half a header', valid().subarray(0, 300)],
    ['duration', 'no duration', withText(244, '0')],
    ['patient', 'three subfields', withText(8, 'X X X  ')],
    ['patient', 'a sex of K', withText(8, 'X K X X')],
    ['patient', 'a lower-case month', withText(8, 'X F 02-may-1951 X')],
    ['recording', 'no Startdate', withText(88, 'Begindate')],
    ['label', 'no label', withText(256, '      ')],
    ['physical-minimum', 'a decimal comma', withText(signalField(104, 0, 8), '-1,5')],
    ['physical-maximum', 'equal limits', withText(signalField(112, 0, 8), '-1')],
    ['digital-minimum', '17 bits', withText(signalField(120, 0, 8), '-32769')],
    ['digital-minimum', 'a fraction', withText(signalField(120, 0, 8), '-1.5  ')],
    ['digital-maximum', 'limits in the wrong order', withText(signalField(128, 0, 8), '-2000')],
    ['samples-per-record', 'none', withText(signalField(216, 0, 8), '0')],
    ['annotation-signal', 'EDF+ without one', withText(256 + 16, 'Annotations    ')],
    ['annotation-signal', 'a unit', withText(signalField(96, 1, 8), 'mV')],
    ['annotation-signal', 'narrow limits', withText(signalField(120, 1, 8), '-1000 ')],
    ['digital-range', 'a sample above the maximum', valid({ data: sample(1001) })],
    ['digital-range', 'a sample below the minimum', valid({ data: sample(-1001) })],
    ['timekeeping', 'a record without a time', valid({}, [lists(24, '+0.5||'), lists(24)])],
    ['timekeeping', 'a record that begins with a text', valid({}, [lists(24, '+0.5||'), lists(24, '+1.5|text|')])],
    ['timekeeping', 'a first record a second late', valid({}, [lists(24, '+1||'), lists(24, '+2||')])],
    ['contiguous', 'a gap in EDF+C', valid({}, [lists(24, '+0||'), lists(24, '+2||')])],
    ['monotone', 'records that overlap', valid({ reserved: 'EDF+D' }, [lists(24, '+0||'), lists(24, '+0.9||')])],
    ['list', 'an onset without a sign', valid({}, [lists(24, '+0.5||', '1|text|'), lists(24, '+1.5||')])],
    ['list', 'a point and nothing behind it', valid({}, [lists(24, '+0.5||', '+1.|text|'), lists(24, '+1.5||')])],
    ['list', 'a duration with a sign', valid({}, [lists(24, '+0.5||', '+1/+2|text|'), lists(24, '+1.5||')])],
    ['list', 'a text that does not end', valid({}, [lists(24, '+0.5||', '+1|text'), lists(24, '+1.5||')])],
    ['list', 'a control character', valid({}, [lists(24, '+0.5||', '+1|te\x07t|'), lists(24, '+1.5||')])],
    ['list', 'bytes behind the last list', valid({}, [Buffer.concat([lists(20, '+0.5||'), lists(4, '+1|')]), lists(24, '+1.5||')])],
    ['list', 'a list that the record cuts', valid({}, [Buffer.from('+0.5\x14\x14\0+1\x14a long text..'.slice(0, 24).padEnd(24, '.'), 'latin1'), lists(24, '+1.5||')])],
    ['utf8', 'half a character', valid({}, [Buffer.from('+0.5\x14\x14\0+1\x14\xc3\x14\0'.padEnd(24, '\0'), 'latin1'), lists(24, '+1.5||')])],
  ])('%s: finds %s', (rule, _, bytes) => {
    expect(rules(bytes)).toContain(rule)
  })
})

const edfSamples = publicData('edf-samples')
const wfdbSamples = publicData('wfdb-samples')

describe.skipIf(!edfSamples || !wfdbSamples)('public files', () => {
  it.each(['test_generator.bdf', 'test_generator.edf', 'test_generator_datarec_generator_0_5.bdf', 'test_generator_datarec_generator_2.bdf', 'test_subsecond.edf', 'test_utf8.edf'])('%s keeps every rule', (name) => {
    expect(checkEdf(readFileSync(join(edfSamples ?? '', name))).violations).toEqual([])
  })

  it('test_edfann.edf keeps every rule; test_generator_2.edf has two units of a degree sign in Latin-1', () => {
    expect(checkEdf(readFileSync(join(wfdbSamples ?? '', 'test_edfann.edf'))).violations).toEqual([])
    expect(checkEdf(readFileSync(join(wfdbSamples ?? '', 'test_generator_2.edf'))).violations).toEqual(['ascii: byte 176 in unit at 1472', 'ascii: byte 176 in unit at 1480'])
  })
})
