import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../../src-main/curation/random.ts'
import { cases, type Case } from './every-objective.ts'
import { evaluate, type Inputs } from './on-the-cpu.ts'

/** Float32 against Float64: relative to the largest entry, since the small ones are differences of large ones. */
const tolerance = 2e-4
const step = 1e-5

describe.each(cases)('$name', (objective) => {
  it('has the value and the gradients of a second implementation, by finite differences', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.record({ batch: fc.integer({ min: 2, max: 6 }), width: fc.integer({ min: 2, max: 5 }), classes: fc.integer({ min: 2, max: 5 }) }),
        (seed, sizes) => {
          const inputs = objective.inputs(Random.of('objectives', seed), sizes)
          const { value, gradients } = evaluate(objective.loss, inputs, objective.by)
          const expected = objective.reference(inputs, inputs)
          expect(Math.abs(value - expected)).toBeLessThan(tolerance * Math.max(0.1, Math.abs(expected)))
          for (const name of objective.by) {
            const differences = finiteDifferences(objective, inputs, name)
            const largest = Math.max(0.01, ...differences.map(Math.abs))
            const worst = Math.max(...differences.map((difference, i) => Math.abs(difference - gradients[name][i])))
            expect(worst / largest, `gradient by ${name}`).toBeLessThan(10 * tolerance)
          }
        },
      ),
      { numRuns: 15 },
    )
  })

  it('gives no gradient to what is constant in it', () => {
    const inputs = objective.inputs(Random.of('constant', 3), { batch: 4, width: 3, classes: 3 })
    for (const name of objective.constant ?? []) expect(() => evaluate(objective.loss, inputs, [name])).toThrow(/Cannot compute gradient/)
  })

  it('takes the rows of a batch in any order', () => {
    const inputs = objective.inputs(Random.of('order', 5), { batch: 5, width: 3, classes: 3 })
    const turned = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, byRow.has(name) ? reversed(input) : input]))
    expect(evaluate(objective.loss, turned).value).toBeCloseTo(evaluate(objective.loss, inputs).value, 4)
  })
})

function finiteDifferences(objective: Case, inputs: Inputs, name: string): number[] {
  return inputs[name].values.map((_, i) => {
    const [up, down] = [step, -step].map((by) => {
      const values = inputs[name].values.map((value, k) => (k === i ? value + by : value))
      return objective.reference({ ...inputs, [name]: { ...inputs[name], values } }, inputs)
    })
    return (up - down) / (2 * step)
  })
}

const byRow = new Set(['student', 'teacher', 'labels', 'embeddings', 'tokens', 'map'])

function reversed(input: Inputs[string]): Inputs[string] {
  const size = input.values.length / input.shape[0]
  return { ...input, values: Array.from({ length: input.shape[0] }, (_, i) => input.values.slice((input.shape[0] - 1 - i) * size, (input.shape[0] - i) * size)).flat() }
}
