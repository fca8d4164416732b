import * as tf from '@tensorflow/tfjs-core'
import type { SembridgeRecipe } from '../../contract/index.ts'
import { linear } from '../networks/layers/linear.ts'
import type { Scope } from '../networks/scope.ts'
import { sizes } from '../networks/sizes.ts'
import { bisectedMedian } from '../objectives/bisected-median.ts'
import { correlationAlignment } from '../objectives/correlation-alignment.ts'
import { cosineDistance } from '../objectives/cosine-distance.ts'
import { cosineLogits } from '../objectives/cosine-logits.ts'
import { decoupledDistillation } from '../objectives/decoupled-distillation.ts'
import { maximumMeanDiscrepancy } from '../objectives/maximum-mean-discrepancy.ts'
import { relationalAngle } from '../objectives/relational-angle.ts'
import { relationalDistance } from '../objectives/relational-distance.ts'
import { sinkhorn } from '../objectives/sinkhorn.ts'
import { softmaxDivergence } from '../objectives/softmax-divergence.ts'
import { standardisedLogits } from '../objectives/standardised-logits.ts'
import { unitVectors } from '../objectives/unit-vectors.ts'
import { weightedSum, type Term } from '../objectives/weighted-sum.ts'
import { lastTokens, plannedFeatures } from './alignment-planner.ts'
import { unpairedAtMean } from './paired-rows.ts'
import type { Guidance, Phase, PhaseSetting, Rematch } from './phase.ts'
import { labelledStudent } from './student.ts'
import { taughtWherePaired } from './taught.ts'

/** Usual weights of the published presets (recognition.md A3, A5). */
const relations = { distance: 2.5, angle: 5 } as const
const decoupled = { target: 1, others: 8 } as const
/** No two embeddings are nearer than this in float32. */
const smallestCost = 1e-4

/** What a teacher's windows must bring for this recipe: `logits` [people], scaled cosines; `embedding` [dimensions]; `tokens` [tokens, width]. None: it teaches nothing. */
export function guidanceOf({ base, alignment, weights }: SembridgeRecipe): ('logits' | 'embedding' | 'tokens')[] {
  const onLogits = base.form === 'kd' || base.form === 'decoupled' || base.form === 'standardised'
  const aligned = weights.alignment * alignment.weight > 0
  return [
    ...(weights.base > 0 && onLogits ? (['logits'] as const) : []), ...((weights.base > 0 && !onLogits) || aligned ? (['embedding'] as const) : []),
    ...(aligned && alignment.plan === 'attention' ? (['tokens'] as const) : []),
  ]
}

/** The windows that teach, and how they are found anew; both `null` where the recipe's weights leave nothing to be taught. */
export interface Bridge {
  readonly guidance: Guidance
  readonly rematch: Rematch
}

/**
 * A student that is taught by windows of the same person which were never recorded together with its own (recognition.md A3):
 *
 *     L = w_task L_task + w_base L_base + w_alignment λ (L_map + L_embedding)
 *
 * `bridge.guidance`: the arrays of `guidanceOf`, made once by the frozen teacher. A window without a partner learns from its label alone. With every weight but the task's 0, and that 1, this is the student from
 * scratch.
 */
export function bridgedStudentPhase(recipe: SembridgeRecipe, setting: PhaseSetting, bridge: Bridge | null): Phase {
  const { network, fit, margin } = recipe.student
  const student = labelledStudent(recipe.student, setting, recipe.weights.task)
  return {
    name: 'student',
    shape: { network, heads: 2, ...setting },
    fit,
    margin,
    ...(bridge ?? {}),
    objective(batch, scope) {
      const { features, terms, taughtCentres, cosines } = student(batch, scope)
      const own = features.distillationEmbedding
      const seen = { ...(batch as unknown as Seen), own, inOwnWidth: once(() => inOwnWidth(batch['taught:embedding'], own, scope)) }
      const sum = weightedSum({
        ...terms,
        base: { weight: recipe.weights.base, value: () => baseLoss(recipe.base, seen, taughtCentres) },
        ...alignmentTerms(recipe, seen, () => lastTokens(features), scope),
      })
      return { ...sum, outputs: { cosines } }
    },
  }
}

/** A step's batch with its guidance. */
interface Seen {
  readonly labels: tf.Tensor
  readonly paired: tf.Tensor
  readonly 'taught:logits': tf.Tensor
  readonly 'taught:embedding': tf.Tensor
  readonly 'taught:tokens': tf.Tensor
  /** The student's embedding that the teacher speaks to. */
  readonly own: tf.Tensor
  /** The teacher's embedding in as many dimensions, made where it is first asked for: two terms may share it. */
  readonly inOwnWidth: () => tf.Tensor
}

function once(make: () => tf.Tensor): () => tf.Tensor {
  let made: tf.Tensor | null = null
  return () => (made ??= make())
}

function baseLoss({ form, temperature, scale }: SembridgeRecipe['base'], seen: Seen, taughtCentres: tf.Tensor): tf.Tensor {
  const { own, paired, labels } = seen
  const logits = (): tf.Tensor => tf.mul(cosineLogits(own, taughtCentres), scale)
  const onLogits = (loss: (student: tf.Tensor, teacher: tf.Tensor) => tf.Tensor, change = (of: tf.Tensor): tf.Tensor => of): tf.Tensor => {
    const z = change(logits())
    return loss(z, taughtWherePaired(change(seen['taught:logits']), z, paired))
  }
  switch (form) {
    case 'kd':
      return onLogits((z, taught) => softmaxDivergence(z, taught, temperature))
    case 'standardised':
      return onLogits((z, taught) => softmaxDivergence(z, taught, temperature), standardisedLogits)
    case 'decoupled':
      return onLogits((z, taught) => decoupledDistillation(z, taught, labels, { ...decoupled, temperature }))
    case 'cosine':
      return cosineDistance(own, taughtWherePaired(seen.inOwnWidth(), own, paired))
    case 'mmd':
      return maximumMeanDiscrepancy(unpairedAtMean(unitVectors(own), paired), unpairedAtMean(unitVectors(seen.inOwnWidth()), paired))
    case 'relations': {
      const [a, b] = [unpairedAtMean(unitVectors(own), paired), unpairedAtMean(unitVectors(seen['taught:embedding']), paired)]
      return tf.add(tf.mul(relationalDistance(a, b), relations.distance), tf.mul(relationalAngle(a, b), relations.angle))
    }
  }
}

function alignmentTerms({ alignment, weights }: SembridgeRecipe, seen: Seen, tokens: () => tf.Tensor, scope: Scope): Record<string, Term> {
  const weight = weights.alignment * alignment.weight
  const sides = (): [tf.Tensor, tf.Tensor] => [unpairedAtMean(unitVectors(seen.own), seen.paired), unpairedAtMean(unitVectors(seen.inOwnWidth()), seen.paired)]
  if (alignment.plan === 'sinkhorn') return { 'transmission cost': { weight, value: () => transmissionCost(...sides(), alignment.epsilon) } }
  return {
    map: {
      weight,
      value: () => {
        const { student, teacher } = plannedFeatures(tokens(), seen['taught:tokens'], scope.child('planner'), alignment)
        return publishedCoral(unpairedAtMean(student, seen.paired), unpairedAtMean(teacher, seen.paired))
      },
    },
    embedding: {
      weight,
      value: () => {
        const [a, b] = sides()
        // As long as features of deviation 1.
        const length = Math.sqrt(sizes(a)[1])
        return publishedCoral(tf.mul(a, length), tf.mul(b, length))
      },
    },
  }
}

/** Deep CORAL as the published code for unpaired distillation has it, whose weights the recipe takes over: covariances without 1/(n − 1), and their mean square over 4 d. */
function publishedCoral(student: tf.Tensor, teacher: tf.Tensor): tf.Tensor {
  const [batch, width] = sizes(student)
  return tf.mul(correlationAlignment(student, teacher), (batch - 1) ** 2 / width)
}

/** Entropic optimal transport with ε as a part of the median cost of this batch. */
function transmissionCost(student: tf.Tensor, teacher: tf.Tensor, epsilon: number): tf.Tensor {
  const median = bisectedMedian(tf.sub(1, tf.matMul(unitVectors(student), unitVectors(teacher), false, true)), 2)
  return sinkhorn(student, teacher, tf.mul(tf.maximum(median, smallestCost), epsilon))
}

/** The teacher's embedding in as many dimensions as the student's: itself, or a projection that learns with the student and is left behind. */
function inOwnWidth(taught: tf.Tensor, own: tf.Tensor, scope: Scope): tf.Tensor {
  const width = sizes(own)[1]
  return sizes(taught)[1] === width ? taught : linear(taught, scope.child('embedding-projection'), { width })
}
