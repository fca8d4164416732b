import { render } from 'svelte/server'
import { beforeEach, describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import { AblationSummary } from '../../src-main/contract/schemas/ablation.ts'
import type { Recipe } from '../../src-main/contract/schemas/learning.ts'
import { App } from '../../src-renderer/state/app.svelte.ts'
import { Preferences } from '../../src-renderer/state/preferences.svelte.ts'
import { fieldsOf, withValue } from '../../src-renderer/state/recipe-path.ts'
import { formatRoute, parseRoute, type Route } from '../../src-renderer/state/router.svelte.ts'
import { MemoryStore } from '../../src-renderer/state/working-store.ts'
import { language } from '../../src-renderer/strings/language.svelte.ts'
import AppView from '../../src-renderer/views/App.svelte'
import RecipeEditor from '../../src-renderer/views/train/recipe/RecipeEditor.svelte'
import { ablationId, sampleGrid, sampleResult, sampleStatus } from './ablation-samples.ts'
import { coverageOf } from './coverage-samples.ts'
import { FakeLab } from './fake-lab.ts'
import { nameless } from './markup.ts'
import RecipeHost from './RecipeHost.svelte'
import { runIds, sampleCheck, sampleEngines, sampleRecipe, sampleSplit } from './run-samples.ts'
import { idle, summary } from './samples.ts'

async function setUp(): Promise<{ app: App; lab: FakeLab }> {
  const status = sampleStatus()
  const lab = new FakeLab({
    'lab.info': () => ({ version: '0.1.0', host: 'serve', platform: 'linux', station: 'bench-1', canPickFolder: false, homePath: '/home/lab', defaultDemoPath: '/home/lab/demo' }),
    'dataset.current': () => summary, 'dataset.recent': () => [], 'jobs.list': () => [], 'view.filters': (filters) => ({ baseline: true, lowPassHz: 40, notchHz: 50, ...filters }),
    'acquisition.status': () => idle, 'devices.profiles': () => [], 'protocols.list': () => ({ protocols: [], problems: [] }), 'subjects.list': () => [], 'library.list': () => [],
    'ablations.list': () => [AblationSummary.parse({ ...status, cells: status.cells.length })], 'ablations.grids': () => [sampleGrid], 'ablations.get': () => status, 'ablations.result': sampleResult,
    'splits.coverage': ({ name, student = 'ppg' }) => coverageOf(name, student), 'learning.recipe': ({ recipe }) => sampleRecipe(recipe), 'runs.check': ({ recipe }) => ({ ...sampleCheck(), recipe: recipe as ReturnType<typeof sampleRecipe> }),
  })
  const app = new App(() => Promise.resolve(lab), new MemoryStore(), new Preferences(null, ['en']))
  await app.start()
  await new Promise((resolve) => setTimeout(resolve, 0))
  app.splits.list = [sampleSplit]
  app.training.engines = sampleEngines
  app.runs.loaded = true
  await app.ablations.refresh()
  await app.ablations.readGrids()
  await app.ablations.open(ablationId)
  await app.ablationBuilder.begin(app.splits.list, app.ablations.grids)
  return { app, lab }
}

const html = (app: App, route: Route) => {
  app.router.route = route
  return render(AppView, { props: { app } }).body
}
const words = (markup: string) => markup.replace(/<[^>]*>|<!--[\s\S]*?-->/g, ' ').replace(/\s+/g, ' ').trim()

describe('the screens of ablations', () => {
  beforeEach(() => {
    language.locale = 'en'
  })

  it.each([{ name: 'ablations' }, { name: 'ablation-new' }, { name: 'ablation', id: ablationId }] as Route[])('$name: its address is its own, every control has a name, one heading leads', async (route) => {
    expect(parseRoute(formatRoute(route))).toEqual(route)
    const { app } = await setUp()
    const markup = html(app, route)
    expect(nameless(markup)).toEqual([])
    expect(markup.match(/<h1[\s>]/g)).toHaveLength(1)
    expect(app.router.section).toBe('train')
  })

  it('list what there is and how far it is, and the tables to begin with', async () => {
    const { app } = await setUp()
    const text = words(html(app, { name: 'ablations' }))
    for (const part of ['losses', 'Multi-modality', '1 of 4', 'Running · 1 failed', 'baseline · KL · MMD', '3 rows', 'Begin with it']) expect(text).toContain(part)
  })

  it('make a grid: rows with switches and weights, seeds, cells and what is not known', async () => {
    const { app } = await setUp()
    const markup = html(app, { name: 'ablation-new' })
    // Two variants of three losses.
    expect(markup.match(/role="switch"/g)).toHaveLength(6)
    for (const part of ['6 cells: 2 variants × 3 seeds', 'How long it takes is not known', 'The split can train this recipe.', 'KL, α', 'MMD, γ']) expect(words(markup)).toContain(part)
    expect(markup).toContain('aria-label="baseline is the baseline"')
    app.ablationBuilder.copy(app.ablationBuilder.variants[0].key)
    expect(words(html(app, { name: 'ablation-new' }))).toContain('The same as KL: one run for both.')
    app.ablationBuilder.error = new LabError('training-impossible', 'Too few.', { able: 12, identities: 16, perIdentity: 4 })
    expect(words(html(app, { name: 'ablation-new' }))).toContain('Take 12 people a batch')
  })

  it('show every cell by variant and seed, with its run, what it does and why it failed', async () => {
    const { app, lab } = await setUp()
    lab.emit('run.progress', { id: runIds[1], state: 'running', stage: 'student', done: 0.61, etaSeconds: 60, latest: null })
    const markup = html(app, { name: 'ablation', id: ablationId })
    const text = words(markup)
    for (const part of ['1 of 4', 'about 4 min left, if the rest take as long', 'Training the student · 61%', 'Failed', 'Waits', 'training-diverged The loss is NaN in epoch 4.', 'Stop']) expect(text).toContain(part)
    expect(markup).toContain(`href="#/runs/${runIds[0]}"`)
    expect(markup).toContain('aria-label="KL, seed 1: Finished"')
    app.ablations.status = sampleStatus({ state: 'incomplete' })
    expect(words(html(app, { name: 'ablation', id: ablationId }))).toContain('Go on')
  })

  it('say what a table shows, also where it shows nothing', async () => {
    const { app } = await setUp()
    const markup = html(app, { name: 'ablation', id: ablationId })
    const text = words(markup)
    for (const part of ['8.20 ± 0.40', '5.10 ± 0.20', '−3.10 [−4.10, −2.10]', '0.008', 'better', 'no significant difference', '0.410', 'Rests on 3 of 4 cells.', '40 subjects tested', '81.00 ± 1.00']) expect(text).toContain(part)
    expect(markup).toContain('aria-label="KL: 5.10%, 95 % between 4.60% and 5.60%"')
    expect(markup).toContain('Student’s t over 3 seeds that both have; d_z −2.50')
  })

  it('speak Chinese', async () => {
    const { app } = await setUp()
    app.setLocale('zh-CN')
    expect(words(html(app, { name: 'ablation', id: ablationId }))).toContain('没有显著差异')
    expect(words(html(app, { name: 'ablation-new' }))).toContain('6 个单元：2 个变体 × 3 个种子')
  })
})

describe('the editor of a recipe of two signals', () => {
  beforeEach(() => {
    language.locale = 'en'
  })

  it.each([
    ['fusion', ['Second encoder', 'gate, 256', 'KL divergence', 'Cosine', 'MMD', 'Needs PPG alone when it is used.', 'Windows of the teacher', 'Windows of the student'], 3 + 4],
    ['clip', ['Shared space', 'Relations', 'Assessment', 'Logits', 'Projection head'], 3 + 4],
    ['sembridge', ['Matched windows', 'Alignment', 'Transport plan', 'Base', 'Windows are matched anew', 'Learns from', 'Never match what was recorded together'], 2 + 5],
  ] as const)('%s: says who sees what, names every control, switches every loss', async (name, parts, switches) => {
    const { app } = await setUp()
    app.training.recipe = sampleRecipe(name)
    const markup = render(RecipeHost, { props: { app, component: RecipeEditor, recipe: app.training.recipe } }).body
    expect(nameless(markup)).toEqual([])
    for (const part of parts) expect(words(markup)).toContain(part)
    expect(markup.match(/role="switch"/g)).toHaveLength(switches)
  })

  it.each(['thkd', 'fusion', 'clip', 'sembridge'] as const)('%s: has a field for every number of the recipe, and says beside it what is wrong', async (name) => {
    const { app } = await setUp()
    // A weight that is too large rather than too small: a loss that is off hides its fields.
    const wrong = (path: string) => (/weight$|^weights\.|stageWeights/.test(path) ? 1e9 : -1e9)
    const unseen = (path: string) => path.endsWith('annotator') || path.startsWith('evaluation.beatsPerProbe') || (path.endsWith('.patch') && !path.startsWith('student') && !path.startsWith('alignment')) || path.includes('stageWeights') || path === 'teacherWindows.quality' || /^(fusion|alignment)\.fit\.augmentation|^matcher\.fit\.augmentation\.(shiftMs|modulation|wander)/.test(path) || (name === 'thkd' && path === 'windows.quality')
    const drawn = (recipe: Recipe) => {
      app.training.recipe = recipe
      return render(RecipeHost, { props: { app, component: RecipeEditor, recipe } }).body
    }
    // The gate is for PPG.
    const sample = name === 'thkd' ? sampleRecipe(name) : withValue<Recipe>(sampleRecipe(name), 'windows.quality', { correlation: 0.8, skewness: 0 })
    const numbers = fieldsOf(sample).filter(([path, value]) => (typeof value === 'number' || value === null) && !unseen(path)).map(([path]) => path)
    const all = numbers.reduce<Recipe>((recipe, path) => withValue(recipe, path, wrong(path)), sample)
    const windows = ['windows', 'teacherWindows'].filter((part) => part in all)
    const inMode = (mode: string) => drawn(windows.reduce<Recipe>((recipe, part) => withValue(recipe, `${part}.mode`, mode), all))
    const markup = ['beat', 'summary-beat', 'window'].map(inMode).join('') + (name === 'sembridge' ? drawn(withValue(all, 'alignment.plan', 'sinkhorn')) : '')
    expect(numbers.length).toBeGreaterThan(40)
    expect(numbers.filter((path) => !markup.includes(`title="Not valid: ${path}"`))).toEqual([])
  })

  it('switches a loss in place and says when nothing teaches any more', async () => {
    const { app } = await setUp()
    const { training } = app
    training.split = 's1'
    training.edit(sampleRecipe('sembridge'))
    const draw = () => words(render(RecipeHost, { props: { app, component: RecipeEditor, recipe: training.recipe ?? sampleRecipe('sembridge') } }).body)
    expect(draw()).toContain('Before epochs 0, 2, 5, 8, 11, 14 of 16.')
    training.toggle('weights.base')
    expect(draw()).not.toContain('this is the student alone')
    training.toggle('weights.alignment')
    expect(draw()).toContain('Everything is off: this is the student alone.')
    training.toggle('weights.alignment')
    expect(training.recipe).toMatchObject({ weights: { task: 0.3, base: 0, alignment: 0.3 } })
    training.set('alignment.plan', 'sinkhorn')
    expect(draw()).toContain('ε')
  })
})
