import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../../src-main/learning/engine/engine.ts'
import { loadEngine } from '../../../src-main/learning/engine/load-engine.ts'
import type { Phase } from '../../../src-main/learning/recipes/phase.ts'
import { alike, forms, matcher, stepOf, student, unlike, whole, worst } from './bridged-phases.ts'
import type { OneStep } from './tiny-phases.ts'

const engines: Engine[] = []
beforeAll(async () => {
  for (const name of ['cpu', 'wasm', 'onnx'] as const) engines.push(await loadEngine(name, { threads: 1, provider: 'cpu' }))
})
afterAll(() => engines.forEach((engine) => engine.dispose()))

/** One step on every engine; the first one's, when they agree. */
async function agreed(phase: Phase): Promise<OneStep> {
  const [expected, ...others] = await Promise.all(engines.map((engine) => stepOf(engine, phase)))
  expect(Number.isFinite(expected.total)).toBe(true)
  expect(expected.gradient.every(Number.isFinite)).toBe(true)
  for (const { total, terms, gradient } of others) {
    expect(Math.abs(total - expected.total)).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected.total)))
    expect(Object.keys(terms)).toEqual(Object.keys(expected.terms))
    expect(worst(gradient, expected.gradient)).toBeLessThan(2e-3)
  }
  return expected
}

describe('cpu, wasm and onnx agree on a step of', () => {
  it.each(['soft', 'hard'] as const)('the matcher with %s targets', async (targets) => {
    expect(Object.keys((await agreed(matcher(targets))).terms)).toEqual(['contrast'])
  })

  it.each(forms)('a student whose base is %s, of a teacher of other widths, one window without a partner', async (form) => {
    const { terms } = await agreed(student(whole(form, form === 'mmd' ? 'sinkhorn' : 'attention'), form === 'cosine' ? alike : unlike, [0, 1, 2, 3, 4, -1]))
    expect(Object.keys(terms).sort()).toEqual(['base', 'identity', 'second head', ...(form === 'mmd' ? ['transmission cost'] : ['embedding', 'map'])].sort())
  })
})
