import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { LabError, Recipe, RunRecord, labApi, type Caller, type JobStatus, type LabEmitter, type MethodOutput, type RunId, type RunProgress } from '../../src-main/contract/index.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { DatasetHolder } from '../../src-main/services/dataset-holder.ts'
import { JobsService } from '../../src-main/services/jobs-service.ts'
import { localTrainer } from '../../src-main/services/local-trainer.ts'
import { RunsService } from '../../src-main/services/runs-service.ts'
import type { StartTrainer } from '../../src-main/services/trainer-process.ts'
import type { TrainerTask } from '../../src-main/services/trainer-task.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { begin, scratchRecipe, smallLab } from '../runs/a-small-lab.ts'

const folder = temporaryFolder()
const caller: Caller = { id: 1, emit: () => undefined, bufferedBytes: () => 0, onClose: () => undefined }
const quick = Recipe.parse({ recipe: 'template', holdOut: 0.25, windows: { minimumCorrelation: null, rateHz: 100 }, evaluation: { replicates: 100, beatsPerProbe: [1] } })
const slow = { timeout: 120_000 }

class Bench {
  readonly holder = new DatasetHolder()
  readonly events: { event: string; payload: unknown }[] = []
  readonly tasks: TrainerTask[] = []
  readonly jobs: JobsService
  readonly service: RunsService
  readonly #emitter: LabEmitter = { emit: (event: string, payload: unknown) => void this.events.push({ event, payload }) }

  constructor(start: StartTrainer = localTrainer) {
    this.jobs = new JobsService(this.#emitter, () => 0)
    const startTrainer: StartTrainer = () => {
      const child = start()
      return {
        ...child,
        send: (message) => {
          if (message.type === 'task') this.tasks.push(message.task)
          child.send(message)
        },
      }
    }
    this.service = new RunsService({ holder: this.holder, emitter: this.#emitter, jobs: this.jobs, startTrainer, wallMs: () => Date.now(), isRecording: () => false })
  }

  /** As the server calls a method: through both schemas. */
  async ask<M extends keyof ReturnType<RunsService['handlers']>>(method: M, input: object = {}): Promise<MethodOutput<M>> {
    const handler = this.service.handlers()[method] as (input: unknown, context: unknown) => unknown
    return labApi[method].output.parse(await handler(labApi[method].input.parse(input), { caller, signal: new AbortController().signal })) as MethodOutput<M>
  }

  start(recipe: Recipe, more: object = {}): Promise<RunRecord> {
    return this.ask('runs.start', { split: 's1', recipe, engine: { engine: 'onnx', threads: 1 }, ...more })
  }

  async until(id: RunId, ...states: RunRecord['state'][]): Promise<RunRecord> {
    for (;;) {
      const { record } = await this.ask('runs.get', { id })
      if (states.includes(record.state)) return record
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** Until the run has told so many epochs. */
  async untilEpoch(id: RunId, count: number): Promise<void> {
    while (this.events.filter(({ event, payload }) => event === 'run.epoch' && (payload as { id: RunId }).id === id).length < count) await new Promise((resolve) => setTimeout(resolve, 2))
  }

  trained(): RunId[] {
    return this.tasks.flatMap((task) => (task.kind === 'train' ? [task.run] : []))
  }
}

const open: Bench[] = []
async function bench(start?: StartTrainer): Promise<Bench> {
  const made = new Bench(start)
  await made.holder.replace(await smallLab(join(folder.path, String(open.length))))
  open.push(made)
  return made
}
afterEach(async () => {
  for (const { service, jobs, holder } of open.splice(0)) {
    await service.close()
    await jobs.close()
    await holder.replace(null)
  }
})

it('runs are done one after the other, in the order in which they were asked for; one that waits can be taken out and put back', slow, async () => {
  const lab = await bench()
  const records = [await lab.start(scratchRecipe(), { name: 'first' }), await lab.start(quick), await lab.start(quick), await lab.start(quick)]
  const [first, second, third, fourth] = records.map(({ id }) => id)
  await lab.until(first, 'running')
  expect((await lab.ask('runs.list')).map(({ id, state }) => [id, state])).toEqual([[first, 'running'], [second, 'queued'], [third, 'queued'], [fourth, 'queued']].sort(([a], [b]) => (a < b ? -1 : 1)))
  expect(await lab.ask('runs.pause', { id: second })).toMatchObject({ state: 'paused' })
  expect(await lab.ask('runs.resume', { id: second })).toMatchObject({ state: 'queued' })
  // Asking twice does not queue it twice.
  await lab.ask('runs.resume', { id: second })
  for (const id of [first, third, fourth, second]) expect((await lab.until(id, 'finished', 'failed')).state).toBe('finished')
  expect(lab.trained()).toEqual([first, third, fourth, second])
  const told = lab.events.flatMap(({ event, payload }) => (event === 'run.progress' ? [payload as RunProgress] : []))
  expect(told.filter(({ id }) => id === first).at(-1)).toMatchObject({ stage: 'done', state: 'finished', done: 1 })
  expect(lab.events.filter(({ event, payload }) => event === 'run.epoch' && (payload as { id: RunId }).id === first)).toHaveLength(2)
  expect(lab.events.filter(({ event }) => event === 'runs.changed').length).toBeGreaterThanOrEqual(12)
})

it('a run under way pauses with its checkpoint and goes on; a stop keeps what there is; a finished one takes neither', slow, async () => {
  const lab = await bench()
  const { id } = await lab.start(scratchRecipe({ minimumSteps: 500 }))
  await lab.untilEpoch(id, 1)
  await lab.ask('runs.pause', { id })
  expect(await lab.until(id, 'paused')).toMatchObject({ error: null, models: [] })
  // Its process may not have ended yet: it goes on all the same.
  expect((await lab.ask('runs.resume', { id })).state).toMatch(/queued|running/)
  await lab.untilEpoch(id, 3)
  await lab.ask('runs.stop', { id })
  const done = await lab.until(id, 'finished')
  expect(done.models[0]).toMatchObject({ name: 'scratch', stoppedEarly: true })
  expect((await lab.ask('runs.get', { id })).epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: done.models[0].epochs }, (_, i) => i + 1))
  for (const method of ['runs.pause', 'runs.stop', 'runs.resume'] as const) await expect(lab.ask(method, { id })).rejects.toMatchObject({ code: 'state-conflict' })
  expect((await lab.ask('runs.reportPage', { id })).html).toContain('<html')
})

it('only a run that is not under way is removed, by who repeats its id; one that waited is not begun', slow, async () => {
  const lab = await bench()
  const [first, second] = [(await lab.start(scratchRecipe({ minimumSteps: 2000 }))).id, (await lab.start(quick)).id]
  await lab.untilEpoch(first, 1)
  await expect(lab.ask('runs.remove', { id: second, confirm: 'yes' })).rejects.toMatchObject({ code: 'request-invalid' })
  await expect(lab.ask('runs.remove', { id: first, confirm: first })).rejects.toMatchObject({ code: 'run-busy' })
  await lab.ask('runs.remove', { id: second, confirm: second })
  await expect(lab.ask('runs.remove', { id: second, confirm: second })).rejects.toMatchObject({ code: 'run-not-found' })
  // At once after asking it to save itself: it is let.
  await lab.ask('runs.pause', { id: first })
  await lab.ask('runs.remove', { id: first, confirm: first })
  expect(await lab.ask('runs.list')).toEqual([])
  expect(lab.trained()).toEqual([first])
})

it('another dataset is opened: the run of the first saves itself, those that waited do not begin, and the second trains', slow, async () => {
  const lab = await bench()
  const before = lab.holder.current().path
  const [going, waiting] = [(await lab.start(scratchRecipe({ minimumSteps: 2000 }))).id, (await lab.start(quick)).id]
  await lab.untilEpoch(going, 1)
  await lab.holder.replace(await smallLab(join(folder.path, 'other')))
  expect(await lab.ask('runs.list')).toEqual([])
  const { id } = await lab.start(quick)
  expect((await lab.until(id, 'finished', 'failed')).state).toBe('finished')
  expect(lab.trained()).toEqual([going, id])
  const store = new RunStore(nodeFiles, before)
  expect((await store.folder(going).record()).state).toBe('paused')
  expect((await store.folder(waiting).record()).state).toBe('queued')
})

it('closing leaves a run that the next program goes on with, to the same bits; one that only waited reads as paused there', slow, async () => {
  const lab = await bench()
  const recipe = scratchRecipe({ minimumSteps: 100 })
  const straight = await lab.until((await lab.start(recipe, { seed: 5 })).id, 'finished', 'failed')
  const [{ id }, waiting] = [await lab.start(recipe, { seed: 5 }), await lab.start(quick)]
  await lab.untilEpoch(id, 1)
  await lab.service.close()
  const next = new Bench()
  await next.holder.replace(lab.holder.current())
  expect((await next.ask('runs.list')).map(({ state }) => state).sort()).toEqual(['finished', 'paused', 'paused'])
  await next.ask('runs.resume', { id })
  expect((await next.until(id, 'finished', 'failed')).models.map(({ hash }) => hash)).toEqual(straight.models.map(({ hash }) => hash))
  await next.ask('runs.resume', { id: waiting.id })
  await next.until(waiting.id, 'finished')
  expect((await next.ask('runs.compare', { ids: [straight.id, id], beats: 1 })).groups).toMatchObject([{ model: 'scratch', seeds: 1 }, { model: 'lda' }, { model: 'template' }])
  await next.service.close()
})

it('a trainer that dies leaves a reason, and the next run begins', slow, async () => {
  let deaths = 0
  const lab = await bench(() => {
    const child = localTrainer()
    if (++deaths > 1) return child
    let exit: (code: number | null, signal: string | null) => void = () => undefined
    return { ...child, send: () => exit(null, 'SIGKILL'), onExit: (listener) => void (exit = listener) }
  })
  const [first, second] = [(await lab.start(quick)).id, (await lab.start(quick)).id]
  expect((await lab.until(second, 'finished', 'failed')).state).toBe('finished')
  expect((await lab.ask('runs.get', { id: first })).record).toMatchObject({ state: 'paused', error: { code: 'trainer-ended', message: expect.stringContaining('out of memory') as unknown } })
  await lab.ask('runs.resume', { id: first })
  expect(await lab.until(first, 'finished')).toMatchObject({ error: null })
})

it('the engines are looked at once, also when that failed the first time', slow, async () => {
  let starts = 0
  const lab = await bench(() => {
    const child = localTrainer()
    return ++starts > 1 ? child : { ...child, send: () => undefined, onExit: (listener) => listener(1, null) }
  })
  await expect(lab.ask('learning.engines')).rejects.toMatchObject({ code: 'trainer-ended' })
  const engines = await lab.ask('learning.engines')
  expect(await lab.ask('learning.engines')).toEqual(engines)
  expect(lab.tasks).toHaveLength(2)
  expect(engines.map(({ name }) => name)).toEqual(['onnx', 'tensorflow', 'wasm', 'cpu'])
  for (const { available, reason, selfCheckError } of engines) expect(available ? reason === null && selfCheckError !== null : typeof reason === 'string').toBe(true)
})

it('a check says what a run would be, or why there can be none; what cannot be begun is refused at once', slow, async () => {
  const lab = await bench()
  expect(await lab.ask('runs.check', { split: 's1', recipe: scratchRecipe() })).toMatchObject({ closedSet: true, models: [{ name: 'scratch', network: 'deit-micro' }, { name: 'lda' }, { name: 'template' }] })
  const error = await lab.ask('runs.check', { split: 's1', recipe: scratchRecipe({ people: 9 }) }).catch((thrown: unknown) => LabError.from(thrown))
  expect(error).toMatchObject({ code: 'training-impossible', message: expect.stringContaining('3 people a batch would do') as unknown })
  await expect(lab.start(quick, { split: 's2' })).rejects.toMatchObject({ code: 'split-not-found' })
  expect(await lab.ask('runs.list')).toEqual([])
  const preset = await lab.ask('learning.recipe', { recipe: 'thkd', preset: 'quick', split: 's1' })
  expect(preset).toMatchObject({ recipe: 'thkd', holdOut: 0.2, teacher: { fit: { people: 3 } } })
})

it('a run is evaluated again as a job, with the same report; another name is only a name', slow, async () => {
  const lab = await bench()
  const { id } = await lab.until((await lab.start(quick)).id, 'finished')
  const before = await lab.ask('runs.report', { id })
  await lab.ask('runs.evaluate', { id })
  const ended = (): JobStatus | undefined => lab.events.map(({ event, payload }) => (event === 'job.changed' ? (payload as JobStatus) : undefined)).find((job) => job && job.state !== 'running')
  while (!ended()) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(ended()).toMatchObject({ kind: 'evaluate', state: 'done' })
  const after = await lab.ask('runs.report', { id })
  const untimed = (report: typeof before): unknown => JSON.parse(JSON.stringify(report), (key, value: unknown) => (/^evaluatedAt$|latencyMs$/i.test(key) ? null : value))
  expect(untimed(after)).toEqual(untimed(before))
  expect(await lab.ask('runs.rename', { id, name: 'Tuesday' })).toMatchObject({ id, name: 'Tuesday', state: 'finished' })
})

it('a run whose record is damaged is told apart from the list, and removed like any other', async () => {
  const lab = await bench()
  const dataset = lab.holder.current()
  const whole = await begin(dataset, quick)
  const broken = await begin(dataset, quick)
  const store = new RunStore(dataset.files, dataset.path)
  await writeFile(join(store.folder(broken).path, 'run.json'), '{"id": "01')
  expect((await lab.ask('runs.list')).map(({ id }) => id)).toEqual([whole])
  expect(await lab.ask('runs.damaged')).toEqual([{ id: broken, code: 'run-invalid', message: expect.stringContaining('run.json') as unknown }])
  await expect(lab.ask('runs.remove', { id: broken, confirm: whole })).rejects.toMatchObject({ code: 'request-invalid' })
  await lab.ask('runs.remove', { id: broken, confirm: broken })
  expect(await lab.ask('runs.damaged')).toEqual([])
  expect(await store.ids()).toEqual([whole])
})
