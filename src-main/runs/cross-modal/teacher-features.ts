import * as tf from '@tensorflow/tfjs-core'
import { LabError } from '../../contract/index.ts'
import type { WindowSet } from '../../learning/data/window-set.ts'
import { samplesOf } from '../../learning/data/window-rows.ts'
import type { Engine } from '../../learning/engine/engine.ts'
import { lastTokens } from '../../learning/recipes/alignment-planner.ts'
import type { FittedModel } from '../../learning/recipes/answers.ts'
import { centres, networkOf } from '../../learning/recipes/features.ts'
import { frozen, type Guidance } from '../../learning/recipes/phase.ts'
import { cosineLogits } from '../../learning/objectives/cosine-logits.ts'
import type { Pace } from '../pace.ts'

const batch = 64
/** All arrays of one guidance together. */
const mostBytes = 4 * 2 ** 30

export type TaughtArray = 'logits' | 'embedding' | 'tokens'

/**
 * What a frozen teacher says of its own windows, by row of `rows`: `logits` [people], its cosines times `scale`; `embedding` [dimensions], of any length; `tokens` [tokens, width], its last features before they are
 * pooled. Made once: no step of the student runs the teacher.
 * @throws LabError `out-of-memory` for more than 4 GiB of them, and those of the engine, and what `pace` throws.
 */
export async function teacherFeatures({ model, set, rows, scale, wanted, engine, pace }: {
  readonly model: FittedModel
  readonly set: WindowSet
  readonly rows: Int32Array
  readonly scale: number
  readonly wanted: readonly TaughtArray[]
  readonly engine: Engine
  readonly pace: Pace
}): Promise<Guidance['arrays']> {
  const { network, people, length, channels } = model.shape
  const compiled = await engine.compile(
    ({ x }) =>
      frozen(model, (scope) => {
        const features = networkOf(network)(x, scope.child('network'))
        const made: Record<TaughtArray, () => tf.Tensor> = {
          logits: () => tf.mul(cosineLogits(features.embedding, centres(scope, 'centres', people, network.embedding)), scale),
          // A copy: what a frozen network gives out is otherwise its own.
          embedding: () => tf.clone(features.embedding),
          tokens: () => lastTokens(features),
        }
        return Object.fromEntries(wanted.map((name) => [name, made[name]()]))
      }),
    { x: { shape: [batch, length, channels], dtype: 'float32' } },
  )
  try {
    const arrays = Object.fromEntries(wanted.map((name) => [name, emptyArray(name, compiled.outputs[name].shape.slice(1), rows.length)]))
    const x = new Float32Array(batch * length * channels)
    for (let from = 0; from < rows.length; from += batch) {
      const part = rows.subarray(from, from + batch)
      x.set(samplesOf(set, part))
      const results = await compiled.run({ x })
      for (const name of wanted) {
        const each = results[name].length / batch
        arrays[name].values.set(results[name].subarray(0, part.length * each), from * each)
      }
      await pace(Math.min(1, (from + batch) / rows.length))
    }
    return arrays
  } finally {
    compiled.dispose()
  }
}

function emptyArray(name: TaughtArray, shape: readonly number[], windows: number): { readonly shape: readonly number[]; readonly values: Float32Array } {
  const values = windows * shape.reduce((product, size) => product * size, 1)
  if (4 * values <= mostBytes) return { shape, values: new Float32Array(values) }
  const text = `The teacher's ${name} of ${windows} windows would take ${((4 * values) / 2 ** 30).toFixed(1)} GiB, where ${mostBytes / 2 ** 30} are the most. Take the plan "sinkhorn", a narrower teacher, or a longer stride of its windows.`
  throw new LabError('out-of-memory', text, { windows, values, bytes: 4 * values, most: mostBytes })
}
