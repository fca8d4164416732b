import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import type { SubjectCode } from '../../src-main/contract/ids.ts'
import { ImportRules, type ImportCandidate, type ImportLook, type ImportPreview } from '../../src-main/contract/schemas/import.ts'
import type { JobStatus } from '../../src-main/contract/schemas/job.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { ImportingState } from '../../src-renderer/state/importing.svelte.ts'
import { Jobs } from '../../src-renderer/state/jobs.svelte.ts'
import { FakeLab, type FakeHandlers } from './fake-lab.ts'

const rules = ImportRules.parse({ preset: 'ecg-id', subject: { from: 'path', pattern: '(Person_\\d+)' }, session: { kind: 'date' } })
const candidate = (file: string, change: Partial<ImportCandidate> = {}): ImportCandidate => ({
  file, format: 'wfdb', files: [file], bytes: 10, subject: 'P1' as SubjectCode, session: '2004-12-07', startedAt: null, seconds: 20, rateHz: 500, lanes: [], annotators: [], findings: [], mapping: null, ...change,
})
const preview: ImportPreview = {
  from: '/data', rules, candidates: [candidate('a.hea'), candidate('b.hea', { subject: null, findings: [{ file: 'b.hea', code: 'import-subject-unknown', message: 'No subject.' }] })],
  refused: [], ignored: 0, subjects: 1, sessions: 1, complete: true,
}
const look = (file: string): ImportLook => ({ file, rateHz: 500, rows: 10, columns: 10, lanes: [], bytes: new Uint8Array() })
const job: JobStatus = { id: 'job-1', kind: 'import', state: 'running', done: 0, total: null, unit: 'recordings', startedAtMs: 0 }

async function setUp(handlers: FakeHandlers = {}) {
  const lab = new FakeLab({
    'jobs.list': () => [],
    'import.presets': () => [{ preset: 'ecg-id', rules }],
    'import.preview': () => preview,
    'import.look': ({ file }) => look(file),
    'import.start': () => job,
    ...handlers,
  })
  const connection = new Connection(() => Promise.resolve(lab))
  const importing = new ImportingState(connection, new Jobs(connection))
  await connection.start()
  await importing.loadPresets()
  return { lab, importing }
}

const settle = () => new Promise((resolve) => setTimeout(resolve))

describe('an import', () => {
  it('takes the rules that fit and looks at the first file by itself', async () => {
    const { lab, importing } = await setUp()
    await importing.open('/data')
    await settle()
    expect(lab.inputs('import.preview')).toEqual([{ from: '/data', rules: null }])
    expect(importing.rules?.preset).toBe('ecg-id')
    expect(importing.look?.file).toBe('a.hea')
  })

  it('accepts what has a subject and was not left out', async () => {
    const { lab, importing } = await setUp({ 'import.preview': () => ({ ...preview, candidates: [...preview.candidates, candidate('c.hea')] }) })
    await importing.open('/data')
    expect(importing.accepted.map(({ file }) => file)).toEqual(['a.hea', 'c.hea'])
    importing.leaveOut('a.hea', true)
    const started = importing.start()
    await settle()
    expect(lab.inputs('import.start')).toEqual([{ from: '/data', rules: importing.rules, files: ['c.hea'] }])
    lab.emit('job.changed', { ...job, state: 'done', result: { subjects: 1, recordings: 1, flagged: [], refused: [], duplicates: [], seconds: 1 } })
    expect((await started).recordings).toBe(1)
    expect(importing.report?.recordings).toBe(1)
  })

  it('imports all by rule when nothing was left out, however much of a large folder was shown', async () => {
    const { lab, importing } = await setUp({ 'import.preview': () => ({ ...preview, complete: false }) })
    await importing.open('/data')
    void importing.start().catch(() => undefined)
    await settle()
    expect(lab.inputs('import.start')[0].files).toBeNull()
  })

  it('asks again with edited rules, which are nobody’s preset any more', async () => {
    const { lab, importing } = await setUp()
    await importing.open('/data')
    await importing.change({ timeZone: 'Europe/Moscow' })
    expect(lab.inputs('import.preview')[1]).toMatchObject({ rules: { preset: null, timeZone: 'Europe/Moscow' } })
    await importing.usePreset('ecg-id')
    expect(importing.rules?.preset).toBe('ecg-id')
  })

  it('keeps the rules in sight when they cannot be used', async () => {
    let broken = false
    const { importing } = await setUp({
      'import.preview': () => {
        if (broken) throw new LabError('import-rules-invalid', 'No regular expression.')
        return preview
      },
    })
    await importing.open('/data')
    broken = true
    await importing.change({ include: '(' })
    expect(importing.error?.code).toBe('import-rules-invalid')
    expect(importing.rules?.include).toBe('(')
    broken = false
    await importing.change({ include: '' })
    expect(importing.error).toBeNull()
  })
})
