import type { SembridgeRecipe } from '../../contract/index.ts'
import { pairedContrast } from '../objectives/paired-contrast.ts'
import { weightedSum } from '../objectives/weighted-sum.ts'
import { towers, withoutTime } from './joined.ts'
import { matcherOf, type WindowLengths } from './join-of.ts'
import type { Phase, PhaseSetting } from './phase.ts'

/**
 * The matcher (recognition.md A3): an encoder and a projection head for each modality, taught by windows that belong together; who looks like whom is then read off the space that both share. `x`: the teacher's
 * window, then the student's. Both heads end in a layer normalisation of so many dimensions as `projection`, so that the inner products of the published loss are cosines times that: the softmax's scale is
 * projection / temperature. With the cosines alone, soft targets are nearly even, and what lowers the loss most is that all windows become one.
 *
 * Windows are neither shifted in time nor breathed through: what is laid end to end would run over the seam.
 */
export function matcherPhase(recipe: SembridgeRecipe, { people }: Pick<PhaseSetting, 'people'>, lengths: WindowLengths): Phase {
  const { fit, projection, temperature, targets } = recipe.matcher
  const { join, network } = matcherOf(recipe, lengths)
  const forward = towers(join)
  return {
    name: 'matcher',
    shape: { network, join, heads: 1, people, length: lengths.teacher + lengths.student, channels: 1 },
    fit: { ...fit, augmentation: { ...fit.augmentation, ...withoutTime } },
    // It has no centres; what it is told is never looked at.
    margin: recipe.student.margin,
    objective({ x }, scope) {
      const { first, second } = forward(x, scope.child('network'))
      return weightedSum({ contrast: { weight: 1, value: () => pairedContrast(first, second, { scale: projection / temperature, targets }) } })
    },
  }
}
