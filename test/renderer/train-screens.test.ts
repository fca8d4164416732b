import { render } from 'svelte/server'
import { beforeEach, describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import type { RunProgress } from '../../src-main/contract/schemas/learning.ts'
import { App } from '../../src-renderer/state/app.svelte.ts'
import { Preferences } from '../../src-renderer/state/preferences.svelte.ts'
import type { Route } from '../../src-renderer/state/router.svelte.ts'
import { MemoryStore } from '../../src-renderer/state/working-store.ts'
import { language } from '../../src-renderer/strings/language.svelte.ts'
import AppView from '../../src-renderer/views/App.svelte'
import RecipeEditor from '../../src-renderer/views/train/recipe/RecipeEditor.svelte'
import { FakeLab } from './fake-lab.ts'
import { nameless } from './markup.ts'
import { idle, summary } from './samples.ts'
import { runIds, sampleCheck, sampleComparison, sampleEngines, sampleEpoch, sampleRecipe, sampleReport, sampleRun, sampleSplit, sampleStates } from './run-samples.ts'

const [a, b] = runIds

async function setUp(): Promise<{ app: App; lab: FakeLab }> {
  const lab = new FakeLab({
    'lab.info': () => ({ version: '0.1.0', host: 'serve', platform: 'linux', station: 'bench-1', canPickFolder: false, homePath: '/home/lab', defaultDemoPath: '/home/lab/demo' }),
    'dataset.current': () => summary, 'dataset.recent': () => [], 'jobs.list': () => [], 'view.filters': (filters) => ({ baseline: true, lowPassHz: 40, notchHz: 50, ...filters }),
    'acquisition.status': () => idle, 'devices.profiles': () => [], 'protocols.list': () => ({ protocols: [], problems: [] }), 'subjects.list': () => [], 'library.list': () => [],
    'runs.report': ({ id }) => sampleReport(id as never, { student: { eer: 0.0412, rank1: 0.97 }, teacher: { eer: 0.031, rank1: 0.99 } }),
  })
  const app = new App(() => Promise.resolve(lab), new MemoryStore(), new Preferences(null, ['en']))
  await app.start()
  await new Promise((resolve) => setTimeout(resolve, 0))
  const { training, runs } = app
  app.splits.list = [sampleSplit]
  training.split = 's1'
  training.recipe = sampleRecipe('thkd')
  training.check = sampleCheck()
  training.engines = sampleEngines
  runs.loaded = true
  runs.list = sampleStates.map((state, index) => sampleRun(`01J0000000000000000000S00${index}` as never, { state, error: state === 'failed' ? { code: 'training-diverged', message: 'The loss is NaN in epoch 4.' } : null }))
  return { app, lab }
}

const html = (app: App, route: Route) => {
  app.router.route = route
  return render(AppView, { props: { app } }).body
}
/** With a space for every tag: figures of neighbouring cells stay apart. */
const words = (markup: string) => markup.replace(/<[^>]*>|<!--[\s\S]*?-->/g, ' ').replace(/\s+/g, ' ').trim()

const running: RunProgress = { id: a, state: 'running', stage: 'student', done: 0.613, etaSeconds: 318, latest: null }

describe('the screens of training', () => {
  beforeEach(() => {
    language.locale = 'en'
  })

  it.each([{ name: 'train' }, { name: 'runs' }, { name: 'run', id: '01J0000000000000000000S006' }, { name: 'runs-compare', ids: [a, b] }] as Route[])('$name: every control has a name, one heading leads', async (route) => {
    const { app } = await setUp()
    app.runs.comparison = sampleComparison()
    const markup = html(app, route)
    expect(nameless(markup)).toEqual([])
    expect(markup.match(/<h1[\s>]/g)).toHaveLength(1)
  })

  it('say who trains, on what, and that it is ready', async () => {
    const { app } = await setUp()
    app.runs.list = []
    const text = words(html(app, { name: 'train' }))
    for (const part of ['s1', 'Leave the last day out', 'THKD', 'PCA + LDA', 'Quick', 'minutes on a laptop', 'Ready: 4,548 windows of 90 people', '963K', '88 train', 'unlike the recording’s median beat', 'The first that works: ONNX Runtime', 'not here']) {
      expect(text).toContain(part)
    }
    expect(text).toContain('The native library is not installed')
  })

  it('refuse in words, with what would do as buttons', async () => {
    const { app } = await setUp()
    app.runs.list = []
    app.training.check = null
    app.training.error = new LabError('training-impossible', 'A batch takes 16 people; 12 have so many.', { able: 12, identities: 16, perIdentity: 4, windows: 300, validation: 9 })
    const markup = html(app, { name: 'train' })
    for (const part of ['Cannot be trained as it is', 'A batch takes 16 people; 12 have so many.', 'Take 12 people a batch', 'Take 2 windows of each', 'Make another split']) expect(words(markup)).toContain(part)
    expect(markup).toMatch(/<button[^>]*disabled[^>]*>(?:(?!<\/button>)[\s\S])*Start/)
  })

  it('show a run under way: stage, epoch, time left, figures, the engine and why not another', async () => {
    const { app, lab } = await setUp()
    const reasons = [{ engine: 'onnx' as const, reason: 'Its native library could not be loaded.' }]
    app.runs.list = [sampleRun(a, { state: 'running', ran: { engine: 'wasm', provider: 'cpu', threads: 1, version: '4.22.0', reasons } }), sampleRun(b, { state: 'queued', name: 'second one' })]
    lab.emit('run.epoch', { id: a, epoch: sampleEpoch('student', 8) })
    lab.emit('run.progress', { ...running, latest: sampleEpoch('student', 9) })
    const markup = html(app, { name: 'train' })
    const text = words(markup)
    for (const part of ['Training the student', 'epoch 9 of 16', '61%', 'left', 'Pause', 'Stop…', '612 MB', '1.2%', 'WebAssembly 4.22.0', 'Its native library could not be loaded.', 'Queue', 'second one', 'Loss by term', 'stage 4', 'Validation EER', 'Learning rate']) expect(text).toContain(part)
    expect(markup).toContain('role="slider"')
    expect(markup).toMatch(/aria-valuetext="Epoch 9: total 1\.26/)
    expect(nameless(markup)).toEqual([])
  })

  it('name every state in words, and the figures of finished runs by model', async () => {
    const { app } = await setUp()
    for (const run of app.runs.list) await app.runs.needReport(run)
    const text = words(html(app, { name: 'runs' }))
    for (const part of ['Queued', 'Training', 'Paused', 'Stopped', 'Failed', 'Interrupted', 'Finished', '4.12', '97.0', 'Student', 'Teacher']) expect(text).toContain(part)
  })

  it('tell what went wrong, and what can be done with each state', async () => {
    const { app } = await setUp()
    const of = (state: string) => words(html(app, { name: 'run', id: app.runs.list.find((run) => run.state === state)?.id ?? '' }))
    expect(of('failed')).toContain('The loss is NaN in epoch 4.')
    for (const state of ['failed', 'paused', 'interrupted']) expect(of(state)).toContain('Resume')
    for (const state of ['finished', 'stopped']) for (const part of ['Open the report', 'Evaluate again', 'Export a model…', 'Another seed…', 'Rename…', 'Remove…']) expect(of(state)).toContain(part)
    expect(of('running')).not.toContain('Remove…')
    // Only what is under way can be stopped: the lab refuses it of a run that halted.
    expect(of('running')).toContain('Stop…')
    for (const state of ['failed', 'paused', 'interrupted']) expect(of(state)).not.toContain('Stop…')
    expect(of('finished')).toContain('dddddddddddddddd…')
  })

  it('offer to export what can be a file, which the template is not', async () => {
    const { app } = await setUp()
    const [model] = sampleRun(a).models
    app.runs.list = [sampleRun(a, { models: [{ ...model, name: 'lda' }, { ...model, name: 'template' }] })]
    expect(html(app, { name: 'run', id: a }).match(/aria-label="Export a model… [^"]+"/g)).toEqual(['aria-label="Export a model… PCA + LDA"'])
    app.runs.list = [sampleRun(a, { models: [{ ...model, name: 'template' }] })]
    expect(html(app, { name: 'run', id: a })).toMatch(/<button[^>]*disabled[^>]*>(?:(?!<\/button>)[\s\S])*Export a model…/)
  })

  it('warn where a person withdrew', async () => {
    const { app } = await setUp()
    app.runs.list = [sampleRun(a, { containsWithdrawn: true })]
    expect(words(html(app, { name: 'run', id: a }))).toContain('train again without them')
  })

  it('show with a run what should be known of it, in the words of its code and its own', async () => {
    const { app } = await setUp()
    app.runs.list = [sampleRun(a, { notes: [{ code: 'checkpoint-damaged', message: 'checkpoint/2 ends too early.' }, { code: 'from-the-future', message: 'Something.' }] })]
    const text = words(html(app, { name: 'run', id: a }))
    for (const part of ['What should be known of it', language.strings.errors['checkpoint-damaged'].what, 'checkpoint/2 ends too early.', 'from-the-future: Something.']) expect(text).toContain(part)
    app.runs.list = [sampleRun(a)]
    expect(words(html(app, { name: 'run', id: a }))).not.toContain('What should be known of it')
  })

  it('list runs that cannot be read with code and message, to be removed, beside others and alone', async () => {
    const { app } = await setUp()
    app.runs.damaged = [{ id: b, code: 'run-invalid', message: 'run.json is damaged: it ends too early.' }]
    for (const list of [app.runs.list, []]) {
      app.runs.list = list
      const markup = html(app, { name: 'runs' })
      for (const part of ['Cannot be read', b, 'run-invalid', 'run.json is damaged: it ends too early.']) expect(words(markup)).toContain(part)
      expect(markup).toContain(`aria-label="Remove… ${b}"`)
      expect(nameless(markup)).toEqual([])
    }
    app.runs.damaged = []
    expect(words(html(app, { name: 'runs' }))).not.toContain('Cannot be read')
  })

  it('name marks in the table of runs of those models only that there are', async () => {
    const { app } = await setUp()
    const legend = () => words(/class="legend[\s\S]*?<\/span>\s*(?=<\/div>|<!)/.exec(html(app, { name: 'runs' }))?.[0] ?? '')
    const [model] = sampleRun(a).models
    app.runs.list = [sampleRun(a, { models: [{ ...model, name: 'lda' }] })]
    expect(legend()).toContain('PCA + LDA')
    expect(legend()).not.toContain('Teacher')
  })

  it('compare with intervals, deviations over seeds and verdicts in words', async () => {
    const { app } = await setUp()
    app.runs.comparison = sampleComparison()
    const markup = html(app, { name: 'runs-compare', ids: [a, b] })
    const text = words(markup)
    for (const part of ['4.10% ± 0.20', 'no significant difference', 'better', 'worse', '11.0%', '963K', '1.91', 'Copy as CSV', 'Copy as LaTeX', '+1.10 [−0.30, +2.50]']) expect(text).toContain(part)
    expect(markup).toContain('aria-label="EER 2.80%, 95 % of draws between 2.18% and 3.64%"')
  })

  it('speak Chinese after a switch, in the same state', async () => {
    const { app } = await setUp()
    app.setLocale('zh-CN')
    const text = words(html(app, { name: 'train' }))
    for (const part of ['新运行', '就绪：90 人的 4,548 个窗口', '方案', '随机种子']) expect(text).toContain(part)
    expect(text).not.toMatch(/Start|Recipe|Ready|Seeds/)
  })
})

describe('the editor of a recipe', () => {
  it.each(['thkd', 'teacher', 'scratch', 'lda', 'template'] as const)('has a named control for every value of %s, and what is wrong beside it', async (name) => {
    const { app } = await setUp()
    const recipe = sampleRecipe(name)
    app.training.recipe = name === 'lda' ? { ...sampleRecipe('lda'), components: 0 } : recipe
    // The editor takes the app from its context: it is drawn within the page, as the chosen pane.
    const { default: Host } = await import('./RecipeHost.svelte')
    const markup = render(Host, { props: { app, component: RecipeEditor, recipe: app.training.recipe } }).body
    expect(nameless(markup)).toEqual([])
    const inputs = [...markup.matchAll(/<(input|select)\s/g)].length
    const least = { thkd: 60, teacher: 30, scratch: 28, lda: 11, template: 9 }[name]
    expect(inputs).toBeGreaterThanOrEqual(least)
    if (name === 'thkd') {
      // Four levels and four stages can be switched, and the scratch student and the filter.
      expect([...markup.matchAll(/role="switch"/g)]).toHaveLength(10)
      for (const part of ['Stage 3 teaches', 'Embedding', 'Relations', 'Logits', 'Own task']) expect(words(markup)).toContain(part)
    }
    if (name === 'lda') expect(markup).toMatch(/aria-invalid="true"[\s\S]*role="alert"/)
  })
})
