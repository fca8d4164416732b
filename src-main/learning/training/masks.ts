import { Random } from '../../curation/random.ts'
import { uniform } from '../../curation/gaussian.ts'
import type { MaskEntry } from '../networks/parameter-layout.ts'

/** Fills the random masks that a network asks for, 1 / keep or 0. The same for the same seed and step, whatever came before. */
export class MaskSource {
  readonly #masks: readonly { readonly name: string; readonly keep: number; readonly values: Float32Array }[]
  readonly #purpose: string
  readonly #seed: number

  constructor(masks: readonly MaskEntry[], purpose: string, seed: number) {
    this.#masks = masks.map(({ name, shape, keep }) => ({ name, keep, values: new Float32Array(shape.reduce((product, size) => product * size, 1)) }))
    this.#purpose = purpose
    this.#seed = seed
  }

  /** By the names of a compiled step's inputs; the arrays are filled anew by the next call. */
  at(step: number): Record<string, Float32Array> {
    const random = Random.of(`${this.#purpose} ${step}`, this.#seed)
    for (const { keep, values } of this.#masks) for (let i = 0; i < values.length; i++) values[i] = uniform(random) < keep ? 1 / keep : 0
    return Object.fromEntries(this.#masks.map(({ name, values }) => [`mask:${name}`, values]))
  }
}
