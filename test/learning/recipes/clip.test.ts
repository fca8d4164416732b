import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClipRecipe } from '../../../src-main/contract/index.ts'
import type { Engine } from '../../../src-main/learning/engine/engine.ts'
import { loadEngine } from '../../../src-main/learning/engine/load-engine.ts'
import type { ParameterLayout } from '../../../src-main/learning/networks/parameter-layout.ts'
import { answerLayout } from '../../../src-main/learning/recipes/answers.ts'
import { alignedStudentPhase, alignmentPhase } from '../../../src-main/learning/recipes/clip.ts'
import { networkOf } from '../../../src-main/learning/recipes/features.ts'
import { towers } from '../../../src-main/learning/recipes/joined.ts'
import { scratchPhase } from '../../../src-main/learning/recipes/student.ts'
import { teacherPhase } from '../../../src-main/learning/recipes/teacher.ts'
import { contrastive, relationalAngle as relationalAngleOf, relationalDistance as relationalDistanceOf, softmax, softmaxDivergence, type Rows } from '../objectives/reference.ts'
import { expectAgreement, expectTrueGradient, guidanceOf, people, prepared, reachOf, rows, stepped } from './guided-steps.ts'
import { setting, studentOptions, teacherOptions, tinyFit, untrained } from './tiny-phases.ts'

let cpu: Engine
let wasm: Engine
let onnx: Engine
beforeAll(async () => {
  ;[cpu, wasm, onnx] = await Promise.all((['cpu', 'wasm', 'onnx'] as const).map((name) => loadEngine(name, { threads: 1, provider: 'cpu' })))
})
afterAll(() => [cpu, wasm, onnx].forEach((engine) => engine.dispose()))

const [teacherWidth, projection] = [12, 8]
const off = { weight: 0 }
const nothing = { logit: off, relation: off, assessment: off }

const recipeOf = (distillation: object = {}, embedding = 16): ClipRecipe => {
  const { fit, margin } = studentOptions()
  // Two patches of signal: what is looked at here is behind the network.
  const network = { preset: 'deit-micro', embedding, patch: 20 }
  return ClipRecipe.parse({
    recipe: 'clip', windows: { lane: 'ppg', mode: 'window' }, teacher: teacherOptions('deit-micro', teacherWidth), student: { network, fit, margin }, distillation,
    alignment: { network: { ...network, embedding: 16 }, projection, fit: tinyFit },
  })
}

const aligning = () => alignmentPhase(recipeOf(), setting)
const models = { teacher: untrained(teacherPhase(teacherOptions('deit-micro', teacherWidth), setting)), alignment: untrained(aligning()) }
const atFirst = structuredClone([models.teacher.state, models.alignment.state])
const studentOf = (recipe: ClipRecipe, without: readonly number[] = []) => alignedStudentPhase(recipe, setting, models, guidanceOf({ teacher: teacherWidth, aligned: projection }, without))
const scratch = () => scratchPhase(recipeOf().student, setting)

const own = ['identity', 'second head']
const combinations: Readonly<Record<string, readonly [object, readonly string[]]>> = {
  'all of it': [{ relation: { weight: 1 } }, ['angle', 'assessment', 'distance', ...own, 'logit']],
  'logits alone': [{ ...nothing, logit: { weight: 2, temperature: 4 } }, [...own, 'logit']],
  'relations alone': [{ ...nothing, relation: { weight: 1 } }, ['angle', 'distance', ...own]],
  'distances alone of the relations': [{ ...nothing, relation: { weight: 1, angle: 0 } }, ['distance', ...own]],
  'assessment alone': [{ ...nothing, assessment: { weight: 1 } }, ['assessment', ...own]],
}

describe('the towers', () => {
  it('have the gradient of finite differences, of every head and of the learnt scale', async () => {
    await expectTrueGradient(cpu, prepared(aligning()))
  })

  it('train alike on all engines', async () => {
    const plan = prepared(aligning())
    const { terms } = await expectAgreement([cpu, wasm, onnx], plan)
    expect(Object.keys(terms)).toEqual(['contrast'])
    expect(plan.layout.weights.map(({ name }) => name)).toContain('log-scale-change')
  })

  it('begin with CLIP’s scale of 1 / 0.07, every window of a person a positive', async () => {
    const { join } = aligning().shape
    if (join?.kind !== 'towers') throw new Error('no towers')
    const plan = prepared(aligning())
    const seen = prepared({
      ...aligning(),
      objective: ({ x }, scope) => {
        const { first, second } = towers(join)(x, scope.child('network'))
        return { total: tf.sum(first), terms: {}, outputs: { first, second } }
      },
    })
    const { outputs } = await stepped(cpu, seen)
    const expected = contrastive(matrixOf(outputs.first, projection), matrixOf(outputs.second, projection), Array.from(plan.batch.labels), Math.log(1 / 0.07))
    expect((await stepped(cpu, plan)).terms.contrast).toBeCloseTo(expected, 4)
  })

  it('are without the scale when they are used, and see an embedding as it is', () => {
    expect(answerLayout(aligning().shape).weights.map(({ name }) => name)).not.toContain('log-scale-change')
    expect(aligning().fit.augmentation).toEqual({ shiftMs: 0, amplitude: 0, noise: 0, modulation: 0, wander: 0 })
  })
})

describe.each(Object.entries(combinations))('a student with %s', (_, [distillation, terms]) => {
  it('has the gradient of finite differences, with a window that has no partner', async () => {
    await expectTrueGradient(cpu, prepared(studentOf(recipeOf(distillation), [5])))
  })

  it('trains alike on all engines', async () => {
    const found = await expectAgreement([cpu, wasm, onnx], prepared(studentOf(recipeOf(distillation), [5])))
    expect(Object.keys(found.terms).sort()).toEqual([...terms].sort())
    // What the curve of the assessment is counted from: cosines, of every window to every person.
    expect(Object.keys(found.outputs).sort()).toEqual(terms.includes('assessment') ? ['assessment', 'cosines'] : ['cosines'])
    if (terms.includes('assessment')) expect(found.outputs.assessment).toHaveLength(rows * people)
  })
})

it('every term is what a second implementation makes of the embeddings, the frozen weights and the label', async () => {
  const recipe = recipeOf({ logit: { weight: 1, temperature: 2, scale: 8 }, relation: { weight: 1 }, assessment: { weight: 1, temperature: 3, scale: 5 } })
  const phase = studentOf(recipe)
  const plan = prepared(phase)
  const { terms, outputs } = await stepped(cpu, plan)
  const seen = prepared({
    ...phase,
    objective: (batch, scope) => {
      const { embedding, distillationEmbedding } = networkOf(recipe.student.network)(batch.x, scope.child('network'))
      return { total: tf.sum(embedding), terms: {}, outputs: { embedding, second: distillationEmbedding } }
    },
  })
  const student = await stepped(cpu, seen)
  const { teacher, alignment } = models
  const taught = matrixOf(plan.batch['taught:teacher'], teacherWidth)
  const [embedding, second] = [matrixOf(student.outputs.embedding, 16), matrixOf(student.outputs.second, 16)]
  const teacherCosines = cosines(taught, named(teacher, 'classifier/centres'))

  const logits = (rows: Rows, scale: number) => rows.map((row) => row.map((value) => value * scale))
  expect(terms.logit).toBeCloseTo(softmaxDivergence(logits(cosines(second, named({ layout: plan.layout, state: plan }, 'classifier/distillation-centres')), 8), logits(teacherCosines, 8), 2), 4)

  const mapped = product(embedding, named({ layout: plan.layout, state: plan }, 'assessment/weight'))
  const judged = cosines(mapped, named(teacher, 'classifier/centres'))
  expect(Array.from(outputs.assessment)).toEqual(judged.flat().map((value) => expect.closeTo(value, 4) as number))
  const entropy = judged.reduce((sum, row, i) => sum - Math.log(softmax(row.map((value) => value * 5))[i >> 1]), 0) / rows
  expect(terms.assessment).toBeCloseTo(softmaxDivergence(logits(judged, 5), logits(teacherCosines, 5), 3) + entropy, 4)

  const head = (name: string) => named(alignment, `network/second-head/${name}`)
  const aligned = product(embedding, head('projection/weight')).map((row) => {
    const changed = product([row.map((value) => value * normal(value))], head('change/weight'))[0].map((value, k) => value + row[k])
    const mean = changed.reduce((sum, value) => sum + value, 0) / changed.length
    // Its gain is 1 and its shifts are 0 at first: a direction is all that is left.
    const centred = changed.map((value) => value - mean)
    return centred.map((value) => value / Math.hypot(...centred))
  })
  const targets = matrixOf(plan.batch['taught:aligned'], projection)
  expect(terms.distance).toBeCloseTo(relationalDistanceOf(aligned, targets), 4)
  expect(terms.angle).toBeCloseTo(relationalAngleOf(aligned, targets), 4)
})

const matrixOf = (values: ArrayLike<number>, width: number): Rows => Array.from({ length: values.length / width }, (_, row) => Array.from(values).slice(row * width, (row + 1) * width))
const product = (a: Rows, b: Rows): number[][] => a.map((row) => b[0].map((_, k) => row.reduce((sum, value, i) => sum + value * b[i][k], 0)))
const cosines = (a: Rows, b: Rows): Rows => a.map((row) => b.map((other) => row.reduce((sum, value, i) => sum + value * other[i], 0) / Math.hypot(...row) / Math.hypot(...other)))

function named({ layout, state }: { readonly layout: ParameterLayout; readonly state: { readonly weights: Float32Array } }, name: string): Rows {
  const entry = layout.weights.find((weight) => weight.name === name)
  if (!entry) throw new Error(`no weight ${name}`)
  return matrixOf(state.weights.subarray(entry.offset, entry.offset + entry.size), entry.shape[1])
}

/** The normal distribution function: a half and the integral of the density, by Simpson's rule. */
function normal(x: number): number {
  const [steps, density] = [200, (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI)]
  const width = x / steps
  return Array.from({ length: steps }, (_, i) => (width / 6) * (density(i * width) + 4 * density((i + 0.5) * width) + density((i + 1) * width))).reduce((sum, part) => sum + part, 0.5)
}

it('the total is the weighted sum of its terms, with the weights that the recipe says', async () => {
  const { total, terms } = await stepped(onnx, prepared(studentOf(recipeOf({ logit: { weight: 3 }, relation: { weight: 0.5, distance: 4, angle: 7 }, assessment: { weight: 2 } }))))
  const weights: Record<string, number> = { identity: 0.5, 'second head': 0.5, logit: 3, distance: 2, angle: 3.5, assessment: 2 }
  expect(total / Object.entries(terms).reduce((sum, [name, value]) => sum + weights[name] * value, 0)).toBeCloseTo(1, 5)
})

it('with every weight 0 taught and from scratch are one: loss and gradient, to the last bit', async () => {
  const [taught, alone] = [prepared(studentOf(recipeOf(nothing))), prepared(scratch())]
  expect(taught.layout).toEqual(alone.layout)
  const [a, b] = [await stepped(onnx, taught), await stepped(onnx, alone)]
  expect(a.total).toBe(b.total)
  expect(a.gradient).toEqual(b.gradient)
})

it('asks for a map into the teacher’s space beside the weights of its twin, which it is without at inference', () => {
  const student = studentOf(recipeOf())
  const twin = prepared(scratch()).layout.weights.map(({ name }) => name)
  expect(prepared(student).layout.weights.map(({ name }) => name).filter((name) => !twin.includes(name))).toEqual(['assessment/weight', 'assessment/bias'])
  expect(answerLayout(student.shape)).toEqual(answerLayout(scratch().shape))
})

it('of another width than the towers it has a map to their head too, and its gradient is right', async () => {
  const plan = prepared(studentOf(recipeOf({ ...nothing, relation: { weight: 1 } }, 24)))
  expect(plan.layout.weights.map(({ name }) => name)).toEqual(expect.arrayContaining(['alignment-map/weight', 'alignment-map/bias']))
  await expectTrueGradient(cpu, plan)
})

it('windows without a partner learn from their label alone: what they are taught does not reach them', async () => {
  const mixed = await reachOf(onnx, prepared(studentOf(recipeOf(), [1, 4])))
  const alone = await reachOf(onnx, prepared(scratch()))
  const most = (row: number): number => {
    const part = (values: Float32Array) => values.subarray(row * setting.length, (row + 1) * setting.length)
    return part(mixed).reduce((largest, value, i) => Math.max(largest, Math.abs(value - part(alone)[i])), 0)
  }
  const reach = Array.from({ length: rows }, (_, row) => most(row))
  for (const row of [0, 2, 3, 5]) expect(reach[row]).toBeGreaterThan(1e-2)
  for (const row of [1, 4]) expect(reach[row]).toBeLessThan(1e-5)
})

it('neither the teacher nor the towers were changed by any of these steps', () => {
  expect([models.teacher.state, models.alignment.state]).toEqual(atFirst)
})
