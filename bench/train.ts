import { availableParallelism, loadavg } from 'node:os'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { loadEngine } from '../src-main/learning/engine/load-engine.ts'
import type { OnnxProvider } from '../src-main/learning/engine/onnx/onnx-engine.ts'
import { initialStatistics, initialWeights } from '../src-main/learning/networks/parameter-layout.ts'
import { clippingScale, gradientNorm } from '../src-main/learning/training/gradient-clipping.ts'
import { MaskSource } from '../src-main/learning/training/masks.ts'
import { makeOptimizer } from '../src-main/learning/training/optimizers/make-optimizer.ts'
import { TrainingStep } from '../src-main/learning/training/training-step.ts'
import { median, StepProcess, timed, type Timings } from './peers/step-process.ts'
import { clipNorm, givenWeights, layoutOf, objectiveFor, placesOf, placesOptions, rate, size, startTorch, trainBatch, trainSpecs, weightDecay, type BenchNetwork, type Places } from './peers/train-problem.ts'

type Side = 'pulseprint' | 'pytorch' | 'tfjs-node'

/**
 * Step time of both networks: forward pass, ArcFace's loss, gradients, clipping and AdamW, against PyTorch with the same weights and batch, at equal threads. The sides take turns within each round.
 * `npm run bench -- train [--network resnet34-w64,deit-tiny] [--threads 2,1] [--rounds 9] [--steps 2] [--provider cpu] [--device cpu]`: where ONNX Runtime computes, and PyTorch (`cuda`),
 * from PULSEPRINT_PYTHON or python3.
 */
export async function run(args: readonly string[] = []): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { network: { type: 'string', default: 'resnet34-w64,deit-tiny' }, threads: { type: 'string', default: '2,1' }, rounds: { type: 'string', default: '9' }, steps: { type: 'string', default: '2' }, ...placesOptions } })
  const places = placesOf(values)
  const results: unknown[] = []
  for (const network of values.network.split(',') as BenchNetwork[]) {
    for (const threads of values.threads.split(',').map(Number)) results.push(await compare(network, threads, Number(values.rounds), Number(values.steps), places))
  }
  console.log(JSON.stringify({ bench: 'train', ...size, processors: availableParallelism(), results }))
}

async function compare(network: BenchNetwork, threads: number, rounds: number, steps: number, { provider, device }: Places): Promise<unknown> {
  const trainer = await Trainer.create('onnx', network, threads, provider)
  const peers = { pytorch: await startTorch('train', network, size.batch, threads, device), 'tfjs-node': await startTensorflow(network, threads) }
  const check = await trainer.check()
  const checks: Record<string, unknown> = { pulseprint: check }
  if (peers.pytorch) {
    await givenWeights(trainer.weights, (file) => peers.pytorch?.peer.ask(`load ${file}`))
    checks.pytorch = await peers.pytorch.peer.ask('check')
  }
  await trainer.steps(2)
  const sides: Partial<Record<Side, (count: number) => Promise<Timings>>> = {
    pulseprint: (count) => trainer.steps(count),
    ...Object.fromEntries(Object.entries(peers).flatMap(([name, started]) => (started ? [[name, (count: number) => started.peer.ask<Timings>(`step ${count}`)]] : []))),
  }
  const times: Record<string, { wall: number[]; cpu: number[] }> = {}
  trainer.forgetParts()
  for (let round = 0; round <= rounds; round++) {
    // In turn, each other round in the opposite order; the first round only warms up.
    const entries = Object.entries(sides)
    for (const [name, step] of round % 2 === 0 ? entries : entries.reverse()) {
      const { wall, cpu } = await step(steps)
      if (round === 0) continue
      times[name] ??= { wall: [], cpu: [] }
      times[name].wall.push(...wall)
      times[name].cpu.push(...cpu)
    }
  }
  const peerMemory = await peers.pytorch?.peer.ask<{ bytes: number }>('memory')
  for (const started of Object.values(peers)) started?.peer.stop()
  const load = loadavg()[0]
  const rows = Object.fromEntries(Object.entries(times).map(([name, { wall, cpu }]) => [name, { wallMs: median(wall), cpuMs: median(cpu), best: Math.min(...wall), version: name === 'pulseprint' ? trainer.version : peers[name as 'pytorch']?.version }]))
  const ours = rows.pulseprint
  console.log(`\n${network}, ${trainer.weights.length} weights, batch ${size.batch} x ${size.length}, ${threads} thread${threads > 1 ? 's' : ''}, Pulseprint on ${provider}, PyTorch on ${device}, load ${load.toFixed(1)}`)
  console.log('                  step ms   processor ms   fastest ms   pulseprint / it: clock   processor')
  for (const [name, row] of Object.entries(rows)) {
    const ratios = name === 'pulseprint' ? '' : `${(ours.wallMs / row.wallMs).toFixed(2).padStart(26)} ${(ours.cpuMs / row.cpuMs).toFixed(2).padStart(11)}`
    console.log(`${name.padEnd(14)} ${row.wallMs.toFixed(0).padStart(10)} ${row.cpuMs.toFixed(0).padStart(14)} ${row.best.toFixed(0).padStart(12)}${ratios}`)
  }
  const parts = trainer.partMedians()
  console.log(`of a step: ${Object.entries(parts).map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`).join(', ')}; compiled in ${trainer.compileMs.toFixed(0)} ms; activations ${(trainer.activationBytes / 1e6).toFixed(0)} MB`)
  console.log(`first step: ${JSON.stringify(checks)}`)
  const memory = { residentBytes: process.memoryUsage().rss, pytorchPeakBytes: peerMemory?.bytes ?? null }
  trainer.dispose()
  return { network, provider, device, threads, load, rows, ratio: rows.pytorch ? ours.wallMs / rows.pytorch.wallMs : null, cpuRatio: rows.pytorch ? ours.cpuMs / rows.pytorch.cpuMs : null, parts, compileMs: trainer.compileMs, activationBytes: trainer.activationBytes, memory, checks }
}

/** One network in training, as fit.ts does it. */
class Trainer {
  #parts: Record<string, number[]> = {}
  #step = 0

  private constructor(
    readonly version: string,
    readonly weights: Float32Array,
    readonly compileMs: number,
    readonly training: TrainingStep,
    private readonly one: (masksAt: number | null) => Promise<{ total: number; norm: number; parts: Record<string, number> }>,
    readonly dispose: () => void,
  ) {}

  static async create(engineName: 'onnx' | 'tensorflow', network: BenchNetwork, threads: number, provider: OnnxProvider): Promise<Trainer> {
    const engine = await loadEngine(engineName, { threads, provider })
    const objective = objectiveFor(network)
    const layout = layoutOf(objective, trainSpecs)
    const began = performance.now()
    const optimizer = makeOptimizer({ optimizer: 'adamw', weightDecay }, layout)
    const training = await TrainingStep.compile(engine, layout, objective, trainSpecs, optimizer.allocate())
    const compileMs = performance.now() - began
    const state = { weights: optimizer.allocate(), statistics: initialStatistics(layout) }
    state.weights.set(initialWeights(layout, 1))
    const masks = new MaskSource(layout.masks, 'bench', 1)
    const everything = Object.fromEntries(layout.masks.map(({ name, shape }) => [`mask:${name}`, new Float32Array(shape.reduce((product, extent) => product * extent, 1)).fill(1)]))
    const batch = trainBatch()
    let steps = 0
    const one = async (masksAt: number | null): Promise<{ total: number; norm: number; parts: Record<string, number> }> => {
      const times = [performance.now()]
      const dropped = masksAt === null ? everything : masks.at(masksAt)
      times.push(performance.now())
      const { total } = await training.run(batch, state, dropped)
      times.push(performance.now())
      const norm = gradientNorm(training.gradient)
      if (masksAt !== null) optimizer.update(state.weights, training.gradient, { rate, step: ++steps, gradientScale: clippingScale(norm, clipNorm) })
      times.push(performance.now())
      return { total, norm, parts: { data: times[1] - times[0], run: times[2] - times[1], optimizer: times[3] - times[2] } }
    }
    return new Trainer(engine.version, state.weights, compileMs, training, one, () => {
      training.dispose()
      engine.dispose()
    })
  }

  get activationBytes(): number {
    return this.training.memory.activations ?? 0
  }

  async check(): Promise<{ loss: number; norm: number }> {
    const { total, norm } = await this.one(null)
    return { loss: total, norm }
  }

  steps(count: number): Promise<Timings> {
    return timed(count, async () => {
      const { parts } = await this.one(this.#step++)
      for (const [name, ms] of Object.entries(parts)) (this.#parts[name] ??= []).push(ms)
    })
  }

  forgetParts(): void {
    this.#parts = {}
  }

  partMedians(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.#parts).map(([name, values]) => [name, median(values)]))
  }
}

/** tfjs-node in a process of its own: it brings its own gradients, which the tracing engine would take over. */
function startTensorflow(network: BenchNetwork, threads: number): ReturnType<typeof StepProcess.start> {
  const program = `import(${JSON.stringify(import.meta.url)}).then((bench) => bench.tensorflowPeer(${JSON.stringify(network)}, ${threads}))`
  return StepProcess.start('tfjs-node', process.execPath, ['--input-type=module', '-e', program])
}

export async function tensorflowPeer(network: BenchNetwork, threads: number): Promise<void> {
  const answer = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`)
  const trainer = await Trainer.create('tensorflow', network, threads, 'cpu').catch((error: unknown) => {
    answer({ missing: (error instanceof Error ? error.message : String(error)).split(' at path')[0] })
    process.exit(0)
  })
  answer({ version: trainer.version })
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, count] = line.split(' ')
    answer(command === 'step' ? await trainer.steps(Number(count)) : { bytes: process.memoryUsage().rss })
  }
}
