import * as tf from '@tensorflow/tfjs-core'
import { LabError } from '../../contract/index.ts'
import { registerGradients } from './gradients/register-gradients.ts'
import type { Arrays, Compiled, CompileOptions, Engine, EngineName, Specs, Step, TensorSpec, Tensors } from './engine.ts'

/** What loads a TensorFlow.js backend: gives it a name to select it by. */
export interface EagerBackend {
  readonly name: Exclude<EngineName, 'onnx'>
  /** As tfjs registered it. */
  readonly backend: string
  readonly version: string
  readonly threads: number
}

/**
 * An engine that executes a step op by op on one of TensorFlow.js's own backends. Nothing is compiled: `compile` runs the step once on zeros, to know its outputs, and `run` runs it
 * again under `tidy`.
 */
export class EagerEngine implements Engine {
  readonly name: EngineName
  readonly provider = 'cpu'
  readonly threads: number
  readonly version: string
  readonly #backend: string

  constructor({ name, backend, version, threads }: EagerBackend) {
    this.name = name
    this.version = version
    this.threads = threads
    this.#backend = backend
    registerGradients()
  }

  async compile(step: Step, inputs: Specs, options: CompileOptions = {}): Promise<Compiled> {
    const outputs: Record<string, TensorSpec> = {}
    const zeros = Object.fromEntries(Object.entries(inputs).map(([name, spec]) => [name, new (arrayOf(spec.dtype))(sizeOf(spec.shape))]))
    await this.#execute(step, zeros, inputs, (name, tensor) => {
      outputs[name] = { shape: [...tensor.shape], dtype: dtypeOf(tensor) }
    })
    const batched = new Set(options.batched)
    return {
      inputs,
      outputs,
      memory: { constants: 0, activations: null },
      run: async (arrays, into = {}) => {
        const results: Record<string, Float32Array | Int32Array> = {}
        await this.#execute(step, arrays, shapesOf(arrays, inputs, batched), (name, tensor) => {
          const values = tensor.dataSync<'float32'>()
          const target = into[name] ?? new (arrayOf(dtypeOf(tensor)))(values.length)
          target.set(values)
          results[name] = target
        })
        return results
      },
      dispose: () => undefined,
    }
  }

  async #execute(step: Step, arrays: Arrays, specs: Specs, take: (name: string, tensor: tf.Tensor) => void): Promise<void> {
    const before = tf.getBackend()
    if (!(await tf.setBackend(this.#backend))) throw new LabError('engine-failed', `The engine ${this.name} cannot be selected.`, { engine: this.name })
    // A step blocks. Between two of them whoever waits has a turn: a request to pause, a socket, a disk.
    await new Promise((resolve) => setImmediate(resolve))
    // Another engine's step may have had it. Of a backend that runs already the choice is made at once, and nothing comes between it and the step.
    if (tf.getBackend() !== this.#backend) void tf.setBackend(this.#backend)
    const scope = tf.engine()
    scope.startScope()
    try {
      const tensors: Tensors = Object.fromEntries(Object.entries(specs).map(([name, { shape, dtype }]) => [name, tf.tensor(arrays[name], [...shape], dtype)]))
      const results = Object.entries(step(tensors))
      for (const [name, tensor] of results) take(name, tensor)
      // Kept by the step so that they outlived a gradient's own scope. One may stand there under two names.
      for (const tensor of new Set(results.map(([, tensor]) => tensor))) tensor.dispose()
    } catch (thrown) {
      if (thrown instanceof LabError) throw thrown
      const reason = thrown instanceof Error ? thrown.message : String(thrown)
      const code = /memory|allocat/i.test(reason) ? 'out-of-memory' : 'engine-failed'
      throw new LabError(code, `The engine ${this.name} failed: ${reason}`, { engine: this.name, reason }, { cause: thrown })
    } finally {
      scope.endScope()
      if (before && before !== this.#backend) await tf.setBackend(before)
    }
  }

  dispose(): void {
    // tfjs keeps its backends for the life of the process.
  }
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1)
const arrayOf = (dtype: TensorSpec['dtype']) => (dtype === 'int32' ? Int32Array : Float32Array)
const dtypeOf = (tensor: tf.Tensor): TensorSpec['dtype'] => (tensor.dtype === 'int32' || tensor.dtype === 'bool' ? 'int32' : 'float32')

/** The declared shapes, with the first dimension of batched inputs as the arrays have it. */
function shapesOf(arrays: Arrays, specs: Specs, batched: ReadonlySet<string>): Specs {
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => {
      const rest = sizeOf(spec.shape.slice(1))
      return [name, batched.has(name) ? { ...spec, shape: [arrays[name].length / rest, ...spec.shape.slice(1)] } : spec]
    }),
  )
}
