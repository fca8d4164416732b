import type { LabEmitter, LabHandlers } from '../contract/index.ts'
import type { SubjectStore } from '../dataset/subjects.ts'
import type { DatasetHolder } from './dataset-holder.ts'

/** `subjects.*`: the people of the open dataset, by pseudonymous code. */
export class SubjectsService {
  readonly #holder: DatasetHolder

  constructor({ holder, emitter }: { holder: DatasetHolder; emitter: LabEmitter }) {
    this.#holder = holder
    holder.onChange((dataset) => {
      emitter.emit('subjects.changed', {})
      dataset?.subjects.onChange(() => emitter.emit('subjects.changed', {}))
    })
  }

  handlers(): Pick<LabHandlers, 'subjects.list' | 'subjects.add' | 'subjects.update' | 'subjects.setConsent' | 'subjects.suggestCode'> {
    const subjects = (): SubjectStore => this.#holder.current().subjects
    return {
      'subjects.list': () => subjects().list(),
      'subjects.add': (input) => subjects().add(input),
      'subjects.update': ({ code, change }) => subjects().update(code, change),
      'subjects.setConsent': ({ code, consent }) => subjects().setConsent(code, consent),
      'subjects.suggestCode': () => ({ code: subjects().suggestCode() }),
    }
  }
}
