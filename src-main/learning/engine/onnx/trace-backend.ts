import { DataStorage, KernelBackend, engine, getKernelsForBackend, registerBackend, registerKernel, type BackendValues, type DataType, type NamedAttrMap, type NamedTensorInfoMap, type TensorInfo } from '@tensorflow/tfjs-core'
import { LabError } from '../../../contract/errors.ts'
import { type GraphRecorder, type OnnxType, type Value } from './graph.ts'
import { KernelCall, type Kernel } from './kernel-call.ts'
import { onnxTypeOf } from './tensor-types.ts'
import { activationKernels } from './kernels/activation.ts'
import { arithmeticKernels } from './kernels/arithmetic.ts'
import { comparisonKernels } from './kernels/comparison.ts'
import { gatherKernels } from './kernels/gather.ts'
import { matmulKernels } from './kernels/matmul.ts'
import { reductionKernels } from './kernels/reduction.ts'
import { shapeKernels } from './kernels/shape.ts'
import { sliceKernels } from './kernels/slice.ts'

export const traceBackendName = 'onnx-trace'

/** What the backend keeps of a tensor: its value in the graph being recorded, or the numbers that it was made of. */
type Entry =
  | { readonly kind: 'traced'; readonly recorder: GraphRecorder; readonly value: Value; readonly op: string; references: number }
  | { readonly kind: 'constant'; readonly values: BackendValues; readonly shape: readonly number[]; readonly dtype: OnnxType; references: number }

/**
 * A TensorFlow.js backend that computes nothing: its kernels write ONNX nodes to the current recorder and return tensors that only know their shape. Tensors made of arrays are constants.
 */
export class TraceBackend extends KernelBackend {
  private readonly entries = new DataStorage<Entry>(this, engine())
  recorder: GraphRecorder | null = null

  currentRecorder(): GraphRecorder {
    if (!this.recorder) throw new LabError('engine-failed', `No step is being recorded: the ${traceBackendName} backend cannot be used by itself.`)
    return this.recorder
  }

  /** The value of a tensor in the current graph. */
  graphValue(info: TensorInfo): Value {
    const entry = this.entries.get(info.dataId)
    const recorder = this.currentRecorder()
    if (entry.kind === 'constant') return recorder.constant(constantValues(entry.values), entry.dtype, info.shape)
    if (entry.recorder !== recorder) throw new LabError('engine-failed', `A tensor made by ${entry.op} while another step was recorded cannot be used in this one.`)
    // A reshaped tensor shares its data with the original (TensorFlow.js reshapes without a kernel in places): the shape decides.
    const { value } = entry
    return sameShape(value.shape, info.shape) ? value : recorder.reshape(value, info.shape)
  }

  tensorOf(value: Value, op: string): TensorInfo {
    const dataId = {}
    this.entries.set(dataId, { kind: 'traced', recorder: this.currentRecorder(), value, op, references: 1 })
    return { dataId, shape: [...value.shape], dtype: tensorType(value.dtype) }
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): object {
    const dataId = {}
    this.move(dataId, values, shape, dtype, 1)
    return dataId
  }

  override move(dataId: object, values: BackendValues, shape: number[], dtype: DataType, refCount: number): void {
    this.entries.set(dataId, { kind: 'constant', values, shape, dtype: onnxTypeOf(dtype), references: refCount })
  }

  override readSync(dataId: object): BackendValues {
    const entry = this.entries.get(dataId)
    if (entry.kind === 'constant') return entry.values
    const what = entry.op === 'input' ? 'An input of the step' : `The result of ${entry.op}`
    throw new LabError('engine-failed', `${what} was read while the step was recorded: nothing is computed yet, so the step cannot depend on it.`, { op: entry.op })
  }

  override async read(dataId: object): Promise<BackendValues> {
    return this.readSync(dataId)
  }

  override disposeData(dataId: object, force = false): boolean {
    if (!this.entries.has(dataId)) return true
    const entry = this.entries.get(dataId)
    entry.references -= 1
    if (!force && entry.references > 0) return false
    this.entries.delete(dataId)
    return true
  }

  override refCount(dataId: object): number {
    return this.entries.has(dataId) ? this.entries.get(dataId).references : 0
  }

  override incRef(dataId: object): void {
    this.entries.get(dataId).references += 1
  }

  override numDataIds(): number {
    return this.entries.numDataIds()
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true }
  }

  override timerAvailable(): boolean {
    return false
  }

  override floatPrecision(): 32 {
    return 32
  }

  override epsilon(): number {
    // What the other backends report for 32-bit floats (tfjs-core, EPSILON_FLOAT32).
    return 1e-7
  }

  override dispose(): void {
    this.recorder = null
  }
}

const kernels: Readonly<Record<string, Kernel>> = {
  ...arithmeticKernels,
  ...comparisonKernels,
  ...activationKernels,
  ...reductionKernels,
  ...shapeKernels,
  ...sliceKernels,
  ...matmulKernels,
  ...gatherKernels,
}

/** Names of the TensorFlow.js kernels that can be recorded. */
export const tracedKernels: readonly string[] = Object.keys(kernels)

let backend: TraceBackend | null = null

/** Registers the backend (last in priority: it must never be chosen by itself) and its kernels, once. */
export function traceBackend(): TraceBackend {
  if (backend) return backend
  const made = new TraceBackend()
  if (getKernelsForBackend(traceBackendName).length === 0) {
    for (const [kernelName, kernel] of Object.entries(kernels)) registerKernel({ kernelName, backendName: traceBackendName, kernelFunc: (call) => runKernel(made, kernelName, kernel, call) })
  }
  registerBackend(traceBackendName, () => made, 0)
  backend = made
  return made
}

function runKernel(trace: TraceBackend, op: string, kernel: Kernel, call: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }): TensorInfo | TensorInfo[] {
  const results = kernel(new KernelCall(op, trace.currentRecorder(), call.inputs, call.attrs ?? {}, (info) => trace.graphValue(info)))
  return Array.isArray(results) ? results.map((value) => trace.tensorOf(value, op)) : trace.tensorOf(results as Value, op)
}


function tensorType(dtype: OnnxType): DataType {
  if (dtype === 'int64' || dtype === 'uint8') throw new Error(`A kernel returned an ${dtype} value, which TensorFlow.js does not know.`)
  return dtype
}

function constantValues(values: BackendValues): Float32Array | Int32Array | Uint8Array {
  if (values instanceof Float32Array || values instanceof Int32Array || values instanceof Uint8Array) return values
  throw new LabError('engine-failed', 'A constant of the step holds something else than numbers.')
}

const sameShape = (one: readonly number[], other: readonly number[]): boolean => one.length === other.length && one.every((size, index) => size === other[index])
