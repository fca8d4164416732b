import type { Arrays, Specs } from '../engine/engine.ts'
import type { Guidance } from '../recipes/phase.ts'

/** What a step with this guidance is fed beside the windows: `taught:<name>` [batch, ...shape] and `paired` [batch]. */
export function guidanceSpecs(guidance: Guidance | undefined, batch: number): Specs {
  if (!guidance) return {}
  const taught = Object.entries(guidance.arrays).map(([name, { shape }]) => [`taught:${name}`, { shape: [batch, ...shape], dtype: 'float32' as const }] as const)
  return { ...Object.fromEntries(taught), paired: { shape: [batch], dtype: 'float32' } }
}

/** The guidance of one batch after the other, always in the same arrays. */
export class GuidanceBatch {
  readonly #guidance: Guidance
  readonly #arrays: Record<string, Float32Array>
  readonly #paired: Float32Array

  constructor(guidance: Guidance, batch: number) {
    this.#guidance = guidance
    this.#arrays = Object.fromEntries(Object.entries(guidance.arrays).map(([name, { shape }]) => [name, new Float32Array(batch * shape.reduce((product, size) => product * size, 1))]))
    this.#paired = new Float32Array(batch)
  }

  /** `rows`: windows of the set; `pairs`: instead of the guidance's own. */
  of(rows: Int32Array, pairs: Int32Array | null): Arrays {
    const { pairs: usual, arrays } = this.#guidance
    const from = Array.from(rows, (row) => (pairs ?? usual)[row])
    for (const [place, row] of from.entries()) this.#paired[place] = row >= 0 ? 1 : 0
    for (const [name, { values }] of Object.entries(arrays)) {
      const into = this.#arrays[name]
      const each = into.length / rows.length
      for (const [place, row] of from.entries()) {
        if (row >= 0) into.set(values.subarray(row * each, (row + 1) * each), place * each)
        else into.fill(0, place * each, (place + 1) * each)
      }
    }
    return { ...Object.fromEntries(Object.entries(this.#arrays).map(([name, values]) => [`taught:${name}`, values])), paired: this.#paired }
  }
}
