/** How the learning rate goes over a phase. */
export type ScheduleOptions =
  /** Linear warm-up, then half a cosine down to `floor` x rate (Loshchilov and Hutter 2017). */
  | { readonly kind: 'cosine'; readonly warmUp: number; readonly floor: number }
  /** Linear warm-up, then exponentially to `floor` x rate (wespeaker's recipe for VoxCeleb). */
  | { readonly kind: 'exponential'; readonly warmUp: number; readonly floor: number }
  /** x `factor` after `patience` epochs without a better validation value. */
  | { readonly kind: 'plateau'; readonly warmUp: number; readonly patience: number; readonly factor: number }

/** What of the past a schedule needs. */
export interface Progress {
  /** Steps done, of all. */
  readonly step: number
  readonly steps: number
  /** Times that the plateau has lowered the rate. */
  readonly drops: number
}

/**
 * The learning rate of the next step. `warmUp`: the part of all steps in which it rises linearly from nearly 0.
 * @example learningRate(1e-3, { kind: 'cosine', warmUp: 0.05, floor: 0 }, { step: 525, steps: 1000, drops: 0 }) // 5e-4: half way down
 */
export function learningRate(rate: number, schedule: ScheduleOptions, { step, steps, drops }: Progress): number {
  const warmUpSteps = Math.round(schedule.warmUp * steps)
  if (step < warmUpSteps) return (rate * (step + 1)) / warmUpSteps
  if (schedule.kind === 'plateau') return rate * schedule.factor ** drops
  const done = steps > warmUpSteps ? (step - warmUpSteps) / (steps - warmUpSteps) : 1
  if (schedule.kind === 'exponential') return rate * Math.max(schedule.floor, 1e-8) ** done
  return rate * (schedule.floor + (1 - schedule.floor) * 0.5 * (1 + Math.cos(Math.PI * done)))
}

/** Counts epochs without a better value; tells when the plateau schedule has to lower the rate. Plain values, so that a checkpoint can hold them. */
export interface PlateauState {
  readonly best: number
  readonly waited: number
  readonly drops: number
}

export const plateauStart: PlateauState = { best: Infinity, waited: 0, drops: 0 }

/** `value`: lower is better. @example plateau({ best: 0.1, waited: 1, drops: 0 }, 0.2, 2) // { best: 0.1, waited: 0, drops: 1 } */
export function plateau(state: PlateauState, value: number, patience: number): PlateauState {
  if (value < state.best) return { ...state, best: value, waited: 0 }
  const waited = state.waited + 1
  return waited < patience ? { ...state, waited } : { ...state, waited: 0, drops: state.drops + 1 }
}
