import * as tf from '@tensorflow/tfjs-core'
import type { DistillationOptions, StudentOptions } from '../../contract/index.ts'
import { linear } from '../networks/layers/linear.ts'
import { sizes } from '../networks/sizes.ts'
import type { Scope } from '../networks/scope.ts'
import type { Tensors } from '../engine/engine.ts'
import { additiveAngularMargin } from '../objectives/additive-angular-margin.ts'
import { cosineDistance } from '../objectives/cosine-distance.ts'
import { cosineLogits } from '../objectives/cosine-logits.ts'
import { adaptiveTarget, exitHead } from '../objectives/exit-heads.ts'
import { hardLabelDistillation } from '../objectives/hard-label-distillation.ts'
import { relationalAngle } from '../objectives/relational-angle.ts'
import { relationalDistance } from '../objectives/relational-distance.ts'
import { similarityPreserving } from '../objectives/similarity-preserving.ts'
import { softmaxDivergence } from '../objectives/softmax-divergence.ts'
import { tokenAlignment } from '../objectives/token-alignment.ts'
import { unitVectors } from '../objectives/unit-vectors.ts'
import { weightedSum, type Term } from '../objectives/weighted-sum.ts'
import type { FittedModel } from './answers.ts'
import { centres, networkOf, type Features } from './features.ts'
import { frozen, type Phase, type PhaseSetting } from './phase.ts'

export type Student = Omit<StudentOptions, 'distillation'>

/** What a student makes of a batch, and its part of the loss that the labels give: L_AAM of both heads, half each. */
export interface LabelledStudent {
  readonly features: Features
  readonly terms: { readonly identity: Term; readonly 'second head': Term }
  /** [people, dimensions]: the second head's centres. */
  readonly taughtCentres: tf.Tensor
  /** [batch, people]: the mean of both heads, for the accuracy. */
  readonly cosines: tf.Tensor
}

/** A student that learns from the labels, whatever else it learns from: `weight` for both heads together. */
export function labelledStudent({ network, margin }: Student, setting: PhaseSetting, weight = 1): (batch: Tensors, scope: Scope) => LabelledStudent {
  const forward = networkOf(network)
  return ({ x, labels, margin: now }, scope) => {
    const features = forward(x, scope.child('network'))
    const head = (embeddings: tf.Tensor, weights: tf.Tensor) => additiveAngularMargin({ embeddings, weights, labels, margin: now }, { scale: margin.scale, beyond: 'penalty' })
    const first = head(features.classEmbedding, centres(scope, 'centres', setting.people, network.embedding))
    const taughtCentres = centres(scope, 'distillation-centres', setting.people, network.embedding)
    const second = head(features.distillationEmbedding, taughtCentres)
    return {
      features,
      taughtCentres,
      terms: { identity: { weight: 0.5 * weight, value: () => first.loss }, 'second head': { weight: 0.5 * weight, value: () => second.loss } },
      cosines: tf.mul(tf.add(first.cosines, second.cosines), 0.5),
    }
  }
}

/**
 * The student alone. The second head is one for the labels too, so that a student from scratch has exactly the parameters of a distilled one.
 */
export function scratchPhase(options: Student, setting: PhaseSetting): Phase {
  const { network, fit, margin } = options
  const student = labelledStudent(options, setting)
  return {
    name: 'scratch',
    shape: { network, heads: 2, ...setting },
    fit,
    margin,
    objective(batch, scope) {
      const { terms, cosines } = student(batch, scope)
      return { ...weightedSum(terms), outputs: { cosines } }
    },
  }
}

/**
 * THKD's student, taught by a frozen teacher at every level of the hierarchy (recognition.md A1):
 *
 *     L = (1 - α) L_AAM(e_class, y) + α L_logit + λ_f Σ_k w_k L_stage^k + λ_e L_embedding + λ_r L_relation
 *
 * With α = 0 the labels teach the second head as well, half and half, as they do from scratch: with every level off, distilled and scratch are one. Else half of the embedding would be left to chance,
 * and an ablation would measure that.
 */
export function distilledPhase({ network, fit, margin, distillation }: StudentOptions, setting: PhaseSetting, teacher: FittedModel): Phase {
  const forward = networkOf(network)
  return {
    name: 'student',
    shape: { network, heads: 2, ...setting },
    fit,
    margin,
    objective({ x, labels, margin: now }, scope) {
      const taught = frozen(teacher, (teaching) => {
        const features = networkOf(teacher.shape.network)(x, teaching.child('network'))
        return { features, cosines: cosineLogits(features.embedding, centres(teaching, 'centres', setting.people, teacher.shape.network.embedding)) }
      })
      const features = forward(x, scope.child('network'))
      const head = (embeddings: tf.Tensor, weights: tf.Tensor) => additiveAngularMargin({ embeddings, weights, labels, margin: now }, { scale: margin.scale, beyond: 'penalty' })
      const identity = head(features.classEmbedding, centres(scope, 'centres', setting.people, network.embedding))
      const taughtCentres = centres(scope, 'distillation-centres', setting.people, network.embedding)
      const cosines = cosineLogits(features.distillationEmbedding, taughtCentres)
      const share = distillation.logit.weight
      const sum = weightedSum({
        identity: { weight: share === 0 ? 0.5 : 1 - share, value: () => identity.loss },
        'second head': { weight: share === 0 ? 0.5 : 0, value: () => head(features.distillationEmbedding, taughtCentres).loss },
        logit: logitTerm(distillation, cosines, taught.cosines),
        ...stageTerms(distillation, { student: features, teacher: taught.features, teacherCosines: taught.cosines, labels, scope: scope.child('stages') }),
        embedding: { weight: distillation.embedding.weight, value: () => cosineDistance(features.distillationEmbedding, projected(taught.features.embedding, features.distillationEmbedding, scope)) },
        ...relationTerms(distillation, features.embedding, taught.features.embedding),
      })
      return { ...sum, outputs: { cosines: tf.mul(tf.add(identity.cosines, cosines), 0.5) } }
    },
  }
}

/** The posteriors of cosine heads: softmax(s' cos / τ). */
function logitTerm({ logit }: DistillationOptions, student: tf.Tensor, teacher: tf.Tensor): Term {
  const scaled = (cosines: tf.Tensor): tf.Tensor => tf.mul(cosines, logit.scale)
  return {
    weight: logit.weight,
    value: () => (logit.form === 'hard' ? hardLabelDistillation(scaled(student), scaled(teacher)) : softmaxDivergence(scaled(student), scaled(teacher), logit.temperature)),
  }
}

interface Stages {
  readonly student: Features
  readonly teacher: Features
  readonly teacherCosines: tf.Tensor
  readonly labels: tf.Tensor
  readonly scope: Scope
}

const stageNames = ['stage 1', 'stage 2', 'stage 3', 'stage 4'] as const

/** One term for each of the four stages; student blocks at 1/4 .. 4/4 of its depth face the teacher's stages. */
function stageTerms({ stage, logit }: DistillationOptions, stages: Stages): Record<string, Term> {
  return Object.fromEntries(stageNames.map((name, k) => [name, { weight: stage.weight * stage.stageWeights[k], value: () => stageLoss(stage.form, k, stages, { gamma: stage.gamma, scale: logit.scale }) }]))
}

function stageLoss(form: DistillationOptions['stage']['form'], k: number, { student, teacher, teacherCosines, labels, scope }: Stages, { gamma, scale }: { gamma: number; scale: number }): tf.Tensor {
  const tokens = student.taps[k]
  const within = scope.child(String(k + 1))
  if (form === 'exit-heads') {
    const classes = sizes(teacherCosines)[1]
    const logits = student.specialTokens > 0 ? exitHead(tokens, within, { stage: k + 1, classes }) : linear(tf.mean(tokens, 1), within.child('classifier'), { width: classes })
    return adaptiveTarget(logits, tf.mul(teacherCosines, scale), labels, { gamma })
  }
  const [batch, count, width] = sizes(tokens)
  const patches = student.specialTokens > 0 ? tf.slice(tokens, [0, student.specialTokens, 0], [batch, count - student.specialTokens, width]) : tokens
  if (form === 'tokens') return tokenAlignment(patches, teacher.taps[k], within, { form: 'smooth-l1' })
  return similarityPreserving(tf.mean(patches, 1), tf.mean(teacher.taps[k], 1))
}

/** The teacher's embedding in as many dimensions as the student's: itself, or a projection that learns with the student. */
function projected(teacher: tf.Tensor, student: tf.Tensor, scope: Scope): tf.Tensor {
  const width = sizes(student)[1]
  return sizes(teacher)[1] === width ? teacher : linear(teacher, scope.child('embedding-projection'), { width })
}

function relationTerms({ relation }: DistillationOptions, student: tf.Tensor, teacher: tf.Tensor): Record<string, Term> {
  const [a, b] = [unitVectors(student), unitVectors(teacher)]
  return {
    distance: { weight: relation.weight * relation.distance, value: () => relationalDistance(a, b) },
    angle: { weight: relation.weight * relation.angle, value: () => relationalAngle(a, b) },
  }
}
