import * as tf from '@tensorflow/tfjs-core'
import { oneHotLabels, softCrossEntropy } from './cross-entropy.ts'
import { withoutGradient } from './without-gradient.ts'

/**
 * Hard distillation: L = CE(z_S, argmax_c z_T), the teacher's decision taken as the label (DeiT, Touvron et al. 2021, eq. 3). Of equal logits the first counts.
 * @param student z_S, [B, C]
 * @param teacher z_T, [B, C]
 * @example z_T = [[0, 2]], z_S = [[0, ln 3]] -> ln 4/3 = 0.2877
 */
export function hardLabelDistillation(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  return softCrossEntropy(student, withoutGradient(() => oneHotLabels(tf.argMax(teacher, 1), teacher.shape[1] ?? 1)))
}
