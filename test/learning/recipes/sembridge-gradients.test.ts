import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../../src-main/learning/engine/engine.ts'
import { loadEngine } from '../../../src-main/learning/engine/load-engine.ts'
import type { Phase } from '../../../src-main/learning/recipes/phase.ts'
import { alike, baseAlone, matcher, planAlone, prepare, student, unlike } from './bridged-phases.ts'

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine('cpu', { threads: 1, provider: 'cpu' })
})
afterAll(() => engine.dispose())

/** Slope of the loss along the gradient of the weights whose names begin so, and that gradient's length. */
async function slopes(phase: Phase, prefix: string, by: number): Promise<{ found: number; expected: number }> {
  const prepared = await prepare(engine, phase)
  try {
    const { gradient } = await prepared.step()
    const direction = new Float32Array(gradient.length)
    for (const { name, offset, size } of prepared.layout.weights) if (name.startsWith(prefix)) direction.set(gradient.subarray(offset, offset + size), offset)
    const length = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0))
    const at = async (step: number): Promise<number> => (await prepared.step(prepared.weights.map((weight, i) => weight + (step * direction[i]) / length))).total
    return { found: ((await at(by)) - (await at(-by))) / (2 * by), expected: length }
  } finally {
    prepared.dispose()
  }
}

describe('the gradient is the slope of the loss, by finite differences', () => {
  const attention = student(planAlone('attention'), unlike)
  // MMD's bandwidth, Sinkhorn's ε and soft targets are constants of the gradient but not of the loss: their objectives are held against second implementations instead.
  it.each([
    ['the matcher', matcher('hard'), 'network/', 3e-3],
    ['kd', student(baseAlone('kd'), alike, [0, 1, 2, 3, 4, -1]), '', 1e-3],
    ['relations', student(baseAlone('relations')), '', 1e-3],
    ['decoupled', student(baseAlone('decoupled'), alike, [0, 1, 2, 3, 4, -1]), '', 1e-3],
    ['standardised', student(baseAlone('standardised')), '', 1e-3],
    ['cosine, by the student', student(baseAlone('cosine'), unlike), 'network/', 3e-3],
    ['cosine, by the teacher\'s projection', student(baseAlone('cosine'), unlike), 'embedding-projection/', 3e-2],
    ['attention, by the student', attention, 'network/', 3e-3],
    ['attention, by the planner', attention, 'planner/', 3e-2],
  ] as const)('%s', async (_, phase, prefix, by) => {
    const { found, expected } = await slopes(phase, prefix, by)
    expect(expected).toBeGreaterThan(1e-6)
    expect(Math.abs(found / expected - 1)).toBeLessThan(0.016)
  })
})
