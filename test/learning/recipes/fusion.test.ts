import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FusionRecipe } from '../../../src-main/contract/index.ts'
import type { Engine } from '../../../src-main/learning/engine/engine.ts'
import { loadEngine } from '../../../src-main/learning/engine/load-engine.ts'
import { answerLayout } from '../../../src-main/learning/recipes/answers.ts'
import { networkOf } from '../../../src-main/learning/recipes/features.ts'
import { fusedStudentPhase, fusionPhase } from '../../../src-main/learning/recipes/fusion.ts'
import type { Phase } from '../../../src-main/learning/recipes/phase.ts'
import { scratchPhase } from '../../../src-main/learning/recipes/student.ts'
import { unitVectors } from '../../../src-main/learning/objectives/unit-vectors.ts'
import { bandwidthOf, discrepancy } from '../objectives/reference.ts'
import { directions, expectAgreement, expectTrueGradient, guidanceOf, prepared, reachOf, rows, stepped } from './guided-steps.ts'
import { setting, studentOptions, teacherOptions, tinyFit, untrained } from './tiny-phases.ts'

let cpu: Engine
let wasm: Engine
let onnx: Engine
beforeAll(async () => {
  ;[cpu, wasm, onnx] = await Promise.all((['cpu', 'wasm', 'onnx'] as const).map((name) => loadEngine(name, { threads: 1, provider: 'cpu' })))
})
afterAll(() => [cpu, wasm, onnx].forEach((engine) => engine.dispose()))

const width = 16
const off = { weight: 0 }
const nothing = { kl: off, cosine: off, mmd: off }

const recipeOf = (distillation: object = {}): FusionRecipe => {
  const { fit, margin } = studentOptions()
  return FusionRecipe.parse({
    recipe: 'fusion', windows: { lane: 'ppg', mode: 'window' }, teacher: teacherOptions('deit-micro', 12), encoder: teacherOptions('deit-micro', 10), distillation,
    // Two patches of signal: what is looked at here is behind the network.
    student: { network: { preset: 'deit-micro', embedding: width, patch: 20 }, fit, margin }, fusion: { embedding: width, fit: tinyFit },
  })
}

const gate = () => fusionPhase(recipeOf(), setting)
const fusion = untrained(gate())
const studentOf = (distillation: object, without: readonly number[] = []) => fusedStudentPhase(recipeOf(distillation), setting, fusion, guidanceOf({ fused: width }, without))
const scratch = () => scratchPhase(recipeOf().student, setting)

/** Posteriors at 1/32 are so sharp that a finite step leaves the straight part; the formula is the same at 1/8. */
const kl = (classifier: 'fusion' | 'own') => ({ kl: { weight: 1, temperature: 1 / 8, classifier } })
const [cosine, mmd] = [{ cosine: { weight: 0.7 } }, { mmd: { weight: 0.5 } }]

const own = ['identity', 'second head']
const combinations: Readonly<Record<string, readonly [object, readonly string[]]>> = {
  'KL by the fusion’s classifier': [{ ...nothing, ...kl('fusion') }, ['KL', ...own]],
  'KL by its own': [{ ...nothing, ...kl('own') }, ['KL', ...own]],
  COS: [{ ...nothing, ...cosine }, ['COS', ...own]],
  MMD: [{ ...nothing, ...mmd }, ['MMD', ...own]],
  'KL and COS': [{ ...nothing, ...kl('fusion'), ...cosine }, ['COS', 'KL', ...own]],
  'KL and MMD': [{ ...nothing, ...kl('fusion'), ...mmd }, ['KL', 'MMD', ...own]],
  'COS and MMD': [{ ...nothing, ...cosine, ...mmd }, ['COS', 'MMD', ...own]],
  'all three': [{ ...kl('own'), ...cosine, ...mmd }, ['COS', 'KL', 'MMD', ...own]],
}

it('the gate has the gradient of finite differences, and trains alike on all engines', async () => {
  const plan = prepared(gate())
  await expectTrueGradient(cpu, plan)
  const { terms } = await expectAgreement([cpu, wasm, onnx], plan)
  expect(Object.keys(terms)).toEqual(['identity'])
})

describe.each(Object.entries(combinations))('a student with %s', (_, [distillation, terms]) => {
  it('trains alike on all engines, with windows that have no partner', async () => {
    const { terms: found } = await expectAgreement([cpu, wasm, onnx], prepared(studentOf(distillation, [2, 5])))
    expect(Object.keys(found).sort()).toEqual([...terms].sort())
  })
})

describe.each(['KL by the fusion’s classifier', 'KL by its own', 'COS', 'KL and COS'])('a student with %s', (name) => {
  it('has the gradient of finite differences', async () => {
    await expectTrueGradient(cpu, prepared(studentOf(combinations[name][0])))
  })
})

it('the gradient of MMD is that of a second implementation, whose kernel width stands still, carried back through the network', async () => {
  const weight = 0.5
  const phase = studentOf({ ...nothing, mmd: { weight } })
  const fused = directions(rows, width, 1)
  const asRows = (values: Float32Array): number[][] => Array.from({ length: rows }, (_, row) => Array.from(values.subarray(row * width, (row + 1) * width)))

  // The embeddings as they are, then the network's derivative along what the second implementation says.
  const embedding = (pull: Float32Array): Phase => ({
    ...phase,
    objective: (batch, scope) => {
      const embeddings = unitVectors(networkOf(recipeOf().student.network)(batch.x, scope.child('network')).distillationEmbedding)
      const pulled = tf.sum(tf.mul(embeddings, tf.tensor2d(pull, [rows, width])))
      return { total: pulled, terms: { pulled }, outputs: { embeddings } }
    },
  })
  const found = await stepped(cpu, prepared(embedding(new Float32Array(rows * width))))
  const here = asRows(Float32Array.from(found.outputs.embeddings))
  const bandwidth = bandwidthOf(here, asRows(fused))
  const step = 1e-5
  const slopes = here.map((row, i) => row.map((_, k) => {
    const moved = (by: number) => discrepancy(here.map((other, j) => (j === i ? other.map((value, l) => (l === k ? value + by : value)) : other)), asRows(fused), bandwidth)
    return (weight * (moved(step) - moved(-step))) / (2 * step)
  }))
  const expected = prepared(embedding(Float32Array.from(slopes.flat())))
  const carried = (await stepped(cpu, expected)).gradient

  const [taught, alone] = [prepared(phase), prepared(scratch())]
  const [withIt, without] = [await stepped(cpu, taught), await stepped(cpu, alone)]
  expect(withIt.terms.MMD).toBeCloseTo(discrepancy(here, asRows(fused), bandwidth), 4)
  let [largest, worst] = [0, 0]
  for (const { name, offset, size } of expected.layout.weights) {
    const at = taught.layout.weights.find((entry) => entry.name === name)?.offset ?? NaN
    for (let i = 0; i < size; i++) {
      largest = Math.max(largest, Math.abs(carried[offset + i]))
      worst = Math.max(worst, Math.abs(withIt.gradient[at + i] - without.gradient[at + i] - carried[offset + i]))
    }
  }
  expect(largest).toBeGreaterThan(1e-3)
  expect(worst / largest).toBeLessThan(5e-3)
})

it('the terms add up: the gradient of all three is that of each alone', async () => {
  const part = async (distillation: object) => stepped(onnx, prepared(studentOf(distillation)))
  const alone = await stepped(onnx, prepared(scratch()))
  const each = [await part({ ...nothing, ...kl('own') }), await part({ ...nothing, ...cosine }), await part({ ...nothing, ...mmd })]
  const all = await part({ ...kl('own'), ...cosine, ...mmd })
  expect(all.total).toBeCloseTo(alone.total + each.reduce((sum, { total }) => sum + total - alone.total, 0), 3)
  const sum = alone.gradient.map((value, i) => value + each.reduce((more, { gradient }) => more + gradient[i] - value, 0))
  const largest = sum.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  expect(all.gradient.reduce((most, value, i) => Math.max(most, Math.abs(value - sum[i])), 0) / largest).toBeLessThan(1e-4)
})

it('with every weight 0 taught and from scratch are one, to the last bit, and always have the same weights', async () => {
  const [taught, alone] = [prepared(studentOf(nothing)), prepared(scratch())]
  expect(taught.layout).toEqual(alone.layout)
  expect((await stepped(onnx, taught)).gradient).toEqual((await stepped(onnx, alone)).gradient)
  expect(prepared(studentOf({})).layout).toEqual(alone.layout)
  expect(answerLayout(studentOf({}).shape)).toEqual(answerLayout(scratch().shape))
})

it.each(Object.entries(combinations))('with %s, windows without a partner learn from their label alone', async (_, [distillation]) => {
  const [mixed, alone] = [await reachOf(onnx, prepared(studentOf(distillation, [1, 4]))), await reachOf(onnx, prepared(scratch()))]
  const reach = Array.from({ length: rows }, (_, row) => {
    const part = (values: Float32Array) => values.subarray(row * setting.length, (row + 1) * setting.length)
    return part(mixed).reduce((largest, value, i) => Math.max(largest, Math.abs(value - part(alone)[i])), 0)
  })
  expect(Math.min(...[0, 2, 3, 5].map((row) => reach[row]))).toBeGreaterThan(1e-3)
  expect(Math.max(reach[1], reach[4])).toBeLessThan(1e-5)
})
