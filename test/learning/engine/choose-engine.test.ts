import { expect, it } from 'vitest'
import { EngineChoice, LabError, type EngineName } from '../../../src-main/contract/index.ts'
import { chooseEngine, describeEngines, type EngineLoader } from '../../../src-main/learning/engine/choose-engine.ts'
import type { Arrays, Engine } from '../../../src-main/learning/engine/engine.ts'
import { loadEngine } from '../../../src-main/learning/engine/load-engine.ts'
import { selfCheckError, selfCheckTolerance } from '../../../src-main/learning/engine/self-check.ts'

const cpu = (): Promise<Engine> => loadEngine('cpu', { threads: 1, provider: 'cpu' })

/** The cpu engine under another name, its results changed; `disposed`: those given back. */
const disposed: string[] = []
async function imitation(name: EngineName, change: (results: Arrays) => Arrays): Promise<Engine> {
  const engine = await cpu()
  return {
    name, provider: 'cpu', threads: 3, version: `${name} 0`,
    async compile(...args) {
      const compiled = await engine.compile(...args)
      return { inputs: compiled.inputs, outputs: compiled.outputs, memory: compiled.memory, dispose: () => compiled.dispose(), run: async (inputs, into) => change(await compiled.run(inputs, into)) }
    },
    dispose: () => void disposed.push(name),
  }
}

const bent = (factor: number) => (results: Arrays) => ({ ...results, first: Float32Array.from(results.first, (value) => value * factor) })
const hole = (results: Arrays) => ({ ...results, first: Float32Array.from(results.first, (value, i) => (i === 0 ? Number.NaN : value)) })

const failing: EngineLoader = async (name) => {
  if (name === 'cpu') return cpu()
  if (name === 'onnx') throw new LabError('engine-unavailable', 'There is no library for this computer.', { engine: name })
  if (name === 'tensorflow') return imitation(name, hole)
  return imitation(name, bent(1.01))
}

it('what is asked for is taken, or refused with its reason; the others are not tried', async () => {
  const asked: string[] = []
  const load: EngineLoader = (name, options) => (asked.push(name), failing(name, options))
  await expect(chooseEngine(EngineChoice.parse({ engine: 'onnx' }), { cores: 2, load })).rejects.toMatchObject({ code: 'engine-unavailable', message: 'There is no library for this computer.' })
  expect(asked).toEqual(['onnx'])
  await expect(chooseEngine(EngineChoice.parse({ engine: 'wasm' }), { cores: 2, load })).rejects.toMatchObject({ code: 'engine-unavailable', data: { engine: 'wasm', tolerance: selfCheckTolerance } })
  // As many threads as there are cores, unless the choice says.
  const real = async (threads: number | null) => (await chooseEngine(EngineChoice.parse({ engine: 'onnx', threads }), { cores: 2 })).engine
  const [two, one] = [await real(null), await real(1)]
  expect([two.threads, one.threads]).toEqual([2, 1])
  for (const engine of [two, one]) engine.dispose()
})

it('the first that computes rightly is taken; those before it are given back, with why', async () => {
  disposed.length = 0
  const { engine, reasons } = await chooseEngine(EngineChoice.parse({}), { cores: 2, load: failing })
  expect(engine.name).toBe('cpu')
  expect(reasons.map((each) => each.engine)).toEqual(['onnx', 'tensorflow', 'wasm'])
  expect(reasons[0].reason).toBe('There is no library for this computer.')
  expect(reasons[1].reason).toContain('off by NaN')
  expect(reasons[2].reason).toMatch(/off by 0\.0(10|099)/)
  expect(disposed).toEqual(['tensorflow', 'wasm'])
})

it('an engine that fails at its self-check is as good as absent, and given back', async () => {
  disposed.length = 0
  const load: EngineLoader = (name) => (name === 'cpu' ? cpu() : imitation(name, () => { throw new LabError('engine-failed', 'No such kernel.') }))
  await expect(chooseEngine(EngineChoice.parse({ engine: 'wasm' }), { cores: 1, load })).rejects.toMatchObject({ code: 'engine-unavailable', message: expect.stringContaining('No such kernel.') as unknown })
  expect(disposed).toEqual(['wasm'])
})

it('nothing that works: every reason is in the message', async () => {
  const load: EngineLoader = () => Promise.reject(new LabError('engine-unavailable', 'Absent.'))
  await expect(chooseEngine(EngineChoice.parse({}), { cores: 1, load })).rejects.toMatchObject({ code: 'engine-unavailable', message: 'No engine works here: onnx: Absent.; tensorflow: Absent.; wasm: Absent.; cpu: Absent.' })
})

it('the self-check measures the deviation, and a single NaN anywhere is one', async () => {
  const reference = await cpu()
  expect(await selfCheckError(await imitation('wasm', (results) => results), reference)).toBe(0)
  expect(await selfCheckError(await imitation('wasm', bent(1.25)), reference)).toBeCloseTo(0.25, 5)
  expect(await selfCheckError(await imitation('wasm', hole), reference)).toBeNaN()
  expect(await selfCheckError(await imitation('wasm', ({ value }) => ({ value })), reference)).toBeNaN()
  for (const name of ['onnx', 'wasm'] as const) {
    const engine = await loadEngine(name, { threads: 1, provider: 'cpu' })
    expect(await selfCheckError(engine, reference)).toBeLessThan(1e-5)
    engine.dispose()
  }
})

it('all engines are described, each with what it is or why not', async () => {
  const [onnx, tensorflow, wasm, own] = await describeEngines({ cores: 2, load: failing })
  expect(onnx).toEqual({ name: 'onnx', available: false, version: null, threads: null, providers: [], selfCheckError: null, reason: 'There is no library for this computer.' })
  expect(tensorflow).toMatchObject({ name: 'tensorflow', available: false, version: 'tensorflow 0', threads: 3, selfCheckError: null, reason: 'its self-check is off by NaN' })
  expect(wasm).toMatchObject({ available: false, reason: expect.stringContaining('off by 0.0') as unknown })
  expect(own).toMatchObject({ name: 'cpu', available: true, selfCheckError: 0, reason: null, providers: ['cpu'] })
})

it('providers are listed that compute rightly; WebGPU is only asked where that is quiet', async () => {
  const asked: string[] = []
  const load: EngineLoader = async (name, { provider }) => {
    if (name !== 'onnx') return failing(name, { threads: 1, provider })
    asked.push(provider)
    if (provider === 'cuda') throw new LabError('engine-unavailable', 'Absent.')
    return imitation(name, provider === 'dml' ? bent(1.01) : (results) => results)
  }
  const providers = async (webgpu: boolean) => (await describeEngines({ cores: 1, load, webgpu: () => webgpu }))[0].providers
  expect(await providers(true)).toEqual(['cpu', 'webgpu', 'coreml'])
  asked.length = 0
  expect(await providers(false)).toEqual(['cpu', 'coreml'])
  expect(asked).not.toContain('webgpu')
})

it('a provider that this ONNX Runtime does not have is refused in words, with the code', async () => {
  // DirectML is in the package for Windows alone, Core ML in that for macOS.
  const provider = process.platform === 'win32' ? 'coreml' : 'dml'
  await expect(chooseEngine(EngineChoice.parse({ provider }), { cores: 1 })).rejects.toMatchObject({ code: 'engine-unavailable', message: expect.stringContaining(`The provider "${provider}" cannot be used here`) as unknown })
})

it('an eager engine gives others a turn between steps, and computes on its own backend whatever another does meanwhile', async () => {
  const [own, wasm] = [await cpu(), await loadEngine('wasm', { threads: 1, provider: 'cpu' })]
  const tf = await import('@tensorflow/tfjs-core')
  const used: string[] = []
  const compiled = await Promise.all(
    [own, wasm].map((engine) => engine.compile(({ x }) => (used.push(`${engine.name} on ${tf.getBackend()}`), { twice: tf.mul(x, 2), again: x, same: x }), { x: { shape: [2], dtype: 'float32' } })),
  )
  let turns = 0
  let going = true
  const turn = (): void => void (++turns, going && setImmediate(turn))
  setImmediate(turn)
  for (let k = 0; k < 5; k++) {
    const results = await Promise.all(compiled.map((each) => each.run({ x: Float32Array.of(k, 1) })))
    // One tensor under two names comes out under both.
    for (const { twice, again, same } of results) expect([...twice, ...again, ...same]).toEqual([2 * k, 2, k, 1, k, 1])
  }
  going = false
  expect(turns).toBeGreaterThanOrEqual(5)
  expect(new Set(used)).toEqual(new Set(['cpu on cpu', 'wasm on wasm']))
})
