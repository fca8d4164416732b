import type { Tensor } from '@tensorflow/tfjs-core'
import type { Random } from '../../../src-main/curation/random.ts'
import { gaussians } from '../../../src-main/curation/gaussian.ts'
import { additiveAngularMargin } from '../../../src-main/learning/objectives/additive-angular-margin.ts'
import { batchHardTriplet } from '../../../src-main/learning/objectives/batch-hard-triplet.ts'
import { contrastiveAlignment } from '../../../src-main/learning/objectives/contrastive-alignment.ts'
import { correlationAlignment } from '../../../src-main/learning/objectives/correlation-alignment.ts'
import { cosineDistance } from '../../../src-main/learning/objectives/cosine-distance.ts'
import { decoupledDistillation } from '../../../src-main/learning/objectives/decoupled-distillation.ts'
import { adaptiveTarget } from '../../../src-main/learning/objectives/exit-heads.ts'
import { hardLabelDistillation } from '../../../src-main/learning/objectives/hard-label-distillation.ts'
import { maximumMeanDiscrepancy } from '../../../src-main/learning/objectives/maximum-mean-discrepancy.ts'
import { pearsonRelations } from '../../../src-main/learning/objectives/pearson-relations.ts'
import { relationalAngle } from '../../../src-main/learning/objectives/relational-angle.ts'
import { relationalDistance } from '../../../src-main/learning/objectives/relational-distance.ts'
import { similarityPreserving } from '../../../src-main/learning/objectives/similarity-preserving.ts'
import { sinkhorn } from '../../../src-main/learning/objectives/sinkhorn.ts'
import { softmaxDivergence } from '../../../src-main/learning/objectives/softmax-divergence.ts'
import { tokenAlignment } from '../../../src-main/learning/objectives/token-alignment.ts'
import { type Input, type Inputs, type Loss, scalar, scopeOf } from './on-the-cpu.ts'
import * as reference from './reference.ts'
import type { Rows } from './reference.ts'

export interface Sizes {
  readonly batch: number
  readonly width: number
  readonly classes: number
}

/** An objective with inputs to try it on, and the same loss by the second implementation. */
export interface Case {
  readonly name: string
  readonly inputs: (random: Random, sizes: Sizes) => Inputs
  /** Inputs that get a gradient; `constant` ones must get none. */
  readonly by: readonly string[]
  readonly constant?: readonly string[]
  readonly loss: Loss
  /** `at`: the inputs around which a gradient is taken, for what is to be held constant there. */
  readonly reference: (inputs: Inputs, at: Inputs) => number
}

export function gaussian(random: Random, shape: readonly number[], deviation = 1): Input {
  const draw = gaussians(random)
  return { shape, values: Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => Math.fround(deviation * draw())) }
}

function identities(random: Random, { batch, classes }: Sizes): Input {
  return { shape: [batch], values: Array.from({ length: batch }, () => random.below(classes)), dtype: 'int32' }
}

export function rowsOf({ shape, values }: Input): Rows {
  const width = shape[shape.length - 1]
  return Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width))
}

const embeddings = (random: Random, { batch, width }: Sizes): Inputs => ({ student: gaussian(random, [batch, width]), teacher: gaussian(random, [batch, width]) })
/** A teacher of another width. */
const widerTeacher = (random: Random, { batch, width }: Sizes): Inputs => ({ student: gaussian(random, [batch, width]), teacher: gaussian(random, [batch, width + 2], 3) })
const logits = (random: Random, sizes: Sizes): Inputs => ({
  student: gaussian(random, [sizes.batch, sizes.classes], 2),
  teacher: gaussian(random, [sizes.batch, sizes.classes], 3),
  labels: identities(random, sizes),
})

type Two = (student: Tensor, teacher: Tensor) => Tensor
const both = (loss: Two): Loss => ({ student, teacher }) => loss(student, teacher)
const bothRows = (loss: (student: Rows, teacher: Rows) => number) => ({ student, teacher }: Inputs): number => loss(rowsOf(student), rowsOf(teacher))

const marginCase = (name: string, beyond: 'penalty' | 'easy', margin: number): Case => ({
  name,
  inputs: (random, sizes) => ({
    embeddings: gaussian(random, [sizes.batch, sizes.width]),
    weights: gaussian(random, [sizes.classes, sizes.width]),
    labels: identities(random, sizes),
    margin: scalar(Math.fround(margin)),
  }),
  by: ['embeddings', 'weights'],
  loss: ({ embeddings, weights, labels, margin }) => additiveAngularMargin({ embeddings, weights, labels, margin }, { scale: 8, beyond }).loss,
  reference: ({ embeddings, weights, labels, margin }) => reference.angularMargin(rowsOf(embeddings), rowsOf(weights), labels.values, margin.values[0], 8, beyond),
})

const tripletCase = (form: 'hinge' | 'softplus'): Case => ({
  name: `batch-hard triplet, ${form}`,
  // Two identities in turn, so that every anchor has a positive and a negative from four on.
  inputs: (random, sizes) => ({
    student: gaussian(random, [sizes.batch + 2, sizes.width]),
    labels: { shape: [sizes.batch + 2], values: Array.from({ length: sizes.batch + 2 }, (_, i) => i % 2), dtype: 'int32' },
  }),
  by: ['student'],
  loss: ({ student, labels }) => batchHardTriplet(student, labels, { form, margin: 0.3 }),
  reference: ({ student, labels }) => reference.triplet(rowsOf(student), labels.values, Math.fround(0.3), form),
})

const tokenCase = (form: 'smooth-l1' | 'mean-squared', frames: number): Case => ({
  name: `token alignment, ${form}, ${frames} frames to 4 tokens`,
  inputs: (random, sizes) => {
    // Normalised, two channels are always ±1: their gradient is rounding.
    const width = sizes.width + 2
    return {
      tokens: gaussian(random, [sizes.batch, 4, width], 1.5),
      map: gaussian(random, [sizes.batch, frames, 3]),
      'linear/weight': gaussian(random, [3, width]),
      'linear/bias': gaussian(random, [width]),
      'normalisation/gain': gaussian(random, [width]),
      'normalisation/shift': gaussian(random, [width]),
    }
  },
  by: ['tokens', 'linear/weight', 'linear/bias', 'normalisation/gain', 'normalisation/shift'],
  constant: ['map'],
  loss: ({ tokens, map, ...weights }) => tokenAlignment(tokens, map, scopeOf(weights), { form }),
  reference: ({ tokens, map, ...weights }) =>
    reference.fitTokens(
      perSample(tokens),
      perSample(map),
      { weight: rowsOf(weights['linear/weight']), bias: weights['linear/bias'].values, gain: weights['normalisation/gain'].values, shift: weights['normalisation/shift'].values },
      form,
    ),
})

function perSample({ shape, values }: Input): Rows[] {
  const [, count, width] = shape
  return Array.from({ length: shape[0] }, (_, b) => rowsOf({ shape: [count, width], values: values.slice(b * count * width, (b + 1) * count * width) }))
}

export const cases: readonly Case[] = [
  marginCase('angular margin', 'penalty', 0.2),
  marginCase('angular margin, wide', 'penalty', 1.2),
  marginCase('angular margin, easy', 'easy', 0.35),
  tripletCase('hinge'),
  tripletCase('softplus'),
  {
    name: 'softmax divergence',
    inputs: logits,
    by: ['student'],
    constant: ['teacher'],
    loss: ({ student, teacher }) => softmaxDivergence(student, teacher, 3),
    reference: ({ student, teacher }) => reference.softmaxDivergence(rowsOf(student), rowsOf(teacher), 3),
  },
  { name: 'hard label', inputs: logits, by: ['student'], constant: ['teacher'], loss: both(hardLabelDistillation), reference: bothRows(reference.hardLabel) },
  { name: 'cosine distance', inputs: embeddings, by: ['student', 'teacher'], loss: both(cosineDistance), reference: bothRows(reference.cosineDistance) },
  {
    name: 'maximum mean discrepancy',
    inputs: (random, sizes) => ({ ...embeddings(random, sizes), teacher: gaussian(random, [sizes.batch + 1, sizes.width]) }),
    by: ['student', 'teacher'],
    loss: both(maximumMeanDiscrepancy),
    reference: ({ student, teacher }, at) => reference.discrepancy(rowsOf(student), rowsOf(teacher), reference.bandwidthOf(rowsOf(at.student), rowsOf(at.teacher))),
  },
  { name: 'similarity preserving', inputs: widerTeacher, by: ['student'], constant: ['teacher'], loss: both(similarityPreserving), reference: bothRows(reference.similarity) },
  { name: 'relational distance', inputs: widerTeacher, by: ['student'], constant: ['teacher'], loss: both(relationalDistance), reference: bothRows(reference.relationalDistance) },
  { name: 'relational angle', inputs: widerTeacher, by: ['student'], constant: ['teacher'], loss: both(relationalAngle), reference: bothRows(reference.relationalAngle) },
  {
    name: 'decoupled distillation',
    inputs: logits,
    by: ['student'],
    constant: ['teacher'],
    loss: ({ student, teacher, labels }) => decoupledDistillation(student, teacher, labels, { target: 1, others: 8, temperature: 4 }),
    reference: ({ student, teacher, labels }) => reference.decoupled(rowsOf(student), rowsOf(teacher), labels.values, 1, 8, 4),
  },
  {
    name: 'Pearson relations',
    // With two classes or two samples every correlation is ±1: no gradient to compare.
    inputs: (random, sizes) => logits(random, { ...sizes, batch: sizes.batch + 2, classes: sizes.classes + 1 }),
    by: ['student'],
    constant: ['teacher'],
    loss: ({ student, teacher }) => pearsonRelations(student, teacher, { inter: 2, intra: 1, temperature: 2 }),
    reference: ({ student, teacher }) => reference.pearson(rowsOf(student), rowsOf(teacher), 2, 1, 2),
  },
  {
    name: 'contrastive alignment',
    inputs: (random, sizes) => ({ ...embeddings(random, sizes), labels: identities(random, sizes), logScale: scalar(Math.fround(Math.log(5))) }),
    by: ['teacher', 'student', 'logScale'],
    loss: ({ teacher, student, labels, logScale }) => contrastiveAlignment(teacher, student, labels, logScale),
    reference: ({ teacher, student, labels, logScale }) => reference.contrastive(rowsOf(teacher), rowsOf(student), labels.values, logScale.values[0]),
  },
  { name: 'correlation alignment', inputs: embeddings, by: ['student', 'teacher'], loss: both(correlationAlignment), reference: bothRows(reference.coral) },
  {
    name: 'correlation alignment, wide',
    inputs: (random, { batch, width }) => embeddings(random, { batch, width: 2 * batch + width, classes: 0 }),
    by: ['student', 'teacher'],
    loss: both(correlationAlignment),
    reference: bothRows(reference.coral),
  },
  {
    name: 'Sinkhorn',
    inputs: (random, sizes) => ({ student: gaussian(random, [sizes.batch + 1, sizes.width]), teacher: gaussian(random, [sizes.batch, sizes.width]), epsilon: scalar(Math.fround(0.1)) }),
    by: ['student', 'teacher', 'epsilon'],
    loss: ({ student, teacher, epsilon }) => sinkhorn(student, teacher, epsilon),
    reference: ({ student, teacher, epsilon }) => reference.transport(rowsOf(student), rowsOf(teacher), epsilon.values[0]),
  },
  {
    name: 'adaptive target',
    inputs: logits,
    by: ['student'],
    constant: ['teacher'],
    loss: ({ student, teacher, labels }) => adaptiveTarget(student, teacher, labels, { gamma: 1.5 }),
    reference: ({ student, teacher, labels }) => reference.adaptive(rowsOf(student), rowsOf(teacher), labels.values, 1.5),
  },
  tokenCase('smooth-l1', 9),
  tokenCase('mean-squared', 2),
  tokenCase('smooth-l1', 4),
]
