import { afterAll, beforeAll, expect, it } from 'vitest'
import type { NetworkPreset } from '../../../src-main/contract/index.ts'
import type { Engine } from '../../../src-main/learning/engine/engine.ts'
import { loadEngine } from '../../../src-main/learning/engine/load-engine.ts'
import { answerLayout } from '../../../src-main/learning/recipes/answers.ts'
import type { Phase } from '../../../src-main/learning/recipes/phase.ts'
import { distilledPhase, scratchPhase } from '../../../src-main/learning/recipes/student.ts'
import { teacherPhase } from '../../../src-main/learning/recipes/teacher.ts'
import { layoutOf, oneStep, setting, studentOptions, teacherOptions, untrained, type OneStep } from './tiny-phases.ts'

const engines: Engine[] = []

beforeAll(async () => {
  for (const name of ['cpu', 'wasm', 'onnx'] as const) engines.push(await loadEngine(name, { threads: 1, provider: 'cpu' }))
})
afterAll(() => engines.forEach((engine) => engine.dispose()))

type Levels = NonNullable<Parameters<typeof studentOptions>[0]>
const off = { weight: 0 }
const stages = ['stage 1', 'stage 2', 'stage 3', 'stage 4']
const own = ['identity', 'second head']
const all = ['angle', 'distance', 'embedding', 'identity', 'logit', ...stages]
const without = (...names: string[]): string[] => all.filter((name) => !names.includes(name))
/** Without the teacher's logits the labels teach both heads. */
const silent = { logit: off }

/** Every level in every form, and each switched off; the terms that then have to be there. */
const levels: Readonly<Record<string, readonly [Levels, readonly string[]]>> = {
  'exit heads and soft logits': [{}, all],
  'tokens': [{ stage: { form: 'tokens' } }, all],
  'relations between windows': [{ stage: { form: 'relations' } }, all],
  'hard logits': [{ logit: { form: 'hard' } }, all],
  'a temperature': [{ logit: { temperature: 4 } }, all],
  'no logits': [silent, [...without('logit'), 'second head']],
  'logits instead of the labels': [{ logit: { weight: 1 } }, without('identity')],
  'no stages': [{ stage: off }, without(...stages)],
  'two of four stages': [{ stage: { stageWeights: [0, 1, 0, 1] } }, without('stage 1', 'stage 3')],
  'no embedding': [{ embedding: off }, without('embedding')],
  'no relations': [{ relation: off }, without('distance', 'angle')],
  'distances alone of the relations': [{ relation: { angle: 0 } }, without('angle')],
  'stages alone': [{ ...silent, embedding: off, relation: off }, [...own, ...stages]],
  'the embedding alone': [{ ...silent, stage: off, relation: off }, [...own, 'embedding']],
  'relations alone': [{ ...silent, stage: off, embedding: off }, ['angle', 'distance', ...own]],
  'logits alone': [{ logit: { weight: 1 }, stage: off, embedding: off, relation: off }, ['logit']],
}

const onCpu = ['exit heads and soft logits', 'tokens', 'relations between windows', 'hard logits', 'logits alone']

const pairs: readonly (readonly [NetworkPreset, NetworkPreset])[] = [['deit-micro', 'resnet18-w16'], ['deit-micro', 'deit-micro'], ['resnet18-w16', 'resnet18-w16']]

const difference = (a: Float32Array, b: Float32Array): number => {
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0) / largest
}

const onnx = (): Engine => engines[2]

/** One step on every engine; the first one's, when they agree. The cpu engine is slow: it is there once for every kind of term. */
async function agreed(phase: Phase, withCpu = false): Promise<OneStep> {
  const steps: OneStep[] = []
  for (const engine of withCpu ? engines : engines.filter(({ name }) => name !== 'cpu')) steps.push(await oneStep(engine, phase))
  const [expected, ...others] = steps
  expect(Number.isFinite(expected.total)).toBe(true)
  expect(expected.gradient.every(Number.isFinite)).toBe(true)
  for (const { total, terms, gradient } of others) {
    // Float32 in another order of summation, through some 40 layers.
    expect(Math.abs(total - expected.total)).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected.total)))
    expect(Object.keys(terms)).toEqual(Object.keys(expected.terms))
    expect(difference(gradient, expected.gradient)).toBeLessThan(2e-3)
  }
  return expected
}

it.each(Object.entries(levels))('THKD with %s trains a step, alike on all engines', { timeout: 120_000 }, async (name, [distillation, terms]) => {
  const teacher = untrained(teacherPhase(teacherOptions(), setting))
  const { terms: found } = await agreed(distilledPhase(studentOptions(distillation), setting, teacher), onCpu.includes(name))
  expect(Object.keys(found).sort()).toEqual([...terms].sort())
})

it.each(pairs)('a %s learns from a %s of another width, alike on all engines', { timeout: 120_000 }, async (student, teaching) => {
  const teacher = untrained(teacherPhase(teacherOptions(teaching, 24), setting))
  for (const form of ['exit-heads', 'tokens'] as const) await agreed(distilledPhase(studentOptions({ stage: { form } }, student), setting, teacher))
  await agreed(scratchPhase(studentOptions({}, student), setting))
})

it.each([['hinge', 1], ['softplus', 1], ['hinge', 0]] as const)('a teacher with a %s triplet of weight %d trains a step, alike on all engines', { timeout: 120_000 }, async (form, weight) => {
  await agreed(teacherPhase(teacherOptions(weight === 0 ? 'deit-micro' : 'resnet18-w16', 16, { form, weight }), setting), form === 'softplus')
})

it('with every level of the teacher silent, distilled and from scratch are one: loss and gradient, to the last bit', async () => {
  const teacher = untrained(teacherPhase(teacherOptions(), setting))
  const taught = await oneStep(onnx(), distilledPhase(studentOptions({ logit: off, stage: off, embedding: off, relation: off }), setting, teacher))
  const alone = await oneStep(onnx(), scratchPhase(studentOptions(), setting))
  expect(taught.layout).toEqual(alone.layout)
  expect(taught.total).toBe(alone.total)
  expect(taught.gradient).toEqual(alone.gradient)
})

it('a head that no term reaches has the gradient 0', async () => {
  const teacher = untrained(teacherPhase(teacherOptions(), setting))
  const { layout, gradient } = await oneStep(onnx(), distilledPhase(studentOptions({ logit: { weight: 1 }, stage: off, embedding: off, relation: off }), setting, teacher))
  const of = (name: string): Float32Array => layout.weights.filter((entry) => entry.name === name).map(({ offset, size }) => gradient.subarray(offset, offset + size))[0]
  expect(of('classifier/centres').every((value) => value === 0)).toBe(true)
  expect(of('classifier/distillation-centres').some((value) => value !== 0)).toBe(true)
})

it('the total is the weighted sum of its terms, with the weights that the recipe says', async () => {
  const teacher = untrained(teacherPhase(teacherOptions(), setting))
  const options = studentOptions({ logit: { weight: 0.3 }, stage: { weight: 2, stageWeights: [0.1, 0.2, 0.3, 0.4] }, embedding: { weight: 3 }, relation: { weight: 0.5, distance: 4, angle: 7 } })
  const { total, terms } = await oneStep(onnx(), distilledPhase(options, setting, teacher))
  const weights: Record<string, number> = { identity: 0.7, logit: 0.3, 'stage 1': 0.2, 'stage 2': 0.4, 'stage 3': 0.6, 'stage 4': 0.8, embedding: 3, distance: 2, angle: 3.5 }
  const sum = Object.entries(terms).reduce((all, [name, value]) => all + weights[name] * value, 0)
  expect(total / sum).toBeCloseTo(1, 5)
})

it('a frozen teacher has no weight to be trained, and none of its own is changed', async () => {
  const teacher = untrained(teacherPhase(teacherOptions(), setting))
  const before = { weights: teacher.state.weights.slice(), statistics: teacher.state.statistics.slice() }
  for (const engine of [engines[1], onnx()]) {
    const { layout } = await oneStep(engine, distilledPhase(studentOptions({ stage: { form: 'tokens' } }), setting, teacher))
    // The same student beside no teacher asks for all but the adapters of its distillation.
    const own = answerLayout({ ...teacher.shape, network: studentOptions().network, heads: 2 }).weights.map(({ name }) => name)
    expect(layout.weights.map(({ name }) => name).filter((name) => !own.includes(name)).every((name) => name.startsWith('stages/'))).toBe(true)
    expect(layout.statistics).toEqual([])
  }
  expect(teacher.state).toEqual(before)
})

it('a student is at inference exactly what its twin from scratch is: every parameter, name by name', () => {
  const teacher = untrained(teacherPhase(teacherOptions(), setting))
  for (const form of ['exit-heads', 'tokens', 'relations'] as const) {
    const [student, scratch] = [distilledPhase(studentOptions({ stage: { form } }), setting, teacher), scratchPhase(studentOptions(), setting)]
    expect(answerLayout(student.shape)).toEqual(answerLayout(scratch.shape))
    const [taught, alone] = [layoutOf(student), layoutOf(scratch)]
    // All that is left of either after training is what answering asks for.
    const names = answerLayout(scratch.shape).weights.map(({ name }) => name)
    expect(alone.weights.map(({ name }) => name).sort()).toEqual([...names].sort())
    expect(taught.weights.map(({ name }) => name)).toEqual(expect.arrayContaining(names))
  }
})
