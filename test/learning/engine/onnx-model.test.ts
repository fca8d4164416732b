import { createRequire } from 'node:module'
import * as tf from '@tensorflow/tfjs-core'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine, Specs, Step } from '../../../src-main/learning/engine/engine.ts'
import { GraphRecorder } from '../../../src-main/learning/engine/onnx/graph.ts'
import { describeGraph } from '../../../src-main/learning/engine/onnx/graph-statistics.ts'
import { createOnnxEngine } from '../../../src-main/learning/engine/onnx/onnx-engine.ts'
import { writeModel } from '../../../src-main/learning/engine/onnx/onnx-writer.ts'
import { ProtobufWriter } from '../../../src-main/learning/engine/onnx/protobuf-writer.ts'
import { traceStep } from '../../../src-main/learning/engine/onnx/trace.ts'
import { expectAgreement, float, integer, randomArrays, runOnCpu } from './agreement.ts'

let engine: Engine
beforeAll(async () => {
  engine = await createOnnxEngine({ threads: 1 })
})
afterAll(() => engine.dispose())

const text = { producerVersion: '1.2.3', graphName: 'test' }
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('the protobuf writer', () => {
  it('encodes the examples of the encoding guide', () => {
    const writer = new ProtobufWriter()
    writer.integer(1, 150)
    writer.text(2, 'testing')
    writer.message(3, (inner) => inner.integer(1, 150))
    writer.integer(4, -2)
    writer.float(5, 1)
    expect(hex(writer.finish())).toBe('089601' + '120774657374696e67' + '1a03089601' + '20feffffffffffffffff01' + '2d0000803f')
    expect(() => new ProtobufWriter().integer(1, 0.5)).toThrow()
    expect(() => new ProtobufWriter().integer(1, 2 ** 53)).toThrow()
  })
})

describe('a written model', () => {
  it('is loaded by ONNX Runtime with its names, types, and open dimensions', async () => {
    const graph = traceStep(({ x, table }) => ({ y: tf.gather(table, x as tf.Tensor1D), same: x }), { x: integer(4), table: float(3, 2) }, { batched: ['x'] })
    const session = await InferenceSession.create(writeModel(graph, { ...text, description: 'looks up', metadata: { 'pulseprint.rate_hz': '100' } }))
    expect(session.inputMetadata).toEqual([
      { name: 'x', isTensor: true, type: 'int32', shape: ['batch'] },
      { name: 'table', isTensor: true, type: 'float32', shape: [3, 2] },
    ])
    expect(session.outputMetadata.map((each) => each.isTensor && each.shape)).toEqual([['batch', 2], ['batch']])
    const { y, same } = await session.run({ x: new Tensor('int32', Int32Array.of(2, 0, 1), [3]), table: new Tensor('float32', Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]) })
    expect(Array.from(y.data as Float32Array)).toEqual([5, 6, 1, 2, 3, 4])
    expect(Array.from(same.data as Int32Array)).toEqual([2, 0, 1])
  })

  it('is the same bytes for the same step', () => {
    const write = () => hex(writeModel(traceStep(({ x }) => ({ y: tf.softmax(tf.mul(x, tf.scalar(3))) }), { x: float(2, 3) }), text))
    expect(write()).toBe(write())
  })

  it('refuses two ports of one name', () => {
    const recorder = new GraphRecorder()
    const x = recorder.input('x', 'float32', [2])
    expect(() => writeModel(recorder.finish([{ name: 'x', value: recorder.add('Neg', [x], 'float32', [2]) }]), text)).toThrow(/same name/)
  })
})

describe('a recorded step', () => {
  it('keeps one copy of each constant, and none of what repeats one number', () => {
    const table = Float32Array.from({ length: 1000 }, (_, index) => index)
    const step: Step = ({ x }) => {
      const added = [0, 1, 2].map(() => tf.mul(x, tf.tensor(table.slice(), [10, 100])))
      return { y: tf.addN([...added, tf.ones([10, 100]), tf.mul(tf.ones([10, 100]), tf.fill([10, 100], 0.25))]) }
    }
    const graph = traceStep(step, { x: float(10, 100) })
    expect(describeGraph(graph).constantBytes).toBeLessThan(4000 + 200)
    expect(writeModel(graph, text).length).toBeLessThan(4000 + 1500)
    expect(describeGraph(graph).operators.Mul).toBeLessThanOrEqual(2)
  })

  it('tells -0 from 0', async () => {
    const compiled = await engine.compile(({ x }) => ({ y: tf.div(x, tf.tensor1d([-0, -0])), z: tf.div(x, tf.tensor1d([0, 0])) }), { x: float(2) })
    const { y, z } = await compiled.run({ x: Float32Array.of(1, 2) })
    expect([...y, ...z]).toEqual([-Infinity, -Infinity, Infinity, Infinity])
  })

  it('computes the same thing once and nothing that is not asked for', () => {
    const step: Step = ({ x }) => {
      tf.exp(x)
      return { y: tf.add(tf.sin(x), tf.mul(tf.sin(x), tf.onesLike(x))), z: tf.add(tf.zerosLike(x), tf.reshape(tf.reshape(x, [6]), [2, 3])) }
    }
    const graph = traceStep(step, { x: float(2, 3) })
    expect(describeGraph(graph).operators).toEqual({ Sin: 1, Add: 1 })
  })

  it('is counted: multiply-accumulates, what it writes, what is alive at once', () => {
    const step: Step = ({ x, w, v }) => ({ y: tf.matMul(tf.relu(tf.matMul(x, w)), v) })
    const statistics = describeGraph(traceStep(step, { x: float(32, 64), w: float(64, 90), v: float(90, 5) }))
    expect(statistics.macs).toBe(32 * 64 * 90 + 32 * 90 * 5)
    expect(statistics.writtenBytes).toBe(4 * (2 * 32 * 90 + 32 * 5))
    expect(statistics.peakBytes).toBe(4 * 2 * 32 * 90)
    const batched = traceStep(({ x, w }) => ({ y: tf.matMul(x, w) }), { x: float(4, 6, 3), w: float(3, 5) }, { batched: ['x'] })
    expect(describeGraph(batched, 10).macs).toBe(10 * 6 * 3 * 5)
  })

  it('shares its one copy of TensorFlow.js with the other backends', () => {
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => /tfjs-core.*tf-core/.test(path))
    expect(loaded).toHaveLength(1)
  })

  it('leaves TensorFlow.js with the backend and the tensors that it had', async () => {
    await tf.setBackend('cpu')
    const outside = tf.tensor1d([1, 2, 3])
    const before = tf.memory().numTensors
    const step: Step = ({ x }) => ({ y: tf.mul(x, outside), d: tf.grad((z) => tf.sum(tf.square(z)))(x) })
    const graphs = [traceStep(step, { x: float(3) }), traceStep(step, { x: float(3) })]
    expect(tf.getBackend()).toBe('cpu')
    expect(tf.memory().numTensors).toBe(before)
    expect(Array.from(tf.mul(outside, outside).dataSync())).toEqual([1, 4, 9])
    expect(hex(writeModel(graphs[0], text))).toBe(hex(writeModel(graphs[1], text)))
    outside.dispose()
  })

  it.each([
    ['dataSync', (x: tf.Tensor) => x.dataSync()],
    ['arraySync', (x: tf.Tensor) => x.arraySync()],
  ])('cannot be read (%s): the error names the operation', async (_, read) => {
    const specs: Specs = { x: float(2, 2) }
    const step = (use: (x: tf.Tensor) => unknown): Step => ({ x }) => {
      use(x)
      return { y: x }
    }
    await expect(engine.compile(step((x) => read(tf.softmax(x))), specs)).rejects.toMatchObject({ code: 'engine-failed', message: expect.stringContaining('Softmax'), data: { op: 'Softmax' } })
    await expect(engine.compile(step(read), specs)).rejects.toMatchObject({ code: 'engine-failed', message: expect.stringContaining('An input') })
    expect(() => traceStep(step((x) => traceStep(() => ({ x }), specs)), specs)).toThrow(/inside another/)
    await expect(engine.compile(step((x) => tf.unique(x)), specs)).rejects.toMatchObject({ code: 'engine-failed', message: expect.stringContaining('Unique') })
  })
})

describe('a run', () => {
  const specs: Specs = { x: float(4, 3), w: float(3, 2) }
  const step: Step = ({ x, w }) => ({ w: tf.grad((v) => tf.sum(tf.matMul(x, v)))(w), y: tf.matMul(x, w), places: tf.argMax(x, 0) })

  it('writes into the arrays it is given, views of a larger one too, and reads views', async () => {
    const compiled = await engine.compile(step, specs)
    const inputs = randomArrays(specs)
    const expected = await runOnCpu(step, specs, inputs)
    const all = new Float32Array(6 + 100)
    const shared = new Float32Array(12 + 3)
    shared.set(inputs.x, 3)
    const into = { w: all.subarray(50, 56) }
    const outputs = await compiled.run({ ...inputs, x: shared.subarray(3) }, into)
    expect(outputs.w).toBe(into.w)
    expectAgreement(outputs, expected, 1e-6)
    expect(Array.from(all.subarray(50, 56))).toEqual(Array.from(outputs.w))
    expect([...all.subarray(0, 50), ...all.subarray(56)].every((value) => value === 0)).toBe(true)
    expect(compiled.outputs.places).toEqual({ shape: [3], dtype: 'int32' })
    expect(outputs.places).toBeInstanceOf(Int32Array)
  })

  it('says what it was given that does not fit', async () => {
    const compiled = await engine.compile(step, specs)
    const inputs = randomArrays(specs)
    await expect(compiled.run({ ...inputs, x: new Float32Array(11) })).rejects.toMatchObject({ code: 'engine-failed', message: expect.stringContaining('x needs 4 x 3 values') })
    await expect(compiled.run({ x: inputs.x })).rejects.toMatchObject({ code: 'engine-failed', message: expect.stringContaining('got nothing') })
    await expect(compiled.run(inputs, { w: new Int32Array(6) })).rejects.toMatchObject({ code: 'engine-failed' })
    compiled.dispose()
    await expect(compiled.run(inputs)).rejects.toMatchObject({ code: 'engine-failed', message: expect.stringContaining('disposed') })
  })

  it('that needs more memory than there is says so', async () => {
    // 4 PB: more than a process can address, so that no system promises it.
    const huge = await engine.compile(({ x }) => ({ y: tf.sum(tf.exp(tf.tile(x, [2 ** 50]))) }), { x: float(1) })
    await expect(huge.run({ x: Float32Array.of(1) })).rejects.toMatchObject({ code: 'out-of-memory' })
  })
})
