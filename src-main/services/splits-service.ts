import type { LabEmitter, LabHandlers } from '../contract/index.ts'
import { countTrials, trialLines } from '../curation/trials.ts'
import type { SplitStore } from '../dataset/splits.ts'
import { coverageOf } from '../exchange/coverage-of.ts'
import type { DatasetHolder } from './dataset-holder.ts'

/** `splits.*`: who trains, who is tested, and whether that can be trusted. */
export class SplitsService {
  readonly #holder: DatasetHolder

  constructor({ holder, emitter }: { holder: DatasetHolder; emitter: LabEmitter }) {
    this.#holder = holder
    holder.onChange((dataset) => {
      emitter.emit('splits.changed', {})
      dataset?.splits.onChange(() => emitter.emit('splits.changed', {}))
    })
  }

  handlers(): Pick<LabHandlers, 'splits.list' | 'splits.get' | 'splits.preview' | 'splits.create' | 'splits.coverage' | 'splits.check' | 'splits.trials'> {
    const splits = (): SplitStore => this.#holder.current().splits
    return {
      'splits.list': () => splits().list(),
      'splits.get': ({ name }) => splits().report(name),
      'splits.preview': ({ version, options }) => splits().preview(version, options),
      'splits.create': ({ version, name, options }) => splits().create(version, name, options),
      'splits.coverage': ({ name, student }) => coverageOf(this.#holder.current(), { split: name, student }),
      'splits.check': ({ name }, { signal }) => splits().check(name, signal),
      'splits.trials': async ({ name, limit }) => {
        const split = await splits().get(name)
        const { genuine, impostor } = countTrials(split)
        const lines: string[] = []
        for (const line of trialLines(split)) {
          if (lines.length >= limit) break
          lines.push(`${line}\n`)
        }
        return { text: lines.join(''), genuine, impostor }
      },
    }
  }
}
