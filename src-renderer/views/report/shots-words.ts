import type { ModelName } from '../../../src-main/contract/schemas/learning.ts'
import type { NShotEvaluation, NShotResult } from '../../../src-main/contract/schemas/n-shot.ts'
import type { ShownModel } from '../../state/report.svelte.ts'

/** A model and what templates of few windows came to, at one number of windows per decision. */
export interface ShotsModel {
  readonly name: ModelName
  readonly evaluation: NShotEvaluation
  readonly results: readonly NShotResult[]
}

const compared: readonly ModelName[] = ['student', 'scratch']

/** The student against itself untaught, where there are both, and the model that was chosen. */
export function shotsOf(models: readonly Pick<ShownModel, 'name' | 'system'>[], chosen: ModelName | null, beats: number): ShotsModel[] {
  return models.flatMap(({ name, system: { nShot } }) => (nShot && (compared.includes(name) || name === chosen) ? [{ name, evaluation: nShot, results: nShot.results.filter((one) => one.beats === beats) }] : []))
}

/** Of each model and group, where most people had fewer windows than they were to enrol with; models of which that is the same are said once, by the first. */
export function shortOf(models: readonly ShotsModel[]): (Pick<NShotResult, 'people' | 'subjects' | 'short' | 'shots'> & { readonly model: ModelName })[] {
  const all = models.flatMap(({ name, results }) => (['seen', 'unseen'] as const).flatMap((people) => {
    const most = results.filter((one) => one.people === people && one.short > 0).sort((a, b) => b.short - a.short || a.shots - b.shots)[0]
    return most === undefined ? [] : [{ model: name, people, subjects: most.subjects, short: most.short, shots: most.shots }]
  }))
  return all.filter((one, index) => all.findIndex(({ people, short, shots, subjects }) => people === one.people && short === one.short && shots === one.shots && subjects === one.subjects) === index)
}
