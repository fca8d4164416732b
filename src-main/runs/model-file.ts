import type { InferenceSession } from 'onnxruntime-node'
import { LabError } from '../contract/index.ts'
import { inputName, outputName } from './embedding-graph.ts'

type Runtime = typeof import('onnxruntime-node')

/** An exported model as anybody would use it: opened from the disk by ONNX Runtime, knowing nothing of this program. */
export class ModelFile {
  readonly #runtime: Runtime
  readonly #session: InferenceSession
  readonly #shape: readonly [number, number]

  private constructor(runtime: Runtime, session: InferenceSession, shape: readonly [number, number]) {
    this.#runtime = runtime
    this.#session = session
    this.#shape = shape
  }

  /** `length`, `channels`: of a window. @throws LabError `engine-unavailable`; `model-export-differs` when the runtime refuses the file. */
  static async open(path: string, { length, channels }: { readonly length: number; readonly channels: number }): Promise<ModelFile> {
    const runtime = await loadRuntime()
    // Level 4: what goes wrong is thrown as well.
    const session = await runtime.InferenceSession.create(path, { executionProviders: ['cpu'], logSeverityLevel: 4 }).catch((thrown: unknown) => {
      throw unusable(path, thrown)
    })
    return new ModelFile(runtime, session, [length, channels])
  }

  /** `samples`: [windows, time, channels], `batch` windows at once (fewer at the end). Embeddings one after another. @throws LabError `model-export-differs` when the runtime cannot compute. */
  async embed(samples: Float32Array, batch: number): Promise<Float32Array> {
    const each = this.#shape[0] * this.#shape[1]
    const parts: Float32Array[] = []
    for (let from = 0; from < samples.length; from += batch * each) {
      const part = samples.slice(from, Math.min(samples.length, from + batch * each))
      const tensor = new this.#runtime.Tensor('float32', part, [part.length / each, ...this.#shape])
      const results = await this.#session.run({ [inputName]: tensor }).catch((thrown: unknown) => {
        throw unusable('The exported model', thrown)
      })
      const { data } = results[outputName]
      if (!(data instanceof Float32Array)) throw unusable('The exported model', new Error('its output holds no float32 numbers'))
      parts.push(data)
    }
    const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      all.set(part, at)
      at += part.length
    }
    return all
  }

  async close(): Promise<void> {
    await this.#session.release()
  }
}

async function loadRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node')
  } catch (thrown) {
    throw new LabError('engine-unavailable', `An exported file is checked by ONNX Runtime, which cannot be loaded here: ${LabError.from(thrown).message}`, { engine: 'onnx' }, { cause: thrown })
  }
}

function unusable(path: string, thrown: unknown): LabError {
  return new LabError('model-export-differs', `${path} cannot be run by ONNX Runtime: ${LabError.from(thrown).message}`, { path }, { cause: thrown })
}
