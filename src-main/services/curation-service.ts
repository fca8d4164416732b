import type { LabEmitter, LabHandlers } from '../contract/index.ts'
import type { CurationCandidate } from '../curation/candidates.ts'
import { defaultRules } from '../curation/default-rules.ts'
import { evaluateRules } from '../curation/rules.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { coverageOf } from '../exchange/coverage-of.ts'
import type { DatasetHolder } from './dataset-holder.ts'

/** Rules are evaluated while somebody drags a limit; the disk is looked at again when something changed here, or after so long. */
const freshMs = 5000

/** `curation.*` and `versions.*`: what the rules keep, and what was frozen of it. */
export class CurationService {
  readonly #holder: DatasetHolder
  readonly #now: () => number
  #collected: { readonly at: number; readonly candidates: Promise<readonly CurationCandidate[]> } | null = null

  constructor({ holder, emitter, now = () => Date.now() }: { holder: DatasetHolder; emitter: LabEmitter; now?: () => number }) {
    this.#holder = holder
    this.#now = now
    const forget = (): void => void (this.#collected = null)
    holder.onChange((dataset) => {
      forget()
      emitter.emit('versions.changed', {})
      dataset?.recordings.onChange(forget)
      dataset?.subjects.onChange(forget)
      dataset?.labels.onChange(forget)
      dataset?.versions.onChange(() => emitter.emit('versions.changed', {}))
    })
  }

  handlers(): Pick<LabHandlers, 'curation.defaults' | 'curation.evaluate' | 'versions.list' | 'versions.get' | 'versions.create' | 'versions.diff' | 'versions.coverage'> {
    const dataset = (): Dataset => this.#holder.current()
    return {
      'curation.defaults': () => [...defaultRules],
      'curation.evaluate': async ({ rules, overrides }) => evaluateRules(await this.#candidates(), rules, overrides),
      'versions.list': () => dataset().versions.list(),
      'versions.get': ({ name }) => dataset().versions.get(name),
      // What is frozen is what is on the disk now, not what was there a moment ago.
      'versions.create': async (input, { signal }) => dataset().versions.create({ ...input, candidates: await dataset().candidates.collect({ signal }) }),
      'versions.coverage': ({ name, student }) => coverageOf(dataset(), { version: name, student }),
      'versions.diff': ({ a, b }) => dataset().versions.diff(a, b),
    }
  }

  #candidates(): Promise<readonly CurationCandidate[]> {
    if (this.#collected && this.#now() - this.#collected.at < freshMs) return this.#collected.candidates
    const collected = { at: this.#now(), candidates: this.#holder.current().candidates.collect() }
    this.#collected = collected
    collected.candidates.catch(() => {
      if (this.#collected === collected) this.#collected = null
    })
    return collected.candidates
  }
}
