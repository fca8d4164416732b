import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs-core'
import type { Engine, Step } from '../src-main/learning/engine/engine.ts'
import { createOnnxEngine } from '../src-main/learning/engine/onnx/onnx-engine.ts'
import { boundScope, describeNetwork, initialStatistics, initialWeights, type Entry } from '../src-main/learning/networks/parameter-layout.ts'
import { median, quantile, timed, type Timings } from './peers/step-process.ts'
import { givenWeights, networkFor, pattern, placesOf, placesOptions, size, startTorch, type BenchNetwork } from './peers/train-problem.ts'

/**
 * Latency of one window (512 samples, one channel) to its embedding, as an exported model runs: weights are constants. Against PyTorch's inference mode with the same weights, at equal
 * threads, in turns. `npm run bench -- infer [--network resnet34-w64,deit-tiny,deit-mini] [--threads 2,1] [--rounds 9] [--runs 40] [--provider cpu] [--device cpu]`: where ONNX Runtime
 * computes, and PyTorch (`cuda`), from PULSEPRINT_PYTHON or python3.
 */
export async function run(args: readonly string[] = []): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { network: { type: 'string', default: 'resnet34-w64,deit-tiny,deit-mini' }, threads: { type: 'string', default: '2,1' }, rounds: { type: 'string', default: '9' }, runs: { type: 'string', default: '40' }, ...placesOptions } })
  const { provider, device } = placesOf(values)
  const results: unknown[] = []
  console.log('network        threads   pulseprint ms p50    p95   pytorch ms p50    p95   ratio   of processor time   load')
  for (const threads of values.threads.split(',').map(Number)) {
    const engine = await createOnnxEngine({ threads, provider })
    for (const network of values.network.split(',') as BenchNetwork[]) results.push(await compare(engine, network, Number(values.rounds), Number(values.runs), device))
    engine.dispose()
  }
  console.log(JSON.stringify({ bench: 'infer', length: size.length, embedding: size.embedding, patch: size.patch, processors: availableParallelism(), results }))
}

async function compare(engine: Engine, network: BenchNetwork, rounds: number, runs: number, device: string): Promise<unknown> {
  const { weights, step } = exported(network)
  const began = performance.now()
  const compiled = await engine.compile(step, { x: { shape: [1, size.length, 1], dtype: 'float32' } })
  const compileMs = performance.now() - began
  const x = pattern(size.length, 5000)
  const infer = (count: number): Promise<Timings> => timed(count, () => compiled.run({ x }))
  const torch = await startTorch('infer', network, 1, engine.threads, device)
  const { embedding } = await compiled.run({ x })
  let difference: number | null = null
  if (torch) {
    await givenWeights(weights, (file) => torch.peer.ask(`load ${file}`))
    const wanted = await torch.peer.ask<{ embedding: number[] }>('check')
    difference = Math.max(...wanted.embedding.map((value, i) => Math.abs(value - embedding[i]))) / Math.max(...wanted.embedding.map(Math.abs))
  }
  const [ours, theirs] = [{ wall: [] as number[], cpu: [] as number[] }, { wall: [] as number[], cpu: [] as number[] }]
  const add = (all: typeof ours, { wall, cpu }: Timings): void => {
    all.wall.push(...wall)
    all.cpu.push(...cpu)
  }
  for (let round = 0; round <= rounds; round++) {
    const own = await infer(runs)
    const other = await torch?.peer.ask<Timings>(`step ${runs}`)
    // The first round warms up.
    if (round === 0) continue
    add(ours, own)
    if (other) add(theirs, other)
  }
  torch?.peer.stop()
  compiled.dispose()
  const side = ({ wall, cpu }: Timings) => ({ p50: median(wall), p95: quantile(wall, 0.95), cpu: cpu.reduce((sum, ms) => sum + ms, 0) / cpu.length })
  const [pulseprint, pytorch] = [side(ours), torch ? side(theirs) : null]
  const ratio = pytorch ? pulseprint.p50 / pytorch.p50 : null
  const cpuRatio = pytorch ? pulseprint.cpu / pytorch.cpu : null
  const load = loadavg()[0]
  const column = (value: number | null | undefined, width: number): string => (value === null || value === undefined ? '-' : value.toFixed(2)).padStart(width)
  console.log(`${network.padEnd(14)} ${String(engine.threads).padStart(7)} ${column(pulseprint.p50, 19)} ${column(pulseprint.p95, 6)} ${column(pytorch?.p50, 16)} ${column(pytorch?.p95, 6)} ${column(ratio, 7)} ${column(cpuRatio, 19)} ${column(load, 6)}`)
  return { network, provider: engine.provider, device, threads: engine.threads, pulseprint, pytorch, ratio, cpuRatio, difference, compileMs, load, version: engine.version, peer: torch?.version ?? null }
}

/** The network with its first weights as constants: a model ready to ship. */
function exported(network: BenchNetwork): { readonly weights: Float32Array; readonly step: Step } {
  const forward = networkFor(network)
  const layout = describeNetwork(forward, { length: size.length, channels: 1 })
  const [weights, statistics] = [initialWeights(layout, 1), initialStatistics(layout)]
  const constants = (entries: readonly Entry[], flat: Float32Array): Record<string, tf.Tensor> =>
    Object.fromEntries(entries.map(({ name, shape, offset, size: count }) => [name, tf.tensor(flat.slice(offset, offset + count), [...shape])]))
  const step: Step = ({ x }) => {
    const bindings = { weights: constants(layout.weights, weights), statistics: constants(layout.statistics, statistics) }
    return { embedding: forward(x, boundScope(layout, bindings, { training: false }).scope).embedding }
  }
  return { weights, step }
}
