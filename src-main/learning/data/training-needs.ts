import { LabError, type SplitRole } from '../../contract/index.ts'
import { windowsOf } from './window-rows.ts'
import type { WindowSet } from './window-set.ts'

export interface TrainingNeeds {
  /** Roles whose windows are learnt: `train` and `enrol` in a closed set, `train` alone where other people are tested (curation/split-roles.ts). */
  readonly roles: readonly SplitRole[]
  /** People of a batch, and windows of each. */
  readonly identities: number
  readonly perIdentity: number
}

/**
 * Refuses early, with counts and with what would do, what training could only fail at. Returns the windows that train and those that validate.
 * @throws LabError `training-impossible`: no window, one person, fewer than P people with K windows, no validation part, windows that are flat or not numbers.
 */
export function requireTrainable(set: WindowSet, { roles, identities, perIdentity }: TrainingNeeds): { training: Int32Array; validation: Int32Array } {
  const training = windowsOf(set, roles)
  const validation = windowsOf(set, ['validation'])
  const counts = new Map<number, number>()
  for (const row of training) counts.set(set.subject[row], (counts.get(set.subject[row]) ?? 0) + 1)
  const able = [...counts.values()].filter((count) => count >= perIdentity).length
  const data = { windows: training.length, subjects: counts.size, able, identities, perIdentity, validation: validation.length }
  const refuse = (message: string): LabError => new LabError('training-impossible', message, data)
  if (training.length === 0) throw refuse(`No window of the split may be learnt (roles ${roles.join(', ')}). Choose a split with a training part, or another lane or segmentation.`)
  if (counts.size < 2) throw refuse('All windows that may be learnt are of one person: recognition needs two people at the least. Choose a version or split with more.')
  if (able < identities) {
    throw refuse(
      `A batch takes ${identities} people with ${perIdentity} windows each; of the ${counts.size} people in the training part ${able} have so many. ` +
        (able >= 2 ? `${able} people a batch would do, or fewer windows of each, or shorter windows.` : 'Fewer windows of each, shorter windows or longer recordings would do.'),
    )
  }
  if (validation.length === 0) throw refuse('The split has no validation part with a window, by which the best epoch and the threshold are chosen. Make a split whose validation share is above 0.')
  for (const [name, rows] of [['training', training], ['validation', validation]] as const) {
    const useless = rows.reduce((sum, row) => sum + (varies(set, row) ? 0 : 1), 0)
    if (useless === rows.length) throw refuse(`All ${rows.length} windows of the ${name} part are flat or hold values that are not numbers. Choose another lane, or look at the recordings.`)
    if (useless > 0) throw refuse(`${useless} of the ${rows.length} windows of the ${name} part are flat or hold values that are not numbers: this window set was not cut by Pulseprint.`)
  }
  return { training, validation }
}

function varies({ samples, length, channels }: WindowSet, row: number): boolean {
  const from = row * length * channels
  let differs = false
  for (let i = from; i < from + length * channels; i++) {
    if (!Number.isFinite(samples[i])) return false
    differs ||= samples[i] !== samples[from]
  }
  return differs
}
