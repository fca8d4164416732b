import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ImportRules, LabError, SubjectCode } from '../../src-main/contract/index.ts'
import { headerClock } from '../../src-main/exchange/header-date.ts'
import { bestPreset, importPresets, presetRules } from '../../src-main/exchange/presets.ts'
import { RuleSet, subjectCode } from '../../src-main/exchange/rule-text.ts'
import { RecordingIds } from '../../src-main/exchange/recording-ids.ts'
import { zonedIso } from '../../src-main/exchange/zone-time.ts'

const about = (file: string, comments: readonly string[] = []) => ({ file, comments, facts: {} })
const bidmc = (source: string, segment: string): string =>
  `<age>: 64 <sex>: F <location>: micu <source>: https://physionet.org/physiobank/database/mimic2wdb/matched/${source}/ <data segment>: ${segment}<modifications>: this is not a verbatim copy`

describe('presets', () => {
  it('take ECG-ID apart as its folders say', () => {
    const rules = new RuleSet(presetRules('ecg-id'))
    expect(rules.code(about('Person_01/rec_1.hea'))).toBe('Person_01')
    expect(rules.session(about('Person_01/rec_1.hea'), '2004-12-07')).toBe('2004-12-07')
    expect(rules.session(about('Person_01/rec_1.hea'), null)).toBe('unknown')
  })

  it('see that two records of BIDMC are one patient on two days', () => {
    const rules = new RuleSet(presetRules('bidmc'))
    const first = about('bidmc06.hea', [bidmc('s03386', '2577-07-30-13-04')])
    const second = about('bidmc07.hea', [bidmc('s03386', '2577-08-02-01-41')])
    expect(rules.identity(first)).toBe('s03386')
    expect(rules.identity(second)).toBe(rules.identity(first))
    expect([rules.code(first), rules.code(second)]).toEqual(['bidmc06', 'bidmc07'])
    expect([rules.session(first, null), rules.session(second, null)]).toEqual(['2577-07-30-13-04', '2577-08-02-01-41'])
  })

  it('know that records 201 and 202 of MIT-BIH are one person, and no others', () => {
    const rules = new RuleSet(presetRules('mit-bih'))
    const identity = (record: string): string => rules.identity(about(`${record}.hea`))
    expect(identity('201')).toBe(identity('202'))
    expect(new Set(['100', '200', '201', '203', '210', '220'].map(identity)).size).toBe(6)
  })

  it('read BIDS-like names', () => {
    const rules = new RuleSet(presetRules('bids'))
    const file = about('sub-07/ses-02/sub-07_ses-02_task-rest_ecg.edf')
    expect([rules.code(file), rules.session(file, '2020-01-01')]).toEqual(['07', '02'])
  })

  it.each([
    ['ecg-id', ['Person_01/rec_1.hea', 'Person_02/rec_1.hea']],
    ['ptb', ['patient001/s0010_re.hea', 'patient002/s0015lre.hea']],
    ['bidmc', ['bidmc01.hea', 'bidmc02.hea']],
    ['mit-bih', ['100.hea', '203.hea']],
    ['bids', ['sub-1/ses-1/sub-1_ses-1_ecg.edf', 'sub-2/sub-2_ecg.edf']],
    ['folder-per-subject', ['anna/a.edf', 'bert/b.edf']],
    ['file-per-subject', ['a.edf', 'b.edf']],
    ['file-per-subject', ['one/a.edf', 'one/b.edf']],
    ['file-per-subject', []],
  ] as const)('%s is what fits %j', (preset, files) => {
    expect(bestPreset(files)).toBe(preset)
  })

  it('are all valid and usable', () => {
    for (const preset of importPresets) expect(() => new RuleSet(presetRules(preset)), preset).not.toThrow()
  })
})

describe('a subject code', () => {
  it('keeps what a folder may be called and nothing else', () => {
    expect(subjectCode('', 'Jane Doe/2')).toBe('Jane-Doe-2')
    expect(subjectCode('P', '07')).toBe('P07')
    expect(subjectCode('', '__x')).toBe('x')
    expect(subjectCode('', '')).toBeNull()
    expect(subjectCode('', '...')).toBeNull()
    expect(subjectCode('', 'CON')).toBeNull()
  })

  it('tells long names apart that begin alike', () => {
    const codes = ['a', 'b', 'ab'].map((end) => subjectCode('', `${'recording-of-the-morning-'.repeat(3)}${end}`))
    expect(new Set(codes).size).toBe(3)
  })

  it('is valid or none, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 16 }), fc.string({ unit: 'binary', maxLength: 80 }), (prefix, value) => {
        const code = subjectCode(prefix, value)
        if (code !== null) expect(SubjectCode.safeParse(code).success).toBe(true)
      }),
    )
  })
})

describe('rules of people', () => {
  it('name the field of a pattern that is none', () => {
    const rules = ImportRules.parse({ subject: { from: 'path', pattern: '(' }, session: { kind: 'date' } })
    expect(() => new RuleSet(rules)).toThrow(expect.objectContaining({ code: 'import-rules-invalid', data: expect.objectContaining({ path: 'subject.pattern' }) }))
  })

  it('never fail with anything else, and give a code or none', () => {
    const froms = ['path', 'file', 'folder', 'comments', 'constant', 'fact:patient', 'fact:__proto__'.replace(/_/g, 'x')]
    // Short patterns of what people type, so that none needs exponential time on the short texts.
    const pattern = fc.string({ unit: fc.constantFrom(...'ab1(){}[]\\d+*?.^$|/_-'), maxLength: 12 })
    fc.assert(
      fc.property(fc.constantFrom(...froms), pattern, pattern, fc.string({ maxLength: 20 }), (from, subject, session, file) => {
        const rules = ImportRules.parse({
          subject: { from, pattern: subject }, session: { kind: 'pattern', from, pattern: session }, identity: { from, pattern: session }, include: subject,
          lanes: [{ pattern: subject, kind: 'ecg' }],
        })
        try {
          const set = new RuleSet(rules)
          const code = set.code({ file, comments: [file], facts: { patient: file } })
          expect(code === null || SubjectCode.safeParse(code).success).toBe(true)
          expect(set.session(about(file), null)).not.toBe('')
          set.identity(about(file))
          set.includes(file)
          set.laneKind(file)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(LabError)
          expect((thrown as LabError).code).toBe('import-rules-invalid')
        }
      }),
    )
  })
})

describe('the clock of a header', () => {
  const clock = (comments: readonly string[], startDate: string | null = null, startTime: string | null = null) => headerClock({ startDate, startTime, comments })

  it('is read from comments, day first', () => {
    expect(clock(['Age: 25', 'ECG date: 07.12.2004'])).toEqual({ date: '2004-12-07', time: null })
    expect(clock(['ECG date: 01/10/1990'])).toEqual({ date: '1990-10-01', time: null })
    expect(clock([bidmc('s1', '2577-07-30-13-04')])).toEqual({ date: '2577-07-30', time: '13:04:00' })
    expect(clock(['Admission date: 29-Sep-90', 'Age: 81'])).toEqual({ date: null, time: null })
    expect(clock(['ECG date: 31.02.2004'])).toEqual({ date: null, time: null })
  })

  it('believes the header before its comments', () => {
    expect(clock(['ECG date: 07.12.2004'], '2001-01-02', '03:04:05')).toEqual({ date: '2001-01-02', time: '03:04:05' })
  })
})

describe('local time', () => {
  it('has the offset that its zone had then, by hand', () => {
    expect(zonedIso('2004-12-07', '10:30:00', 'Europe/Berlin')).toBe('2004-12-07T10:30:00.000+01:00')
    expect(zonedIso('2004-07-07', '10:30:00.25', 'Europe/Berlin')).toBe('2004-07-07T10:30:00.250+02:00')
    expect(zonedIso('2005-05-12', null, 'Europe/Moscow')).toBe('2005-05-12T00:00:00.000+04:00')
    expect(zonedIso('1994-10-26', '08:26:04', 'America/New_York')).toBe('1994-10-26T08:26:04.000-04:00')
    expect(zonedIso('2020-01-01', '00:00:00', 'Asia/Kolkata')).toBe('2020-01-01T00:00:00.000+05:30')
  })

  it('is none for what is no date, and coded for what is no zone', () => {
    for (const date of ['2004-02-30', '2004-13-01', '0000-01-01', 'yesterday']) expect(zonedIso(date, null, 'UTC'), date).toBeNull()
    expect(zonedIso('2004-01-01', '25:00:00', 'UTC')).toBeNull()
    expect(() => zonedIso('2004-01-01', null, 'Europe/Atlantis')).toThrow(expect.objectContaining({ code: 'import-rules-invalid' }))
  })

  it('shows the given clock to whoever reads the instant in that zone', () => {
    const instant = fc.date({ min: new Date('1970-01-02'), max: new Date('2090-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(instant, fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'), (when, zone) => {
        const [date, time] = new Date(Math.floor(when.getTime() / 1000) * 1000).toISOString().slice(0, 19).split('T')
        const shown = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(new Date(zonedIso(date, time, zone) ?? ''))
        // Within the hour that a summer time leaves out there is no such clock.
        const off = Math.abs(Date.parse(`${shown.replace(' ', 'T')}Z`) - Date.parse(`${date}T${time}Z`))
        expect([0, 30 * 60_000, 3_600_000]).toContain(off)
        if (zone === 'UTC' || zone === 'Asia/Kolkata') expect(off).toBe(0)
      }),
    )
  })
})

describe('ids of imported recordings', () => {
  it('sort by time, and by order where the time is the same', () => {
    const ids = new RecordingIds(Date.parse('2026-01-01T00:00:00Z'))
    const made = [ids.next('2005-05-12T00:00:00Z'), ids.next('2005-05-12T00:00:00Z'), ids.next('2004-12-07T00:00:00Z'), ids.next(null), ids.next('2005-05-12T00:00:00Z')]
    expect([...made].sort()).toEqual([made[2], made[0], made[1], made[4], made[3]])
    expect(new Set(made).size).toBe(5)
    expect(() => ids.next('1950-01-01T00:00:00Z')).not.toThrow()
  })
})
