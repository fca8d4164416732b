import type { LabEmitter, LabHandlers } from '../contract/index.ts'
import { storedEnvelope } from '../dataset/envelope.ts'
import { canFilter, filteredEnvelope } from '../dataset/filtered-envelope.ts'
import type { DatasetHolder } from './dataset-holder.ts'
import { meanBeat } from './mean-beat.ts'

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

  handlers(): Pick<LabHandlers, 'library.list' | 'library.get' | 'library.envelope' | 'library.meanBeat'> {
    return {
      'library.list': () => this.#holder.current().recordings.snapshot(),
      'library.get': ({ id }) => this.#holder.current().recordings.get(id),
      'library.envelope': ({ id, filters, ...asked }, { signal }) =>
        this.#holder.current().signals.use(id, async (stored, recording) => {
          const request = { ...asked, signal }
          if (filters && canFilter(recording, request)) return { ...(await filteredEnvelope(stored, recording, request, filters)), filtered: true }
          return { ...(await storedEnvelope(stored, recording, request)), filtered: false }
        }),
      'library.meanBeat': (request, { signal }) => meanBeat(this.#holder.current(), { ...request, signal }),
    }
  }
}
