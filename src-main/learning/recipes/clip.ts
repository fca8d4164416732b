import * as tf from '@tensorflow/tfjs-core'
import type { ClipRecipe } from '../../contract/index.ts'
import { linear } from '../networks/layers/linear.ts'
import { projectionHead } from '../networks/projection-head.ts'
import type { Scope } from '../networks/scope.ts'
import { sizes } from '../networks/sizes.ts'
import { contrastiveAlignment, initialLogScale } from '../objectives/contrastive-alignment.ts'
import { cosineLogits } from '../objectives/cosine-logits.ts'
import { oneHotLabels, softCrossEntropy } from '../objectives/cross-entropy.ts'
import { relationalAngle } from '../objectives/relational-angle.ts'
import { relationalDistance } from '../objectives/relational-distance.ts'
import { softmaxDivergence } from '../objectives/softmax-divergence.ts'
import { unitVectors } from '../objectives/unit-vectors.ts'
import { weightedSum, type Term } from '../objectives/weighted-sum.ts'
import type { FittedModel } from './answers.ts'
import { centres } from './features.ts'
import { alignmentOf } from './join-of.ts'
import { towers, unaugmented } from './joined.ts'
import { frozen, type Guidance, type Phase, type PhaseSetting } from './phase.ts'
import { labelledStudent } from './student.ts'
import { taughtWherePaired } from './taught.ts'

/**
 * The CLIP module: the frozen teacher's embeddings through one head, windows of the student's modality through an encoder and another, brought together by contrast (recognition.md A4). `x`: the teacher's
 * embedding, then the window of the same moment. Its scale e^ℓ is learnt beside the towers.
 * @param length samples of a window of the student's modality
 */
export function alignmentPhase(recipe: ClipRecipe, { people, length }: Pick<PhaseSetting, 'people' | 'length'>): Phase {
  const { join, network } = alignmentOf(recipe, { student: length })
  const forward = towers(join)
  return {
    name: 'alignment',
    shape: { network, join, heads: 1, people, length: join.first.length + join.second.length, channels: 1 },
    fit: { ...recipe.alignment.fit, augmentation: unaugmented },
    margin: { scale: recipe.student.margin.scale, margin: 0 },
    objective({ x, labels }, scope) {
      const { first, second } = forward(x, scope.child('network'))
      const logScale = tf.add(scope.weight('log-scale-change', [], { kind: 'zeros' }), initialLogScale)
      return weightedSum({ contrast: { weight: 1, value: () => contrastiveAlignment(first, second, labels, logScale) } })
    },
  }
}

/** softmax(scale · cos / temperature). */
interface Posterior {
  readonly scale: number
  readonly temperature: number
}

/** Whose frozen parts a student is judged by. */
export interface AligningModels {
  readonly teacher: FittedModel
  readonly alignment: FittedModel
}

/**
 * A student taught through aligned features (recognition.md A4):
 *
 *     L = L_task + w_kd KD + w_rel (25 RKD-D + 50 RKD-A) + w_assess (KL(T_cls(F_t) ‖ T_cls(φ(F_s))) + CE(T_cls(φ(F_s)), y))
 *
 * KD faces the teacher's posteriors and those of the student's second head. Relations are those of both embeddings behind the alignment's frozen heads. T_cls is the teacher's frozen classifier, φ a linear map
 * that learns with the student and is dropped with it; the output `assessment` is what T_cls makes of φ(F_s).
 *
 * `guidance`: arrays `teacher`, the teacher's unit-length embedding, and `aligned`, the same behind its frozen head, of every window that has a partner. Windows without one learn from L_task alone: the teacher
 * may not even know the person. With all three weights 0 this is the student from scratch.
 */
export function alignedStudentPhase({ student: options, distillation }: ClipRecipe, setting: PhaseSetting, { teacher, alignment }: AligningModels, guidance: Guidance): Phase {
  const { network, fit, margin } = options
  const student = labelledStudent(options, setting)
  const { logit, relation, assessment } = distillation
  return {
    name: 'student',
    shape: { network, heads: 2, ...setting },
    fit,
    margin,
    guidance,
    objective(batch, scope) {
      const { features, terms, taughtCentres, cosines } = student(batch, scope)
      const teacherWidth = teacher.shape.network.embedding
      const teacherCentres = frozen(partOf(teacher, 'classifier/'), (teaching) => centres(teaching, 'centres', setting.people, teacherWidth))
      const divergence = (own: tf.Tensor, { scale, temperature }: Posterior): tf.Tensor => {
        const taught = tf.mul(cosineLogits(batch['taught:teacher'], teacherCentres), scale)
        const logits = tf.mul(own, scale)
        return softmaxDivergence(logits, taughtWherePaired(taught, logits, batch.paired), temperature)
      }
      const paired = tf.expandDims(batch.paired, 1)
      const related = relation.weight * (relation.distance + relation.angle) > 0
      // Rows without a partner lie in the middle of the sphere on both sides: as far from everybody in the one space as in the other, and without a gradient.
      const aligned = related ? tf.mul(alignedOf(features.embedding, alignment, scope), paired) : null
      const assessed = assessment.weight > 0 ? cosineLogits(linear(features.embedding, scope.child('assessment'), { width: teacherWidth }), teacherCentres) : null
      const judged = (own: tf.Tensor): tf.Tensor =>
        tf.add(divergence(own, assessment), softCrossEntropy(tf.mul(own, assessment.scale), tf.mul(oneHotLabels(batch.labels, setting.people), paired)))
      const taught: Record<string, Term> = { logit: { weight: logit.weight, value: () => divergence(cosineLogits(features.distillationEmbedding, taughtCentres), logit) } }
      if (aligned) {
        taught.distance = { weight: relation.weight * relation.distance, value: () => relationalDistance(aligned, batch['taught:aligned']) }
        taught.angle = { weight: relation.weight * relation.angle, value: () => relationalAngle(aligned, batch['taught:aligned']) }
      }
      if (assessed) taught.assessment = { weight: assessment.weight, value: () => judged(assessed) }
      const sum = weightedSum({ ...terms, ...taught })
      return { ...sum, outputs: { cosines, ...(assessed ? { assessment: assessed } : {}) } }
    },
  }
}

/** The student's embedding behind the frozen head of its modality, unit length. An embedding of another width than the head was fitted to is carried to it by a map that learns with the student. */
function alignedOf(embedding: tf.Tensor, alignment: FittedModel, scope: Scope): tf.Tensor {
  const { network, join } = alignment.shape
  if (join?.kind !== 'towers') throw new RangeError('An alignment has two towers.')
  const fitting = sizes(embedding)[1] === network.embedding ? embedding : linear(embedding, scope.child('alignment-map'), { width: network.embedding })
  return frozen(partOf(alignment, 'network/second-head/'), (teaching) => unitVectors(projectionHead(fitting, teaching.child('network').child('second-head'), { width: join.projection })))
}

/** A model's weights of one name alone: all others would be constants of every step for nothing. */
function partOf(model: FittedModel, prefix: string): FittedModel {
  const own = <E extends { readonly name: string }>(entries: readonly E[]): readonly E[] => entries.filter(({ name }) => name.startsWith(prefix))
  return { ...model, layout: { ...model.layout, weights: own(model.layout.weights), statistics: own(model.layout.statistics) } }
}
