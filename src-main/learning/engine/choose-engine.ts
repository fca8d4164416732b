import { LabError, type EngineChoice, type EngineName, type EngineStatus } from '../../contract/index.ts'
import { engineNames, type Engine } from './engine.ts'
import { loadEngine, type LoadOptions } from './load-engine.ts'
import { onnxProviders, type OnnxProvider } from './onnx/onnx-engine.ts'
import { vulkanHere } from './onnx/vulkan.ts'
import { selfCheckError, selfCheckTolerance } from './self-check.ts'

export interface ChosenEngine {
  readonly engine: Engine
  /** Engines that come before it in the order, and why they did not run. */
  readonly reasons: readonly { readonly engine: EngineName; readonly reason: string }[]
}

/** What finds and starts engines; another one in tests. */
export type EngineLoader = (name: EngineName, options: LoadOptions) => Promise<Engine>

/** Cores of this computer, to be passed in: this room asks no operating system. */
export interface EngineHost {
  readonly cores: number
  readonly load?: EngineLoader
  /** Can WebGPU be asked whether it works, without noise? */
  readonly webgpu?: () => boolean
}

const askWebgpu = (): boolean => process.platform !== 'linux' || vulkanHere(process.env)

/**
 * The engine that was asked for, or the first in the order that loads and passes the self-check.
 * @throws LabError `engine-unavailable`: with the reason of the one that was asked for, or of all.
 */
export async function chooseEngine({ engine: wanted, provider, threads }: EngineChoice, { cores, load = loadEngine }: EngineHost): Promise<ChosenEngine> {
  const reasons: { engine: EngineName; reason: string }[] = []
  const options: LoadOptions = { threads: threads ?? cores, provider: provider === 'auto' ? 'cpu' : provider }
  // Only one engine has providers: who asks for one does not want another engine instead.
  const order = wanted !== 'auto' ? [wanted] : provider === 'auto' || provider === 'cpu' ? engineNames : (['onnx'] as const)
  for (const name of order) {
    try {
      return { engine: await checked(name, options, load), reasons }
    } catch (thrown) {
      const error = LabError.from(thrown)
      if (wanted !== 'auto') throw error
      reasons.push({ engine: name, reason: error.message })
    }
  }
  throw new LabError('engine-unavailable', `No engine works here: ${reasons.map(({ engine, reason }) => `${engine}: ${reason}`).join('; ')}`, { reasons })
}

async function checked(name: EngineName, options: LoadOptions, load: EngineLoader): Promise<Engine> {
  const engine = await load(name, options)
  const reference = name === 'cpu' ? engine : await load('cpu', options)
  const error = await selfCheckError(engine, reference).catch((thrown: unknown) => {
    engine.dispose()
    if (thrown instanceof LabError && thrown.code === 'engine-unavailable') throw thrown
    const { message } = LabError.from(thrown)
    throw new LabError('engine-unavailable', `The engine "${name}" fails at its self-check: ${message}`, { engine: name, reason: message }, { cause: thrown })
  })
  if (error <= selfCheckTolerance) return engine
  engine.dispose()
  throw new LabError('engine-unavailable', `The engine "${name}" computes wrong numbers: its self-check is off by ${error.toPrecision(2)} (allowed: ${selfCheckTolerance}).`, { engine: name, error, tolerance: selfCheckTolerance })
}

/** Every engine, what it can do here or why it cannot be used. */
export async function describeEngines({ cores, load = loadEngine, webgpu = askWebgpu }: EngineHost): Promise<EngineStatus[]> {
  const statuses: EngineStatus[] = []
  const reference = await load('cpu', { threads: cores, provider: 'cpu' })
  for (const name of engineNames) statuses.push(await describe(name, cores, reference, load, webgpu))
  return statuses
}

async function describe(name: EngineName, cores: number, reference: Engine, load: EngineLoader, webgpu: () => boolean): Promise<EngineStatus> {
  const none = { name, available: false, version: null, threads: null, providers: [], selfCheckError: null }
  try {
    const engine = await load(name, { threads: cores, provider: 'cpu' })
    const error = await selfCheckError(engine, reference)
    const { version, threads } = engine
    engine.dispose()
    const available = error <= selfCheckTolerance
    return {
      name, available, version, threads, selfCheckError: Number.isFinite(error) ? error : null,
      reason: available ? null : `its self-check is off by ${error.toPrecision(2)}`,
      providers: name === 'onnx' ? ['cpu', ...(await otherProviders(reference, load, webgpu))] : ['cpu'],
    }
  } catch (thrown) {
    return { ...none, reason: LabError.from(thrown).message }
  }
}

/** Execution providers that really compute here. */
async function otherProviders(reference: Engine, load: EngineLoader, webgpu: () => boolean): Promise<OnnxProvider[]> {
  const found: OnnxProvider[] = []
  for (const provider of onnxProviders) {
    if (provider === 'cpu' || (provider === 'webgpu' && !webgpu())) continue
    try {
      const engine = await load('onnx', { threads: 1, provider })
      if ((await selfCheckError(engine, reference)) <= selfCheckTolerance) found.push(provider)
      engine.dispose()
    } catch {
      // Not on this computer: the list says which are.
    }
  }
  return found
}
