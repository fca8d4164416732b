import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as web from 'onnxruntime-web'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ModelName } from '../../src-main/contract/index.ts'
import { samplesOf } from '../../src-main/learning/data/window-rows.ts'
import type { Engine } from '../../src-main/learning/engine/engine.ts'
import { loadEngine } from '../../src-main/learning/engine/load-engine.ts'
import { PcaLda } from '../../src-main/learning/baselines/pca-lda.ts'
import { makeEmbedder, packModel, type StoredModel } from '../../src-main/runs/embedding-models.ts'
import { exportModel, largestDifference } from '../../src-main/runs/export-model.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { normals } from '../learning/evaluation/synthetic-people.ts'
import { finishedRun, quietWorld, type FinishedRun } from './a-finished-run.ts'
import { metadataOf } from './onnx-metadata.ts'

const folder = temporaryFolder()

beforeAll(() => {
  // Its threads are workers of a browser.
  web.env.wasm.numThreads = 1
})

const exportAs = (run: FinishedRun, model: ModelName, more: Partial<Parameters<typeof exportModel>[1]> = {}, world = quietWorld()) =>
  exportModel(run.dataset, { run: run.record.id, model, out: join(folder.path, `${model}.onnx`), quantised: false, ...more }, world)

/** Few enough for plain JavaScript. */
const windows = 6
const testWindows = ({ data }: FinishedRun): Float32Array => samplesOf(data.set, data.test.slice(0, windows))

/** The reference: TensorFlow.js in plain JavaScript. */
async function cpuEmbeddings(stored: StoredModel | undefined, samples: Float32Array): Promise<Float32Array> {
  if (!stored) throw new Error('no such model')
  const embedder = await makeEmbedder(stored, await loadEngine('cpu', { threads: 1, provider: 'cpu' }), windows)
  return (await embedder.embed(samples)).embeddings
}

async function webEmbeddings(path: string, samples: Float32Array, [length, channels]: readonly [number, number]): Promise<Float32Array> {
  const session = await web.InferenceSession.create(await readFile(path), { executionProviders: ['wasm'] })
  expect([session.inputNames, session.outputNames]).toEqual([['windows'], ['embedding']])
  const { embedding } = await session.run({ windows: new web.Tensor('float32', samples, [samples.length / length / channels, length, channels]) })
  await session.release()
  return embedding.data as Float32Array
}

function furthest(one: Float32Array, other: Float32Array): number {
  expect(one.length).toBe(other.length)
  return one.reduce((largest, value, i) => Math.max(largest, Math.abs(value - other[i])), 0)
}

const bytesOf = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength)

describe('an exported model', () => {
  it.each(['teacher', 'student', 'lda'] as const)('of %s gives the trainer\'s embeddings in another runtime, which knows nothing but the file', async (model) => {
    const run = await finishedRun(folder.path)
    const made = await exportAs(run, model)
    const { length, channels } = run.data.set
    expect(made.windows).toBe(Math.min(64, run.data.test.length))
    expect(made.largestDifference).toBeLessThan(1e-5)
    const samples = testWindows(run)
    const expected = await cpuEmbeddings(run.stored[model], samples)
    expect(furthest(await webEmbeddings(made.out, samples, [length, channels]), expected)).toBeLessThan(2e-5)
    const first = samples.slice(0, length * channels)
    expect(furthest(await webEmbeddings(made.out, first, [length, channels]), expected.slice(0, expected.length / windows))).toBeLessThan(2e-5)
    await run.dataset.close()
  })

  it('says inside the file what it is, what must be done to a signal first, and where it comes from', async () => {
    const run = await finishedRun(folder.path)
    const { out } = await exportAs(run, 'student')
    const metadata = metadataOf(await readFile(out))
    expect(metadata).toMatchObject({
      'pulseprint.program': '1.2.3-test', 'pulseprint.run': run.record.id, 'pulseprint.model': 'student', 'pulseprint.split_hash': run.split.hash, 'pulseprint.embedding_dimensions': '64',
      'pulseprint.model_hash': run.record.models.find(({ name }) => name === 'student')?.hash, license: expect.stringContaining('No licence'), 'pulseprint.intended_use': expect.stringContaining('Not for medical diagnosis'),
    })
    expect(JSON.parse(metadata['pulseprint.preprocessing'])).toEqual({
      lane: 'ecg', channel: null, rateHz: 250, channels: 1, length: 150,
      filter: { kind: 'butterworth-band-pass', lowHz: 0.5, highHz: 40, order: 4, zeroPhase: true, at: 'recording rate, before resampling' },
      dropFirstSeconds: 1.5, window: { mode: 'beat', beforeSeconds: 0.2, afterSeconds: 0.4, anchorSample: 50, strideSeconds: null, beatsPerGroup: null, rule: 'one window per beat' },
      quality: null, motion: null, outliers: null, zScore: 'each window: mean 0, standard deviation 1 (a flat one: zeros)',
    })
    await run.dataset.close()
  })

  it.each(['teacher', 'student'] as const)('of %s holds the network and nothing of the classifier, whose rows are people', async (model) => {
    const run = await finishedRun(folder.path)
    const { out, parameters } = await exportAs(run, model)
    const file = await readFile(out)
    const stored = run.stored[model]
    if (stored?.kind !== 'network') throw new Error('not a network')
    const { layout, state } = stored.model
    const values = (prefix: string) => layout.weights.filter(({ name }) => name.startsWith(prefix))
    expect(values('classifier/').length).toBe(model === 'student' ? 2 : 1)
    for (const { name, offset, shape: [rows, dimensions] } of values('classifier/')) {
      for (let row = 0; row < rows; row++) {
        const from = offset + row * dimensions
        // Eight numbers in a row cannot be there by chance.
        for (let at = 0; at + 8 <= dimensions; at += 8) expect(file.indexOf(bytesOf(state.weights.subarray(from + at, from + at + 8))), `${name} row ${row}`).toBe(-1)
      }
    }
    expect(file.includes('classifier')).toBe(false)
    const used = values('network/').filter(({ offset, size }) => file.includes(bytesOf(state.weights.subarray(offset, offset + size))))
    expect(used.length).toBeGreaterThan(0.9 * values('network/').length)
    expect(parameters).toBe(values('network/').reduce((sum, { size }) => sum + size, 0))
    await run.dataset.close()
  })

  it('has a card beside it, with valid front matter', async () => {
    const run = await finishedRun(folder.path, 'Run "one": <b>#1</b>')
    const { out, card } = await exportAs(run, 'teacher', { out: join(folder.path, 'deep', 'er', 'net') })
    expect([out, card]).toEqual(['net.onnx', 'net.md'].map((name) => join(folder.path, 'deep', 'er', name)))
    expect((await readdir(join(folder.path, 'deep', 'er'))).sort()).toEqual(['net.md', 'net.onnx'])
    const text = await readFile(card, 'utf8')
    expect(text).toMatch(/^---\nlicense: other\n[^]*\n---\n\n# Run "one": \\<b\\>\\#1\\<\/b\\>: teacher\n/)
    for (const part of ['No medical diagnosis', 'Not evaluated.', run.split.hash, 'batches of 1, 3 and 64']) expect(text).toContain(part)
    await run.dataset.close()
  })
})

describe('an export', () => {
  it('never overwrites', async () => {
    const run = await finishedRun(folder.path)
    for (const [taken, quantised] of [['student.onnx', false], ['student.md', false], ['student.int8.onnx', true]] as const) {
      await writeFile(join(folder.path, taken), 'mine')
      await expect(exportAs(run, 'student', { quantised })).rejects.toMatchObject({ code: 'export-folder-not-empty' })
      expect(await readFile(join(folder.path, taken), 'utf8')).toBe('mine')
      await run.dataset.files.remove(join(folder.path, taken))
    }
    await run.dataset.close()
  })

  it('into a folder is refused, and nothing is written beside it', async () => {
    const run = await finishedRun(folder.path)
    const out = join(folder.path, 'models')
    await mkdir(out)
    const written = exportModel(run.dataset, { run: run.record.id, model: 'student', out, quantised: false }, quietWorld())
    await expect(written).rejects.toMatchObject({ code: 'export-folder-not-empty', message: expect.stringContaining(join(out, 'student.onnx')) as unknown })
    expect([await run.dataset.files.stat(`${out}.onnx`), await readdir(out)]).toEqual([null, []])
    await run.dataset.close()
  })

  it('refuses what is no network, and what the run has not made', async () => {
    const run = await finishedRun(folder.path)
    await expect(exportAs(run, 'template')).rejects.toMatchObject({ code: 'model-not-found', message: expect.stringContaining('no weights') })
    await expect(exportAs(run, 'scratch')).rejects.toMatchObject({ code: 'model-not-found' })
    await run.dataset.close()
  })

  it('keeps nothing of a file whose embeddings are not the trainer\'s', async () => {
    const run = await finishedRun(folder.path)
    const lying = quietWorld({ chooseEngine: async () => ({ engine: offBy(await loadEngine('onnx', { threads: 1, provider: 'cpu' }), 2e-4), reasons: [] }) })
    await expect(exportAs(run, 'student', {}, lying)).rejects.toMatchObject({ code: 'model-export-differs', data: { model: 'student', batch: 1 } })
    expect((await readdir(folder.path)).sort()).toEqual(['lab'])
    const barely = quietWorld({ chooseEngine: async () => ({ engine: offBy(await loadEngine('onnx', { threads: 1, provider: 'cpu' }), 5e-5), reasons: [] }) })
    expect((await exportAs(run, 'student', {}, barely)).largestDifference).toBeGreaterThan(4e-5)
    await run.dataset.close()
  })

  it('finds one changed weight, and a file cut short', async () => {
    const run = await finishedRun(folder.path)
    const { out } = await exportAs(run, 'student')
    const stored = run.stored.student
    if (stored?.kind !== 'network') throw new Error('not a network')
    const samples = testWindows(run)
    const expected = await cpuEmbeddings(stored, samples)
    const verification = { stored, samples, expected }
    expect(await largestDifference(out, verification)).toBeLessThan(2e-5)
    const file = await readFile(out)
    const { weights } = stored.model.state
    const last = stored.model.layout.weights.filter(({ name }) => name.startsWith('network/') && name.includes('head')).at(-1) ?? stored.model.layout.weights[0]
    const at = file.indexOf(bytesOf(weights.subarray(last.offset, last.offset + last.size)))
    expect(at).toBeGreaterThan(0)
    file.writeFloatLE(weights[last.offset] + 1, at)
    await writeFile(`${out}.changed`, file)
    await expect(largestDifference(`${out}.changed`, verification)).rejects.toMatchObject({ code: 'model-export-differs', message: expect.stringContaining('differ') })
    await writeFile(`${out}.short`, file.subarray(0, file.length >> 1))
    await expect(largestDifference(`${out}.short`, verification)).rejects.toMatchObject({ code: 'model-export-differs' })
    await run.dataset.close()
  })

  it('leaves nothing behind when it is cancelled', async () => {
    const run = await finishedRun(folder.path)
    const controller = new AbortController()
    const world = quietWorld({ signal: controller.signal, onDone: (done) => done >= 0.3 && controller.abort() })
    await expect(exportAs(run, 'student', { quantised: true }, world)).rejects.toMatchObject({ code: 'cancelled' })
    expect((await readdir(folder.path)).filter((name) => name.includes('unverified'))).toEqual([])
    await run.dataset.close()
  })
})

describe('8-bit weights', () => {
  it.each(['teacher', 'student'] as const)('of %s are smaller, and as good as the export says', async (model) => {
    const run = await finishedRun(folder.path)
    const made = await exportAs(run, model, { quantised: true })
    const { quantised } = made
    if (!quantised) throw new Error('no quantised file')
    expect(quantised.bytes).toBeLessThan(0.35 * made.bytes)
    const held = quantised.meanCosine >= 0.99 && (quantised.eerAfter ?? 0) - (quantised.eerBefore ?? 0) <= 0.005
    expect(quantised.kept).toBe(held)
    expect((await readdir(folder.path)).includes(`${model}.int8.onnx`)).toBe(held)
    if (held) {
      const samples = testWindows(run)
      const found = await webEmbeddings(quantised.out, samples, [150, 1])
      const expected = await cpuEmbeddings(run.stored[model], samples)
      const cosine = found.reduce((sum, value, i) => sum + value * expected[i], 0) / windows
      expect(cosine).toBeGreaterThan(0.99)
      expect(metadataOf(await readFile(quantised.out))['pulseprint.precision']).toBe('uint8')
    }
    expect(await readFile(made.card, 'utf8')).toContain(held ? 'Kept' : 'Not kept')
    await run.dataset.close()
  })
})

describe('8-bit weights that are not worth it', () => {
  it('make no file where all matrices are small', async () => {
    const run = await finishedRun(folder.path)
    expect((await exportAs(run, 'lda', { quantised: true })).quantised).toBeNull()
    expect((await readdir(folder.path)).sort()).toEqual(['lab', 'lda.md', 'lda.onnx'])
    await run.dataset.close()
  })

  it('are told of and not kept', async () => {
    const run = await finishedRun(folder.path)
    const lda = run.stored.lda
    if (lda?.kind !== 'lda') throw new Error('no LDA')
    // One sample far from all others takes the whole range of 8 bits, and means nothing.
    const { mean } = lda.model.arrays()
    const normal = normals(4)
    const projection = Float32Array.from({ length: 150 * 8 }, (_, at) => (at < 8 ? 0 : normal()))
    mean[0] = 1e5
    const own = new RunStore(run.dataset.files, run.dataset.path).folder(run.record.id)
    const hash = await own.writeModel('lda', packModel({ ...lda, model: PcaLda.from({ mean, projection }) }))
    await own.writeRecord({ ...run.record, models: run.record.models.map((model) => (model.name === 'lda' ? { ...model, hash } : model)) })
    const { quantised, out, card } = await exportAs(run, 'lda', { quantised: true })
    expect(quantised).toMatchObject({ kept: false, eerBefore: expect.any(Number), eerAfter: expect.any(Number) })
    expect(quantised?.meanCosine).toBeLessThan(0.9)
    expect((await readdir(folder.path)).sort()).toEqual(['lab', 'lda.md', 'lda.onnx'])
    expect(out.endsWith('lda.onnx')).toBe(true)
    expect(await readFile(card, 'utf8')).toContain('Not kept')
    await run.dataset.close()
  })
})

/** An engine whose embeddings are off in their first element. */
function offBy(engine: Engine, by: number): Engine {
  return {
    ...engine,
    compile: async (...asked) => {
      const compiled = await engine.compile(...asked)
      return {
        ...compiled, inputs: compiled.inputs, outputs: compiled.outputs, memory: compiled.memory, dispose: () => compiled.dispose(),
        run: async (inputs) => {
          const outputs = await compiled.run(inputs)
          const embedding = outputs.embedding.slice()
          embedding[0] += by
          return { ...outputs, embedding }
        },
      }
    },
  }
}

