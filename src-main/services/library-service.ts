import type { LabEmitter, LabHandlers } from '../contract/index.ts'
import { readEnvelope } from '../dataset/envelope.ts'
import type { DatasetHolder } from './dataset-holder.ts'

/** `library.*`: the recordings of the open dataset. */
export class LibraryService {
  readonly #holder: DatasetHolder

  constructor({ holder, emitter }: { holder: DatasetHolder; emitter: LabEmitter }) {
    this.#holder = holder
    holder.onChange((dataset) => {
      emitter.emit('library.changed', { id: null })
      dataset?.recordings.onChange((id) => emitter.emit('library.changed', { id }))
    })
  }

  handlers(): Pick<LabHandlers, 'library.list' | 'library.get' | 'library.envelope'> {
    return {
      'library.list': () => this.#holder.current().recordings.list(),
      'library.get': ({ id }) => this.#holder.current().recordings.get(id),
      'library.envelope': async ({ id, ...request }, { signal }) => {
        const dataset = this.#holder.current()
        const recording = await dataset.recordings.get(id)
        return readEnvelope(dataset.files, dataset.recordings.folder(id), recording, { ...request, signal })
      },
    }
  }
}
