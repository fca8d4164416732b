import { describe, expect, it } from 'vitest'
import { AlarmId, CheckId, type Alarm, type CheckResult } from '../../src-main/contract/schemas/acquisition.ts'
import { en } from '../../src-renderer/strings/en.ts'
import { Format } from '../../src-renderer/strings/format.ts'
import { zhCN } from '../../src-renderer/strings/zh-CN.ts'
import { alarmWords, checkWords } from '../../src-renderer/views/record/check-words.ts'
import { laneWords } from '../../src-renderer/views/record/lane-words.ts'
import { portFacts } from '../../src-renderer/views/record/device-words.ts'
import { groupWarnings } from '../../src-renderer/views/library/recording-words.ts'
import { folderName } from '../../src-renderer/views/picker/folder-name.ts'
import { configuration, streaming } from './samples.ts'

const format = new Format('en')

describe('the checklist in words', () => {
  it('names lanes as the screen does', () => {
    const check: CheckResult = { id: 'contact', state: 'fail', data: { lanes: 'ch1, ch2', bad: 2, of: 2 } }
    expect(checkWords(check, en, format, streaming)).toBe('press or wet the electrodes of CH1 and CH2')
  })

  it('shortens long lists', () => {
    const check: CheckResult = { id: 'mains', state: 'warn', data: { lanes: 'a, b, c, d, e, f' } }
    expect(checkWords(check, en, format, streaming)).toContain('a, b, and c +3')
  })

  it('gives the numbers behind a verdict', () => {
    expect(checkWords({ id: 'disk', state: 'fail', data: { freeBytes: 1e6, neededBytes: 74e6, plannedSeconds: 60 } }, en, format, streaming)).toBe('only 1 MB free, 74 MB needed: make room')
    expect(checkWords({ id: 'rate', state: 'waiting', data: { secondsLeft: 3.2 } }, en, format, streaming)).toBe('measuring, 4 s more')
  })

  it('has words for every check in every state in both languages', () => {
    for (const t of [en, zhCN]) {
      for (const id of CheckId.options) {
        for (const state of ['pass', 'warn', 'fail', 'waiting'] as const) {
          expect(checkWords({ id, state, data: { code: 'S001', lanes: 'ch1' } }, t, format, streaming)).not.toBe('')
        }
      }
    }
  })
})

describe('alarms in words', () => {
  it('say the cause with its numbers, and every alarm has words', () => {
    const alarm = (id: Alarm['id'], data: Alarm['data'] = {}): Alarm => ({ id, active: true, acknowledged: false, sinceMs: 0, data })
    expect(alarmWords(alarm('no-data', { seconds: 12 }), en, format, streaming)).toBe('Nothing has arrived for 12 sec. Check the cable and the board.')
    expect(alarmWords(alarm('lead-off', { lanes: 'ch1' }), en, format, streaming)).toBe('CH1: press the electrode on.')
    for (const t of [en, zhCN]) for (const id of AlarmId.options) expect(alarmWords(alarm(id), t, format, null)).not.toBe('')
  })
})

describe('findings', () => {
  it('that are the same on several lanes are said once, others stay apart', () => {
    const { lanes } = configuration
    const [a, b] = lanes
    const rails = '8.0 % of the samples are at the end of the range.'
    const warnings = [
      { code: 'saturated', message: `${a.label}: ${rails}` },
      { code: 'other', message: 'Something else.' },
      { code: 'saturated', message: `${b.label}: ${rails}` },
      { code: 'saturated', message: `${b.label}: 9.0 % of them.` },
    ]
    expect(groupWarnings({ warnings, lanes }, (names) => names.join(' + ')).map(({ message }) => message)).toEqual([
      `${a.label} + ${b.label}: ${rails}`, 'Something else.', `${b.label}: 9.0 % of them.`,
    ])
  })
})

describe('a lane in words', () => {
  const [lane] = streaming.lanes
  it('says the worst cause first', () => {
    expect(laneWords(lane, en)).toBe('Good')
    expect(laneWords({ ...lane, contact: 'off' }, en)).toBe('Lead off')
    expect(laneWords({ ...lane, level: 'bad', saturatedRatio: 0.4, mainsRatio: 0.9 }, en)).toBe('Saturated')
    expect(laneWords({ ...lane, level: 'fair', mainsRatio: 0.5 }, en)).toBe('Mains')
    expect(laneWords({ ...lane, level: 'fair' }, en)).toBe('Fair')
    expect(laneWords({ ...lane, level: 'none' }, en)).toBe('No signal')
  })
})

describe('names', () => {
  it('say what is known of a port', () => {
    expect(portFacts({ path: '/dev/ttyUSB0', manufacturer: 'FTDI', serialNumber: 'DM00', vendorId: '0403', productId: '6015', profiles: [] })).toBe('FTDI \u00b7 0403:6015 \u00b7 DM00')
    expect(portFacts({ path: 'COM3', manufacturer: null, serialNumber: null, vendorId: null, productId: null, profiles: [] })).toBe('')
  })

  it('make folders for every file system', () => {
    expect(folderName('Lab 2: rest & run')).toBe('lab-2-rest-run')
    expect(folderName('我的实验室')).toBe('我的实验室')
    expect(folderName('///')).toBe('dataset')
  })
})
