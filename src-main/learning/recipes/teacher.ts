import type { ModelName, TeacherOptions } from '../../contract/index.ts'
import { additiveAngularMargin } from '../objectives/additive-angular-margin.ts'
import { batchHardTriplet } from '../objectives/batch-hard-triplet.ts'
import { weightedSum } from '../objectives/weighted-sum.ts'
import { centres, networkOf } from './features.ts'
import type { Phase, PhaseSetting } from './phase.ts'

/** THKD's teacher, and any encoder that is frozen later: L_T = L_AAM + λ L_triplet, batch-hard over P x K (recognition.md A1). */
export function teacherPhase({ network, fit, margin, triplet }: TeacherOptions, setting: PhaseSetting, name: ModelName = 'teacher'): Phase {
  const forward = networkOf(network)
  return {
    name,
    shape: { network, heads: 1, ...setting },
    fit,
    margin,
    objective({ x, labels, margin: now }, scope) {
      const { embedding } = forward(x, scope.child('network'))
      const { loss, cosines } = additiveAngularMargin(
        { embeddings: embedding, weights: centres(scope, 'centres', setting.people, network.embedding), labels, margin: now },
        { scale: margin.scale, beyond: 'penalty' },
      )
      const sum = weightedSum({
        identity: { weight: 1, value: () => loss },
        triplet: { weight: triplet.weight, value: () => batchHardTriplet(embedding, labels, { form: triplet.form, margin: triplet.margin }) },
      })
      return { ...sum, outputs: { cosines } }
    },
  }
}
