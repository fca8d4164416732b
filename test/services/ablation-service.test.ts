import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { labApi, type AblationProgress, type Caller, type JobStatus, type LabEmitter, type MethodOutput } from '../../src-main/contract/index.ts'
import { AblationService } from '../../src-main/services/ablation-service.ts'
import { DatasetHolder } from '../../src-main/services/dataset-holder.ts'
import { JobsService } from '../../src-main/services/jobs-service.ts'
import { localTrainer } from '../../src-main/services/local-trainer.ts'
import { RunsService } from '../../src-main/services/runs-service.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { scratchRecipe, smallLab } from '../runs/a-small-lab.ts'

const folder = temporaryFolder()
const caller: Caller = { id: 1, emit: () => undefined, bufferedBytes: () => 0, onClose: () => undefined }
const base = { holdOut: 0.25, windows: { minimumCorrelation: null, rateHz: 100 }, evaluation: { replicates: 100, beatsPerProbe: [1] } }
const quick = { name: 'quick', recipe: { recipe: 'lda', ...base }, variants: { two: { components: 2 }, one: { components: 1 } }, seeds: [1, 2], baseline: 'two', split: 's1' }
const long = { name: 'long', recipe: JSON.parse(JSON.stringify(scratchRecipe({ minimumSteps: 2000 }))) as object, variants: { long: {} }, seeds: [1, 2], baseline: 'long', split: 's1', engine: { engine: 'onnx', threads: 1 } }

class Bench {
  readonly holder = new DatasetHolder()
  readonly events: { event: string; payload: unknown }[] = []
  readonly #emitter: LabEmitter = { emit: (event: string, payload: unknown) => void this.events.push({ event, payload }) }
  readonly jobs = new JobsService(this.#emitter, () => Date.now())
  readonly runs = new RunsService({ holder: this.holder, emitter: this.#emitter, jobs: this.jobs, startTrainer: localTrainer, wallMs: () => Date.now(), isRecording: () => false })
  readonly service = new AblationService({ holder: this.holder, emitter: this.#emitter, jobs: this.jobs, wallMs: () => Date.now(), runs: this.runs })

  /** As the server calls a method: through both schemas. */
  async ask<M extends keyof ReturnType<AblationService['handlers']>>(method: M, input: object = {}): Promise<MethodOutput<M>> {
    const handler = this.service.handlers()[method] as (input: unknown, context: unknown) => unknown
    return labApi[method].output.parse(await handler(labApi[method].input.parse(input), { caller, signal: new AbortController().signal })) as MethodOutput<M>
  }

  /** The ablation's job, when it has ended. */
  async ended(): Promise<JobStatus> {
    for (;;) {
      const job = this.jobs.list().at(-1)
      if (job && job.state !== 'running') return job
      await sleep(5)
    }
  }
}

const open: Bench[] = []
async function bench(): Promise<Bench> {
  const made = new Bench()
  await made.holder.replace(await smallLab(join(folder.path, String(open.length + Math.random()))))
  open.push(made)
  return made
}
afterEach(async () => {
  for (const { runs, jobs, holder } of open.splice(0)) {
    await jobs.close()
    await runs.close()
    await holder.replace(null)
  }
})

it('a grid is one job; its status, progress and result tell of its cells; the same grid again does nothing', { timeout: 60_000 }, async () => {
  const lab = await bench()
  const begun = await lab.ask('ablations.start', { grid: quick })
  expect(begun).toMatchObject({ id: expect.stringMatching(/^quick-[0-9a-f]{12}$/) as unknown, state: 'running', recipe: 'lda', cells: { length: 4 } })
  await expect(lab.ask('ablations.start', { grid: { ...quick, name: 'other' } })).rejects.toMatchObject({ code: 'state-conflict' })
  expect(await lab.ended()).toMatchObject({ kind: 'ablation', state: 'done', result: { ablation: begun.id } })
  const { id } = begun
  expect(await lab.ask('ablations.get', { id })).toMatchObject({ state: 'finished', finished: 4, failed: 0 })
  expect(await lab.ask('ablations.list')).toMatchObject([{ id, cells: 4, variants: 2, seeds: 2, state: 'finished' }])
  const told = lab.events.flatMap(({ event, payload }) => (event === 'ablation.progress' ? [payload as AblationProgress] : []))
  expect(told.flatMap(({ current }) => (current ? [`${current.variant} ${current.seed}`] : []))).toEqual(['two 1', 'two 2', 'one 1', 'one 2'])
  expect(told.at(-1)).toMatchObject({ id, finished: 4, current: null })
  expect((await lab.ask('ablations.result', { id })).tables[0].rows.map(({ name, runs }) => [name, runs.length])).toEqual([['two', 2], ['one', 2]])
  expect((await lab.ask('ablations.table', { id, format: 'latex' })).text).toContain('\\toprule')
  const before = (await lab.runs.records()).map(({ id: run }) => run)
  await lab.ask('ablations.resume', { id })
  expect(await lab.ended()).toMatchObject({ state: 'done' })
  expect((await lab.runs.records()).map(({ id: run }) => run)).toEqual(before)
})

it('stopped, the cell under way saves itself; resumed, it goes on', { timeout: 60_000 }, async () => {
  const lab = await bench()
  const { id } = await lab.ask('ablations.start', { grid: long })
  while (!lab.events.some(({ event }) => event === 'run.epoch')) await sleep(5)
  await lab.ask('ablations.stop', { id })
  expect(await lab.ended()).toMatchObject({ state: 'cancelled' })
  await expect(lab.ask('ablations.stop', { id })).rejects.toMatchObject({ code: 'state-conflict' })
  while ((await lab.runs.records())[0].state !== 'paused') await sleep(5)
  expect(await lab.ask('ablations.get', { id })).toMatchObject({ state: 'incomplete', finished: 0, cells: [{ state: 'paused' }, { state: 'waiting' }] })
  const epochs = lab.events.filter(({ event }) => event === 'run.epoch').length
  await lab.ask('ablations.resume', { id })
  while (lab.events.filter(({ event }) => event === 'run.epoch').length <= epochs) await sleep(5)
  expect(await lab.runs.records()).toMatchObject([{ name: 'long/long/1', state: 'running' }])
  // Another dataset is opened: nothing of this one goes on.
  await lab.holder.replace(null)
  expect(await lab.ended()).toMatchObject({ state: 'cancelled' })
})

it('a wrong grid, split, server or id is refused, and nothing is made', async () => {
  const lab = await bench()
  const refused = (input: object, code: string): Promise<void> => expect(lab.ask('ablations.start', input)).rejects.toMatchObject({ code })
  await refused({ grid: { ...quick, seeds: [] } }, 'grid-invalid')
  await refused({ grid: { ...quick, split: undefined } }, 'grid-invalid')
  await refused({ grid: quick, split: 's9' }, 'split-not-found')
  await refused({ grid: quick, redis: 'redis://127.0.0.1:1' }, 'queue-unreachable')
  await expect(lab.ask('ablations.get', { id: 'none-000000000000' })).rejects.toMatchObject({ code: 'ablation-not-found' })
  expect(await lab.ask('ablations.list')).toEqual([])
  expect(await lab.runs.records()).toEqual([])
  expect((await lab.ask('ablations.grids')).map(({ name }) => name)).toEqual(['fusion', 'thkd', 'clip', 'sembridge'])
})
