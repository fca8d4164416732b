import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { LabError, type AblationProgress, type RunRecord } from '../../src-main/contract/index.ts'
import type { Dataset } from '../../src-main/dataset/dataset.ts'
import { eraseSubject } from '../../src-main/dataset/erasure.ts'
import { ablationResult } from '../../src-main/runs/ablation/ablation-result.ts'
import { statusOf } from '../../src-main/runs/ablation/cells.ts'
import { parseGrid, planAblation } from '../../src-main/runs/ablation/grid.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { localQueue } from '../../src-main/services/ablation-queue.ts'
import { workOnAblation } from '../../src-main/services/ablation-work.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { begin, execute, hashes, pausing, smallLab, smallRecipe } from '../runs/a-small-lab.ts'

const folder = temporaryFolder()
const slow = { timeout: 120_000 }

/** One epoch each, taught by the embedding alone: seconds, where all levels take long to compile. */
const light = (): object => {
  const { student, teacher, ...rest } = JSON.parse(JSON.stringify(smallRecipe())) as { student: { fit: object; distillation: Record<string, object> }; teacher: { fit: object } }
  const one = { epochs: 1, minimumSteps: 25 }
  const levels = Object.fromEntries(Object.entries(student.distillation).map(([name, level]) => [name, { ...level, weight: name === 'embedding' ? 1 : 0 }]))
  return { ...rest, teacher: { ...teacher, fit: { ...teacher.fit, ...one } }, student: { ...student, fit: { ...student.fit, ...one }, distillation: levels } }
}

const gridOf = (more: object): object => ({
  name: 'levels', split: 's1', recipe: light(), variants: { one: {}, two: { 'student.distillation.embedding.weight': 2 } }, also: { baseline: 'scratch', teacher: 'teacher' }, seeds: [7], baseline: 'baseline', engine: { engine: 'onnx', threads: 1 },
  ...more,
})
/** Cells that take no time: nothing is fitted. */
const classical = {
  name: 'classical', recipe: { recipe: 'lda', holdOut: 0.25, windows: { minimumCorrelation: null, rateHz: 100 }, evaluation: { replicates: 100, beatsPerProbe: [1] } }, variants: { two: { components: 2 }, 'no such lane': { 'windows.lane': 'ppg' }, one: { components: 1 } },
  also: { template: 'template' }, seeds: [1, 2], baseline: 'two', engine: { engine: 'cpu' },
}

const planned = async (dataset: Dataset, more: object) => planAblation(parseGrid(gridOf(more)), { split: await dataset.splits.get('s1'), program: 'test', wallMs: 0 })
const recordsIn = async ({ files, path }: Dataset): Promise<RunRecord[]> => (await new RunStore(files, path).list()).records

/** As whoever has the dataset open for writing has it alone. */
const writing = new WeakMap<Dataset, Promise<unknown>>()
const oneAfterTheOther = (dataset: Dataset) => <T>(does: (open: Dataset) => Promise<T>): Promise<T> => {
  const own = (writing.get(dataset) ?? Promise.resolve()).then(() => does(dataset))
  writing.set(dataset, own.catch(() => undefined))
  return own
}

/** Works on a grid in this process. `world`: of every run, by its place. */
async function work(dataset: Dataset, more: object = {}, world: (cell: number) => Parameters<typeof execute>[2] = () => ({})) {
  const ablation = await planned(dataset, more)
  const controller = new AbortController()
  const told: AblationProgress[] = []
  let trained = 0
  const end = await workOnAblation(ablation, localQueue(controller.signal), {
    signal: controller.signal, threads: null, wallMs: () => Date.now(), read: (does) => does(dataset), write: oneAfterTheOther(dataset), onProgress: (progress) => told.push(progress),
    train: async (id) => void (await execute(dataset, id, world(trained++))),
  }).then(() => null, (thrown: unknown) => LabError.from(thrown))
  return { ablation, end, told, trained, status: statusOf(ablation, await recordsIn(dataset)) }
}

it('every cell is a run, done once; one that fails is told of and the others go on; a grid that shares cells does only the rest', slow, async () => {
  const dataset = await smallLab(join(folder.path, 'classical'))
  const { end, status, told, ablation, trained } = await work(dataset, classical)
  expect({ end, trained }).toEqual({ end: null, trained: 6 })
  expect(status.cells.map(({ variant, seed, state, error }) => [variant, seed, state, error?.code])).toEqual([
    ['two', 1, 'finished', undefined], ['two', 2, 'finished', undefined], ['no such lane', 1, 'failed', 'training-impossible'], ['no such lane', 2, 'failed', 'training-impossible'], ['one', 1, 'finished', undefined], ['one', 2, 'finished', undefined],
  ])
  expect(status).toMatchObject({ state: 'finished', finished: 4, failed: 2 })
  expect((await recordsIn(dataset)).map(({ name }) => name)).toEqual(['two/1', 'two/2', 'no such lane/1', 'no such lane/2', 'one/1', 'one/2'].map((name) => `classical/${name}`))
  expect(told.flatMap(({ note }) => note ?? [])).toEqual([1, 2].map((seed) => expect.stringMatching(new RegExp(`^no such lane, seed ${seed}: training-impossible: `)) as unknown))
  expect(told.at(-1)).toMatchObject({ cells: 6, finished: 4, failed: 2, current: null })

  const result = await ablationResult(dataset, ablation)
  expect(result.tables[0].rows.map(({ name, kind, model, runs }) => [name, kind, model, runs.length])).toEqual([['two', 'variant', 'lda', 2], ['no such lane', 'variant', 'lda', 0], ['one', 'variant', 'lda', 2], ['template', 'also', 'template', 2]])
  expect(result.missing.map(({ variant, seed, state }) => [variant, seed, state])).toEqual([['no such lane', 1, 'failed'], ['no such lane', 2, 'failed']])
  const report = await new RunStore(dataset.files, dataset.path).folder((await recordsIn(dataset))[0].id).report()
  expect(result.tables[0].rows[0].runs[0].eer).toEqual(report.systems.lda?.evaluation.byBeats[0].eer)

  // What failed is tried again, what is finished is not.
  expect(await work(dataset, classical)).toMatchObject({ trained: 2, status: { finished: 4, failed: 2 } })
  expect(await work(dataset, { ...classical, name: 'other', variants: { two: { components: 2 }, three: { components: 3 } } })).toMatchObject({ trained: 2, status: { state: 'finished', finished: 4 } })
  expect(await recordsIn(dataset)).toHaveLength(8)
  await dataset.close()
})

it('no cell is done on another split than the grid was planned for: somebody was erased between two of them', slow, async () => {
  const dataset = await smallLab(join(folder.path, 'erased'), { people: 4 })
  const ablation = await planned(dataset, { ...classical, variants: { two: { components: 2 } } })
  const { signal } = new AbortController()
  const end = workOnAblation(ablation, localQueue(signal), {
    signal, threads: null, wallMs: () => Date.now(), read: (does) => does(dataset), write: oneAfterTheOther(dataset), onProgress: () => undefined,
    async train(id) {
      await execute(dataset, id)
      await eraseSubject(dataset, 'S004')
    },
  })
  await expect(end).rejects.toMatchObject({ code: 'split-invalid', data: { split: 's1', expected: ablation.split.hash } })
  expect((await recordsIn(dataset)).map(({ state, seed, split }) => [state, seed, split.hash])).toEqual([['finished', 1, ablation.split.hash]])
  await dataset.close()
})

it('what does not differ is trained once and taken over; a cell that was stopped goes on; and the weights are those of a run alone', slow, async () => {
  const dataset = await smallLab(join(folder.path, 'taken'))
  const unavailable = { chooseEngine: () => Promise.reject(new LabError('engine-unavailable', 'Not today.')) }
  const first = await work(dataset, {}, (cell) => (cell === 0 ? unavailable : {}))
  expect(first).toMatchObject({ end: null, status: { finished: 1, failed: 1 } })
  // The first variant has no run yet, but its teacher and twin are those of the second.
  expect((await ablationResult(dataset, first.ablation)).tables[0].rows.map(({ name, runs }) => [name, runs.length])).toEqual([['baseline', 1], ['one', 0], ['two', 1], ['teacher', 1]])

  // Teacher and twin are there at once: the pause falls into the student.
  const paused = await work(dataset, {}, () => pausing(10))
  expect(paused).toMatchObject({ end: { code: 'cancelled' }, status: { state: 'incomplete', finished: 1, cells: [{ state: 'paused' }, { state: 'finished' }] } })
  expect(await work(dataset)).toMatchObject({ end: null, trained: 1, status: { state: 'finished', finished: 2 } })
  const [one, two] = await recordsIn(dataset)
  const from = (record: RunRecord): unknown => record.models.map(({ name, from: run }) => [name, run ?? null])
  expect(from(two)).toEqual([['teacher', null], ['student', null], ['scratch', null], ['lda', null], ['template', null]])
  expect(from(one)).toEqual([['teacher', two.id], ['student', null], ['scratch', two.id], ['lda', two.id], ['template', null]])
  expect(hashes(one)).toMatchObject({ teacher: hashes(two).teacher, scratch: hashes(two).scratch })
  expect(hashes(one).student).not.toBe(hashes(two).student)

  // As if it had been trained without the other, and never been stopped.
  const alone = await execute(dataset, await begin(dataset, first.ablation.variants[0].recipe))
  expect(alone.models.every(({ from: run }) => run === undefined)).toBe(true)
  expect(hashes(alone)).toEqual(hashes(one))
  // One run each: the paired bootstrap, over the three people of this lab.
  expect((await ablationResult(dataset, first.ablation)).tables[0].rows[1]).toMatchObject({ name: 'one', eer: { seeds: 1, comparison: { test: 'subject-bootstrap', verdict: 'too-few-subjects' } } })

  // Another twin, the same teacher, whose file was damaged meanwhile in both runs: trained again, not taken over.
  for (const { id } of [one, two]) {
    const path = new RunStore(dataset.files, dataset.path).folder(id).modelPath('teacher')
    const bytes = await readFile(path)
    bytes[bytes.length - 40] ^= 1
    await writeFile(path, bytes)
  }
  await work(dataset, { name: 'rate', variants: { rate: { 'student.fit.rate': 0.003 } } })
  const rate = (await recordsIn(dataset)).at(-1)
  expect(rate?.models.filter(({ from: run }) => run !== undefined)).toEqual([])
  expect(rate && hashes(rate)).toMatchObject({ teacher: hashes(one).teacher })
  await dataset.close()
})

it('two programs that begin together on one seed train its teacher and twin once, and the one that comes second takes them over', slow, async () => {
  const dataset = await smallLab(join(folder.path, 'together'))
  const [first, second] = await Promise.all([work(dataset), work(dataset)])
  expect([first.end, second.end]).toEqual([null, null])
  const records = await recordsIn(dataset)
  expect(records.map(({ state }) => state)).toEqual(['finished', 'finished'])
  const trainedHere = (name: string): number => records.flatMap(({ models }) => models.filter((model) => model.name === name && model.from === undefined)).length
  expect(['teacher', 'scratch', 'lda', 'student'].map(trainedHere)).toEqual([1, 1, 1, 2])
  expect(await dataset.files.list(join(dataset.path, 'runs', '.training'))).toEqual([])
  await dataset.close()
})
