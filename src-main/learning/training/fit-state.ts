import { LabError } from '../../contract/index.ts'
import type { ParameterLayout } from '../networks/parameter-layout.ts'
import type { Optimizer } from './optimizers/optimizer.ts'
import { plateau, plateauStart, type PlateauState } from './schedule.ts'
import type { ModelState } from './training-step.ts'

/** All that a fit is, between two steps: plain values and arrays, to be stored. */
export interface FitCheckpoint {
  readonly phase: string
  readonly numbers: {
    readonly epoch: number
    readonly stepInEpoch: number
    readonly steps: number
    readonly bestEpoch: number | null
    readonly bestValue: number | null
    readonly waited: number
    readonly seconds: number
    readonly plateau: PlateauState
    readonly sums: Sums
    readonly measures?: Readonly<Record<string, number>>
  }
  readonly arrays: Readonly<Record<string, Float32Array>>
}

interface Sums {
  readonly terms: Readonly<Record<string, number>>
  readonly norm: number
  readonly accuracy: number
  readonly judged: number
  readonly steps: number
}

const noSums: Sums = { terms: {}, norm: 0, accuracy: 0, judged: 0, steps: 0 }

/** Where a fit is. */
export class FitState {
  /** Epochs finished; steps of the one under way; steps in all. */
  epoch = 0
  stepInEpoch = 0
  steps = 0
  bestEpoch: number | null = null
  /** Epochs without a better value. */
  waited = 0
  /** Spent so far, all sittings together. */
  seconds = 0
  plateau: PlateauState = plateauStart
  best: ModelState | null = null
  /** Row of the guidance for every window of the set, where that changes while the network learns. */
  pairs: Int32Array | null = null
  /** Of the epoch under way, told with it. */
  measures: Readonly<Record<string, number>> = {}
  readonly current: ModelState
  /** Moving average of the weights. */
  readonly average: Float32Array | null
  readonly #phase: string
  readonly #optimizer: Optimizer
  #bestValue: number | null = null
  #sums: Sums = noSums

  private constructor(phase: string, current: ModelState, average: Float32Array | null, optimizer: Optimizer) {
    this.#phase = phase
    this.current = current
    this.average = average
    this.#optimizer = optimizer
  }

  static fresh(phase: string, { weights, statistics }: ModelState, optimizer: Optimizer, averaged: boolean): FitState {
    return new FitState(phase, { weights: placed(weights, optimizer), statistics }, averaged ? placed(weights, optimizer) : null, optimizer)
  }

  /** @throws LabError `checkpoint-damaged` for a checkpoint of another phase or another network. */
  static from({ phase, numbers, arrays }: FitCheckpoint, expected: string, layout: ParameterLayout, optimizer: Optimizer): FitState {
    const take = (name: string, length: number): Float32Array => {
      const found = arrays[name]
      if (found?.length === length) return found.slice()
      throw new LabError('checkpoint-damaged', `The checkpoint has ${found?.length ?? 'no'} values of "${name}", the network ${length}.`, { phase, name, expected: length })
    }
    if (phase !== expected) throw new LabError('checkpoint-damaged', `The checkpoint is one of "${phase}", not of "${expected}".`, { phase, expected })
    const current = { weights: placed(take('weights', layout.weightCount), optimizer), statistics: take('statistics', layout.statisticCount) }
    const state = new FitState(phase, current, 'average' in arrays ? placed(take('average', layout.weightCount), optimizer) : null, optimizer)
    for (const [name, values] of Object.entries(optimizer.state)) values.set(take(`optimizer:${name}`, values.length))
    if ('best-weights' in arrays) state.best = { weights: take('best-weights', layout.weightCount), statistics: take('best-statistics', layout.statisticCount) }
    // Rows below 2^24: float32 holds them exactly.
    if ('pairs' in arrays) state.pairs = Int32Array.from(arrays.pairs)
    const { epoch, stepInEpoch, steps, bestEpoch, bestValue, waited, seconds, plateau: flat, sums, measures = {} } = numbers
    // JSON has no infinity: before the first validation there is no best value.
    Object.assign(state, { epoch, stepInEpoch, steps, bestEpoch, waited, seconds, measures, plateau: { ...flat, best: flat.best ?? Infinity } })
    state.#bestValue = bestValue
    state.#sums = sums
    return state
  }

  /** What is validated, and what counts as the result: the average where there is one. */
  validated(): ModelState {
    return this.average ? { weights: this.average, statistics: this.current.statistics } : this.current
  }

  /** Takes in one step's values. */
  add(terms: Readonly<Record<string, number>>, norm: number, accuracy: number | null): void {
    const { terms: before } = this.#sums
    this.#sums = {
      terms: Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, (before[name] ?? 0) + value])),
      norm: this.#sums.norm + norm,
      accuracy: this.#sums.accuracy + (accuracy ?? 0),
      judged: this.#sums.judged + (accuracy === null ? 0 : 1),
      steps: this.#sums.steps + 1,
    }
  }

  /**
   * Keeps the weights when they are the best so far; without a value (nothing to compare) the newest count as the best. Of equal values (few people soon have an EER of 0) the later is kept, which has
   * learnt more, but it is no reason to wait longer.
   */
  judge(value: number | null, plateauPatience: number | null): boolean {
    if (plateauPatience !== null) this.plateau = plateau(this.plateau, value ?? Infinity, plateauPatience)
    const before = this.#bestValue
    const better = value === null ? before === null : before === null || value < before
    this.waited = better ? 0 : this.waited + 1
    if (!better && value !== before) return false
    const { weights, statistics } = this.validated()
    this.best = { weights: weights.slice(), statistics: statistics.slice() }
    this.#bestValue = value
    this.bestEpoch = this.epoch + 1
    return true
  }

  /** Means over the epoch that ends now. */
  endEpoch(): { terms: Record<string, number>; norm: number; accuracy: number | null } {
    const { terms, norm, accuracy, judged, steps } = this.#sums
    this.epoch++
    this.stepInEpoch = 0
    this.#sums = noSums
    const count = Math.max(1, steps)
    return { terms: Object.fromEntries(Object.entries(terms).map(([name, sum]) => [name, sum / count])), norm: norm / count, accuracy: judged > 0 ? accuracy / judged : null }
  }

  checkpoint(): FitCheckpoint {
    const { epoch, stepInEpoch, steps, bestEpoch, waited, seconds, best, current, average } = this
    const optimizer = Object.entries(this.#optimizer.state).map(([name, values]) => [`optimizer:${name}`, values] as const)
    return {
      phase: this.#phase,
      numbers: { epoch, stepInEpoch, steps, bestEpoch, bestValue: this.#bestValue, waited, seconds, plateau: this.plateau, sums: this.#sums, ...(Object.keys(this.measures).length > 0 ? { measures: this.measures } : {}) },
      arrays: {
        weights: current.weights, statistics: current.statistics, ...(average ? { average } : {}), ...Object.fromEntries(optimizer),
        ...(this.pairs ? { pairs: Float32Array.from(this.pairs) } : {}),
        ...(best ? { 'best-weights': best.weights, 'best-statistics': best.statistics } : {}),
      },
    }
  }
}

/** Where the optimizer's kernels reach it. */
function placed(values: Float32Array, optimizer: Optimizer): Float32Array {
  const array = optimizer.allocate()
  array.set(values)
  return array
}
