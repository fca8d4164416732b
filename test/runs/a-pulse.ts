import { WindowOptions } from '../../src-main/contract/index.ts'
import type { Dataset } from '../../src-main/dataset/dataset.ts'
import { windowOptionsOf, type WindowSetOptions } from '../../src-main/runs/window-options.ts'
import { buildWindowSet, type BuiltWindowSet } from '../../src-main/runs/window-sets.ts'
import { divide, freeze } from '../exchange/a-lab.ts'

/** A minute of pulses at 125 Hz. */
export const rate = 125
export const seconds = 60
export const noValue = -(2 ** 31)
export const rows = Array.from({ length: seconds * rate }, (_, row) => row)
/** From and to in s. */
export const within = (row: number, from: number, to: number): boolean => row >= from * rate && row < to * rate

const beatSeconds = 0.8
/** A foot every 0.8 s; the stroke takes 0.2 s, the run-off the rest. */
export const pulse = (second: number): number => {
  const since = second % beatSeconds
  return since < 0.2 ? Math.sin((Math.PI / 2) * (since / 0.2)) ** 2 : Math.exp(-(since - 0.2) / 0.25)
}
export const feet = rows.filter((row) => row % 100 === 0)
export const pulseLane = { id: 'ppg', label: 'PPG', kind: 'ppg', unit: 'count', gainCountsPerUnit: 1, bits: 24, minimum: -(2 ** 23) + 1, maximum: 2 ** 23 - 1 } as const

/** Windows of five seconds of the pulse as it is. */
export const fixed: Partial<WindowSetOptions> = { lane: 'ppg', mode: 'window', seconds: 5, rateHz: 50, dropFirstSeconds: 0 }
export const optionsOf = (change: Partial<WindowSetOptions>): WindowSetOptions => windowOptionsOf(WindowOptions.parse(change))

/** The first visit enrols, the second is tested. */
export async function split(dataset: Dataset): Promise<void> {
  await freeze(dataset)
  await divide(dataset, { strategy: 'leave-last-recording-out', validation: 0 })
}
export const build = async (dataset: Dataset, options: WindowSetOptions): Promise<BuiltWindowSet> => buildWindowSet(dataset, await dataset.splits.get('s1'), options)
