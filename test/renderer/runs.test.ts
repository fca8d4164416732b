import { describe, expect, it } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import type { RunEpoch, RunProgress, RunRecord } from '../../src-main/contract/schemas/learning.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { Jobs } from '../../src-renderer/state/jobs.svelte.ts'
import { formatRoute, parseRoute, Router, type Route } from '../../src-renderer/state/router.svelte.ts'
import { headlinesOf } from '../../src-renderer/state/run-list.ts'
import { RunsState } from '../../src-renderer/state/runs.svelte.ts'
import { FakeLab, type FakeHandlers } from './fake-lab.ts'
import { runIds, sampleComparison, sampleEpoch, sampleRecipe, sampleReport, sampleRun } from './run-samples.ts'

const [a, b, c] = runIds

interface SetUp {
  lab: FakeLab
  runs: RunsState
  connection: Connection
  /** Moves the window's clock. */
  clock: { ms: number }
}

async function setUp(records: () => RunRecord[], handlers: FakeHandlers = {}): Promise<SetUp> {
  const lab = new FakeLab({ 'jobs.list': () => [], 'runs.list': () => records(), 'runs.get': ({ id }) => ({ record: records().find((run) => run.id === id) ?? sampleRun(a), epochs: [] }), ...handlers })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  const clock = { ms: 1_000_000 }
  const runs = new RunsState(connection, new Jobs(connection), () => clock.ms)
  await runs.refresh()
  return { lab, runs, connection, clock }
}

const progress = (change: Partial<RunProgress> = {}): RunProgress => ({ id: a, state: 'running', stage: 'student', done: 0.5, etaSeconds: 120, latest: null, ...change })
const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

describe('a run under way', () => {
  it('grows its curves by events', async () => {
    const { lab, runs } = await setUp(() => [sampleRun(a, { state: 'running' })])
    for (const epoch of [1, 2, 3]) lab.emit('run.epoch', { id: a, epoch: sampleEpoch('teacher', epoch) })
    lab.emit('run.epoch', { id: b, epoch: sampleEpoch('teacher', 1) })
    expect(runs.epochsOf(a).map(({ epoch }) => epoch)).toEqual([1, 2, 3])
    expect(runs.epochsOf(b)).toHaveLength(1)
    expect(runs.latestOf(a)?.epoch).toBe(3)
  })

  it('replaces what was said within an epoch by what is said at its end, and never the other way', async () => {
    const { lab, runs } = await setUp(() => [sampleRun(a, { state: 'running' })])
    const within = sampleEpoch('teacher', 1, { steps: 20, validation: null, terms: { total: 9 } })
    const end = sampleEpoch('teacher', 1, { steps: 40, terms: { total: 5 } })
    lab.emit('run.epoch', { id: a, epoch: within })
    lab.emit('run.epoch', { id: a, epoch: end })
    lab.emit('run.progress', progress({ latest: within }))
    expect(runs.epochsOf(a)).toEqual([end])
  })

  it('counts its time down between two words of it, and not below nothing', async () => {
    const { lab, runs, clock } = await setUp(() => [sampleRun(a, { state: 'running' })])
    expect(runs.etaOf(a, clock.ms)).toBeNull()
    lab.emit('run.progress', progress({ etaSeconds: 120 }))
    expect(runs.etaOf(a, clock.ms)).toBe(120)
    expect(runs.etaOf(a, clock.ms + 45_000)).toBe(75)
    expect(runs.etaOf(a, clock.ms + 500_000)).toBe(0)
    clock.ms += 60_000
    lab.emit('run.progress', progress({ etaSeconds: 200 }))
    expect(runs.etaOf(a, clock.ms)).toBe(200)
    lab.emit('run.progress', progress({ etaSeconds: null }))
    expect(runs.etaOf(a, clock.ms)).toBeNull()
  })

  it('is known again after a reload: what was read and what came meanwhile are one curve', async () => {
    let answer: (value: { record: RunRecord; epochs: RunEpoch[] }) => void = () => undefined
    const record = sampleRun(a, { state: 'running' })
    const { lab, runs } = await setUp(() => [record], { 'runs.get': () => new Promise((resolve) => (answer = resolve)) })
    runs.follow(a)
    await settled()
    lab.emit('run.epoch', { id: a, epoch: sampleEpoch('student', 2) })
    answer({ record, epochs: [sampleEpoch('teacher', 1), sampleEpoch('teacher', 2), sampleEpoch('student', 1)] })
    await settled()
    expect(runs.epochsOf(a).map(({ phase, epoch }) => `${phase} ${epoch}`)).toEqual(['teacher 1', 'teacher 2', 'student 1', 'student 2'])
    expect(runs.current?.id).toBe(a)
    // Nobody has told the progress yet; what is known comes from the curve.
    expect(runs.progressOf(a)).toBeNull()
    expect(runs.latestOf(a)?.epoch).toBe(2)
  })

  it('is read again after the wire broke, while somebody looks', async () => {
    const labs: FakeLab[] = []
    const record = sampleRun(a, { state: 'running' })
    const connection = new Connection(() => {
      const lab = new FakeLab({ 'jobs.list': () => [], 'runs.list': () => [record], 'runs.get': () => ({ record, epochs: [sampleEpoch('teacher', labs.length)] }) })
      labs.push(lab)
      return Promise.resolve(lab)
    })
    await connection.start()
    const runs = new RunsState(connection, new Jobs(connection))
    const stop = runs.follow(a)
    await settled()
    labs[0].close()
    await connection.start()
    await settled()
    expect(labs[1].inputs('runs.get')).toEqual([{ id: a }])
    expect(runs.epochsOf(a).map(({ epoch }) => epoch)).toEqual([1, 2])
    stop()
    labs[1].close()
    await connection.start()
    await settled()
    expect(labs[2].inputs('runs.get')).toEqual([])
    connection.close()
  })

  it('shows a new state at once, and reads the list when told to', async () => {
    let state: RunRecord['state'] = 'running'
    const { lab, runs } = await setUp(() => [sampleRun(a, { state })])
    lab.emit('run.progress', progress({ state: 'finished', stage: 'done', done: 1 }))
    expect(runs.byId(a)?.state).toBe('finished')
    state = 'stopped'
    lab.emit('runs.changed', { id: a })
    await settled()
    expect(runs.byId(a)?.state).toBe('stopped')
  })

  it('is paused, resumed and stopped by its own methods', async () => {
    const states = { pause: 'paused', resume: 'queued', stop: 'stopped' } as const
    const { lab, runs } = await setUp(() => [sampleRun(a, { state: 'running' })], {
      'runs.pause': () => sampleRun(a, { state: 'paused' }), 'runs.resume': () => sampleRun(a, { state: 'queued' }), 'runs.stop': () => sampleRun(a, { state: 'stopped' }),
    })
    lab.emit('run.progress', progress())
    for (const act of ['pause', 'resume', 'stop'] as const) {
      await runs[act](a)
      expect(runs.byId(a)?.state).toBe(states[act])
      expect(lab.inputs(`runs.${act}`)).toEqual([{ id: a }])
    }
    // A halted run has no time left to tell.
    expect(runs.etaOf(a, 1_000_000)).toBeNull()
  })

  it('waits in the order of queueing; halted ones are apart', async () => {
    const at = (minute: number) => `2026-01-06T10:0${minute}:00.000+01:00`
    const { runs } = await setUp(() => [sampleRun(c, { state: 'queued', createdAt: at(3) }), sampleRun(b, { state: 'queued', createdAt: at(2) }), sampleRun(a, { state: 'interrupted', createdAt: at(1) })])
    expect(runs.queue.map(({ id }) => id)).toEqual([b, c])
    expect(runs.halted.map(({ id }) => id)).toEqual([a])
    expect(runs.current).toBeNull()
  })
})

describe('reports of runs', () => {
  it('are fetched once, for runs that have one, and again when the run changed', async () => {
    const { lab, runs } = await setUp(() => [sampleRun(a), sampleRun(b, { state: 'running' })], { 'runs.report': ({ id }) => sampleReport(id as never, { student: { eer: 0.04, rank1: 0.9 } }) })
    await Promise.all(runs.list.map((run) => runs.needReport(run)))
    await Promise.all(runs.list.map((run) => runs.needReport(run)))
    expect(lab.inputs('runs.report')).toEqual([{ id: a }])
    expect(runs.reportOf(a)?.run).toBe(a)
    expect(runs.reportOf(b)).toBeUndefined()
    lab.emit('runs.changed', { id: a })
    expect(runs.reportOf(a)).toBeUndefined()
    await runs.needReport(runs.list[0])
    expect(lab.inputs('runs.report')).toHaveLength(2)
  })

  it('are known not to be there', async () => {
    const { runs } = await setUp(() => [sampleRun(a)], {
      'runs.report': () => {
        throw new LabError('report-not-found', 'None.')
      },
    })
    await runs.needReport(runs.list[0])
    expect(runs.reportOf(a)).toBeNull()
  })

  it('lead with the student', () => {
    const report = sampleReport(a, { teacher: { eer: 0.02, rank1: 0.99 }, scratch: { eer: 0.06, rank1: 0.9 }, student: { eer: 0.03, rank1: 0.97 } })
    expect(headlinesOf(report).map(({ model, eer }) => [model, eer])).toEqual([['student', 0.03], ['teacher', 0.02], ['scratch', 0.06]])
  })
})

describe('the choice in the table of runs', () => {
  const list = [sampleRun(a), sampleRun(b), sampleRun(c)]

  it('turns round when the same column is chosen again, and begins with what is wanted', async () => {
    const { runs } = await setUp(() => list)
    runs.sortBy('eer')
    expect([runs.sort, runs.descending]).toEqual(['eer', false])
    runs.sortBy('eer')
    expect(runs.descending).toBe(true)
    runs.sortBy('rank1')
    expect(runs.descending).toBe(true)
  })

  it('lets go of chosen runs that are gone', async () => {
    let there = list
    const { runs } = await setUp(() => there)
    runs.choose(a, true)
    runs.choose(b, true)
    there = list.slice(1)
    await runs.refresh()
    expect([...runs.chosen]).toEqual([b])
  })
})

describe('what is done with a run', () => {
  it('is another seed of the same, one that was not used', async () => {
    const list = [sampleRun(a, { seed: 1 }), sampleRun(b, { seed: 2 }), sampleRun(c, { seed: 3, recipe: sampleRecipe('lda') })]
    const { lab, runs } = await setUp(() => list, { 'runs.start': ({ seed }) => sampleRun(runIds[3], { seed, state: 'queued' }) })
    expect(runs.freshSeed(list[0])).toBe(3)
    await runs.again(list[0], 3)
    expect(lab.inputs('runs.start')).toMatchObject([{ split: 's1', seed: 3, preset: 'quick', recipe: { recipe: 'thkd' } }])
    expect(runs.byId(runIds[3])?.state).toBe('queued')
  })

  it('is evaluating it again, after which its report is read anew', async () => {
    const { lab, runs } = await setUp(() => [sampleRun(a)], {
      'runs.report': ({ id }) => sampleReport(id as never, { student: { eer: 0.04, rank1: 0.9 } }),
      'runs.evaluate': () => ({ id: 'j1', kind: 'evaluate', state: 'done', done: 1, total: 1, unit: 'models', startedAtMs: 0 }),
    })
    await runs.needReport(runs.list[0])
    await runs.evaluate(a)
    expect(runs.reportOf(a)).toBeUndefined()
    expect(lab.inputs('runs.evaluate')).toEqual([{ id: a }])
  })

  it('is removing it with its id typed', async () => {
    const { lab, runs } = await setUp(() => [sampleRun(a), sampleRun(b)], { 'runs.remove': () => ({}) })
    runs.choose(a, true)
    await runs.remove(a, a)
    expect(lab.inputs('runs.remove')).toEqual([{ id: a, confirm: a }])
    expect([runs.list.length, runs.chosen.size]).toEqual([1, 0])
  })

  it('is comparing it; a refusal stays to be read', async () => {
    let refuse = false
    const { lab, runs } = await setUp(() => [], {
      'runs.compare': () => {
        if (refuse) throw new LabError('request-invalid', 'They are of two splits.')
        return sampleComparison()
      },
    })
    await runs.compare([a, b], 5)
    expect(lab.inputs('runs.compare')).toEqual([{ ids: [a, b], beats: 5 }])
    expect(runs.comparison?.rows).toHaveLength(9)
    refuse = true
    await runs.compare([a, b], 1)
    expect([runs.comparison, runs.comparisonError?.code, runs.comparing]).toEqual([null, 'request-invalid', false])
  })

  it('is gone with its dataset', async () => {
    const { runs } = await setUp(() => [sampleRun(a)])
    const before = runs.generation
    runs.clear()
    expect([runs.list.length, runs.loaded, runs.generation]).toEqual([0, false, before + 1])
  })
})

describe('runs that cannot be read', () => {
  const damaged = { id: c, code: 'run-invalid', message: 'run.json is damaged: it ends too early.' }

  it('are read when somebody looks, and forgotten with their dataset', async () => {
    const { lab, runs } = await setUp(() => [sampleRun(a)], { 'runs.damaged': () => [damaged] })
    expect([runs.damaged, lab.inputs('runs.damaged')]).toEqual([null, []])
    await runs.readDamaged()
    expect(runs.damaged).toEqual([damaged])
    runs.clear()
    expect(runs.damaged).toBeNull()
  })

  it('are removed as others are, with their id typed', async () => {
    const { lab, runs } = await setUp(() => [sampleRun(a)], { 'runs.damaged': () => [damaged], 'runs.remove': () => ({}) })
    await runs.readDamaged()
    await runs.remove(c, c)
    expect(lab.inputs('runs.remove')).toEqual([{ id: c, confirm: c }])
    expect([runs.damaged, runs.list.length]).toEqual([[], 1])
  })

  it('of a dataset that was left meanwhile are not shown in the next', async () => {
    let answer: (value: (typeof damaged)[]) => void = () => undefined
    const { runs } = await setUp(() => [], { 'runs.damaged': () => new Promise((resolve) => (answer = resolve)) })
    const reading = runs.readDamaged()
    await settled()
    runs.clear()
    answer([damaged])
    await reading
    expect(runs.damaged).toBeNull()
  })
})

describe('addresses', () => {
  const routes: Route[] = [{ name: 'train' }, { name: 'runs' }, { name: 'run', id: a }, { name: 'runs-compare', ids: [a, b] }]

  it.each(routes)('$name is kept over a reload and belongs to Train', (route) => {
    expect(parseRoute(formatRoute(route))).toEqual(route)
    const router = new Router()
    router.route = route
    expect(router.section).toBe('train')
  })
})
