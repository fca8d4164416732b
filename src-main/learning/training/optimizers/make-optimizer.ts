import type { FitOptions } from '../../../contract/index.ts'
import type { ParameterLayout } from '../../networks/parameter-layout.ts'
import { AdamW } from './adamw.ts'
import type { Optimizer, WeightRange } from './optimizer.ts'
import { Sgd } from './sgd.ts'

/** Neighbouring weights that are treated alike, as one range. */
export function weightRanges({ weights }: Pick<ParameterLayout, 'weights'>): WeightRange[] {
  const ranges: { from: number; to: number; decay: boolean }[] = []
  for (const { offset, size, decay } of weights) {
    const last = ranges.at(-1)
    if (last?.to === offset && last.decay === decay) last.to += size
    else ranges.push({ from: offset, to: offset + size, decay })
  }
  return ranges
}

export function makeOptimizer({ optimizer, weightDecay }: Pick<FitOptions, 'optimizer' | 'weightDecay'>, layout: ParameterLayout): Optimizer {
  const ranges = weightRanges(layout)
  return optimizer === 'sgd' ? new Sgd(layout.weightCount, ranges, { weightDecay }) : new AdamW(layout.weightCount, ranges, { weightDecay })
}
