import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LabError, type RunId, type RunProgress } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { acquireLock } from '../../src-main/dataset/lock.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import type { ChosenEngine } from '../../src-main/learning/engine/choose-engine.ts'
import type { Arrays, Engine } from '../../src-main/learning/engine/engine.ts'
import { decodeArrays, encodeArrays } from '../../src-main/dataset/array-file.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { FaultyFiles } from '../dataset/faulty-files.ts'
import { begin, execute, hashes, onnx, pausing, scratchRecipe, smallLab, smallRecipe } from './a-small-lab.ts'

const faulty = new FaultyFiles()
let folder: string
let dataset: Dataset
let store: RunStore
/** Of the recipe from scratch, never interrupted. */
let straight: Record<string, string>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-execute-'))
  dataset = await smallLab(folder, { files: faulty.files })
  store = new RunStore(dataset.files, dataset.path)
  straight = hashes(await execute(dataset, await begin(dataset, scratchRecipe())))
}, 240_000)
afterAll(async () => {
  await dataset.close()
  await rm(folder, { recursive: true })
})

const slow = { timeout: 240_000 }
const errorOf = (work: Promise<unknown>): Promise<LabError> =>
  work.then(
    () => Promise.reject(new Error('It did not fail.')),
    (thrown: unknown) => LabError.from(thrown),
  )
const inRun = (id: RunId, ...names: string[]): string => join(store.folder(id).path, ...names)
/** An onnx engine whose compiled steps go through `change`. */
async function changedEngine(change: (results: Arrays, run: number) => Arrays): Promise<ChosenEngine> {
  const engine = await onnx()
  let runs = 0
  const compile: Engine['compile'] = async (...args) => {
    const compiled = await engine.compile(...args)
    return { ...compiled, inputs: compiled.inputs, outputs: compiled.outputs, memory: compiled.memory, dispose: () => compiled.dispose(), run: async (inputs, into) => change(await compiled.run(inputs, into), ++runs) }
  }
  return { engine: { ...engine, compile, dispose: () => engine.dispose() }, reasons: [] }
}

it('a teacher, its student, the twin from scratch and both baselines, on one split: what run.json, metrics and report say fits together', slow, async () => {
  const id = await begin(dataset, smallRecipe())
  const told: RunProgress[] = []
  const record = await execute(dataset, id, { onProgress: (progress) => told.push(progress) })
  expect(record).toMatchObject({ state: 'finished', error: null, ran: { engine: 'onnx', provider: 'cpu', threads: 1, reasons: [] }, windows: { channels: 1, length: 60, rateHz: 100, subjects: 3 } })
  expect(record.models.map(({ name }) => name)).toEqual(['teacher', 'student', 'scratch', 'lda', 'template'])
  expect(await store.folder(id).record()).toEqual(record)
  // At inference a student is its twin.
  const [, student, scratch] = record.models
  expect([student.parameters, student.macs]).toEqual([scratch.parameters, scratch.macs])
  expect((await store.folder(id).epochs()).map(({ phase, epoch }) => `${phase} ${epoch}`)).toEqual(['teacher 1', 'teacher 2', 'student 1', 'student 2', 'scratch 1', 'scratch 2'])
  const report = await store.folder(id).report()
  expect(Object.keys(report.systems)).toEqual(['teacher', 'student', 'scratch', 'lda', 'template'])
  expect(report.leaks).toEqual([])
  for (const { name, hash } of record.models) expect(report.systems[name]?.modelHash).toBe(hash)
  expect((await readdir(inRun(id))).sort()).toEqual(expect.arrayContaining(['metrics.jsonl', 'models', 'report.html', 'report.json', 'run.json']))
  expect(await readdir(inRun(id))).not.toContain('checkpoint')
  // Progress never goes back, and ends at all.
  const parts = told.map(({ done }) => done)
  expect(parts.every((part, i) => i === 0 || part >= parts[i - 1])).toBe(true)
  expect(told.at(-1)).toMatchObject({ stage: 'done', state: 'finished', done: 1 })
  expect(await errorOf(execute(dataset, id))).toMatchObject({ code: 'state-conflict' })
})

it('paused within the second epoch, it is paused for everybody, and goes on to the same bits', slow, async () => {
  const id = await begin(dataset, scratchRecipe())
  expect(await errorOf(execute(dataset, id, pausing(32)))).toMatchObject({ code: 'cancelled' })
  expect(await store.folder(id).record()).toMatchObject({ state: 'paused', error: null, endedAt: null, models: [] })
  const record = await execute(dataset, id)
  expect(record.state).toBe('finished')
  expect(hashes(record)).toEqual(straight)
  expect((await store.folder(id).epochs()).map(({ epoch }) => epoch)).toEqual([1, 2])
})

it('paused while it is evaluated, its models stay and only the evaluation is left', slow, async () => {
  const id = await begin(dataset, scratchRecipe())
  let evaluating = false
  const told = { onProgress: ({ stage }: RunProgress) => void (evaluating ||= stage === 'evaluating') }
  expect(await errorOf(execute(dataset, id, { ...told, request: () => (evaluating ? 'pause' : 'go') }))).toMatchObject({ code: 'cancelled' })
  const paused = await store.folder(id).record()
  expect(paused).toMatchObject({ state: 'paused', error: null, models: [{ name: 'scratch' }, { name: 'lda' }, { name: 'template' }] })
  const finished = await execute(dataset, id, { request: () => 'go' })
  expect(finished).toMatchObject({ state: 'finished', models: paused.models })
  expect((await store.folder(id).report()).run).toBe(id)
})

it('a stop keeps what there is, evaluates it, and the rest can be made later', slow, async () => {
  const id = await begin(dataset, smallRecipe())
  let asked = 0
  const stopped = await execute(dataset, id, { request: () => (++asked > 30 ? 'stop' : 'go') })
  expect(stopped).toMatchObject({ state: 'stopped', models: [{ name: 'teacher', stoppedEarly: true }, { name: 'lda' }, { name: 'template' }] })
  expect(Object.keys((await store.folder(id).report()).systems)).toEqual(['teacher', 'lda', 'template'])
  const finished = await execute(dataset, id)
  expect(finished.state).toBe('finished')
  expect(hashes(finished)).toMatchObject(hashes(stopped))
})

it.each([['ENOSPC', 'dataset-full'], ['EIO', 'file-write-failed']] as const)('a disk that says %s at the second checkpoint: %s, and it goes on from the first', slow, async (errno, code) => {
  const id = await begin(dataset, scratchRecipe())
  faulty.set({ verb: 'write', errno, path: join(id, 'checkpoint'), from: 2, short: 1000 })
  try {
    expect(await errorOf(execute(dataset, id))).toMatchObject({ code })
  } finally {
    faulty.set(null)
  }
  expect(await store.folder(id).record()).toMatchObject({ state: 'failed', error: { code } })
  expect(await readdir(inRun(id, 'checkpoint'))).toEqual(['00000001.bin'])
  expect(hashes(await execute(dataset, id))).toEqual(straight)
})

it('a run that the disk has no room for leaves nothing behind', async () => {
  const before = await store.ids()
  faulty.set({ verb: 'write', errno: 'ENOSPC', path: 'run.json', from: 1 })
  try {
    expect(await errorOf(begin(dataset, scratchRecipe()))).toMatchObject({ code: 'dataset-full' })
  } finally {
    faulty.set(null)
  }
  expect(await store.ids()).toEqual(before)
  expect((await store.list()).problems).toEqual([])
})

it('a disk on which not even the failure can be written down: the first error is the one told, the run reads as interrupted and goes on', slow, async () => {
  const id = await begin(dataset, scratchRecipe())
  let epochs = 0
  const failing = { onEpoch: () => void (++epochs === 1 && faulty.set({ verb: 'open', errno: 'ENOSPC', path: id, from: 1 })) }
  try {
    expect(await errorOf(execute(dataset, id, failing))).toMatchObject({ code: 'dataset-full', data: { path: expect.stringContaining('checkpoint') as unknown } })
  } finally {
    faulty.set(null)
  }
  expect((await store.folder(id).record()).state).toBe('interrupted')
  expect(hashes(await execute(dataset, id))).toEqual(straight)
})

it.each([['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 5000)], ['with one bit changed', (bytes: Buffer) => (bytes.writeUInt8(bytes[5000] ^ 4, 5000), bytes)], ['whose version digit was hit', (bytes: Buffer) => (bytes.write('7', 18), bytes)], ['empty', () => Buffer.alloc(0)]] as const)(
  'a newest checkpoint %s: it goes on from the one before, and says so',
  slow,
  async (_, damage) => {
    const id = await begin(dataset, scratchRecipe())
    await errorOf(execute(dataset, id, pausing(32)))
    const names = (await readdir(inRun(id, 'checkpoint'))).sort()
    expect(names).toEqual(['00000001.bin', '00000002.bin'])
    const newest = inRun(id, 'checkpoint', names[1])
    await writeFile(newest, damage(await readFile(newest)))
    const record = await execute(dataset, id)
    expect(hashes(record)).toEqual(straight)
    expect(record.notes).toMatchObject([{ code: 'checkpoint-damaged', message: expect.stringContaining(newest) as unknown }])
  },
)

it('a whole checkpoint of another run, of the same shape, is passed over: its weights are not this run\'s', slow, async () => {
  const [other, id] = [await begin(dataset, scratchRecipe({ rate: 1e-3 })), await begin(dataset, scratchRecipe())]
  for (const one of [other, id]) await errorOf(execute(dataset, one, pausing(32)))
  const newest = inRun(id, 'checkpoint', '00000002.bin')
  await copyFile(inRun(other, 'checkpoint', '00000002.bin'), newest)
  const record = await execute(dataset, id)
  expect(hashes(record)).toEqual(straight)
  expect(record.notes).toMatchObject([{ code: 'checkpoint-damaged', message: expect.stringContaining(newest) as unknown }])
})

it('with no checkpoint left that can be read it begins the model anew, and says so', slow, async () => {
  const id = await begin(dataset, scratchRecipe())
  await errorOf(execute(dataset, id, pausing(32)))
  for (const name of await readdir(inRun(id, 'checkpoint'))) await writeFile(inRun(id, 'checkpoint', name), 'x')
  const record = await execute(dataset, id)
  expect(hashes(record)).toEqual(straight)
  expect(record.notes).toHaveLength(2)
})

it('a run or checkpoint of a newer program is refused as such, a damaged run.json as invalid, and other runs still list', slow, async () => {
  const id = await begin(dataset, scratchRecipe())
  const path = inRun(id, 'run.json')
  const text = await readFile(path, 'utf8')
  const others = (await store.list()).records.map((record) => record.id).filter((other) => other !== id)
  const writings: readonly (readonly [string, string])[] = [
    [text.replace('"formatVersion": 1', '"formatVersion": 2'), 'run-format-newer'], [text.slice(0, 200), 'run-invalid'], [text.replace('"queued"', '"asleep"'), 'run-invalid'], ['', 'run-invalid'],
    [text.replace(id, others[0]), 'run-invalid'],
  ]
  for (const [written, code] of writings) {
    await writeFile(path, written)
    expect(await errorOf(execute(dataset, id))).toMatchObject({ code })
    const { records, problems } = await store.list()
    expect(problems).toMatchObject([{ id, error: { code } }])
    expect(records.map((record) => record.id)).toEqual(others)
  }
  await writeFile(path, text)
  await errorOf(execute(dataset, id, pausing(1)))
  const checkpoint = inRun(id, 'checkpoint', '00000001.bin')
  // As a newer program would write it: its checksum is right.
  const { createHash } = await import('node:crypto')
  const bytes = await readFile(checkpoint)
  bytes.write('2', 18)
  createHash('sha256').update(bytes.subarray(0, -32)).digest().copy(bytes, bytes.length - 32)
  await writeFile(checkpoint, bytes)
  expect(await errorOf(execute(dataset, id))).toMatchObject({ code: 'run-format-newer', data: { version: 2 } })
})

it('two programs on one run: the second is told that it is busy', slow, async () => {
  const id = await begin(dataset, scratchRecipe())
  const lock = await acquireLock(nodeFiles, inRun(id))
  expect(await errorOf(execute(dataset, id))).toMatchObject({ code: 'run-busy', data: { pid: process.pid } })
  expect(await errorOf(store.remove(id))).toMatchObject({ code: 'run-busy' })
  await lock.release()
  await store.remove(id)
  expect(await errorOf(store.remove(id))).toMatchObject({ code: 'run-not-found' })
  expect(await errorOf(execute(dataset, id))).toMatchObject({ code: 'run-not-found' })
})

it('a loss that is no number ends the run by its name, and it can go on from the epoch before', slow, async () => {
  const id = await begin(dataset, scratchRecipe())
  const engine = await changedEngine((results, run) => (run > 32 && 'total' in results ? { ...results, total: Float32Array.of(Number.NaN) } : results))
  expect(await errorOf(execute(dataset, id, { chooseEngine: () => Promise.resolve(engine) }))).toMatchObject({ code: 'training-diverged', data: { phase: 'scratch' } })
  expect(await store.folder(id).record()).toMatchObject({ state: 'failed', error: { code: 'training-diverged' } })
  expect(hashes(await execute(dataset, id))).toEqual(straight)
})

it.each([
  ['an engine', () => { throw new LabError('out-of-memory', 'ONNX Runtime could not get the memory.', { engine: 'onnx' }) }],
  ['an array', () => new Float32Array(2 ** 50)],
] as const)('memory that runs out in %s: the message says what to lower', slow, async (_, fail) => {
  const id = await begin(dataset, scratchRecipe())
  const engine = await changedEngine((results) => (fail(), results))
  const error = await errorOf(execute(dataset, id, { chooseEngine: () => Promise.resolve(engine) }))
  expect(error).toMatchObject({ code: 'out-of-memory', data: { model: 'scratch', network: 'deit-micro', people: 3, windowsPerPerson: 4, length: 60 } })
  for (const word of ['3 people', '4 windows', '60 samples', 'narrower network', 'shorter windows']) expect(error.message).toContain(word)
})

it('arrays come back from their file as they were, of any length', () => {
  const arrays = { some: Float32Array.of(1, -0, Number.NaN, 1e-45), none: new Float32Array(0), more: Float32Array.from({ length: 777 }, (_, i) => i / 3) }
  const meta = { name: 'x\n"y"', number: 0.1 + 0.2 }
  // At an odd place of a larger buffer, as Node's Buffer may have it.
  const bytes = encodeArrays({ meta, arrays })
  const shifted = new Uint8Array(bytes.length + 3)
  shifted.set(bytes, 3)
  expect(decodeArrays(shifted.subarray(3), 'x', 'run-invalid')).toEqual({ meta, arrays })
  for (let at = 0; at < bytes.length; at += 41) {
    const changed = bytes.slice()
    changed[at] ^= 1
    expect(() => decodeArrays(changed, 'x', 'checkpoint-damaged')).toThrow(expect.objectContaining({ code: 'checkpoint-damaged' }) as Error)
    expect(() => decodeArrays(bytes.subarray(0, at), 'x', 'checkpoint-damaged')).toThrow(expect.objectContaining({ code: 'checkpoint-damaged' }) as Error)
  }
})
