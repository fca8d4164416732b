import { render } from 'svelte/server'
import { beforeEach, describe, expect, it } from 'vitest'
import type { SubjectCode } from '../../src-main/contract/ids.ts'
import type { VersionSummary } from '../../src-main/contract/schemas/curation.ts'
import { ImportRules } from '../../src-main/contract/schemas/import.ts'
import { App } from '../../src-renderer/state/app.svelte.ts'
import { Preferences } from '../../src-renderer/state/preferences.svelte.ts'
import type { Route } from '../../src-renderer/state/router.svelte.ts'
import { MemoryStore } from '../../src-renderer/state/working-store.ts'
import { language } from '../../src-renderer/strings/language.svelte.ts'
import AppView from '../../src-renderer/views/App.svelte'
import { newRules } from '../../src-renderer/views/curate/rule-forms.ts'
import { FakeLab } from './fake-lab.ts'
import { elements, nameless, words } from './markup.ts'
import { idle, listItem, protocol, recording, recordingIds, streaming, subject, summary } from './samples.ts'

const [id] = recordingIds
const running = {
  id, subject: 'S001' as SubjectCode, elapsedSeconds: 125, durableSeconds: 124, receivedSequence: 9, durableSequence: 8, bytes: 1e6, gaps: 1, markers: 2,
  protocol: { id: 'rest', step: 1, stepElapsedSeconds: 5, finished: false },
}

async function app(): Promise<App> {
  const lab = new FakeLab({
    'lab.info': () => ({ version: '0.1.0', host: 'serve', platform: 'linux', station: 'bench-1', canPickFolder: false, homePath: '/home/lab', defaultDemoPath: '/home/lab/demo' }),
    'dataset.current': () => summary,
    'dataset.recent': () => [{ path: '/data/lab', name: 'Test lab', openedAt: '2026-01-05T10:00:00.000+01:00', exists: true }],
    'jobs.list': () => [],
    'view.filters': (filters) => ({ baseline: true, lowPassHz: 40, notchHz: 50, ...filters }),
    'acquisition.status': () => streaming,
    'devices.profiles': () => [],
    'protocols.list': () => ({ protocols: [protocol], problems: [] }),
    'subjects.list': () => [subject('S001'), subject('S002', { consent: 'withdrawn' })],
    'library.list': () => [listItem(id)],
  })
  const made = new App(() => Promise.resolve(lab), new MemoryStore(), new Preferences(null, ['en']))
  await made.start()
  await new Promise((resolve) => setTimeout(resolve, 0))
  return made
}

const html = (made: App) => render(AppView, { props: { app: made } }).body

const routes: Route[] = [
  { name: 'record' }, { name: 'library' }, { name: 'recording', id }, { name: 'import' }, { name: 'subjects' }, { name: 'curate' }, { name: 'splits' }, { name: 'exports' }, { name: 'dataset' },
]

const version: VersionSummary = {
  name: 'v1', note: 'first', createdAt: '2026-01-05T10:00:00.000+01:00', hash: 'a'.repeat(64), recordings: 1, subjects: 1, sessions: 1, seconds: 120, excluded: 0, missing: 1, changed: 1, problem: null,
}

/** Something on every screen: rules, a version, a preview, so that the controls that come with them are looked at too. */
function fill(made: App): void {
  made.curation.rules = newRules
  made.curation.versions = [version]
  made.importing.rules = ImportRules.parse({
    subject: { from: 'path', pattern: '(.+)' }, session: { kind: 'pattern', from: 'file', pattern: '(.+)' }, identity: { from: 'comments', pattern: '(.+)' },
    delimited: { delimiter: 'comma', columns: [{ column: 1, label: 'ECG', unit: 'mV' }], rateHz: 250 },
  })
  made.importing.preview = { from: '/data', rules: made.importing.rules, candidates: [], refused: [], ignored: 0, subjects: 0, sessions: 0, complete: false }
}

describe('every screen', () => {
  beforeEach(() => {
    language.locale = 'en'
  })

  it.each(routes)('$name: every control has a name, and one heading leads', async (route) => {
    const made = await app()
    made.router.route = route
    if (route.name === 'recording') made.reviewer.recording = recording(id)
    fill(made)
    made.acquisition.status = idle
    const markup = html(made)
    expect(nameless(markup)).toEqual([])
    expect(elements(markup, 'h1')).toHaveLength(1)
    expect(elements(markup, 'main')).toHaveLength(1)
  })

  it('finds a control without a name', () => {
    expect(nameless('<button class="x"><svg></svg></button>')).toHaveLength(1)
    expect(nameless('<input type="text">')).toHaveLength(1)
    expect(nameless('<label for="a">A</label><input id="a">')).toEqual([])
  })

  it('the first screen without a dataset offers the demo, a new one and an old one', async () => {
    const made = await app()
    made.dataset.current = null
    made.dataset.recent = [{ path: '/data/lab', name: 'Test lab', openedAt: '2026-01-05T10:00:00.000+01:00', exists: false }]
    const markup = html(made)
    expect(nameless(markup)).toEqual([])
    for (const text of ['Try the demo', 'Create a dataset', 'Open a dataset', 'Test lab', 'Not found']) expect(markup).toContain(text)
  })
})

describe('the record screen', () => {
  beforeEach(() => {
    language.locale = 'en'
  })

  it('shows signal, rate and which lane it comes from before anything is stored', async () => {
    const text = words(html(await app()))
    for (const part of ['68', 'from CH1', 'Good', 'Start recording', 'Choose a subject first']) expect(text).toContain(part)
  })

  it('says in words, not by colour, that it records, what is saved, what comes next', async () => {
    const made = await app()
    made.acquisition.status = { ...streaming, recording: running }
    const text = words(html(made))
    for (const part of ['Recording S001', '02:05', 'Saved up to 02:04', 'Breathe with the circle', '00:55', 'Stop and finish', '1 gap', '2 markers']) expect(text).toContain(part)
  })

  it('is loud about alarms until somebody has acknowledged them', async () => {
    const made = await app()
    made.acquisition.status = { ...streaming, alarms: [{ id: 'no-data', active: true, acknowledged: false, sinceMs: 0, data: { seconds: 3 } }] }
    const loud = html(made)
    expect(loud).toContain('role="alert"')
    expect(words(loud)).toContain('No data')
    expect(words(loud)).toContain('Acknowledge')
    made.acquisition.status = { ...streaming, alarms: [{ id: 'no-data', active: true, acknowledged: true, sinceMs: 0, data: { seconds: 3 } }] }
    expect(words(html(made))).toContain('Acknowledged')
  })

  it('ends with what was recorded and what can be done', async () => {
    const made = await app()
    made.recorder.finished = recording(id, { gaps: [{ from: 10, to: 22, certainty: 'certain', cause: 'lost' }], lostRows: 12, override: { reason: 'dry electrode', failed: ['contact'] } })
    const markup = html(made)
    expect(nameless(markup)).toEqual([])
    for (const part of ['Recording of S001 finished', 'Read back and verified', '02:00', '0.040%', '66', '1 gap, 12 rows missing', 'dry electrode', 'Keep', 'Discard']) expect(words(markup)).toContain(part)
  })

  it('tells that it reconnects and that the recording goes on', async () => {
    const made = await app()
    made.acquisition.status = { ...streaming, recording: running }
    made.connection.phase = 'lost'
    expect(words(html(made))).toContain('The recording goes on without this window')
  })

  it('speaks Chinese after a switch, in the same state', async () => {
    const made = await app()
    made.acquisition.status = { ...streaming, recording: running }
    made.setLocale('zh-CN')
    const text = words(html(made))
    for (const part of ['正在采集 S001', '已保存到 02:04', '停止并完成']) expect(text).toContain(part)
    expect(text).not.toMatch(/Stop|Saved|Recording/)
  })
})
