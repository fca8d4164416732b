import * as tf from '@tensorflow/tfjs-core'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect, it } from 'vitest'
import type { Specs, Step } from '../../../src-main/learning/engine/engine.ts'
import { sizeOf } from '../../../src-main/learning/engine/onnx/graph.ts'
import { joinPorts } from '../../../src-main/learning/engine/onnx/join-ports.ts'
import { writeModel } from '../../../src-main/learning/engine/onnx/onnx-writer.ts'
import { traceStep } from '../../../src-main/learning/engine/onnx/trace.ts'

const float = (...shape: number[]) => ({ shape, dtype: 'float32' }) as const
const specs: Specs = { x: float(2, 3), labels: { shape: [2], dtype: 'int32' }, factor: float(), w: float(3, 2) }
/** y = factor x w; the largest of each row is an int32; x comes out as it went in. */
const step: Step = ({ x, w, factor, labels }) => {
  const y = tf.mul(tf.matMul(x, w), factor)
  return { y, same: x, most: tf.add(tf.argMax(y, 1), labels), sum: tf.sum(y) }
}

it('float32 ports become one each, and every value is found where its offset says', async () => {
  const { graph, inputs, outputs } = joinPorts(traceStep(step, specs))
  expect([...(inputs?.offsets ?? [])]).toEqual([['x', 0], ['factor', 6], ['w', 7]])
  expect([...(outputs?.offsets ?? [])]).toEqual([['y', 0], ['same', 4], ['sum', 10]])
  expect(graph.inputs.map(({ name, value }) => [name, sizeOf(value.shape)])).toEqual([['labels', 2], ['inputs', 13]])
  expect(graph.outputs.map(({ name, value }) => [name, sizeOf(value.shape)])).toEqual([['most', 2], ['outputs', 11]])
  const session = await InferenceSession.create(writeModel(graph, { producerVersion: '1', graphName: 'step' }), { logSeverityLevel: 4 })
  // x = [[1, 2, 3], [4, 5, 6]], factor 2, w = [[1, 0], [0, 1], [1, -1]]: x w = [[4, -1], [10, -1]].
  const made = await session.run({ labels: new Tensor('int32', Int32Array.of(5, 7), [2]), inputs: new Tensor('float32', Float32Array.of(1, 2, 3, 4, 5, 6, 2, 1, 0, 0, 1, 1, -1), [13]) })
  expect([...(made.outputs.data as Float32Array)]).toEqual([8, -2, 20, -2, 1, 2, 3, 4, 5, 6, 24])
  expect([...(made.most.data as Int32Array)]).toEqual([5, 7])
  await session.release()
})

it('one port by itself stays, and so do those that depend on the batch', () => {
  const alone = traceStep(({ x }) => ({ y: tf.square(x) }), { x: float(4) })
  expect(joinPorts(alone)).toMatchObject({ inputs: null, outputs: null, graph: { nodes: alone.nodes } })
  const open = traceStep(({ x, v, w }) => ({ y: tf.mul(x, v), z: tf.neg(x), both: tf.add(v, w), product: tf.mul(v, w) }), { x: float(4, 2), v: float(2), w: float(2) }, { batched: ['x'] })
  const joined = joinPorts(open)
  expect(joined.graph.inputs.map(({ name }) => name)).toEqual(['x', 'inputs'])
  expect(joined.graph.outputs.map(({ name }) => name)).toEqual(['y', 'z', 'outputs'])
})
