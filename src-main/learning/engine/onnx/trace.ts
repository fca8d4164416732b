import { engine, getBackend, setBackend, tidy, type Tensor } from '@tensorflow/tfjs-core'
import { LabError } from '../../../contract/errors.ts'
import type { CompileOptions, Specs, Step } from '../engine.ts'
import { registerGradients } from '../gradients/register-gradients.ts'
import { GraphRecorder, type Graph, type Value } from './graph.ts'
import { simplifyGraph } from './simplify-graph.ts'
import { mergeBatches } from './symbolic-batch.ts'
import { traceBackend, traceBackendName } from './trace-backend.ts'

/**
 * What a step does, as a graph: it is run once with tensors that hold no numbers, gradients and all. Nothing is computed, so this is quick for networks of any size.
 * With `options.batched` it is run at three batch sizes, and what differs between them is made to follow the batch.
 * @throws LabError `engine-failed` if the step reads a tensor, uses an operation that cannot be recorded, or depends on the batch in a way that a graph cannot.
 * @example describeGraph(traceStep(({ x, w }) => ({ y: tf.matMul(x, w) }), { x: { shape: [32, 64], dtype: 'float32' }, w: { shape: [64, 90], dtype: 'float32' } })).macs // 184320
 */
export function traceStep(step: Step, inputs: Specs, options: CompileOptions = {}): Graph {
  const batched = options.batched ?? []
  if (batched.length === 0) return simplifyGraph(recordStep(step, inputs))
  for (const name of batched) if (!(inputs[name]?.shape.length > 0)) throw new LabError('engine-failed', `The input ${name} has no first dimension to vary.`, { input: name })
  const batches = unusualSizes(inputs)
  return simplifyGraph(mergeBatches(batches.map((batch) => ({ batch, graph: recordStep(step, atBatch(inputs, batched, batch)) })), batched))
}

/** Three prime sizes that no input has: whatever is as large in a recording is so because of the batch. */
function unusualSizes(inputs: Specs): number[] {
  const sizes = new Set(Object.values(inputs).flatMap((spec) => spec.shape))
  return [13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97].filter((prime) => !sizes.has(prime)).slice(0, 3)
}

function atBatch(inputs: Specs, batched: readonly string[], batch: number): Specs {
  return Object.fromEntries(Object.entries(inputs).map(([name, spec]) => [name, batched.includes(name) ? { ...spec, shape: [batch, ...spec.shape.slice(1)] } : spec]))
}

function recordStep(step: Step, inputs: Specs): Graph {
  registerGradients()
  const backend = traceBackend()
  if (backend.recorder) throw new LabError('engine-failed', 'A step cannot be recorded inside another one.')
  const previous = getBackend()
  const recorder = new GraphRecorder()
  // Both calls take effect at once: neither backend has anything to wait for.
  void setBackend(traceBackendName)
  backend.recorder = recorder
  try {
    let outputs: { name: string; value: Value }[] = []
    tidy(() => {
      const tensors = Object.fromEntries(
        Object.entries(inputs).map(([name, { dtype, shape }]) => [name, engine().makeTensorFromTensorInfo(backend.tensorOf(recorder.input(name, dtype, shape), 'input')) as Tensor]),
      )
      outputs = Object.entries(step(tensors)).map(([name, tensor]) => {
        const value = backend.graphValue(tensor)
        // A step keeps what comes out of tf.grads, for its scope would end it.
        tensor.dispose()
        return { name, value: value.dtype === 'bool' ? recorder.cast(value, 'int32') : value }
      })
    })
    return recorder.finish(outputs)
  } catch (error) {
    if (error instanceof LabError) throw error
    throw new LabError('engine-failed', `The step cannot be recorded: ${LabError.from(error).message}`, { engine: 'onnx' }, { cause: error })
  } finally {
    backend.recorder = null
    if (previous && previous !== traceBackendName) void setBackend(previous)
  }
}
