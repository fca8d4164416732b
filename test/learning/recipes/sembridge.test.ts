import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../../src-main/learning/engine/engine.ts'
import { loadEngine } from '../../../src-main/learning/engine/load-engine.ts'
import { answerLayout } from '../../../src-main/learning/recipes/answers.ts'
import { bridgedStudentPhase, guidanceOf } from '../../../src-main/learning/recipes/sembridge.ts'
import { scratchPhase } from '../../../src-main/learning/recipes/student.ts'
import { baseAlone, bridgedRecipe, forms, largest, nobody, planAlone, plans, prepare, stepOf, student, unlike, whole, worst } from './bridged-phases.ts'
import { setting } from './tiny-phases.ts'

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine('onnx', { threads: 1, provider: 'cpu' })
})
afterAll(() => engine.dispose())

describe('a window without a partner', () => {
  it.each([...forms.map((form) => [form, baseAlone(form)] as const), ...plans.map((plan) => [plan, planAlone(plan)] as const)])('learns nothing from %s', async (_, recipe) => {
    const prepared = await prepare(engine, student(recipe))
    const { gradient: taught } = await prepared.step()
    const { gradient, total } = await prepared.step(prepared.weights, nobody)
    prepared.dispose()
    expect(Number.isFinite(total)).toBe(true)
    // Rounding of a difference of two equal posteriors.
    expect(largest(gradient)).toBeLessThan(1e-4 * largest(taught))
  })

  it.each([['kd', 'attention'], ['cosine', 'sinkhorn'], ['relations', 'sinkhorn'], ['mmd', 'attention']] as const)('may have anything in its place, for %s and %s', async (form, plan) => {
    const prepared = await prepare(engine, student(whole(form, plan), unlike, [0, 1, -1, 3, -1, 5]))
    const plain = await prepared.step()
    const garbled = await prepared.step(prepared.weights, (taught) =>
      Object.fromEntries(Object.entries(taught).map(([name, values]) => {
        const each = values.length / 6
        return [name, name === 'paired' ? values : Float32Array.from(values, (value, i) => (Math.floor(i / each) === 2 || Math.floor(i / each) === 4 ? 3 * Math.sin(i) : value))]
      })),
    )
    prepared.dispose()
    expect(garbled.total).toBeCloseTo(plain.total, 5)
    expect(worst(garbled.gradient, plain.gradient)).toBeLessThan(1e-4)
  })
})

describe('the student', () => {
  it('with every weight but the task\'s 0 is its twin from scratch: loss and gradient, to the last bit', async () => {
    const recipe = bridgedRecipe({ weights: { task: 1, base: 0, alignment: 0 } })
    expect(guidanceOf(recipe)).toEqual([])
    const [taught, alone] = [await stepOf(engine, bridgedStudentPhase(recipe, setting, null)), await stepOf(engine, scratchPhase(recipe.student, setting))]
    expect(taught.layout).toEqual(alone.layout)
    expect(taught.total).toBe(alone.total)
    expect(taught.gradient).toEqual(alone.gradient)
  })

  it('needs at inference exactly its twin\'s parameters; what else is trained is the planner and projections', async () => {
    const recipe = whole('mmd', 'attention')
    const phase = student(recipe, unlike)
    const twin = answerLayout(scratchPhase(recipe.student, setting).shape)
    expect(answerLayout(phase.shape)).toEqual(twin)
    const prepared = await prepare(engine, phase)
    prepared.dispose()
    const more = prepared.layout.weights.map(({ name }) => name).filter((name) => !twin.weights.some((own) => own.name === name))
    expect(more.sort()).toEqual(['embedding-projection/bias', 'embedding-projection/weight', ...['student', 'teacher'].flatMap((side) => ['bias', 'weight'].map((of) => `planner/${side}/query-key/${of}`)), 'planner/teacher-width/bias', 'planner/teacher-width/weight'].sort())
  })

  it('has the total that the recipe\'s weights say', async () => {
    const recipe = bridgedRecipe({ weights: { task: 0.7, base: 2, alignment: 5 }, alignment: { weight: 0.3 } })
    const { total, terms } = await stepOf(engine, student(recipe))
    const weights: Record<string, number> = { identity: 0.35, 'second head': 0.35, base: 2, map: 1.5, embedding: 1.5 }
    expect(total / Object.entries(terms).reduce((sum, [name, value]) => sum + weights[name] * value, 0)).toBeCloseTo(1, 5)
  })
})
