import type { SembridgeRecipe } from '../../src-main/contract/schemas/learning.ts'

/**
 * Epochs of the student, counted from 0, before which windows are matched anew: the first after a part of the training, then after steps that grow (recognition.md A3).
 * @example rematchEpochs({ first: 0.15, step: 0.15, growth: 0.025 }, 200) // [30, 60, 95, 135, 180]
 */
export function rematchEpochs({ first, step, growth }: SembridgeRecipe['rematch'], epochs: number): number[] {
  const found = new Set<number>()
  // Steps of a hundredth are the smallest that a recipe has; a rule that is being typed may not move on at all.
  for (let at = first, k = 0; at < 1 && k < 100; at += step + growth * k++) {
    const epoch = Math.round(at * epochs)
    if (epoch > 0 && epoch < epochs) found.add(epoch)
  }
  return [...found]
}
