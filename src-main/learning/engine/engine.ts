import type { Tensor } from '@tensorflow/tfjs-core'

/** Best first: the order in which `chooseEngine` tries them. */
export const engineNames = ['onnx', 'tensorflow', 'wasm', 'cpu'] as const
export type EngineName = (typeof engineNames)[number]

export interface TensorSpec {
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'int32'
}

export type Specs = Readonly<Record<string, TensorSpec>>
export type Tensors = Readonly<Record<string, Tensor>>
/** What goes into a compiled step and comes out of it: row-major values by name. int32 inputs are Int32Array. */
export type Arrays = Readonly<Record<string, Float32Array | Int32Array>>

/**
 * A pure function of its inputs in TensorFlow.js ops, gradients (`tf.grads`) included. It must not read a tensor (`dataSync`): an engine may run it once, to see what it
 * does, and never again. Tensors that it makes of typed arrays are constants of the compiled step.
 */
export type Step = (inputs: Tensors) => Tensors

export interface CompileOptions {
  /** These inputs may have another first dimension in every run (all the same one); so may the outputs that depend on it. The specs' own first dimension is an example. */
  readonly batched?: readonly string[]
}

/** Bytes; what an engine does not know is `null`. */
export interface StepMemory {
  readonly constants: number
  readonly activations: number | null
}

export interface Compiled {
  readonly inputs: Specs
  readonly outputs: Specs
  readonly memory: StepMemory
  /**
   * One execution. `into`: arrays, by output name, that take the result instead of new ones (a view of a larger array is welcome).
   * @throws LabError `engine-failed` with the engine and its own words; `out-of-memory`.
   */
  run(inputs: Arrays, into?: Arrays): Promise<Arrays>
  dispose(): void
}

/** One way to execute steps. The same step gives the same numbers on every engine, to rounding. */
export interface Engine {
  readonly name: EngineName
  /** Where it computes: `cpu`, or the execution provider (`cuda`, `dml`, `webgpu`, `coreml`). */
  readonly provider: string
  readonly threads: number
  /** Name and version of what computes, for the run record. @example 'onnxruntime-node 1.30.0' */
  readonly version: string
  compile(step: Step, inputs: Specs, options?: CompileOptions): Promise<Compiled>
  dispose(): void
}
