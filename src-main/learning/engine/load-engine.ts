import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { LabError, type EngineName } from '../../contract/index.ts'
import { EagerEngine } from './eager-engine.ts'
import type { Engine } from './engine.ts'
import { createOnnxEngine, type OnnxProvider } from './onnx/onnx-engine.ts'

export interface LoadOptions {
  readonly threads: number
  /** Of the onnx engine. */
  readonly provider: OnnxProvider
}

/** @throws LabError `engine-unavailable` with the reason. */
export async function loadEngine(name: EngineName, { threads, provider }: LoadOptions): Promise<Engine> {
  try {
    switch (name) {
      case 'onnx':
        return await createOnnxEngine({ threads, provider })
      case 'tensorflow':
        return await tensorflowEngine(threads)
      case 'wasm':
        return await wasmEngine()
      case 'cpu':
        return await cpuEngine()
    }
  } catch (thrown) {
    if (thrown instanceof LabError && thrown.code === 'engine-unavailable') throw thrown
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw new LabError('engine-unavailable', `The engine "${name}" cannot be used here: ${reason.split('\n')[0].trim()}`, { engine: name, reason }, { cause: thrown })
  }
}

const versionOf = (module: string): string => {
  const { version } = createRequire(import.meta.url)(`${module}/package.json`) as { version: string }
  return `${module.replace('@tensorflow/', '')} ${version}`
}

/** The reference. Plain JavaScript, one thread. */
async function cpuEngine(): Promise<Engine> {
  // Else it greets everybody on stderr with an advertisement for tfjs-node.
  const { enableProdMode } = await import('@tensorflow/tfjs-core')
  enableProdMode()
  await import('@tensorflow/tfjs-backend-cpu')
  return new EagerEngine({ name: 'cpu', backend: 'cpu', version: versionOf('@tensorflow/tfjs-backend-cpu'), threads: 1 })
}

/** WebAssembly with SIMD; Node gives it no threads. */
async function wasmEngine(): Promise<Engine> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm')
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`)
  const { ready, setBackend } = await import('@tensorflow/tfjs-core')
  if (!(await setBackend('wasm'))) throw new LabError('engine-unavailable', 'The WebAssembly engine does not start.', { engine: 'wasm' })
  await ready()
  return new EagerEngine({ name: 'wasm', backend: 'wasm', version: versionOf('@tensorflow/tfjs-backend-wasm'), threads: 1 })
}

/** TensorFlow's own library, where the optional package and its native part are installed. */
async function tensorflowEngine(threads: number): Promise<Engine> {
  restoreRemovedUtilities()
  // TensorFlow reads these when it is loaded.
  process.env.TF_NUM_INTRAOP_THREADS ??= String(threads)
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  createRequire(import.meta.url)('@tensorflow/tfjs-node')
  return new EagerEngine({ name: 'tensorflow', backend: 'tensorflow', version: versionOf('@tensorflow/tfjs-node'), threads })
}

/** tfjs-node 4.22 calls util.isNullOrUndefined and util.isArray, which Node 23 has removed (tensorflow/tfjs issue 8609). */
function restoreRemovedUtilities(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>
  util.isNullOrUndefined ??= (value: unknown): boolean => value === null || value === undefined
  util.isArray ??= Array.isArray
}
