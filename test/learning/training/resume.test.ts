import fc from 'fast-check'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LabError, type FitOptions, type RunEpoch } from '../../../src-main/contract/index.ts'
import type { Engine } from '../../../src-main/learning/engine/engine.ts'
import { loadEngine } from '../../../src-main/learning/engine/load-engine.ts'
import { distilledPhase, scratchPhase } from '../../../src-main/learning/recipes/student.ts'
import { teacherPhase } from '../../../src-main/learning/recipes/teacher.ts'
import type { Phase } from '../../../src-main/learning/recipes/phase.ts'
import { fitPhase, type BatchSource, type FitContext, type Fitted } from '../../../src-main/learning/training/fit.ts'
import type { FitCheckpoint } from '../../../src-main/learning/training/fit-state.ts'
import { decodeArrays, encodeArrays } from '../../../src-main/dataset/array-file.ts'
import { setting, studentOptions, teacherOptions, tinyBatch, untrained } from '../recipes/tiny-phases.ts'

let onnx: Engine
let cpu: Engine
beforeAll(async () => {
  onnx = await loadEngine('onnx', { threads: 1, provider: 'cpu' })
  cpu = await loadEngine('cpu', { threads: 1, provider: 'cpu' })
})
afterAll(() => onnx.dispose())

const stepsPerEpoch = 3
const batches: BatchSource = {
  stepsPerEpoch,
  passesPerEpoch: 1,
  fill(epoch, step, x, labels) {
    const plain = tinyBatch()
    // Another batch at every place, a function of the place alone.
    x.set(plain.x.map((value, i) => value + 0.1 * Math.sin(i * (epoch * stepsPerEpoch + step + 1))))
    labels.set(plain.labels)
    return Int32Array.from(labels.keys())
  },
}

/** Errors by epoch, as if there were a validation part: falling, a plateau, and worse. */
const eers = [0.4, 0.3, 0.3, 0.35, 0.32, 0.2, 0.3, 0.3]

interface Outcome {
  readonly fitted: Fitted
  readonly epochs: Omit<RunEpoch, 'windowsPerSecond' | 'idle' | 'seconds' | 'memoryBytes'>[]
  readonly pauses: number
}

/** Fits, pausing after each of these many steps; every pause and every beginning again goes through the bytes of a checkpoint file. `onSave`: every checkpoint. */
async function fit(engine: Engine, phase: Phase, pauseAfter: readonly number[] = [], onSave?: (bytes: Uint8Array, epochs: number) => void, from: Uint8Array | null = null): Promise<Outcome> {
  const epochs: Outcome['epochs'] = []
  let saved = from
  let steps = 0
  let asked = false
  let pauses = 0
  let validations = 0
  const context: FitContext = {
    engine, now: () => 0, memoryBytes: () => 0,
    // Told once after every step.
    onProgress: () => void (asked = pauseAfter.includes(++steps)),
    request: () => (asked ? ((asked = false), 'pause') : 'go'),
    onEpoch({ phase: name, epoch, epochs: all, steps: done, terms, trainAccuracy, validation, rate, gradientNorm, best }) {
      epochs.push({ phase: name, epoch, epochs: all, steps: done, terms, trainAccuracy, validation, rate, gradientNorm, best })
      return Promise.resolve()
    },
    save({ arrays, ...meta }) {
      saved = encodeArrays({ meta, arrays })
      onSave?.(saved, epochs.length)
      return Promise.resolve()
    },
  }
  for (;;) {
    const content = saved && decodeArrays(saved, 'checkpoint', 'checkpoint-damaged')
    const checkpoint = content && { ...(content.meta as unknown as Omit<FitCheckpoint, 'arrays'>), arrays: content.arrays }
    validations = checkpoint?.numbers.epoch ?? 0
    try {
      const fitted = await fitPhase({ phase, seed: 3, batches, validate: () => Promise.resolve({ eer: eers[validations++ % eers.length], rank1: null }) }, context, checkpoint)
      return { fitted, epochs, pauses }
    } catch (thrown) {
      if (!(thrown instanceof LabError && thrown.code === 'cancelled')) throw thrown
      pauses++
    }
  }
}

/** The same network with half of what it hears put out at random. */
const masked = (phase: Phase): Phase => ({ ...phase, objective: ({ x, ...batch }, scope) => phase.objective({ ...batch, x: mul(x, scope.mask('drop', x.shape, 0.5)) }, scope) })
const mul = (x: tf.Tensor, mask: tf.Tensor | null): tf.Tensor => (mask ? tf.mul(x, mask) : x)

const changed = (phase: Phase, change: Partial<FitOptions>): Phase => ({ ...phase, fit: { ...phase.fit, epochs: 5, ...change } })
const student = (): Phase => scratchPhase(studentOptions(), setting)

const kinds: Readonly<Record<string, () => Phase>> = {
  'a teacher, which has running statistics': () => changed(teacherPhase(teacherOptions(), setting), {}),
  'a student that is taught, with random masks': () => masked(changed(distilledPhase(studentOptions(), setting, untrained(teacherPhase(teacherOptions(), setting))), {})),
  'a moving average and a plateau schedule': () => changed(student(), { averageDecay: 0.9, schedule: { kind: 'plateau', warmUp: 0.1, patience: 1, factor: 0.5 } }),
  'early stopping and SGD, unclipped': () => changed(student(), { epochs: 8, patience: 2, optimizer: 'sgd', rate: 1e-3, clipNorm: null }),
}

it.each(Object.entries(kinds))('%s: paused anywhere, twice, it ends with the same bits', { timeout: 120_000 }, async (_, phase) => {
  const straight = await fit(onnx, phase())
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: straight.fitted.steps }), { minLength: 2, maxLength: 2 }), async (pauses) => {
      const { fitted, epochs, pauses: had } = await fit(onnx, phase(), pauses)
      expect(had).toBe(pauses.length)
      expect(fitted.model.state.weights).toEqual(straight.fitted.model.state.weights)
      expect(fitted.model.state.statistics).toEqual(straight.fitted.model.state.statistics)
      expect({ ...fitted, model: null }).toEqual({ ...straight.fitted, model: null })
      expect(epochs).toEqual(straight.epochs)
    }),
    { numRuns: 1 },
  )
})

it('so it does on the cpu engine', { timeout: 120_000 }, async () => {
  const phase = masked(changed(student(), { epochs: 2, averageDecay: 0.9 }))
  const [straight, resumed] = [await fit(cpu, phase), await fit(cpu, phase, [2, 5])]
  expect(resumed.pauses).toBe(2)
  expect(resumed.fitted.model.state.weights).toEqual(straight.fitted.model.state.weights)
  expect(resumed.epochs).toEqual(straight.epochs)
})

it('a process that dies goes on from any checkpoint before: the same bits, and an epoch may be told twice but none is left out', { timeout: 120_000 }, async () => {
  const phase = masked(changed(student(), { epochs: 3, averageDecay: 0.9 }))
  const checkpoints: { bytes: Uint8Array; epochs: number }[] = []
  const straight = await fit(onnx, phase, [4], (bytes, epochs) => checkpoints.push({ bytes: bytes.slice(), epochs }))
  expect(checkpoints).toHaveLength(4)
  for (const { bytes, epochs } of checkpoints) {
    const resumed = await fit(onnx, phase, [], undefined, bytes)
    expect(resumed.fitted.model.state.weights).toEqual(straight.fitted.model.state.weights)
    expect([...straight.epochs.slice(0, epochs), ...resumed.epochs]).toEqual(straight.epochs)
  }
})

it('early stopping stops, a plateau lowers the rate, and of equal errors the later weights are kept without waiting longer', { timeout: 120_000 }, async () => {
  const stopped = await fit(onnx, changed(student(), { epochs: 8, patience: 2 }))
  // 0.4, 0.3, then 0.3 and 0.35 are no better: two epochs waited.
  expect(stopped.fitted).toMatchObject({ epochs: 4, bestEpoch: 3, stoppedEarly: true, steps: 12 })
  expect(stopped.epochs.map(({ best }) => best)).toEqual([true, true, true, false])
  const plateau = await fit(onnx, changed(student(), { schedule: { kind: 'plateau', warmUp: 0.1, patience: 1, factor: 0.5 } }))
  expect(plateau.epochs.map(({ rate }) => rate)).toEqual([1e-2, 1e-2, 1e-2, 5e-3, 2.5e-3])
})

it('a stop is content with the best so far; a loss that is no number ends it with its terms, and the checkpoint before stays good', { timeout: 120_000 }, async () => {
  const phase = changed(student(), {})
  let steps = 0
  const base: Omit<FitContext, 'request' | 'save'> = { engine: onnx, now: () => 0, memoryBytes: () => 0, onProgress: () => void steps++, onEpoch: () => Promise.resolve() }
  const plan = { phase, seed: 3, batches, validate: () => Promise.resolve({ eer: 0.1, rank1: null }) }
  const fitted = await fitPhase(plan, { ...base, save: () => Promise.resolve(), request: () => (steps >= 5 ? 'stop' : 'go') })
  expect(fitted).toMatchObject({ epochs: 1, bestEpoch: 1, stoppedEarly: true, steps: 5 })

  let saved: FitCheckpoint | null = null
  const poisoned: BatchSource = { ...batches, fill(epoch, step, x, labels) {
    const rows = batches.fill(epoch, step, x, labels)
    if (epoch === 1) x.fill(Number.NaN)
    return rows
  } }
  const context: FitContext = { ...base, request: () => 'go', save: (checkpoint) => ((saved = structuredClone(checkpoint)), Promise.resolve()) }
  await expect(fitPhase({ ...plan, batches: poisoned }, context)).rejects.toMatchObject({ code: 'training-diverged', data: { phase: 'scratch', epoch: 2, step: 4 } })
  const healed = await fitPhase(plan, context, saved)
  expect(healed.model.state.weights).toEqual((await fitPhase(plan, context)).model.state.weights)
})
