import * as tf from '@tensorflow/tfjs-core'

export interface Term {
  /** Not negative. 0: the term is left out, and none of its graph is made. */
  readonly weight: number
  /** Makes the term, rank 0. */
  readonly value: () => tf.Tensor
}

/**
 * Σ weight·value over named terms, and the values by name without their weights, for the log and the ablation.
 * Throws RangeError for a weight that is negative or not finite, and when no term is left.
 * @example weightedSum({ identity: { weight: 0.5, value: () => tf.scalar(2) }, logit: { weight: 0, value: … } }) // total 1, terms { identity: 2 }
 */
export function weightedSum<Name extends string>(terms: Readonly<Record<Name, Term>>): { readonly total: tf.Scalar; readonly terms: Partial<Record<Name, tf.Scalar>> } {
  const values: Partial<Record<Name, tf.Scalar>> = {}
  let total: tf.Scalar | null = null
  for (const [name, { weight, value }] of Object.entries<Term>(terms)) {
    if (!(weight >= 0 && weight < Infinity)) throw new RangeError(`The objective ${name} cannot have the weight ${weight}.`)
    if (weight === 0) continue
    const made = tf.reshape(value(), []) as tf.Scalar
    values[name as Name] = made
    const weighted: tf.Scalar = weight === 1 ? made : tf.mul(made, weight)
    total = total ? tf.add(total, weighted) : weighted
  }
  if (!total) throw new RangeError('An objective needs a term with a weight above 0.')
  return { total, terms: values }
}
