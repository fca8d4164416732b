import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Recipe, type RunProgress } from '../../../src-main/contract/index.ts'
import type { Dataset } from '../../../src-main/dataset/dataset.ts'
import { samplesOf } from '../../../src-main/learning/data/window-rows.ts'
import type { Engine } from '../../../src-main/learning/engine/engine.ts'
import { makeEmbedder } from '../../../src-main/runs/embedding-models.ts'
import { FrozenAnswers } from '../../../src-main/runs/frozen-answers.ts'
import { openRun, runWindows } from '../../../src-main/runs/open-run.ts'
import { partOf, paced } from '../../../src-main/runs/pace.ts'
import { begin, execute, hashes, onnx } from '../a-small-lab.ts'
import { pairedLab, pairedRecipe } from './a-paired-lab.ts'
import { unasked } from './unasked.ts'

let folder: string
let dataset: Dataset

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-planning-'))
  dataset = await pairedLab(folder)
})
afterAll(async () => {
  await dataset.close()
  await rm(folder, { recursive: true })
})

/** How well it learns is of no matter here. */
const recipe = Recipe.parse(JSON.parse(JSON.stringify(pairedRecipe('fusion', { scratch: false })), (key, value: unknown) => (key === 'epochs' || key === 'minimumSteps' ? 1 : key === 'preset' ? 'deit-micro' : value)))
const slow = { timeout: 120_000 }

/** Asks for it once windows are prepared for the fusion, before it has learnt anything. */
function asking(request: 'pause' | 'stop') {
  const told: RunProgress[] = []
  let asked = false
  return { told, onProgress: (progress: RunProgress) => void told.push(progress), request: () => ((asked ||= told.at(-1)?.stage === 'fusion' && told.at(-1)?.latest?.phase !== 'fusion') ? request : 'go') } as const
}

it('preparing windows for a model is told of, can be paused, and goes on to the same bits; stopped, the model and those after it are left out', slow, async () => {
  const straight = await execute(dataset, await begin(dataset, recipe))
  const id = await begin(dataset, recipe)
  const pause = asking('pause')
  await expect(execute(dataset, id, pause)).rejects.toMatchObject({ code: 'cancelled', message: expect.stringContaining('were prepared for the model "fusion"') as unknown })
  expect(pause.told.at(-1)).toMatchObject({ state: 'paused' })
  const done = pause.told.map((progress) => progress.done)
  expect(done).toEqual([...done].sort((a, b) => a - b))
  const record = await execute(dataset, id)
  expect(record).toMatchObject({ state: 'finished', error: null })
  expect(hashes(record)).toEqual(hashes(straight))

  const stopped = await execute(dataset, await begin(dataset, recipe), asking('stop'))
  expect([stopped.state, stopped.models.map(({ name }) => name)]).toEqual(['stopped', ['teacher', 'encoder', 'lda', 'template']])

  // Both encoders, asked by three models' plans: once each, and to the bit what the network says of all windows at once.
  const { models } = await openRun(dataset, id)
  const { data } = await runWindows(dataset, record, new AbortController().signal)
  const engine = await onnx()
  let compiled = 0
  const counting: Engine = Object.create(engine, { compile: { value: (...asked: Parameters<Engine['compile']>) => (compiled++, engine.compile(...asked)) } }) as Engine
  try {
    const frozen = new FrozenAnswers(counting)
    const encoder = models.find(({ name }) => name === 'encoder') ?? expect.unreachable()
    const leaving = frozen.embeddingsOf(encoder, data.set, () => Promise.reject(new RangeError('left')))
    await expect(leaving).rejects.toThrow('left')
    const first = await frozen.embeddingsOf(encoder, data.set, unasked)
    expect(await frozen.embeddingsOf(encoder, data.set, unasked)).toBe(first)
    expect(compiled).toBe(2)
    const embedder = await makeEmbedder(encoder, engine)
    const { dimensions, embeddings } = await embedder.embed(samplesOf(data.set, Int32Array.from(data.set.subject.keys())))
    embedder.dispose()
    expect(first).toEqual({ dimensions, values: embeddings })
  } finally {
    engine.dispose()
  }
})

it('long work looks up now and then, in the part of the whole that it is', async () => {
  const heard: number[] = []
  const pace = partOf(paced((done) => void heard.push(done)), 0.5, 1)
  let messages = 0
  const timer = setImmediate(function again() {
    messages++
    if (messages < 1000) setImmediate(again)
  })
  for (let done = 0; heard.length < 3; done = Math.min(1, done + 1e-4)) {
    const until = performance.now() + 1
    while (performance.now() < until);
    await pace(done)
  }
  clearImmediate(timer)
  expect(heard.every((done) => done >= 0.5 && done <= 1)).toBe(true)
  expect(messages).toBeGreaterThanOrEqual(3)
})
