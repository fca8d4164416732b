import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { LabError } from '../../../contract/errors.ts'
import type { Arrays, Compiled, CompileOptions, Engine, Specs, Step } from '../engine.ts'
import { shapeAt, sizeOf, type Graph, type Port } from './graph.ts'
import { describeGraph } from './graph-statistics.ts'
import { joinPorts, type JoinedGraph } from './join-ports.ts'
import { writeModel } from './onnx-writer.ts'
import { traceStep } from './trace.ts'
import { useConvolutions } from './use-convolutions.ts'

type Runtime = typeof import('onnxruntime-node')

/** Where ONNX Runtime computes; which of them its package has depends on the operating system. */
export const onnxProviders = ['cpu', 'cuda', 'dml', 'webgpu', 'coreml'] as const
export type OnnxProvider = (typeof onnxProviders)[number]

export interface OnnxEngineOptions {
  /** Threads within one operation. */
  readonly threads: number
  /** Default: `cpu`. */
  readonly provider?: OnnxProvider
}

/**
 * The tracing engine: a step is recorded once and then executed by ONNX Runtime, natively. A run computes on the thread that asks for it: give training a process of its own.
 * @throws LabError `engine-unavailable` if onnxruntime-node is not installed, or has no library for this computer.
 */
export async function createOnnxEngine({ threads, provider = 'cpu' }: OnnxEngineOptions): Promise<Engine> {
  const runtime = await loadRuntime()
  const version = `onnxruntime-node ${runtimeVersion()}`
  const open = new Set<OnnxCompiled>()
  return {
    name: 'onnx',
    provider,
    threads,
    version,
    async compile(step: Step, inputs: Specs, options: CompileOptions = {}): Promise<Compiled> {
      const graph = useConvolutions(traceStep(step, inputs, options))
      const named = withOwnNames(graph)
      const model = provider === 'webgpu' ? joinPorts(named) : { graph: named, inputs: null, outputs: null }
      const bytes = writeModel(model.graph, { producerVersion: version, graphName: 'step' })
      const session = await runtime.InferenceSession.create(bytes, {
        executionProviders: [provider],
        graphOptimizationLevel: 'all',
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        // An error is thrown, too, and warnings name nodes that the caller has never heard of.
        logSeverityLevel: 4,
      }).catch((error: unknown) => {
        throw withoutProvider(error, provider) ?? failure(error, 'could not take the step')
      })
      const compiled = new OnnxCompiled(runtime, session, graph, model, inputs, exampleBatch(inputs, options), () => open.delete(compiled))
      open.add(compiled)
      return compiled
    },
    dispose() {
      for (const compiled of [...open]) compiled.dispose()
    },
  }
}

class OnnxCompiled implements Compiled {
  readonly outputs: Specs
  readonly memory: Compiled['memory']
  private session: InferenceSession | null
  /** For the joined inputs, filled anew by every run; null while one has it, for a run begins later than it is asked for. */
  private together: Float32Array | null = null

  constructor(
    private readonly runtime: Runtime,
    session: InferenceSession,
    private readonly graph: Graph,
    private readonly model: JoinedGraph,
    readonly inputs: Specs,
    batch: number | null,
    private readonly disposed: () => void,
  ) {
    this.session = session
    const statistics = describeGraph(graph, batch ?? 1)
    this.memory = { constants: statistics.constantBytes, activations: statistics.peakBytes }
    this.outputs = Object.fromEntries(graph.outputs.map((port) => [port.name, { shape: shapeAt(graph, port.value, batch ?? 1), dtype: port.value.dtype === 'float32' ? 'float32' : 'int32' }]))
  }

  async run(inputs: Arrays, into: Arrays = {}): Promise<Arrays> {
    if (!this.session) throw new LabError('engine-failed', 'This compiled step was disposed of.', { engine: 'onnx' })
    const batch = this.batchOf(inputs)
    const joined = this.model.inputs
    const together = this.together ?? new Float32Array(joined ? sizeOf(joined.port.value.shape) : 0)
    this.together = null
    const made = await this.session.run(this.feeds(inputs, batch, together), this.fetches(into, batch)).catch((error: unknown) => {
      throw failure(error, 'failed while it computed')
    })
    this.together = together
    return this.results(made, into)
  }

  dispose(): void {
    const { session } = this
    this.session = null
    this.disposed()
    // The native session is released at once; the promise only follows the library's interface.
    void session?.release()
  }

  private feeds(inputs: Arrays, batch: number, together: Float32Array): Record<string, Tensor> {
    const { inputs: joined } = this.model
    const feeds: Record<string, Tensor> = {}
    for (const port of this.graph.inputs) {
      const name = inputName(port)
      const tensor = this.tensor(port, inputs[port.name], batch, 'input')
      const begin = joined?.offsets.get(name)
      if (begin === undefined) feeds[name] = tensor
      else together.set(numbersOf(tensor), begin)
    }
    if (joined) feeds[joined.port.name] = new this.runtime.Tensor('float32', together, joined.port.value.shape)
    return feeds
  }

  private fetches(into: Arrays, batch: number): Record<string, Tensor | null> {
    const { outputs: joined } = this.model
    const fetches: Record<string, Tensor | null> = joined ? { [joined.port.name]: null } : {}
    for (const port of this.graph.outputs) {
      const name = outputName(port)
      const taker = into[port.name] ? this.tensor(port, into[port.name], batch, 'output') : null
      if (!joined?.offsets.has(name)) fetches[name] = taker
    }
    return fetches
  }

  private results(made: Readonly<Record<string, Tensor>>, into: Arrays): Arrays {
    const { outputs: joined } = this.model
    const whole = joined && numbersOf(made[joined.port.name])
    const result = (port: Port): Float32Array | Int32Array => {
      const name = outputName(port)
      const begin = joined?.offsets.get(name)
      const taker = into[port.name] as Float32Array | Int32Array | undefined
      if (!whole || begin === undefined) return taker ?? numbersOf(made[name])
      const part = whole.subarray(begin, begin + sizeOf(port.value.shape))
      taker?.set(part)
      // A copy: the whole is not to stay in memory for one loss.
      return taker ?? part.slice()
    }
    return Object.fromEntries(this.graph.outputs.map((port) => [port.name, result(port)]))
  }

  /** The batch of a run: as many rows as the first open input has. 1 for a step that has none. */
  private batchOf(inputs: Arrays): number {
    const port = this.graph.inputs.find((each) => each.dimensions.some((dimension) => typeof dimension !== 'number'))
    if (!port) return 1
    const length = inputs[port.name]?.length ?? 0
    const row = sizeOf(port.value.shape.slice(1))
    if (length === 0 || length % row !== 0) throw new LabError('engine-failed', `The input ${port.name} has ${length} values, which is no number of rows of ${row}.`, { engine: 'onnx', input: port.name })
    return length / row
  }

  /** The caller's array itself as a tensor: ONNX Runtime reads and writes it in place. (Of what it wrote, its Node binding makes a copy besides, which is dropped: one memcpy per output.) */
  private tensor(port: Port, values: Float32Array | Int32Array | undefined, batch: number, role: 'input' | 'output'): Tensor {
    const shape = shapeAt(this.graph, port.value, batch)
    const float = port.value.dtype === 'float32'
    if (!(values instanceof (float ? Float32Array : Int32Array)) || values.length !== sizeOf(shape)) {
      const given = values ? `${values.length} values in a ${values.constructor.name}` : 'nothing'
      throw new LabError('engine-failed', `The ${role} ${port.name} needs ${shape.join(' x ')} values in a ${float ? 'Float32Array' : 'Int32Array'}, but got ${given}.`, { engine: 'onnx', [role]: port.name })
    }
    return values instanceof Float32Array ? new this.runtime.Tensor('float32', values, shape) : new this.runtime.Tensor('int32', values, shape)
  }
}

/** Inside the model: a step may give a gradient the name of its weight, where ONNX has one namespace. */
const inputName = (port: Port): string => `in/${port.name}`
const outputName = (port: Port): string => `out/${port.name}`

function withOwnNames(graph: Graph): Graph {
  const named = (ports: readonly Port[], nameOf: (port: Port) => string) => ports.map((port) => ({ ...port, name: nameOf(port) }))
  return { ...graph, inputs: named(graph.inputs, inputName), outputs: named(graph.outputs, outputName) }
}

function numbersOf({ data }: Tensor): Float32Array | Int32Array {
  if (data instanceof Float32Array || data instanceof Int32Array) return data
  throw new LabError('engine-failed', 'ONNX Runtime returned something else than numbers.', { engine: 'onnx' })
}

function exampleBatch(inputs: Specs, options: CompileOptions): number | null {
  const [first] = options.batched ?? []
  return first === undefined ? null : inputs[first].shape[0]
}

async function loadRuntime(): Promise<Runtime> {
  try {
    const runtime = await import('onnxruntime-node')
    // What goes wrong is thrown; written to stderr as well, it would name files that nobody asked about.
    runtime.env.logLevel = 'fatal'
    return runtime
  } catch (error) {
    throw new LabError('engine-unavailable', `ONNX Runtime cannot be loaded: ${LabError.from(error).message}`, { engine: 'onnx' }, { cause: error })
  }
}

/** Of the package: it does not say it by itself. */
function runtimeVersion(): string {
  const path = createRequire(import.meta.url).resolve('onnxruntime-node/package.json')
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
  return version
}

/** ONNX Runtime has no code for this either: "backend not found" and "Failed to load shared library" where its package has no such provider, "Failed to get a WebGPU adapter" where there is no card. */
function withoutProvider(error: unknown, provider: OnnxProvider): LabError | null {
  const { message } = LabError.from(error)
  const card = /WebGPU adapter/i.test(message)
  if (!card && !/backend not found|failed to load shared library/i.test(message)) return null
  const reason = card ? 'there is no graphics card with a driver for it (on Linux: a Vulkan driver and libvulkan.so.1)' : 'the ONNX Runtime that is installed does not contain it'
  return new LabError('engine-unavailable', `The provider "${provider}" cannot be used here: ${reason}.`, { engine: 'onnx', provider, reason: message.trim() }, { cause: error })
}

/** ONNX Runtime says in words only that memory ran out (its framework: "Failed to allocate memory", Tile: "would require more than"; the C++ library: "bad allocation", "std::bad_alloc"). */
function failure(error: unknown, what: string): LabError {
  const { message } = LabError.from(error)
  const memory = /failed to allocate|would require more than|bad alloc|bad_alloc|out of memory/i.test(message)
  const text = memory ? `ONNX Runtime could not get the memory that this step needs: ${message}` : `ONNX Runtime ${what}: ${message}`
  return new LabError(memory ? 'out-of-memory' : 'engine-failed', text, { engine: 'onnx' }, { cause: error })
}
