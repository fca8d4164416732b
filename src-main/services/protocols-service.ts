import type { LabHandlers } from '../contract/index.ts'
import type { DatasetHolder } from './dataset-holder.ts'
import { loadProtocols } from './protocol-library.ts'

/** `protocols.*`: the shipped protocols and those of the open dataset. */
export class ProtocolsService {
  readonly #holder: DatasetHolder

  constructor({ holder }: { holder: DatasetHolder }) {
    this.#holder = holder
  }

  handlers(): Pick<LabHandlers, 'protocols.list'> {
    return {
      'protocols.list': async () => {
        const { protocols, problems } = await loadProtocols(this.#holder.open)
        return { protocols, problems: problems.map(({ error }) => error.toWire()) }
      },
    }
  }
}
