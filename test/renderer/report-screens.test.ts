import { render } from 'svelte/server'
import { beforeEach, describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import type { SubjectCode } from '../../src-main/contract/ids.ts'
import { App } from '../../src-renderer/state/app.svelte.ts'
import { Preferences } from '../../src-renderer/state/preferences.svelte.ts'
import { MemoryStore } from '../../src-renderer/state/working-store.ts'
import { language } from '../../src-renderer/strings/language.svelte.ts'
import AppView from '../../src-renderer/views/App.svelte'
import { FakeLab } from './fake-lab.ts'
import { elements, nameless, words } from './markup.ts'
import { decision, gallery, galleryOf, leak, liveState, runId, runRecord, sampleReport } from './sample-report.ts'
import { idle, listItem, recordingIds, streaming, subject, summary } from './samples.ts'

const report = sampleReport({ people: 60, strangers: 12, cohort: 35, beats: 12, replicates: 100 })
const few = sampleReport({ people: 12, beats: 6, replicates: 100, leaks: [leak] })

async function app(): Promise<App> {
  const lab = new FakeLab({
    'lab.info': () => ({ version: '0.1.0', host: 'serve', platform: 'linux', station: 'bench-1', canPickFolder: false, homePath: '/home/lab', defaultDemoPath: '/home/lab/demo' }),
    'dataset.current': () => summary,
    'jobs.list': () => [],
    'view.filters': (filters) => ({ baseline: true, lowPassHz: 40, notchHz: 50, ...filters }),
    'acquisition.status': () => streaming,
    'devices.profiles': () => [],
    'protocols.list': () => ({ protocols: [], problems: [] }),
    'subjects.list': () => [subject('S001')],
    'library.list': () => [listItem(recordingIds[0])],
    'runs.list': () => [runRecord()],
    'runs.get': () => ({ record: runRecord(), epochs: [] }),
    'runs.report': () => report,
    'identify.gallery': galleryOf(['S001', 'S002']),
    'identify.liveState': () => liveState(),
  })
  const made = new App(() => Promise.resolve(lab), new MemoryStore(), new Preferences(null, ['en']))
  await made.start()
  await new Promise((resolve) => setTimeout(resolve, 0))
  return made
}

const html = (made: App) => render(AppView, { props: { app: made } }).body

async function withReport(of = report): Promise<App> {
  const made = await app()
  made.router.route = { name: 'report', id: runId }
  await made.report.open(runId)
  made.report.report = of
  return made
}

async function withGallery(): Promise<App> {
  const made = await app()
  made.router.route = { name: 'identify' }
  await made.identify.begin()
  return made
}

/** Pictures that a screen reader would pass over in silence. */
function silentPictures(markup: string): string[] {
  const ids = new Set([...markup.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id))
  return elements(markup, 'svg')
    .map(({ attributes }) => attributes)
    .filter((attributes) => !/aria-hidden="true"/.test(attributes))
    .filter((attributes) => {
      const [labelled, described] = ['labelledby', 'describedby'].map((name) => new RegExp(`aria-${name}="([^"]+)"`).exec(attributes)?.[1] ?? '')
      return !/aria-label="[^"]+"/.test(attributes) && !(/role="img"/.test(attributes) && ids.has(labelled) && ids.has(described))
    })
}

describe('the report screen', () => {
  beforeEach(() => {
    language.locale = 'en'
  })

  it('says that there is no such run where the address names none, and nothing of another', async () => {
    const made = await withReport()
    made.router.route = { name: 'report', id: '.windows' }
    const text = words(html(made))
    expect(text).toContain('There is no such run')
    expect(text).not.toContain('What it says')
  })

  it('names every control and tells every plot in words', async () => {
    const markup = html(await withReport())
    expect(nameless(markup)).toEqual([])
    expect(silentPictures(elements(markup, 'main')[0].inside)).toEqual([])
    expect(elements(markup, 'h1')).toHaveLength(1)
    expect(elements(markup, 'figure')).toHaveLength(5)
    expect(silentPictures('<svg role="img"></svg>')).toHaveLength(1)
  })

  it('leads with protocol, headline and what it says, and shows every part', async () => {
    const text = words(html(await withReport()))
    for (const part of [
      'THKD, disjoint, seed 1', 'Open set', '48 people enrolled, 60 tested', '12 never enrolled', 'AS-norm', 'What it says', 'No leak found', 'Shuffled names', 'Paired comparisons', 'Side by side', 'Operating points',
      'where validation has its EER', 'Detection error trade-off', 'Identification by rank', 'same person', 'Confidence against accuracy', 'goat: hard to recognise', '1.34M', '118M MACs', '0.86 ms', 'ONNX Runtime 1.30.0, cpu, 7 threads',
      'AMD Ryzen 7 7840U', 'Save the page',
    ]) expect(text).toContain(part)
  })

  it('is loud, and first, about a leak', async () => {
    const markup = html(await withReport(few))
    expect(markup).toContain('role="alert"')
    const text = words(markup)
    for (const part of ['These numbers prove nothing as they are', 'The teacher saw the test part.', leak.message, 'S003, S011', 'too few subjects to rank']) expect(text).toContain(part)
    expect(text.indexOf('These numbers prove nothing')).toBeLessThan(text.indexOf('What it says'))
    expect(text).not.toContain('No leak found')
    expect(words(html(await withReport()))).not.toContain('prove nothing')
  })

  it('says no significant difference where there is none', async () => {
    const made = await withReport({ ...report, comparisons: report.comparisons.map((one) => ({ ...one, verdict: 'no-significant-difference' as const })) })
    const text = words(html(made))
    expect(text.match(/no significant difference/g)?.length).toBe(4)
    expect(text).not.toMatch(/p [\d.]+\s*(better|worse)/)
  })

  it('stands without what a run may lack: validation, figures, strangers, subjects', async () => {
    const systems = Object.fromEntries(
      Object.entries(report.systems).map(([name, system]) => [name, {
        ...system, figures: null, modelHash: null,
        evaluation: {
          ...system.evaluation, calibration: null, perSubject: [], permutation: null,
          byBeats: system.evaluation.byBeats.map((probes) => ({ ...probes, eer: { value: null, interval: null }, histogram: null, operatingPoints: [], openSet: null, scoreCalibration: null, det: { fmr: [], fnmr: [], x: [], y: [] }, identification: { ...probes.identification, rank1: { value: null, interval: null }, cmc: { rank: [], rate: [] } } })),
        },
      }]),
    ) as typeof report.systems
    const markup = html(await withReport({ ...report, systems, comparisons: [], seedComparisons: [], sentences: [] }))
    expect(markup).not.toMatch(/NaN|undefined|Infinity/)
    for (const part of ['no threshold could be fixed beforehand', 'An open-set split can', 'nothing to be compared with', 'There are no scores', 'not measured']) expect(words(markup)).toContain(part)
  })

  it('that is missing offers to be made', async () => {
    const made = await withReport()
    made.report.report = null
    made.report.error = new LabError('report-not-found', 'There is no report.json.')
    const text = words(html(made))
    for (const part of ['There is no report yet.', 'Evaluate the run first.', 'Evaluate']) expect(text).toContain(part)
  })

  it('speaks Chinese after a switch', async () => {
    const made = await withReport()
    made.setLocale('zh-CN')
    const text = words(html(made))
    for (const part of ['开集', '结论', '配对比较', '并列比较', '检测错误权衡', '保存页面']) expect(text).toContain(part)
    expect(text).not.toMatch(/points|interval|threshold|Headline/)
  })
})

describe('the identify screen', () => {
  beforeEach(() => {
    language.locale = 'en'
  })

  it.each(['live', 'recording'] as const)('names every control: %s', async (source) => {
    const made = await withGallery()
    made.identify.source = source
    made.identify.mode = 'verify'
    made.identify.decisions = [decision({ recording: recordingIds[0] })]
    const markup = html(made)
    expect(nameless(markup)).toEqual([])
    expect(elements(markup, 'h1')).toHaveLength(1)
  })

  it('shows who is enrolled, where the thresholds come from, and what it is not', async () => {
    const text = words(html(await withGallery()))
    for (const part of ['2 people', 'S001', 'S002', '5 beats: 0.684, fixed on validation at its EER', 'no medical device and no access control', 'Start listening']) expect(text).toContain(part)
  })

  it('leads to a device when there is none, and to training when there is no run', async () => {
    const made = await withGallery()
    made.acquisition.status = idle
    expect(words(html(made))).toContain('Connect a device')
    made.identify.runs = []
    expect(words(html(made))).toContain('No trained model yet')
  })

  it('says that nobody can be unknown without a threshold', async () => {
    const made = await withGallery()
    made.identify.gallery = gallery(['S001'], { thresholds: null })
    expect(words(html(made))).toContain('nobody can be called unknown')
  })

  it.each([
    [decision(), 'S002', 'Recognised'],
    [decision({ subject: null }), 'UNKNOWN', 'Nobody enrolled is alike enough.'],
    [decision({ claim: 'S002' as SubjectCode, accepted: true }), 'ACCEPTED', 'It is S002, as claimed.'],
    [decision({ claim: 'S003' as SubjectCode, accepted: false, subject: null }), 'REFUSED', 'Not like S003 enough.'],
  ])('tells a live decision by word and sign: $subject $claim $accepted', async (made, head, line) => {
    const shown = await withGallery()
    shown.identify.live = liveState({ state: 'listening', lane: 'ch1', beats: 3, decision: made })
    const markup = html(shown)
    const text = words(markup)
    for (const part of [head, line, 'Listening', 'on CH1', '3 of 5 beats', '1 refused', 'threshold 0.684', 'Threshold 0.684, fixed on validation at its EER.', 'Stop']) expect(text).toContain(part)
    expect(markup).toContain('role="progressbar"')
    expect(markup).toContain(`<article class="${made.claim === null ? (made.subject === null ? 'unknown' : 'recognised') : made.accepted ? 'accepted' : 'refused'}`)
  })

  it('gives the reason when listening failed, and what to do', async () => {
    const made = await withGallery()
    made.identify.live = liveState({ state: 'failed', error: { code: 'device-not-connected', message: 'It was unplugged.' } })
    const text = words(html(made))
    for (const part of ['Stopped by an error', language.strings.errors['device-not-connected'].what, language.strings.errors['device-not-connected'].todo]) expect(text).toContain(part)
  })

  it('speaks Chinese after a switch', async () => {
    const made = await withGallery()
    made.identify.live = liveState({ state: 'listening', beats: 2, decision: decision({ subject: null }) })
    made.setLocale('zh-CN')
    const text = words(html(made))
    for (const part of ['正在监听', '未知', '没有足够相似的已注册者', '在验证部分的等错误点固定', '不是医疗设备']) expect(text).toContain(part)
  })
})
