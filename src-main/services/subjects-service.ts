import { LabError, type LabEmitter, type LabHandlers } from '../contract/index.ts'
import { eraseSubject } from '../dataset/erasure.ts'
import type { SubjectStore } from '../dataset/subjects.ts'
import type { DatasetHolder } from './dataset-holder.ts'

/** `subjects.*`: the people of the open dataset, by pseudonymous code. */
export class SubjectsService {
  readonly #holder: DatasetHolder
  readonly #emitter: LabEmitter

  constructor({ holder, emitter }: { holder: DatasetHolder; emitter: LabEmitter }) {
    this.#holder = holder
    this.#emitter = emitter
    holder.onChange((dataset) => {
      emitter.emit('subjects.changed', {})
      dataset?.subjects.onChange(() => emitter.emit('subjects.changed', {}))
    })
  }

  handlers(): Pick<LabHandlers, 'subjects.list' | 'subjects.add' | 'subjects.update' | 'subjects.setConsent' | 'subjects.suggestCode' | 'subjects.merge' | 'subjects.erase'> {
    const subjects = (): SubjectStore => this.#holder.current().subjects
    return {
      'subjects.list': () => subjects().list(),
      'subjects.add': (input) => subjects().add(input),
      'subjects.update': ({ code, change }) => subjects().update(code, change),
      'subjects.setConsent': ({ code, consent }) => subjects().setConsent(code, consent),
      'subjects.suggestCode': () => ({ code: subjects().suggestCode() }),
      'subjects.merge': async ({ code, into }) => {
        const merged = await subjects().merge(code, into)
        // Recordings are listed under the code that stays.
        this.#emitter.emit('library.changed', { id: null })
        return merged
      },
      'subjects.erase': async ({ code, confirm }) => {
        if (confirm !== code) throw new LabError('request-invalid', `Erasing ${code} has to be confirmed with its code.`, { code })
        const { recordings, versions, splits, ...erased } = await eraseSubject(this.#holder.current(), code)
        this.#emitter.emit('subjects.erased', { code: erased.code, recordings })
        if (versions.length > 0) this.#emitter.emit('versions.changed', {})
        if (splits.length > 0) this.#emitter.emit('splits.changed', {})
        return { recordings, versions, splits }
      },
    }
  }
}
