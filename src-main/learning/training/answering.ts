import type { Compiled, Engine, Tensors } from '../engine/engine.ts'
import { boundScope, type ParameterLayout } from '../networks/parameter-layout.ts'
import { answerLayout, answerOf, type ModelShape } from '../recipes/answers.ts'
import { parameterArrays, parameterSpecs, type ModelState } from './training-step.ts'

export interface Answers {
  readonly dimensions: number
  /** [windows, dimensions], rows of length 1. */
  readonly embeddings: Float32Array
  /** [windows, people], cosines to the centres; empty when they were not asked for. */
  readonly cosines: Float32Array
}

/** A network's forward pass, compiled for windows of one length: embeddings, and cosines to the people's centres, for any weights of `answerLayout`. */
export class Answering {
  readonly #compiled: Compiled
  readonly #layout: ParameterLayout
  readonly #batch: number
  readonly #perWindow: number

  private constructor(compiled: Compiled, layout: ParameterLayout, batch: number, perWindow: number) {
    this.#compiled = compiled
    this.#layout = layout
    this.#batch = batch
    this.#perWindow = perWindow
  }

  /** `batch`: windows that are computed at once. @throws LabError of the engine. */
  static async compile(engine: Engine, shape: ModelShape, batch: number): Promise<Answering> {
    const { length, channels } = shape
    const layout = answerLayout(shape)
    const answer = answerOf(shape)
    const step = (inputs: Tensors): Tensors => {
      const named = (kind: string): Tensors => Object.fromEntries(Object.entries(inputs).flatMap(([name, tensor]) => (name.startsWith(`${kind}:`) ? [[name.slice(kind.length + 1), tensor]] : [])))
      const { scope } = boundScope(layout, { weights: named('weight'), statistics: named('statistic') }, { training: false })
      const { embedding, cosines } = answer(inputs.x, scope)
      return { embedding, cosines }
    }
    const compiled = await engine.compile(step, { x: { shape: [batch, length, channels], dtype: 'float32' }, ...parameterSpecs(layout, ['weight', 'statistic']) })
    return new Answering(compiled, layout, batch, length * channels)
  }

  /** `samples`: [windows, time, channels]. @throws LabError of the engine. */
  async answer(samples: Float32Array, state: ModelState): Promise<Answers> {
    const windows = samples.length / this.#perWindow
    const dimensions = this.#compiled.outputs.embedding.shape[1]
    const people = this.#compiled.outputs.cosines.shape[1]
    const embeddings = new Float32Array(windows * dimensions)
    const cosines = new Float32Array(windows * people)
    const parameters = parameterArrays(this.#layout, state)
    const x = new Float32Array(this.#batch * this.#perWindow)
    for (let first = 0; first < windows; first += this.#batch) {
      const count = Math.min(this.#batch, windows - first)
      // What is left of the batch before stays behind the last windows: no window's answer depends on another's.
      x.set(samples.subarray(first * this.#perWindow, (first + count) * this.#perWindow))
      const { embedding, cosines: found } = await this.#compiled.run({ x, ...parameters })
      embeddings.set(embedding.subarray(0, count * dimensions), first * dimensions)
      cosines.set(found.subarray(0, count * people), first * people)
    }
    return { dimensions, embeddings, cosines }
  }

  dispose(): void {
    this.#compiled.dispose()
  }
}
