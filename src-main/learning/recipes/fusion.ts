import * as tf from '@tensorflow/tfjs-core'
import type { FusionRecipe } from '../../contract/index.ts'
import { additiveAngularMargin } from '../objectives/additive-angular-margin.ts'
import { cosineDistance } from '../objectives/cosine-distance.ts'
import { cosineLogits } from '../objectives/cosine-logits.ts'
import { maximumMeanDiscrepancy } from '../objectives/maximum-mean-discrepancy.ts'
import { softmaxDivergence } from '../objectives/softmax-divergence.ts'
import { unitVectors } from '../objectives/unit-vectors.ts'
import { weightedSum } from '../objectives/weighted-sum.ts'
import type { FittedModel } from './answers.ts'
import { centres } from './features.ts'
import { gated, unaugmented } from './joined.ts'
import { gateOf } from './join-of.ts'
import { unpairedAtMean } from './paired-rows.ts'
import { frozen, type Guidance, type Phase, type PhaseSetting } from './phase.ts'
import { labelledStudent } from './student.ts'
import { taughtWherePaired } from './taught.ts'

/**
 * The fused teacher: a gated unit over the embeddings that both frozen encoders made of windows of one moment, with an additive angular margin of its own (recognition.md A2). `x`: the teacher's embedding, then
 * that of the student's modality.
 */
export function fusionPhase(recipe: FusionRecipe, { people }: Pick<PhaseSetting, 'people'>): Phase {
  const { embedding: width, fit, margin } = recipe.fusion
  const { join, network } = gateOf(recipe)
  const forward = gated(join, width)
  return {
    name: 'fusion',
    shape: { network, join, heads: 1, people, length: join.first.length + join.second.length, channels: 1 },
    fit: { ...fit, augmentation: unaugmented },
    margin,
    objective({ x, labels, margin: now }, scope) {
      const embeddings = forward(x, scope.child('network'))
      const { loss, cosines } = additiveAngularMargin({ embeddings, weights: centres(scope, 'centres', people, width), labels, margin: now }, { scale: margin.scale, beyond: 'penalty' })
      return { ...weightedSum({ identity: { weight: 1, value: () => loss } }), outputs: { cosines } }
    },
  }
}

/**
 * A student of one modality, taught by the fusion of both (recognition.md A2, eq. 7):
 *
 *     L = L_AAM + α L_KL + β L_COS + γ L_MMD
 *
 * `guidance`: array `fused`, the fusion's unit-length embedding of every window that has a partner. Windows without one learn from their label. With all three weights 0 this is the student from scratch.
 */
export function fusedStudentPhase({ student: options, distillation }: FusionRecipe, setting: PhaseSetting, fusion: FittedModel, guidance: Guidance): Phase {
  const { network, fit, margin } = options
  const student = labelledStudent(options, setting)
  const { kl, cosine, mmd } = distillation
  return {
    name: 'student',
    shape: { network, heads: 2, ...setting },
    fit,
    margin,
    guidance,
    objective(batch, scope) {
      const { features, terms, taughtCentres, cosines } = student(batch, scope)
      const own = unitVectors(features.distillationEmbedding)
      const fused = taughtWherePaired(batch['taught:fused'], own, batch.paired)
      const fusionCentres = frozen(fusion, (teaching) => centres(teaching, 'centres', setting.people, fusion.shape.network.embedding))
      // Posteriors without a margin: softmax(cos(W, e) / T). The teacher's rows without a partner must be the student's own, so they are judged by the same centres.
      const logits = (embeddings: tf.Tensor, weights: tf.Tensor): tf.Tensor => tf.div(cosineLogits(embeddings, weights), kl.temperature)
      const ownLogits = logits(own, kl.classifier === 'fusion' ? fusionCentres : taughtCentres)
      const sum = weightedSum({
        ...terms,
        KL: { weight: kl.weight, value: () => softmaxDivergence(ownLogits, taughtWherePaired(logits(batch['taught:fused'], fusionCentres), ownLogits, batch.paired), 1) },
        COS: { weight: cosine.weight, value: () => cosineDistance(own, fused) },
        MMD: { weight: mmd.weight, value: () => maximumMeanDiscrepancy(unpairedAtMean(own, batch.paired), unpairedAtMean(batch['taught:fused'], batch.paired)) },
      })
      return { ...sum, outputs: { cosines } }
    },
  }
}
