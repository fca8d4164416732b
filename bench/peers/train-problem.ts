import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { NetworkOptions, type NetworkPreset } from '../../src-main/contract/index.ts'
import type { Arrays, Specs } from '../../src-main/learning/engine/engine.ts'
import { onnxProviders, type OnnxProvider } from '../../src-main/learning/engine/onnx/onnx-engine.ts'
import { traceStep } from '../../src-main/learning/engine/onnx/trace.ts'
import { declareNetwork, type ParameterLayout } from '../../src-main/learning/networks/parameter-layout.ts'
import { additiveAngularMargin } from '../../src-main/learning/objectives/additive-angular-margin.ts'
import { centres, networkOf } from '../../src-main/learning/recipes/features.ts'
import type { Objective } from '../../src-main/learning/training/training-step.ts'
import { StepProcess } from './step-process.ts'

/** What engine.md's table was measured with. */
export const size = { length: 512, classes: 90, embedding: 256, patch: 16, batch: 32 } as const

export type BenchNetwork = NetworkPreset
export const weightDecay = 1e-4
export const clipNorm = 5
export const rate = 1e-3

/** Numbers between -1 and 1 that networks.py computes alike. */
export const pattern = (count: number, start = 0): Float32Array => Float32Array.from({ length: count }, (_, i) => ((((i + start) * 7919 + 13) % 10007) / 10007) * 2 - 1)

export const networkFor = (preset: BenchNetwork): ReturnType<typeof networkOf> => networkOf(NetworkOptions.parse({ preset, embedding: size.embedding, patch: size.patch }))

/** The network under ArcFace's loss, on the embedding itself. */
export function objectiveFor(preset: BenchNetwork): Objective {
  const forward = networkFor(preset)
  return ({ x, labels, margin }, scope) => {
    const { embedding } = forward(x, scope.child('network'))
    const weights = centres(scope, 'centres', size.classes, size.embedding)
    const { loss } = additiveAngularMargin({ embeddings: embedding, weights, labels, margin }, { scale: 30, beyond: 'penalty' })
    return { total: loss, terms: {} }
  }
}

export const trainSpecs: Specs = {
  x: { shape: [size.batch, size.length, 1], dtype: 'float32' }, labels: { shape: [size.batch], dtype: 'int32' }, margin: { shape: [], dtype: 'float32' },
}

export const trainBatch = (): Arrays => ({
  x: pattern(size.batch * size.length, 5000),
  labels: Int32Array.from({ length: size.batch }, (_, i) => (i * 7) % size.classes),
  margin: Float32Array.of(0.3),
})

/** The weights that an objective asks for; traced, so that nothing is computed. */
export function layoutOf(objective: Objective, specs: Specs): ParameterLayout {
  const layouts: ParameterLayout[] = []
  traceStep((batch) => {
    layouts.push(declareNetwork((scope) => objective(batch, scope)))
    return {}
  }, specs)
  return layouts[0]
}

/** Of a comparison: where ONNX Runtime computes, and where PyTorch (`cpu`, `cuda`). */
export interface Places {
  readonly provider: OnnxProvider
  readonly device: string
}

export const placesOptions = { provider: { type: 'string', default: 'cpu' }, device: { type: 'string', default: 'cpu' } } as const

export function placesOf({ provider, device }: { readonly provider: string; readonly device: string }): Places {
  const known = onnxProviders.find((name) => name === provider)
  if (!known) throw new Error(`--provider is one of ${onnxProviders.join(', ')}.`)
  return { provider: known, device }
}

/** PyTorch on its device , from the interpreter that PULSEPRINT_PYTHON names or `python3`. `null`, and one SKIPPED line, where it is not installed. */
export function startTorch(mode: 'train' | 'infer', network: BenchNetwork, batch: number, threads: number, device: string): ReturnType<typeof StepProcess.start> {
  const script = resolve(import.meta.dirname, '../../bench/peers/torch_steps.py')
  const numbers = [size.length, size.classes, size.embedding, size.patch, batch, threads].map(String)
  return StepProcess.start('PyTorch', process.env.PULSEPRINT_PYTHON ?? 'python3', [script, mode, network, ...numbers, device])
}

/** The weights as a file, for as long as `use` takes. */
export async function givenWeights(weights: Float32Array, use: (file: string) => unknown): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pulseprint-bench-'))
  try {
    const file = join(folder, 'weights.bin')
    writeFileSync(file, new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength))
    await use(file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
