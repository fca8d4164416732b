import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import type { Recipe } from '../../src-main/contract/schemas/learning.ts'
import { SplitOptions, type SplitReport } from '../../src-main/contract/schemas/split.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { problemsOf, readRecipe, writeRecipe } from '../../src-renderer/state/recipe-text.ts'
import { readSeeds } from '../../src-renderer/state/seeds.ts'
import { TrainingState } from '../../src-renderer/state/training.svelte.ts'
import { remediesOf } from '../../src-renderer/views/train/remedies.ts'
import { FakeLab, type FakeHandlers } from './fake-lab.ts'
import { runIds, sampleCheck, sampleEngines, sampleRecipe, sampleRun } from './run-samples.ts'

const splitReport = (name: string): SplitReport => ({
  split: { formatVersion: 1, name, version: 'v1', versionHash: 'a', options: SplitOptions.parse({ strategy: 'leave-last-day-out' }), assignments: [], unknownSubjects: [], leftOut: [], hash: 'b', erasures: [] },
  findings: [],
  support: { subjects: 90, testSubjects: 64, sessionsPerSubject: { minimum: 1, median: 1, maximum: 2 }, genuineTrials: 1, impostorTrials: 1, assumedEer: 0.05, eerHalfWidth: null, smallestFmr: null, crossSession: true, subjectDisjoint: false, sentences: [] },
  matrix: { sessions: [], rows: [] },
})

const splits = [{ name: 's1', problem: null }, { name: 'broken', problem: 'damaged' }]

async function setUp(handlers: FakeHandlers = {}) {
  const lab = new FakeLab({
    'learning.engines': () => sampleEngines,
    'learning.recipe': ({ recipe }) => sampleRecipe(recipe),
    'splits.get': ({ name }) => splitReport(name),
    'runs.check': ({ recipe }) => sampleCheck(recipe as Recipe),
    'runs.start': ({ seed, recipe, preset }) => sampleRun(runIds[0], { state: 'queued', seed, recipe: recipe as Recipe, preset: preset ?? null }),
    ...handlers,
  })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  return { lab, training: new TrainingState(connection) }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

describe('a run that is being made', () => {
  it('is of the newest usable split, filled in by the lab and checked before anything starts', async () => {
    const { lab, training } = await setUp()
    await training.begin(splits)
    expect(training.split).toBe('s1')
    expect(lab.inputs('learning.recipe')).toEqual([{ recipe: 'thkd', preset: 'quick', split: 's1' }])
    expect(lab.inputs('runs.check')).toHaveLength(1)
    expect(training.splitReport?.support.testSubjects).toBe(64)
    expect(training.ready).toBe(true)
    expect(lab.inputs('runs.start')).toEqual([])
  })

  it('keeps what was edited when the page is opened again', async () => {
    const { lab, training } = await setUp()
    await training.begin(splits)
    training.edit({ ...sampleRecipe('lda'), components: 12 })
    await settled()
    await training.begin(splits)
    expect(training.recipe).toMatchObject({ recipe: 'lda', components: 12 })
    expect(lab.inputs('learning.recipe')).toHaveLength(1)
  })

  it('queues one run per seed, in order, and says when the recipe is not the preset’s', async () => {
    const { lab, training } = await setUp()
    await training.begin(splits)
    training.seedsText = '3, 1-2'
    training.name = '  trial '
    await training.start()
    expect(lab.inputs('runs.start').map(({ seed, preset, name }) => [seed, preset, name])).toEqual([[3, 'quick', 'trial'], [1, 'quick', 'trial'], [2, 'quick', 'trial']])
    training.toggleLevel('stage')
    await training.start()
    expect(lab.inputs('runs.start').at(-1)?.preset).toBeNull()
  })

  it('cannot start with seeds that are none, a recipe that is wrong, or a split that refuses', async () => {
    let refuse = false
    const { training } = await setUp({
      'runs.check': ({ recipe }) => {
        if (refuse) throw new LabError('training-impossible', 'Too few people.', { able: 5, identities: 16, perIdentity: 4, windows: 90, validation: 10 })
        return sampleCheck(recipe as Recipe)
      },
    })
    await training.begin(splits)
    training.seedsText = 'one'
    expect(training.ready).toBe(false)
    training.seedsText = '1'
    training.edit({ ...sampleRecipe('lda'), components: 0 })
    await settled()
    expect(training.ready).toBe(false)
    expect([...training.problems.keys()]).toEqual(['components'])
    refuse = true
    await training.reset()
    expect(training.error?.code).toBe('training-impossible')
    expect(training.ready).toBe(false)
  })

  it('does not ask the lab about a recipe that is wrong in itself', async () => {
    const { lab, training } = await setUp()
    await training.begin(splits)
    training.edit({ ...sampleRecipe('lda'), shrinkage: 7 })
    await settled()
    expect(lab.inputs('runs.check')).toHaveLength(1)
    expect(training.check).toBeNull()
  })

  it('never shows the check of an older recipe', async () => {
    const answers: (() => void)[] = []
    const { training } = await setUp({ 'runs.check': ({ recipe }) => new Promise((resolve) => answers.push(() => resolve(sampleCheck(recipe as Recipe)))) })
    const begun = training.begin(splits)
    await settled()
    training.edit(sampleRecipe('template'))
    answers[0]()
    await settled()
    expect(training.check).toBeNull()
    answers[1]()
    await begun
    expect(training.check?.recipe.recipe).toBe('template')
  })

  it('switches every level off and on again with the weight that it had', async () => {
    const { training } = await setUp()
    await training.begin(splits)
    const distillation = () => {
      if (training.recipe?.recipe !== 'thkd') throw new Error('not THKD')
      return training.recipe.student.distillation
    }
    const before = structuredClone(distillation())
    for (const level of ['logit', 'stage', 'embedding', 'relation'] as const) {
      training.toggleLevel(level)
      expect(distillation()[level].weight).toBe(0)
      training.toggleLevel(level)
    }
    expect(distillation()).toEqual(before)
    training.toggleStage(2)
    expect(distillation().stage.stageWeights).toEqual([0.25, 0.25, 0, 0.25])
    training.toggleStage(2)
    expect(distillation()).toEqual(before)
  })

  it('goes back to the preset', async () => {
    const { training } = await setUp()
    await training.begin(splits)
    training.toggleLevel('logit')
    expect(training.edited).toBe(true)
    await training.reset()
    expect(training.edited).toBe(false)
    expect(training.recipe).toEqual(sampleRecipe('thkd'))
  })

  it('takes another run’s split and recipe over', async () => {
    const { training } = await setUp()
    training.reuse(sampleRun(runIds[0], { recipe: { ...sampleRecipe('lda'), components: 33 }, preset: null }))
    await settled()
    await training.begin(splits)
    expect(training.recipe).toMatchObject({ recipe: 'lda', components: 33 })
    expect([training.split, training.edited]).toEqual(['s1', true])
  })
})

describe('seeds', () => {
  it('are numbers and ranges, each once', () => {
    expect(readSeeds('1')).toEqual([1])
    expect(readSeeds(' 1-3, 10 2；7')).toEqual([1, 2, 3, 10, 7])
    expect(readSeeds('5–6')).toEqual([5, 6])
  })

  it('are refused when they are not that, or too many', () => {
    for (const text of ['', 'a', '1.5', '-1', '3-1', '1-21', '2147483648', '1-20 30']) expect(readSeeds(text)).toBeNull()
    expect(readSeeds('1-20')).toHaveLength(20)
    expect(readSeeds('2147483647')).toEqual([2147483647])
  })
})

describe('a recipe as text', () => {
  it.each(['thkd', 'teacher', 'scratch', 'lda', 'template'] as const)('comes back as it was: %s', (name) => {
    const recipe = sampleRecipe(name)
    expect(readRecipe(writeRecipe(recipe))).toEqual({ recipe, problems: [] })
  })

  it('is refused by path: a value out of range, a word that is unknown, a field that no recipe has', () => {
    const broken = JSON.parse(writeRecipe(sampleRecipe('thkd'))) as Record<string, Record<string, Record<string, unknown>>>
    broken.student.fit.rate = -1
    broken.teacher.network.preset = 'vgg'
    broken.windows.extra = {}
    const { problems } = readRecipe(JSON.stringify(broken))
    expect(problems.map(({ path }) => path).sort()).toEqual(['student.fit.rate', 'teacher.network.preset', 'windows'])
    expect(problems.find(({ path }) => path === 'windows')?.message).toContain('extra')
  })

  it('says that text is no JSON, and that JSON is no recipe', () => {
    expect(readRecipe('{').problems[0].path).toBe('')
    expect(readRecipe('{"recipe":"magic"}').problems[0].path).toBe('recipe')
    expect(readRecipe('null').recipe).toBeNull()
  })

  it('gives fields their own problem', () => {
    const recipe = sampleRecipe('thkd')
    const wrong: Recipe = { ...recipe, student: { ...recipe.student, fit: { ...recipe.student.fit, epochs: 0 } } }
    expect([...problemsOf(wrong).keys()]).toEqual(['student.fit.epochs'])
    expect(problemsOf(recipe).size).toBe(0)
  })
})

describe('what would do where training is refused', () => {
  const recipe = sampleRecipe('thkd')

  it('is as many people a batch as there are, or fewer windows of each', () => {
    const error = new LabError('training-impossible', '', { able: 12, identities: 16, perIdentity: 4, windows: 300, validation: 20 })
    const [people, windows] = remediesOf(error, recipe)
    expect(people).toMatchObject({ id: 'people', people: 12, recipe: { teacher: { fit: { people: 12, windowsPerPerson: 4 } }, student: { fit: { people: 12 } } } })
    expect(windows).toMatchObject({ id: 'windows', recipe: { teacher: { fit: { people: 16, windowsPerPerson: 2 } } } })
  })

  it('is a part held out where nothing validates', () => {
    const error = new LabError('training-impossible', '', { able: 50, identities: 16, perIdentity: 4, windows: 300, validation: 0 })
    expect(remediesOf(error, recipe)).toMatchObject([{ id: 'hold-out', recipe: { holdOut: 0.15 } }])
  })

  it('is nothing where no press of a button helps', () => {
    expect(remediesOf(new LabError('training-impossible', '', { able: 1, identities: 16, perIdentity: 2, windows: 8, validation: 4 }), recipe)).toEqual([])
    expect(remediesOf(new LabError('split-invalid', '', { able: 12, identities: 16 }), recipe)).toEqual([])
  })

  it('stays a valid recipe', () => {
    const error = new LabError('training-impossible', '', { able: 2, identities: 16, perIdentity: 4, windows: 300, validation: 0 })
    for (const remedy of remediesOf(error, recipe)) expect(problemsOf(remedy.recipe).size).toBe(0)
  })
})
